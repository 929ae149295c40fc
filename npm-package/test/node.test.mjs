// The package in Node: ESM and CommonJS, every kind of source, wrong arguments, the worker.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import test from "node:test";

import * as esm from "capseal-verify";
import * as actions from "capseal-verify/actions";

const { verify, verifySync, inspect, artifact, entryProof, createVerifier, isAccepted, isInspection, reasons, version } = esm;
const nonsense = new TextEncoder().encode("not a receipt");
const receipt = await readFile(new URL("../../web-demo/samples/strategy.cap", import.meta.url));
const usage = { name: "VerifierError", code: "USAGE" };

test("ESM and CommonJS export the same names, and know each other's errors", () => {
  const require = createRequire(import.meta.url);
  for (const [entry, imported] of [
    ["capseal-verify", esm],
    ["capseal-verify/actions", actions],
  ]) {
    const names = Object.keys(require(entry)).filter((name) => name !== "__esModule");
    assert.deepEqual(Object.keys(imported).sort(), names.sort());
  }
  const required = require("capseal-verify");
  for (const [verifySync, VerifierError] of [
    [esm.verifySync, required.VerifierError],
    [required.verifySync, esm.VerifierError],
  ]) {
    assert.throws(
      () => verifySync(7),
      (error) => error instanceof VerifierError,
    );
  }
});

test("a good receipt is accepted, one changed byte is refused", async () => {
  const verdict = await verify(receipt);
  assert.ok(isAccepted(verdict));
  assert.equal(verdict.verifier_exit_status, 0);
  const changed = Uint8Array.from(receipt);
  changed[receipt.length >> 1] ^= 1;
  assert.equal((await verify(changed)).status, "REJECTED");
});

test("every kind of source gives the same verdict", async () => {
  const expected = JSON.stringify(verifySync(receipt));
  const view = new Uint8Array(receipt.length + 7).subarray(3, 3 + receipt.length);
  view.set(receipt);
  const sources = [Uint8Array.from(receipt).buffer, view, new Blob([receipt]), new Response(receipt)];
  for (const source of sources) assert.equal(JSON.stringify(await verify(source)), expected);
});

test("bytes that are no receipt are a verdict, not an error", async () => {
  const verdict = verifySync(nonsense);
  assert.equal(verdict.status, "REJECTED");
  assert.equal(verdict.verifier_exit_status, 20);
  assert.ok(reasons.some((reason) => reason.name === verdict.reason));
  assert.ok(!isInspection(await inspect(nonsense)));
  assert.equal(verifySync(new Uint8Array()).status, "REJECTED");
});

test("wrong arguments are refused, never guessed", async () => {
  for (const source of [null, undefined, "run.cap", 7, {}, [1, 2]]) {
    assert.throws(() => verifySync(source), usage);
    await assert.rejects(verify(source), usage);
  }
  for (const options of [{ levl: "full" }, { level: "everything" }, { expected_capsule_hash: "ab" }, 7, "full"]) {
    assert.throws(() => verifySync(receipt, options), usage);
  }
  await assert.rejects(verify(new Response("", { status: 404 })), { code: "UNREADABLE" });
});

test("the expected capsule hash decides", () => {
  const { capsule_hash } = verifySync(receipt);
  assert.ok(isAccepted(verifySync(receipt, { expected_capsule_hash: capsule_hash })));
  const verdict = verifySync(receipt, { expected_capsule_hash: "0".repeat(64) });
  assert.equal(verdict.reason, "E011_CAPSULE_HASH_MISMATCH");
});

