// The public types are those that were reviewed: `npm run api` writes them to api/, where a change is seen.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { committed, ENTRIES, surfaceOf } from "../scripts/api.mjs";

for (const entry of ENTRIES) {
  test(`the types of ${entry} are those of api/${entry}.d.ts; if the change is meant, npm run api`, async () => {
    assert.equal(await surfaceOf(entry), await readFile(committed(entry), "utf8"));
  });
}
