// Medians of whole-receipt verification in Node and in headless Chromium.
//
//   npm run bench                 the samples
//   npm run bench -- FILE...      these receipts, each also with the options of FILE.options.json (run.cap: run.options.json) if they are there
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { createVerifier, verifySync } from "capseal-verify";

import { openPage } from "../../tests/parity/chromium.mjs";
import { serve } from "../../tests/parity/server.mjs";

const ROUNDS = 100;
const MANY = 1000;
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

const samples = ["strategy.cap", "geom.cap"].map((name) => fileURLToPath(new URL(`../../web-demo/samples/${name}`, import.meta.url)));
const files = process.argv.length > 2 ? process.argv.slice(2) : samples;
const receipts = (await Promise.all(files.map(read))).flat();

print("receipt", "bytes", "where", "first", "median", "p90");
for (const { name, bytes, options } of receipts) report(name, bytes, "Node", times(() => verifySync(bytes, options)));

const verifier = createVerifier();
for (const { name, bytes, options } of receipts) {
  report(name, bytes, "Node, worker", await timesAsync(() => verifier.verify(bytes, options)));
}
verifier.terminate();

await inChromium();

const begun = performance.now();
for (let i = 0; i < MANY; i += 1) verifySync(receipts[i % receipts.length].bytes);
const seconds = (performance.now() - begun) / 1000;
console.log(`\n${MANY} receipts one after another on one thread of Node: ${Math.round(MANY / seconds)} a second`);

async function read(file) {
  const receipt = { name: basename(file), bytes: await readFile(file), options: undefined };
  const options = await readFile(file.replace(/\.cap$/, ".options.json"), "utf8").then(JSON.parse, () => undefined);
  return options === undefined ? [receipt] : [receipt, { ...receipt, name: `… at ${options.level}`, options }];
}

function times(run) {
  return Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
}

async function timesAsync(run) {
  const all = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const start = performance.now();
    await run();
    all.push(performance.now() - start);
  }
  return all;
}

function report(name, bytes, where, [first, ...rest]) {
  const sorted = rest.sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor(sorted.length * share)];
  const milliseconds = (value) => `${value.toFixed(2)} ms`;
  print(name, bytes.length, where, milliseconds(first), milliseconds(at(0.5)), milliseconds(at(0.9)));
}

function print(name, bytes, where, ...figures) {
  console.log(`${name.padEnd(20)}${String(bytes).padStart(10)}  ${where.padEnd(18)}${figures.map((text) => text.padStart(11)).join("")}`);
}

async function inChromium() {
  const root = new URL("../", import.meta.url);
  const server = await serve((path) => {
    const [, kind, rest] = /^\/(receipt|dist)\/(.*)$/.exec(path) ?? [];
    if (path === "/") return { type: "text/html", headers: { "content-security-policy": POLICY }, body: "" };
    if (kind === "dist") return { file: new URL(`dist/${rest}`, root) };
    return kind === "receipt" ? { type: "application/octet-stream", body: receipts[rest].bytes } : undefined;
  });
  const { page, close } = await openPage();
  try {
    await page.goto(server.address);
    for (const [where, inWorker] of [["Chromium", false], ["Chromium, worker", true]]) {
      for (const [place, { name, bytes, options }] of receipts.entries()) {
        report(name, bytes, where, await page.evaluate(timesInPage, [place, options, inWorker, ROUNDS]));
      }
    }
  } finally {
    await close();
    server.close();
  }
}

/** Runs in the page. */
async function timesInPage([place, options, inWorker, rounds]) {
  const { createVerifier, load, verifySync } = await import("/dist/browser.js");
  await load();
  globalThis.verifier ??= createVerifier();
  const bytes = new Uint8Array(await (await fetch(`/receipt/${place}`)).arrayBuffer());
  await globalThis.verifier.inspect(bytes);
  const all = [];
  for (let i = 0; i < rounds; i += 1) {
    const start = performance.now();
    if (inWorker) await globalThis.verifier.verify(bytes, options);
    else verifySync(bytes, options);
    all.push(performance.now() - start);
  }
  return all;
}
