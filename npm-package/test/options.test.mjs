// Every demand is made or refused: options of any origin, lost values, values that JSON would change.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

import * as actions from "capseal-verify/actions";
import {
  artifact,
  artifactSync,
  audit,
  createVerifier,
  entryProof,
  entryProofSync,
  reasons,
  verify,
  VerifierError,
  verifyMany,
  verifySync,
} from "capseal-verify";

const receipt = readFileSync(new URL("../../web-demo/samples/strategy.cap", import.meta.url));
const { capsule_hash } = verifySync(receipt);
const wrong = "0".repeat(64);
const usage = { name: "VerifierError", code: "USAGE" };
const MISMATCH = "E011_CAPSULE_HASH_MISMATCH";

const LOST = [
  undefined,
  null,
  () => wrong,
  Symbol("x"),
  1n,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1.5,
  -1,
  2 ** 53,
  new Map(),
  new Set(),
  new Date(),
  [undefined],
  Object(wrong),
  new Proxy({}, {}),
];
const NAMES = [
  "level",
  "expected_capsule_hash",
  "trust",
  "policy",
  "policy_inclusion",
  "at",
  "require_status",
  "samples",
  "challenge",
  "attestations",
];

test("a value that is none is refused by name, in every function", async () => {
  for (const name of NAMES) {
    for (const value of LOST) {
      const refused = { ...usage, message: new RegExp(name) };
      assert.throws(() => verifySync(receipt, { [name]: value }), refused, `${name}: ${String(value)}`);
    }
    await assert.rejects(verify(receipt, { [name]: undefined }), usage);
    await assert.rejects(createVerifier().verify(receipt, { [name]: undefined }), usage);
    assert.throws(() => verifyMany([receipt], { [name]: undefined }), usage);
    await assert.rejects(audit(receipt, { providers: [], [name]: undefined }), usage);
  }
});

test("a value within a value is refused by its path", () => {
  const samples = (answers, more) => ({ samples: { nonce: wrong, answers, ...more } });
  const sparse = Array.from({ length: 2 });
  for (const [options, path] of [
    [samples(sparse), "samples.answers[0]"],
    [samples([], { bits: undefined }), "samples.bits"],
    [samples([], { bits: 80.5 }), "samples.bits"],
    [{ attestations: { given: [], max_age_ms: Number.NaN } }, "attestations.max_age_ms"],
    [{ policy_inclusion: { schema: 1, path: [() => 1] } }, "policy_inclusion.path[0]"],
  ]) {
    assert.throws(
      () => verifySync(receipt, options),
      (error) => error.code === "USAGE" && error.message.includes(path),
      path,
    );
  }
  const circular = {};
  circular.samples = circular;
  assert.throws(() => verifySync(receipt, circular), usage);
});

test("options are an object with names, or left out", async () => {
  for (const options of [
    null,
    7,
    "full",
    true,
    [],
    [["level", "full"]],
    () => undefined,
    new Map([["expected_capsule_hash", wrong]]),
    new URLSearchParams(),
    new Date(),
    Promise.resolve({}),
    new Uint8Array(3),
  ]) {
    assert.throws(() => verifySync(receipt, options), usage);
    await assert.rejects(verify(receipt, options), usage);
  }
  assert.equal(verifySync(receipt, undefined).status, "PROOF_ONLY");
  assert.equal(verifySync(receipt, {}).status, "PROOF_ONLY");
});

test("a demand counts wherever it stands, and is read once", () => {
  let reads = 0;
  const getter = {
    get expected_capsule_hash() {
      reads += 1;
      return reads === 1 ? wrong : capsule_hash;
    },
  };
  class Private {
    #hash = wrong;
    get expected_capsule_hash() {
      return this.#hash;
    }
  }
  class Derived extends Private {}
  const hidden = Object.defineProperty({}, "expected_capsule_hash", { value: wrong });
  const named = Object.assign(Object.create(null), { expected_capsule_hash: wrong });
  const proxy = new Proxy({ expected_capsule_hash: wrong }, {});
  const foreign = vm.runInNewContext(`({ expected_capsule_hash: "${wrong}" })`);
  const foreignClass = vm.runInNewContext(`new (class { get expected_capsule_hash() { return "${wrong}"; } })()`);
  const inherited = Object.create({ expected_capsule_hash: wrong });
  const frozen = Object.freeze({ expected_capsule_hash: wrong });
  const withJson = { expected_capsule_hash: wrong };
  for (const options of [getter, new Private(), new Derived(), hidden, named, proxy, foreign, foreignClass, inherited, frozen, withJson]) {
    assert.equal(verifySync(receipt, options).reason, MISMATCH);
  }
  assert.equal(reads, 1);
});

