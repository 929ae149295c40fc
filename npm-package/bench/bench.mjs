// Medians of whole-receipt verification in Node and in headless Chromium, and how many receipts a service verifies in a second.
//
//   npm run bench                 the samples
//   npm run bench -- --service    only the second part: both modules of the package in turns, on as many threads as there are processors
//   npm run bench -- FILE...      these receipts, each also with the options of FILE.options.json (run.cap: run.options.json) if they are there
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { createVerifier, verifySync } from "capseal-verify";

import { openPage } from "../../tests/parity/chromium.mjs";
import { serve } from "../../tests/parity/server.mjs";

const ROUNDS = 100;
const TURNS = 7;
const TURN_MS = 1500;
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

const samples = ["strategy.cap", "geom.cap"].map((name) => fileURLToPath(new URL(`../../web-demo/samples/${name}`, import.meta.url)));
const given = process.argv.slice(2).filter((argument) => argument !== "--service");
const receipts = (await Promise.all((given.length > 0 ? given : samples).map(read))).flat();

console.log(`${cpus()[0]?.model}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}, Node ${process.version}\n`);
if (!process.argv.includes("--service")) await alone();
await service();

async function alone() {
  print("receipt", "bytes", "where", "first", "median", "p90");
  for (const { name, bytes, options } of receipts)
    report(
      name,
      bytes,
      "Node",
      times(() => verifySync(bytes, options)),
    );

  const verifier = createVerifier();
  for (const { name, bytes, options } of receipts) {
    report(name, bytes, "Node, worker", await timesAsync(() => verifier.verify(bytes, options)));
  }
  verifier.terminate();

  await inChromium();
}

/** Of one kind of receipt at a time: recorded processes, and proofs of programs. */
async function service() {
  const vector = fileURLToPath(new URL("../../tests/vectors/accept/rv32im-100.cap", import.meta.url));
  const browsers = await readFile(new URL("../dist/verifier.wasm", import.meta.url));
  const threads = availableParallelism();
  console.log(`\nA service, ${threads} threads, medians of ${TURNS} turns of each module`);
  for (const file of [samples[0], vector]) {
    const receipt = await readFile(file);
    const verifiers = [createVerifier({ threads, wasm: browsers }), createVerifier({ threads })];
    const turns = [[], []];
    for (const verifier of verifiers) await turn(verifier, receipt, threads);
    for (let count = 0; count < TURNS; count += 1) {
      for (const [place, verifier] of verifiers.entries()) turns[place].push(await turn(verifier, receipt, threads));
    }
    for (const verifier of verifiers) verifier.terminate();
    const median = (of, name) => of.map((one) => one[name]).sort((a, b) => a - b)[TURNS >> 1];
    console.log(basename(file));
    for (const [place, of] of turns.entries()) {
      const [rate, cpu] = [median(of, "rate"), median(of, "cpu")];
      console.log(
        `  ${["browsers' module", "Node's module"][place].padEnd(18)}${rate.toFixed(0).padStart(6)} a second, ${cpu.toFixed(2).padStart(6)} ms of a processor each: ${((1000 * threads) / cpu).toFixed(0)} a second where nothing else runs`,
      );
    }
    console.log(`  ${(median(turns[1], "rate") / median(turns[0], "rate")).toFixed(2)} times as many`);
  }
  console.log(`load ${loadavg()[0].toFixed(1)}`);
}

/** Receipts a second, and milliseconds of a processor for each. */
async function turn(verifier, receipt, threads) {
  const before = process.cpuUsage();
  const begun = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: 2 * threads }, async () => {
      for (; performance.now() - begun < TURN_MS; done += 1) await verifier.verify(receipt);
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return { rate: (1000 * done) / (performance.now() - begun), cpu: (user + system) / 1000 / done };
}

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
    for (const [where, inWorker] of [
      ["Chromium", false],
      ["Chromium, worker", true],
    ]) {
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
