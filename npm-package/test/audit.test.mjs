// Audits against a provider of static files on loopback, and against hostile ones. The receipt is a vector whose archive lies elsewhere.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { audit, verify, VerifierError } from "../dist/node.mjs";

const vector = (name) => new URL(`../../tests/vectors/accept/${name}`, import.meta.url);
const receipt = readFileSync(vector("sampled-every-row.cap"));
// The samples of the vector are every row of the archive, in order.
const { samples } = JSON.parse(readFileSync(vector("sampled-every-row.options.json"), "utf8"));
const rows = samples.answers.map((answer) => Buffer.from(answer, "base64"));

async function withProvider(answer, use) {
  const server = createServer((request, response) => {
    const index = Number(/\/rows\/(\d+)$/.exec(request.url)?.[1]);
    answer(index, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const honest = (index, response) => response.end(rows[index]);
const run = (answer, more) => withProvider(answer, (url) => audit(receipt, { providers: [url], ...more }));

test("an honest provider is live", async () => {
  const seen = [];
  let planned = 0;
  const verdict = await run(honest, { onPlan: (count) => (planned = count), onRow: (place, had) => seen.push([place, had]) });
  assert.equal(verdict.status, "PROOF_ONLY");
  assert.equal(verdict.availability.result, "live");
  assert.ok(verdict.availability.bits >= 80);
  assert.deepEqual(seen.map(([place]) => place).sort((a, b) => a - b), Array.from({ length: planned }, (_, i) => i));
  assert.ok(seen.every(([, had]) => had));
});

test("a receipt that carries everything needs no provider", async () => {
  const verdict = await audit(readFileSync(vector("process-typical.cap")), { providers: [] });
  assert.deepEqual(verdict.availability, { result: "complete" });
});

test("missing, invalid and oversized rows have their own codes", async () => {
  const gone = (_, response) => response.writeHead(404).end();
  const cases = [
    [gone, "E074_AVAILABILITY_FAILED", 13],
    [(index, response) => (index === 2 ? gone(index, response) : honest(index, response)), "E074_AVAILABILITY_FAILED", 13],
    [(_, response) => response.end(rows[1]), "E064_MERKLE_PROOF_INVALID", 12],
    [(index, response) => response.end(rows[index].subarray(1)), "E066_CHUNK_LENGTH_INVALID", 12],
    [(_, response) => response.end(Buffer.alloc(1 << 20)), "E066_CHUNK_LENGTH_INVALID", 12],
    [(_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(1 << 24))), "E066_CHUNK_LENGTH_INVALID", 12],
    [(_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), "E074_AVAILABILITY_FAILED", 13],
  ];
  for (const [answer, reason, exit] of cases) {
    const verdict = await run(answer);
    assert.deepEqual([verdict.reason, verdict.exit_code], [reason, exit]);
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
  const wrong = (_, response) => response.end(rows[1]);
  const verdict = await withProvider(wrong, (bad) =>
    withProvider(honest, (good) => audit(receipt, { providers: [bad, good] })));
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
