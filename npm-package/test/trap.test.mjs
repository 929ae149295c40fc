// A trap inside the wasm is a stable error, and the next call gets a fresh instance.
import assert from "node:assert/strict";
import test from "node:test";

import { inspectSync, load, verify, verifySync, version } from "capseal-verify";

import { trapping } from "./wasm.mjs";

await load(trapping("verify"));

test("a trap is reported as such and does not stop the verifier", async () => {
  const nonsense = new Uint8Array(100);
  const before = version();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    assert.throws(() => verifySync(nonsense), { name: "VerifierError", code: "TRAPPED" });
    await assert.rejects(verify(nonsense), { code: "TRAPPED" });
    assert.equal(version(), before);
    assert.equal(inspectSync(nonsense).reason, "E002_PARSE_FAILED");
  }
});
