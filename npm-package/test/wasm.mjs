// A module whose export `name` traps at once: the package's own wasm with that function's body replaced.
import { readFileSync } from "node:fs";

const EXPORT_SECTION = 7;
const IMPORT_SECTION = 2;
const CODE_SECTION = 10;
const FUNCTION = 0;
const UNREACHABLE = 0x00;
const NOP = 0x01;

export function trapping(name) {
  const bytes = new Uint8Array(readFileSync(new URL("../dist/verifier.wasm", import.meta.url)));
  const sections = new Map(readSections(bytes));
  const imported = new Reader(bytes, sections.get(IMPORT_SECTION))
    .list((reader) => {
      reader.name();
      reader.name();
      return reader.importKind();
    })
    .filter((kind) => kind === FUNCTION).length;
  const exported = new Reader(bytes, sections.get(EXPORT_SECTION)).list((reader) => ({
    name: reader.name(),
    kind: reader.byte(),
    index: reader.number(),
  }));
  const wanted = exported.find((entry) => entry.name === name && entry.kind === FUNCTION).index - imported;
  const bodies = new Reader(bytes, sections.get(CODE_SECTION)).list((reader) => {
    const length = reader.number();
    const start = reader.at;
    reader.at += length;
    return { start, end: reader.at };
  });
  const body = new Reader(bytes, bodies[wanted].start);
  body.list((reader) => [reader.number(), reader.byte()]);
  bytes.fill(NOP, body.at, bodies[wanted].end - 1);
  bytes[body.at] = UNREACHABLE;
  return new WebAssembly.Module(bytes);
}

function* readSections(bytes) {
  const reader = new Reader(bytes, 8);
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const length = reader.number();
    yield [id, reader.at];
    reader.at += length;
  }
}

class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  name() {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }
  importKind() {
    const kind = this.byte();
    if (kind !== FUNCTION) throw new Error(`unexpected import of kind ${kind}`);
    this.number();
    return kind;
  }
  list(read) {
    return Array.from({ length: this.number() }, () => read(this));
  }
}
