// Writes changed copies of receipts into a folder: bits flipped, pieces cut, doubled and swapped. Always the same ones.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const [folder, number, ...receipts] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

let state = 0x9e3779b9;
/** A number below `bound`; a xorshift generator is enough to pick places. */
function below(bound) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % bound;
}

const CHANGES = [
  (bytes) => {
    bytes[below(bytes.length)] ^= 1 << below(8);
    return bytes;
  },
  (bytes) => {
    bytes[below(bytes.length)] = below(256);
    return bytes;
  },
  (bytes) => bytes.subarray(0, below(bytes.length)),
  (bytes) => bytes.subarray(below(bytes.length)),
  (bytes) => {
    const from = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from, from + below(64)), bytes.subarray(from)]);
  },
  (bytes) => {
    const [from, to, length] = [below(bytes.length), below(bytes.length), below(64)];
    bytes.copy(bytes, to, from, Math.min(from + length, bytes.length));
    return bytes;
  },
];

for (const receipt of receipts) {
  for (let i = 0; i < Number(number); i += 1) {
    const changed = CHANGES[i % CHANGES.length](readFileSync(receipt));
    writeFileSync(join(folder, `${basename(receipt, ".cap")}-${String(i).padStart(4, "0")}.cap`), changed);
  }
}
