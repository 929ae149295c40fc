// The generated table is the one inside the wasm.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

import { reasons } from "capseal-verify";

test("reasons.ts is up to date", async () => {
  const glue = await import("../src/glue/verifier.js");
  glue.initSync({ module: await readFile(new URL("../src/glue/verifier_bg.wasm", import.meta.url)) });
  assert.deepEqual(reasons, glue.reasons());
});
