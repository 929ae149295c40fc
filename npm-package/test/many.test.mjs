// Many receipts on several threads, and verifiers that end with their block.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { createVerifier, verifyMany, verifySync } from "capseal-verify";

const receipt = readFileSync(new URL("../../web-demo/samples/strategy.cap", import.meta.url));
const nonsense = new TextEncoder().encode("not a receipt");

async function all(generator) {
  const results = [];
  for await (const result of generator) results.push(result);
  return results;
}

test("results come in the order of the receipts, and one that cannot be read ends nothing", async () => {
  const sources = [receipt, nonsense, new Response("", { status: 404 }), 7, new Blob([receipt])];
  const results = await all(verifyMany(sources, {}, { threads: 2 }));
  assert.deepEqual(
    results.map(({ index }) => index),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(
    results.map(({ verdict, error }) => verdict?.status ?? error.code),
    ["PROOF_ONLY", "REJECTED", "UNREADABLE", "USAGE", "PROOF_ONLY"],
  );
  assert.deepEqual(results[0].verdict, verifySync(receipt));
});

test("no receipt is taken before it is wanted", async () => {
  let taken = 0;
  const sources = (async function* () {
    for (; taken < 100; ) {
      taken += 1;
      yield receipt;
    }
  })();
  const generator = verifyMany(sources, undefined, { threads: 2 });
  assert.equal(taken, 0);
  for (let had = 1; had <= 5; had += 1) {
    await generator.next();
    assert.ok(taken <= had + 4, `${taken} were taken for ${had}`);
  }
  await generator.return();
  const after = taken;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(taken, after);
});

test("the options hold for each of them, as they were at the call", async () => {
  const options = { expected_capsule_hash: "0".repeat(64) };
  const generator = verifyMany([receipt, receipt], options);
  delete options.expected_capsule_hash;
  for (const { verdict } of await all(generator)) assert.equal(verdict.reason, "E011_CAPSULE_HASH_MISMATCH");
});

test("a source of receipts that fails ends them with its own error", async () => {
  const failing = (async function* () {
    yield receipt;
    throw new Error("the disk is gone");
  })();
  await assert.rejects(all(verifyMany(failing)), { message: "the disk is gone" });
  for (const sources of [undefined, null, 7, "run.cap", receipt, {}]) assert.throws(() => verifyMany(sources), { code: "USAGE" });
});

test("several threads answer at once, and share the work", async () => {
  const verifier = createVerifier({ threads: 3 });
  const verdicts = await Promise.all(Array.from({ length: 30 }, () => verifier.verify(receipt)));
  assert.ok(verdicts.every(({ status }) => status === "PROOF_ONLY"));
  assert.equal((await all(verifier.verifyMany([receipt, receipt]))).length, 2);
  assert.equal(verifier.mode, "worker");
  const pending = verifier.verifyMany([receipt]);
  await verifier[Symbol.asyncDispose]();
  assert.equal((await pending.next()).value.error.code, "TERMINATED");
});

test("a verifier ends with its block", async () => {
  const verifier = createVerifier();
  const pending = verifier.verify(receipt);
  verifier[Symbol.dispose]();
  await assert.rejects(pending, { code: "TERMINATED" });
  await assert.rejects(verifier.verify(receipt), { code: "TERMINATED" });
  verifier[Symbol.dispose]();
});
