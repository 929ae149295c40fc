// Prints the verdict lines of a folder, made in headless Chromium by the npm package, in a worker, under a strict policy.
import { join } from "node:path";

import { openPage } from "./chromium.mjs";
import { serve } from "./server.mjs";
import { line, listReceipts, listTokens, readOptions, Slowest } from "./receipts.mjs";

const BATCH = 200;
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

const root = new URL("../../", import.meta.url);
const folder = process.argv[2];
const names = await listReceipts(folder);

const slowest = new Slowest();
const server = await serve((path) => {
  const [, kind, rest] = /^\/(receipt|package|parity)\/(.*)$/.exec(path) ?? [];
  if (path === "/") return { type: "text/html", headers: { "content-security-policy": POLICY }, body: "" };
  if (kind === "receipt" && names[rest] !== undefined) return { file: join(folder, names[rest]) };
  if (kind === "package") return { file: new URL(`npm-package/dist/${rest}`, root) };
  if (kind === "parity") return { file: new URL(`tests/parity/${rest}`, root) };
  return undefined;
});
const { page, close } = await openPage();
try {
  await page.goto(server.address);
  for (let first = 0; first < names.length; first += BATCH) {
    const batch = await Promise.all(
      names.slice(first, first + BATCH).map(async (name, place) => ({
        name,
        address: `/receipt/${first + place}`,
        options: await readOptions(folder, name),
      })),
    );
    for (const { name, answer, milliseconds } of await page.evaluate(verifyBatch, batch)) {
      console.log(line(name, answer));
      slowest.note(name, milliseconds);
    }
  }
  for (const { name, answer } of await page.evaluate(judgeTokens, await listTokens(folder))) {
    console.log(line(name, answer));
  }
  slowest.say("Chromium");
} finally {
  await close();
  server.close();
}

/** Runs in the page. */
async function verifyBatch(batch) {
  const { createVerifier } = await import("/package/browser.js");
  globalThis.verifier ??= createVerifier();
  const answers = [];
  for (const { name, address, options } of batch) {
    const bytes = await (await fetch(address)).arrayBuffer();
    const begun = performance.now();
    let answer;
    try {
      answer = await globalThis.verifier.verify(bytes, options);
    } catch (error) {
      if (error.name !== "VerifierError") throw error;
      answer = { error: error.code };
    }
    answers.push({ name, answer: JSON.stringify(answer), milliseconds: performance.now() - begun });
  }
  if (globalThis.verifier.mode !== "worker") throw new Error("the verifier did not run in a worker");
  return answers;
}

/** Runs in the page. */
async function judgeTokens(tokens) {
  const { verifyCapability } = await import("/package/actions.js");
  const answers = [];
  for (const { name, token, options } of tokens) {
    let answer;
    try {
      answer = await verifyCapability(token, options);
    } catch (error) {
      if (error.name !== "VerifierError") throw error;
      answer = { error: error.code };
    }
    answers.push({ name, answer: JSON.stringify(answer) });
  }
  return answers;
}
