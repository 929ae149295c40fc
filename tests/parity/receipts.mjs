// The receipts of a folder, and the line that each harness prints for one:
//
//   <path below the folder>\t<verdict JSON>
//
// `run.options.json` beside `run.cap` holds the options. A call without an answer prints {"error":"<code>"}.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The receipts below a folder, in the order of their paths' bytes. */
export async function listReceipts(folder) {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith(".cap")).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The options beside a receipt, if any. */
export async function readOptions(folder, name) {
  const path = join(folder, name.replace(/\.cap$/, ".options.json"));
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : JSON.parse(text);
}

/** The tokens of `capability.json` in a folder, if it has one: a name for each, the token, what it is judged by. */
export async function listTokens(folder) {
  const text = await readFile(join(folder, "capability.json"), "utf8").catch((error) => {
    if (error.code === "ENOENT") return '{"cases":[]}';
    throw error;
  });
  return JSON.parse(text).cases.map(({ token, options }, place) => ({ name: `capability.json#${place}`, token, options }));
}

/** The line of a receipt; `answer` is JSON as its place made it. */
export function line(name, answer) {
  return `${name}\t${answer}`;
}

/** Remembers the slowest receipt, and says on standard error which it was. */
export class Slowest {
  #name = "none";
  #milliseconds = 0;

  note(name, milliseconds) {
    if (milliseconds <= this.#milliseconds) return;
    this.#name = name;
    this.#milliseconds = milliseconds;
  }

  say(place, more = "") {
    console.error(`${place}: slowest ${this.#milliseconds.toFixed(0)} ms (${this.#name})${more}`);
  }
}