test("what would change the options on their way is a name that is no option, or has no effect", () => {
  assert.throws(() => verifySync(receipt, { expected_capsule_hash: wrong, toJSON: () => ({}) }), usage);
  assert.throws(
    () =>
      verifySync(
        receipt,
        new (class {
          toJSON() {
            return {};
          }
        })(),
      ),
    usage,
  );
  assert.throws(() => verifySync(receipt, { [Symbol("level")]: "full" }), usage);
  assert.throws(() => verifySync(receipt, JSON.parse('{"__proto__": {"level": "full"}}')), usage);
  assert.throws(
    () =>
      verifySync(receipt, {
        get level() {
          throw new Error("no");
        },
      }),
    usage,
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.throws(() => verifySync(receipt, proxy), usage);
  Object.prototype.toJSON = () => ({});
  try {
    assert.throws(() => verifySync(receipt, { expected_capsule_hash: wrong }), usage);
  } finally {
    delete Object.prototype.toJSON;
  }
  Object.prototype.expected_capsule_hash = wrong;
  try {
    assert.equal(verifySync(receipt, {}).reason, MISMATCH);
  } finally {
    delete Object.prototype.expected_capsule_hash;
  }
});

test("options are those of the moment of the call", async () => {
  const verifier = createVerifier();
  const options = { expected_capsule_hash: wrong };
  const pending = [verify(receipt, options), verifier.verify(receipt, options)];
  options.expected_capsule_hash = capsule_hash;
  for (const verdict of await Promise.all(pending)) assert.equal(verdict.reason, MISMATCH);
  verifier.terminate();
});

test("numbers and digests that are given by place are whole, in range and of their form", async () => {
  const verifier = createVerifier();
  for (const index of [Number.NaN, undefined, null, "abc", "0", 1.5, -1, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY, 1n, {}, [0]]) {
    assert.throws(() => entryProofSync(receipt, index), usage, String(index));
    await assert.rejects(entryProof(receipt, index), usage);
    await assert.rejects(verifier.entryProof(receipt, index), usage);
  }
  for (const digest of [undefined, null, 7, {}, "", "ab", wrong.toUpperCase().replace("0", "A"), `${wrong}0`, [wrong]]) {
    assert.throws(() => artifactSync(receipt, digest), usage, String(digest));
    await assert.rejects(artifact(receipt, digest), usage);
    await assert.rejects(verifier.artifact(receipt, digest), usage);
  }
  assert.equal(entryProofSync(receipt, 2 ** 32 - 1), undefined);
  verifier.terminate();
});

test("an audit's options are read as strictly", async () => {
  const providers = ["https://archive.example.org"];
  for (const options of [
    undefined,
    null,
    {},
    [],
    { providers: undefined },
    { providers: "https://x" },
    { providers: [7] },
    { providers: new Set(providers) },
    { providers, relay: undefined },
    { providers, relay: 7 },
    { providers, bits: "80" },
    { providers, bits: 0 },
    { providers, bits: 101 },
    { providers, bits: Number.NaN },
    { providers, onRow: undefined },
    { providers, onPlan: 7 },
    { providers, headers: {} },
    { providers, signal: {} },
    { providers, signal: undefined },
    { providers, attestations: 2 },
    { providers, attestations: { threshold: 0 } },
    { providers, attestations: { threshold: undefined } },
    { providers, attestations: { thresold: 2 } },
    { providers, attestations: { given: [7] } },
    { providers, samples: {} },
    { providers, challenge: {} },
    { providers, levl: "full" },
  ]) {
    await assert.rejects(audit(receipt, options), usage, JSON.stringify(options));
  }
});

test("a verifier's options are read as strictly", () => {
  for (const options of [
    null,
    7,
    { threads: 0 },
    { threads: 1.5 },
    { threads: "2" },
    { threads: undefined },
    { threads: 1000 },
    { worker: "worker.js" },
    { worker: undefined },
    { wasm: null },
    { thread: 2 },
  ]) {
    assert.throws(() => createVerifier(options), usage, JSON.stringify(options));
  }
});

test("options of logs and tokens are read as strictly", async () => {
  const log = readFileSync(new URL("../../tests/vectors/pcap/v2/log.jsonl", import.meta.url));
  for (const name of ["level", "checkpoint", "keys", "witnesses", "quorum", "require", "sealed"]) {
    for (const value of [undefined, null, () => true, new Map()]) {
      assert.throws(() => actions.verifyLogSync(log, { [name]: value }), usage, `${name}: ${String(value)}`);
      await assert.rejects(actions.verifyLog(log, { [name]: value }), usage);
    }
  }
  assert.throws(() => actions.verifyLogSync(log, { require: [{ policy_id: "a", invariant_id: "b", subject: undefined }] }), usage);
  for (const evidence of [null, {}, "", [undefined], [null], new Set()]) assert.throws(() => actions.verifyLogSync(log, {}, evidence), usage);
  for (const options of [
    undefined,
    null,
    7,
    [],
    { request: undefined },
    { request: null },
    { possession: null },
    { roots: null },
    { stale_reads: undefined },
    { at: Number.NaN },
    { at: undefined },
  ]) {
    assert.throws(() => actions.verifyCapabilitySync("", options), usage, JSON.stringify(options));
    await assert.rejects(actions.verifyCapability("", options), usage);
  }
  for (const proof of [undefined, null, 7, Object("{}")]) await assert.rejects(actions.verifyLogProof(proof), usage);
});

test("the table of reasons is nobody's to change", () => {
  assert.throws(() => reasons.push({}), TypeError);
  assert.throws(() => {
    reasons[0].exit_code = 0;
  }, TypeError);
});

test("an error of one copy of the package is an error of all", () => {
  const error = (() => {
    try {
      actions.verifyLogProofSync(7);
    } catch (caught) {
      return caught;
    }
  })();
  assert.ok(error instanceof VerifierError);
  assert.ok(!(new Error("no") instanceof VerifierError) && !(null instanceof VerifierError));
  class Mine extends VerifierError {}
  assert.ok(!(error instanceof Mine) && new Mine("USAGE", "") instanceof VerifierError);
});
