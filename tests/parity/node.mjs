// Prints the verdict lines of a folder, made in Node by the npm package.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { verifySync } from "../../npm-package/dist/node.mjs";
import { line, listReceipts, readOptions } from "./receipts.mjs";

const folder = process.argv[2];
for (const name of await listReceipts(folder)) {
  const options = await readOptions(folder, name);
  const bytes = await readFile(join(folder, name));
  console.log(await line(name, () => verifySync(bytes, options)));
}
