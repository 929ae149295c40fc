// Prints the verdict lines of a folder, made in Node by the npm package.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { verifySync } from "../../npm-package/dist/node.mjs";
import { line, listReceipts, readOptions, Slowest } from "./receipts.mjs";

const folder = process.argv[2];
const slowest = new Slowest();
for (const name of await listReceipts(folder)) {
  const options = await readOptions(folder, name);
  const bytes = await readFile(join(folder, name));
  const begun = performance.now();
  console.log(line(name, JSON.stringify(verify(bytes, options))));
  slowest.note(name, performance.now() - begun);
}
slowest.say("Node", `, peak memory of the process ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);

function verify(bytes, options) {
  try {
    return verifySync(bytes, options);
  } catch (error) {
    if (error.name !== "VerifierError") throw error;
    return { error: error.code };
  }
}
