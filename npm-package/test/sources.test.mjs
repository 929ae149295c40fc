// Bytes of any origin, as they are at the call; and no more of them than a receipt may have.
import assert from "node:assert/strict";
import { createReadStream, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import test from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

import { createVerifier, evidence, inspect, load, verify, verifySync } from "capseal-verify";
import * as actions from "capseal-verify/actions";

const file = fileURLToPath(new URL("../../web-demo/samples/strategy.cap", import.meta.url));
const receipt = readFileSync(file);
const expected = JSON.stringify(verifySync(receipt));
const usage = { name: "VerifierError", code: "USAGE" };
const unreadable = { name: "VerifierError", code: "UNREADABLE" };
const MIB = 2 ** 20;
const MOST = 48 * MIB;

function* views() {
  const pooled = new Uint8Array(receipt.length + 7).subarray(3, 3 + receipt.length);
  pooled.set(receipt);
  const shared = new SharedArrayBuffer(receipt.length);
  new Uint8Array(shared).set(receipt);
  const resizable = new ArrayBuffer(receipt.length, { maxByteLength: 2 * receipt.length });
  new Uint8Array(resizable).set(receipt);
  const growable = new SharedArrayBuffer(receipt.length, { maxByteLength: 2 * receipt.length });
  new Uint8Array(growable).set(receipt);
  const context = vm.createContext({});
  const foreign = vm.runInContext(`new Uint8Array(${receipt.length})`, context);
  foreign.set(receipt);
  yield* [
    receipt,
    pooled,
    Uint8Array.from(receipt).buffer,
    shared,
    new Uint8Array(shared),
    resizable,
    new Uint8Array(resizable),
    growable,
    new Uint8Array(growable),
    foreign,
    foreign.buffer,
  ];
}

test("bytes in memory of every kind and realm", async () => {
  for (const bytes of views()) {
    assert.equal(JSON.stringify(verifySync(bytes)), expected);
    assert.equal(JSON.stringify(await verify(bytes)), expected);
  }
});

test("bodies, files and streams", async () => {
  const pieces = function* () {
    for (let at = 0; at < receipt.length; at += 1000) yield receipt.subarray(at, at + 1000);
  };
  const sources = [
    new Blob([receipt]),
    new File([receipt], "run.cap"),
    new Response(receipt),
    new Request("http://localhost/", { method: "POST", body: receipt }),
    new Blob([receipt]).stream(),
    Readable.from(pieces()),
    createReadStream(file),
    (async function* () {
      yield* pieces();
    })(),
    new ReadableStream({
      start(out) {
        for (const piece of pieces()) out.enqueue(piece);
        out.close();
      },
    }),
  ];
  for (const source of sources) assert.equal(JSON.stringify(await verify(source)), expected);
  assert.equal((await verify(new Response(null))).status, "REJECTED");
});

test("the bytes are those of the call", async () => {
  const verifier = createVerifier();
  for (const call of [(bytes) => verify(bytes), (bytes) => verifier.verify(bytes), (bytes) => verifier.inspect(bytes)]) {
    for (const bytes of [Uint8Array.from(receipt), new Uint8Array(new SharedArrayBuffer(receipt.length))]) {
      bytes.set(receipt);
      const pending = call(bytes);
      bytes.fill(0);
      const given = await pending;
      assert.ok(given.status === "PROOF_ONLY" || given.schema === "capseal/inspection/v1", JSON.stringify(given).slice(0, 200));
      assert.ok(
        bytes.every((byte) => byte === 0),
        "the caller's bytes stay the caller's",
      );
    }
  }
  const given = Uint8Array.from(receipt);
  const pending = verifier.verify(given);
  structuredClone(given.buffer, { transfer: [given.buffer] });
  assert.equal((await pending).status, "PROOF_ONLY");
  verifier.terminate();
});

test("bytes that are gone are wrong usage", async () => {
  const gone = () => {
    const bytes = Uint8Array.from(receipt);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  };
  const shrunk = () => {
    const buffer = new ArrayBuffer(100, { maxByteLength: 100 });
    const view = new Uint8Array(buffer, 50, 50);
    buffer.resize(10);
    return view;
  };
  for (const bytes of [gone(), gone().buffer, shrunk()]) {
    assert.throws(() => verifySync(bytes), usage);
    await assert.rejects(verify(bytes), usage);
    await assert.rejects(createVerifier().verify(bytes), usage);
  }
});

test("what is no source is wrong usage, whatever it pretends", async () => {
  const pretends = { [Symbol.toStringTag]: "Uint8Array", length: 3 };
  const buffer = { [Symbol.toStringTag]: "ArrayBuffer", byteLength: 3 };
  for (const source of [
    null,
    undefined,
    "run.cap",
    7,
    {},
    [1, 2],
    new Uint16Array(3),
    new DataView(new ArrayBuffer(3)),
    new Uint8ClampedArray(3),
    new Map(),
    () => receipt,
    pretends,
    buffer,
  ]) {
    assert.throws(() => verifySync(source), usage);
    await assert.rejects(verify(source), usage);
  }
});

/** A stream of so many MiB, and how many were taken. */
function counted(mebibytes) {
  let given = 0;
  const body = new ReadableStream({
    pull(out) {
      if (given >= mebibytes) return out.close();
      given += 1;
      out.enqueue(new Uint8Array(MIB));
    },
  });
  return { body, given: () => given };
}

test("no more is read than a receipt may have", async () => {
  for (const [make, most] of [
    [(body) => body, 50],
    [(body) => new Response(body), 50],
    [(body) => new Response(body, { headers: { "content-length": String(200 * MIB), "content-encoding": "gzip" } }), 50],
    [(body) => new Response(body, { headers: { "content-length": "1" } }), 50],
    [(body) => new Response(body, { headers: { "content-length": String(200 * MIB) } }), 1],
    [(body) => new Request("http://localhost/", { method: "POST", body, duplex: "half" }), 50],
    [(body) => Readable.fromWeb(body), 51],
  ]) {
    const { body, given } = counted(256);
    const verdict = await verify(make(body));
    assert.equal(verdict.reason, "E005_LIMIT_EXCEEDED");
    assert.ok(given() <= most, `${given()} MiB were read`);
  }
});

test("the size of a file is looked at before it is read", async () => {
  const huge = { size: 5 * 2 ** 30, slice: () => assert.fail("it was read"), arrayBuffer: () => assert.fail("it was read") };
  assert.equal((await verify(huge)).reason, "E005_LIMIT_EXCEEDED");
  assert.equal((await inspect(huge)).reason, "E005_LIMIT_EXCEEDED");
  await assert.rejects(evidence(huge), usage);
  const sparse = new Uint8Array(2 ** 31);
  const verdicts = [verifySync(sparse), await verify(sparse), await createVerifier().verify(sparse)];
  for (const verdict of verdicts) assert.deepEqual(verdict, await verify(huge));
});

test("the limit is that of the core, to the byte", () => {
  assert.notEqual(verifySync(new Uint8Array(MOST)).reason, "E005_LIMIT_EXCEEDED");
  assert.equal(verifySync(new Uint8Array(MOST + 1)).reason, "E005_LIMIT_EXCEEDED");
});

test("what cannot be read is UNREADABLE", async () => {
  const used = new Response(receipt);
  await used.arrayBuffer();
  const locked = new Response(receipt);
  locked.body.getReader();
  const broken = () =>
    new ReadableStream({
      pull(out) {
        out.error(new Error("the line is cut"));
      },
    });
  const texts = Readable.from(["text"]);
  for (const source of [
    new Response("", { status: 404 }),
    used,
    locked,
    broken(),
    new Response(broken()),
    texts,
    createReadStream("/none"),
    { size: 1, slice: () => undefined, arrayBuffer: () => Promise.reject(new Error("gone")) },
  ]) {
    await assert.rejects(verify(source), unreadable);
  }
});

test("action logs come from the same places", async () => {
  const log = readFileSync(new URL("../../tests/vectors/pcap/v2/log.jsonl", import.meta.url));
  for (const source of [new Blob([log]), new Response(log), Readable.from([log])]) assert.equal((await actions.verifyLog(source)).accepted, true);
});

test("a wasm that is none is an error of its kind", async () => {
  for (const source of [new Uint8Array(8), new Response("", { status: 404 }), "http://127.0.0.1:1/none.wasm"]) {
    await assert.rejects(createVerifier({ wasm: source }).verify(receipt), { name: "VerifierError" });
  }
  await load();
});