test("a line of the log comes with a proof that holds, and one that is not there with none", async () => {
  const { events } = await inspect(receipt);
  const proof = await entryProof(receipt, events.length - 1);
  const report = await actions.verifyLogProof(proof);
  assert.equal(report.accepted, true);
  assert.equal(report.size, events.length);
  assert.equal(JSON.parse(JSON.parse(proof).entry).seq, events.length - 1);
  const changed = await actions.verifyLogProof(proof.replace(/"root":"./, (text) => text.slice(0, -1) + (text.endsWith("0") ? "1" : "0")));
  assert.equal(changed.reason, "E064_MERKLE_PROOF_INVALID");
  assert.equal(await entryProof(receipt, events.length), undefined);
});

test("an artifact comes back whole, an unknown one does not come", async () => {
  const inspection = await inspect(receipt);
  assert.ok(isInspection(inspection));
  const [{ digest, size }] = inspection.archive.artifacts;
  assert.equal((await artifact(receipt, digest)).length, size);
  assert.equal(await artifact(receipt, "0".repeat(64)), undefined);
});

test("the worker gives the same answers, in any order", async () => {
  const verifier = createVerifier();
  const answers = await Promise.all([
    verifier.verify(receipt),
    verifier.verify(nonsense),
    verifier.inspect(new Blob([receipt])),
    verifier.verify(receipt, { expected_capsule_hash: "0".repeat(64) }),
  ]);
  assert.equal(verifier.mode, "worker");
  const expected = [
    verifySync(receipt),
    verifySync(nonsense),
    await inspect(receipt),
    verifySync(receipt, { expected_capsule_hash: "0".repeat(64) }),
  ];
  assert.equal(JSON.stringify(answers), JSON.stringify(expected));
  await assert.rejects(verifier.verify(receipt, { levl: "full" }), usage);
  await assert.rejects(verifier.verify(receipt, { level: () => "full" }), usage);
  const pending = verifier.verify(receipt);
  verifier.terminate();
  await assert.rejects(pending, { code: "TERMINATED" });
  await assert.rejects(verifier.verify(receipt), { code: "TERMINATED" });
});

test("the version is that of the package", async () => {
  const { version: expected } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal(version(), expected);
});

test("an action log is checked with its checkpoint, its obligations and its proofs", async () => {
  const vector = (name) => readFile(new URL(`../../tests/vectors/pcap/v2/${name}`, import.meta.url), "utf8");
  const [log, checkpoint, key] = await Promise.all(["log.jsonl", "early.ckpt", "key.txt"].map(vector));
  const bytes = new TextEncoder().encode(log);
  const required = [{ policy_id: "release", invariant_id: "tests_pass", level: "S1" }];
  const options = { level: "S1", checkpoint, keys: [key.trim()], require: required, sealed: true };
  const report = actions.verifyLogSync(bytes, options);
  assert.deepEqual([report.accepted, report.reached, report.anchoring], [true, "S1", "anchored"]);
  assert.equal(report.obligations.answer, "satisfied");
  assert.equal((await actions.verifyLog(bytes)).anchoring, "unanchored");
  const cut = new TextEncoder().encode(`${log.split("\n").slice(0, 2).join("\n")}\n`);
  assert.equal(actions.verifyLogSync(cut).accepted, true);
  assert.equal(actions.verifyLogSync(cut, { checkpoint }).reason, "E202_CHECKPOINT_MISMATCH");
  assert.throws(() => actions.verifyLogSync(bytes, { levle: "S1" }), usage);
  const final = { checkpoint: await vector("final.ckpt"), keys: [key.trim()], level: "S1" };
  assert.equal((await actions.verifyLogProof(await vector("inclusion.json"), final)).accepted, true);
  const joined = await vector("consistency.json");
  assert.equal((await actions.verifyLogProof(joined, options)).anchoring, "anchored");
  assert.equal((await actions.verifyLogProof(joined.replace('"from":3', '"from":4'))).reason, "E064_MERKLE_PROOF_INVALID");
});

test("an obligation's proof is a receipt that proves a run about its subject", async () => {
  const sample = (name) => readFile(new URL(`../../web-demo/samples/${name}`, import.meta.url));
  const [proven, witnessed] = await Promise.all(["geom.cap", "strategy.cap"].map(sample));
  const [geom, strategy] = [esm.evidenceSync(proven), await esm.evidence(witnessed)];
  assert.deepEqual([geom.strength, strategy.strength], ["proven", "witnessed"]);
  assert.ok(geom.subjects.includes(verifySync(proven).capsule_hash));
  assert.equal(esm.evidenceSync(nonsense).strength, "unknown");
  const changed = Uint8Array.from(proven);
  changed[changed.length >> 1] ^= 1;
  assert.deepEqual([esm.evidenceSync(changed).strength, esm.evidenceSync(changed).subjects], ["refused", []]);
  const log = new Uint8Array(await readFile(new URL("../../tests/vectors/pcap/v2/log.jsonl", import.meta.url)));
  // Read strictly, whoever made it.
  for (const wrong of [
    { ...geom, more: 1 },
    { ...geom, strength: "sure" },
    { ...geom, subjects: ["00"] },
  ]) {
    assert.throws(() => actions.verifyLogSync(log, {}, [wrong]), usage);
  }
  assert.equal(actions.verifyLogSync(log, {}, [geom, strategy]).accepted, true);
});

test("witnesses are counted and named", async () => {
  const vector = (name) => readFile(new URL(`../../tests/vectors/pcap/v2/${name}`, import.meta.url), "utf8");
  const [log, checkpoint, key, keys] = await Promise.all(["log.jsonl", "witnessed.ckpt", "test-key.txt", "witnesses.txt"].map(vector));
  const bytes = new TextEncoder().encode(log);
  const [one, two] = keys.trim().split("\n");
  const options = { level: "S1", checkpoint, keys: [key.trim()], witnesses: [one, two] };
  const times = [
    ["witness.example/w1", "2023-03-20T12:25:48Z"],
    ["witness.example/w2", "2023-03-20T12:25:49Z"],
  ];
  const report = actions.verifyLogSync(bytes, options);
  assert.deepEqual(
    report.witnessed.map(({ name, time }) => [name, time]),
    times,
  );
  assert.deepEqual((await actions.verifyLogProof(await vector("inclusion.json"), options)).witnessed, report.witnessed);
  const alone = checkpoint
    .split("\n")
    .filter((line) => !line.includes("w2 "))
    .join("\n");
  assert.equal(actions.verifyLogSync(bytes, { ...options, checkpoint: alone }).reason, "E209_CHECKPOINT_UNWITNESSED");
  assert.equal(actions.verifyLogSync(bytes, { ...options, checkpoint: alone, quorum: 1 }).witnessed.length, 1);
  const { witnesses, ...unwitnessed } = options;
  assert.equal(actions.verifyLogSync(bytes, unwitnessed).witnessed.length, 0);
  assert.throws(() => actions.verifyLogSync(bytes, { ...options, witnesses: undefined }), usage);
  assert.throws(() => actions.verifyLogSync(bytes, { ...options, quorum: 3 }), usage);
  assert.throws(() => actions.verifyLogSync(bytes, { ...options, witnesses: [key.trim()] }), usage);
});

test("a capability token is judged, with the rule and the link that fails", async () => {
  const text = await readFile(new URL("../../tests/vectors/capability.json", import.meta.url), "utf8");
  const cases = new Map(JSON.parse(text).cases.map((vector) => [vector.name, vector]));
  const { token, options } = cases.get("nothing: three links, and a content is asked for");
  const allowed = await actions.verifyCapability(token, options);
  assert.deepEqual([allowed.outcome, allowed.http_status, allowed.links.length], ["allowed", 200, 3]);
  const keys = ["capability_id", "subject", "permissions", "resource", "expires", "signature"];
  assert.deepEqual(Object.keys(allowed.links[0]), keys);
  const elsewhere = { ...options, request: { ...options.request, resource: "bundle/ax" } };
  const denied = actions.verifyCapabilitySync(token, elsewhere);
  assert.deepEqual([denied.rule, denied.link, denied.reason], ["resource_denied", 2, "E628_CAPABILITY_RESOURCE_DENIED"]);
  // Without a time it is now, and the vectors' tokens are of another time.
  const { at, ...without } = options;
  assert.ok(["expired", "not_yet_valid"].includes(actions.verifyCapabilitySync(token, without).rule));
  assert.throws(() => actions.verifyCapabilitySync(token, { ...options, rots: [] }), usage);
  assert.throws(() => actions.verifyCapabilitySync(new Uint8Array(), options), usage);
});
