// Compares a build of the receipts' module with the one of the npm package: what it exports, its verdicts on receipts, its bytes.
//
//   node wasm-pack.mjs BUILD FOLDER...     BUILD has verifier.js and verifier_bg.wasm; the receipts are those below the folders
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { listReceipts, readOptions } from "./receipts.mjs";

const [build, ...folders] = process.argv.slice(2);
const ours = await open(new URL("../../npm-package/src/glue/", import.meta.url));
const theirs = await open(pathToFileURL(`${resolve(build)}/`));

/** The package throws an instance away after a trap, which wasm-pack has no option for. */
const OURS_ALONE = ["__wbg_reset_state"];

const names = ({ glue }) =>
  Object.keys(glue)
    .filter((name) => !OURS_ALONE.includes(name))
    .sort();
assert.deepEqual(names(theirs), names(ours));
const exported = ({ module }) =>
  WebAssembly.Module.exports(module)
    .map(({ name, kind }) => `${kind} ${name}`)
    .sort();
assert.deepEqual(exported(theirs), exported(ours));
assert.deepEqual(theirs.glue.reasons(), ours.glue.reasons());
assert.equal(theirs.glue.version(), ours.glue.version());

let compared = 0;
for (const folder of folders) {
  for (const name of await listReceipts(folder)) {
    const [bytes, options] = [await readFile(join(folder, name)), await readOptions(folder, name)];
    assert.equal(answer(theirs, bytes, options), answer(ours, bytes, options), name);
    compared += 1;
  }
}
assert.ok(compared > 0, "no receipts");
console.log(`the same exports, and the same verdicts on ${compared} receipts; ${likeness()}`);

async function open(folder) {
  const [glue, bytes] = [await import(new URL("verifier.js", folder)), await readFile(new URL("verifier_bg.wasm", folder))];
  const module = new WebAssembly.Module(bytes);
  glue.initSync({ module });
  return { glue, bytes, module };
}

function answer({ glue }, bytes, options) {
  try {
    return JSON.stringify(glue.verify(bytes, options));
  } catch (error) {
    // A refused argument; a trap is of another class.
    if (error.constructor !== Error) throw error;
    return error.message;
  }
}

/** How alike the bytes are: custom sections hold names for people, and no code. */
function likeness() {
  if (theirs.bytes.equals(ours.bytes)) return "byte for byte the same module";
  const [mine, other] = [sections(ours.bytes), sections(theirs.bytes)];
  const custom = other.filter(({ id }) => id === 0).map(({ name }) => name);
  const more = custom.filter((name) => !mine.some((section) => section.id === 0 && section.name === name));
  const code = (list) => Buffer.concat(list.filter(({ id }) => id !== 0).map(({ content }) => content));
  assert.ok(code(other).equals(code(mine)), "the code differs");
  return `the same code, byte for byte; wasm-pack leaves in the sections ${more.join(", ")}`;
}

function sections(bytes) {
  const found = [];
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at];
    const [length, start] = number(bytes, at + 1);
    const [nameLength, nameStart] = id === 0 ? number(bytes, start) : [0, start];
    found.push({ id, name: bytes.toString("utf8", nameStart, nameStart + nameLength), content: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return found;
}

/** A number in LEB128, and where it ends. */
function number(bytes, start) {
  let value = 0;
  for (let at = start, shift = 0; ; at += 1, shift += 7) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return [value, at + 1];
  }
}
