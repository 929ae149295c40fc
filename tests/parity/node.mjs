// Prints the verdict lines of a folder, made in Node by the npm package. A large receipt is verified in a process of its own,
// so that the memory that it costs is told apart from what those before it have left behind.
import { execFileSync } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { verifyCapabilitySync } from "../../npm-package/dist/actions.mjs";
import { verifySync } from "../../npm-package/dist/node.mjs";
import { line, listReceipts, listTokens, readOptions, Slowest } from "./receipts.mjs";

const LARGE_BYTES = 4 << 20;
const MIB = 1 << 20;

const [folder, only] = process.argv.slice(2);
if (only === undefined) await all();
else console.log(JSON.stringify(await one(only)));

async function all() {
  const slowest = new Slowest();
  let largest = peakMemory();
  for (const name of await listReceipts(folder)) {
    const large = (await stat(join(folder, name))).size > LARGE_BYTES;
    const { answer, milliseconds, memory } = large ? inAProcess(name) : await one(name);
    console.log(line(name, answer));
    slowest.note(name, milliseconds);
    largest = Math.max(largest, memory);
  }
  for (const { name, token, options } of await listTokens(folder)) {
    console.log(line(name, JSON.stringify(answered(() => verifyCapabilitySync(token, options)))));
  }
  slowest.say("Node", `, peak memory of a process ${Math.round(largest / MIB)} MiB`);
}

async function one(name) {
  const options = await readOptions(folder, name);
  const bytes = await readFile(join(folder, name));
  const begun = performance.now();
  const answer = JSON.stringify(answered(() => verifySync(bytes, options)));
  return { answer, milliseconds: performance.now() - begun, memory: peakMemory() };
}

function inAProcess(name) {
  return JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), folder, name], { maxBuffer: MIB }));
}

function peakMemory() {
  return process.resourceUsage().maxRSS * 1024;
}

function answered(call) {
  try {
    return call();
  } catch (error) {
    if (error.name !== "VerifierError") throw error;
    return { error: error.code };
  }
}
