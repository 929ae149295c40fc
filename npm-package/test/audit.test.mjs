// Audits against a provider of static files on loopback, and against hostile ones. The receipt is a vector whose archive is kept elsewhere.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { ASKED, answerForArchive, message, RECEIPT, REGISTERED, ROWS, rowOf } from "../../tests/parity/archive.mjs";
import { withHost } from "../../tests/parity/server.mjs";
import { audit, verify, VerifierError } from "../dist/node.mjs";

const vectors = new URL("../../tests/vectors/accept/", import.meta.url);
const receipt = readFileSync(RECEIPT);
const registered = readFileSync(REGISTERED);

const withProvider = (answer, use) => withHost((request, response) => answer(rowOf(request), response), use);
const honest = (index, response) => response.end(ROWS[index]);
const run = (answer, more) => withProvider(answer, (url) => audit(receipt, { providers: [url], ...more }));

test("an honest provider is live", async () => {
  const seen = [];
  let planned = 0;
  const verdict = await run(honest, { onPlan: (count) => (planned = count), onRow: (place, had) => seen.push([place, had]) });
  assert.equal(verdict.status, "PROOF_ONLY");
  assert.equal(verdict.availability.result, "live");
  assert.ok(verdict.availability.bits >= 80);
  assert.deepEqual(
    seen.map(([place]) => place).sort((a, b) => a - b),
    Array.from({ length: planned }, (_, i) => i),
  );
  assert.ok(seen.every(([, had]) => had));
});

test("a receipt that carries everything needs no provider", async () => {
  const verdict = await audit(readFileSync(new URL("process-typical.cap", vectors)), { providers: [] });
  assert.deepEqual(verdict.availability, { result: "complete" });
});

test("missing, invalid and oversized rows have their own codes", async () => {
  const gone = (_, response) => response.writeHead(404).end();
  const cases = [
    [gone, "E074_AVAILABILITY_FAILED", 13],
    [(index, response) => (index % 2 === 0 ? gone(index, response) : honest(index, response)), "E074_AVAILABILITY_FAILED", 13],
    [(_, response) => response.end(ROWS[1]), "E064_MERKLE_PROOF_INVALID", 12],
    [(index, response) => response.end(ROWS[index].subarray(1)), "E066_CHUNK_LENGTH_INVALID", 12],
    [(_, response) => response.end(Buffer.alloc(1 << 20)), "E066_CHUNK_LENGTH_INVALID", 12],
    [(_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(1 << 24))), "E066_CHUNK_LENGTH_INVALID", 12],
    [(_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), "E074_AVAILABILITY_FAILED", 13],
  ];
  for (const [answer, reason, exit] of cases) {
    const verdict = await run(answer);
    assert.deepEqual([verdict.reason, verdict.verifier_exit_status], [reason, exit]);
  }
});

test("an endless body ends", async () => {
  const verdict = await run((_, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(65536)), 1);
    response.on("close", () => clearInterval(timer));
  });
  assert.equal(verdict.reason, "E066_CHUNK_LENGTH_INVALID");
});

test("a provider that recovers is asked again for the same rows", async () => {
  const asked = new Map();
  const verdict = await run((index, response) => {
    asked.set(index, (asked.get(index) ?? 0) + 1);
    if (asked.get(index) === 1) response.writeHead(503, { "retry-after": "0" }).end();
    else honest(index, response);
  });
  assert.equal(verdict.reason, null);
  assert.equal(asked.size, verdict.availability.samples);
});

test("another provider helps", async () => {
  const wrong = (_, response) => response.end(ROWS[1]);
  const verdict = await withProvider(wrong, (bad) => withProvider(honest, (good) => audit(receipt, { providers: [bad, good] })));
  assert.equal(verdict.reason, null);
});

test("an audit can be ended", async () => {
  const verdict = await run(() => undefined, { signal: AbortSignal.timeout(200) });
  assert.equal(verdict.reason, "E074_AVAILABILITY_FAILED");
});

test("URLs that are none are refused", async () => {
  for (const provider of ["", "ftp://x", "http://me:secret@x", "http://x/?a"]) {
    await assert.rejects(audit(receipt, { providers: [provider] }), VerifierError);
  }
  const verdict = await verify(receipt);
  assert.equal(verdict.checks.at(-1).outcome, "skipped");
});

/** A relay and a provider in one; `change` may answer instead of it. */
function auditWithRelay(options, change = () => false) {
  const { attestations } = JSON.parse(readFileSync(new URL("attested-by-two.options.json", vectors), "utf8"));
  const list = cborList(attestations.given.map((text) => Buffer.from(text, "base64")));
  const answer = (request, response) => {
    if (change(request, response)) return;
    if (request.url.endsWith("/attestations")) response.end(list);
    else answerForArchive(request, response);
  };
  const { trust, at } = ASKED;
  return withHost(answer, (url) => audit(registered, { providers: [url], relay: url, trust, at, bits: 4, ...options }));
}

function cborList(items) {
  const head = ({ length }) => Buffer.from(length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255]);
  return Buffer.concat([Buffer.from([0x80 + items.length]), ...items.flatMap((bytes) => [head(bytes), bytes])]);
}

test("a relay's challenge is answered beside the verifier's own rows", async () => {
  let planned = 0;
  const had = new Set();
  const verdict = await auditWithRelay({ onPlan: (count) => (planned = count), onRow: (place) => had.add(place) });
  assert.equal(verdict.reason, null, JSON.stringify(verdict.checks.at(-1)));
  assert.equal(verdict.availability.result, "live");
  assert.match(verdict.checks.at(-1).detail, /live: .*; archival: /);
  assert.deepEqual(
    [...had].sort((a, b) => a - b),
    Array.from({ length: planned }, (_, place) => place),
  );
});

test("who attests is asked of the relay", async () => {
  const verdict = await auditWithRelay({ attestations: { threshold: 2, bits: 4 } });
  assert.equal(verdict.reason, null, JSON.stringify(verdict.checks.at(-1)));
  assert.match(verdict.checks.at(-1).detail, /attested, in the words of auditor-1, auditor-2: /);
  const three = await auditWithRelay({ attestations: { threshold: 3, bits: 4 } });
  assert.equal(three.reason, "E074_AVAILABILITY_FAILED");
});

test("a relay that gives nothing, something else, or too much fails the audit with its code", async () => {
  const when = (applies, answer) => (request, response) => {
    if (applies(request.url)) answer(response);
    return response.writableEnded;
  };
  const at = (path, answer) => when((url) => url.endsWith(path), answer);
  const gone = (response) => response.writeHead(404).end();
  const flipped = (name) => (response) => {
    const bytes = message(name);
    bytes[bytes.length - 1] ^= 1;
    response.end(bytes);
  };
  const long = (response) => response.end(Buffer.alloc(1 << 20));
  const commitPath = /\/v1\/commits\/[0-9a-f]{64}$/;
  for (const [change, reason] of [
    [at("/challenge", gone), "E071_DA_CHALLENGE_MISSING"],
    [when((url) => commitPath.test(url), gone), "E071_DA_CHALLENGE_MISSING"],
    [at("/challenge", flipped("challenge")), "E073_DA_CHALLENGE_UNTRUSTED"],
    [at("/challenge", long), "E005_LIMIT_EXCEEDED"],
    [at("/challenge", (response) => response.end(message("commit"))), "E003_SCHEMA_UNSUPPORTED"],
  ]) {
    const verdict = await auditWithRelay({}, change);
    assert.equal(verdict.reason, reason);
  }
  // Attestations that are no list are none.
  const none = await auditWithRelay({ attestations: { bits: 4 } }, at("/attestations", long));
  assert.equal(none.reason, "E074_AVAILABILITY_FAILED");
});

test("headers go with each request, and a failure to make them is wrong usage", async () => {
  const seen = new Set();
  const headers = (url) => ({ "capseal-possession": new URL(url).pathname });
  const change = (request) => void seen.add(request.headers["capseal-possession"] === request.url);
  assert.equal((await auditWithRelay({ headers }, change)).reason, null);
  assert.deepEqual([...seen], [true]);
  const failing = () => Promise.reject(new Error("no key"));
  await assert.rejects(auditWithRelay({ headers: failing }), (error) => error instanceof VerifierError && error.code === "USAGE");
});
