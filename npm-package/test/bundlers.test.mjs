// Bundlers take the packed package untouched: no plugin for wasm, no file copied beside the bundle, and the bundle runs elsewhere.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import webpack from "webpack";

import { openPage } from "../../tests/parity/chromium.mjs";
import { serve } from "../../tests/parity/server.mjs";
import { unpackInto } from "./packed.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const receipt = fileURLToPath(new URL("../../web-demo/samples/strategy.cap", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "capseal-bundlers-"));
const elsewhere = mkdtempSync(join(tmpdir(), "capseal-elsewhere-"));
after(() => {
  for (const path of [folder, elsewhere]) rmSync(path, { recursive: true });
});

const SERVICE = `
import { createVerifier, verifySync } from "capseal-verify";
import { verifyLogSync } from "capseal-verify/actions";
import { readFileSync } from "node:fs";
const receipt = readFileSync(process.argv[2]);
const verifier = createVerifier();
verifier.verify(receipt).then((verdict) => {
  console.log(verifySync(receipt).status, verdict.status, verifier.mode, verifyLogSync(new Uint8Array(3)).accepted);
  verifier.terminate();
});
`;
const PAGE = `
import { createVerifier, verify } from "capseal-verify";
import { verifyLog } from "capseal-verify/actions";
globalThis.answer = (async () => {
  const receipt = new Uint8Array(await (await fetch("/receipt.cap")).arrayBuffer());
  const verifier = createVerifier();
  const verdicts = [await verify(receipt), await verifier.verify(receipt)];
  return [...verdicts.map(({ status }) => status), verifier.mode, (await verifyLog(new Uint8Array(3))).accepted].join(" ");
})();
`;
const ANSWER = "PROOF_ONLY PROOF_ONLY worker false";

before(() => {
  unpackInto(folder);
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');
  writeFileSync(join(folder, "service.mjs"), SERVICE);
  writeFileSync(join(folder, "page.mjs"), PAGE);
});

const at = (name) => join(folder, name);

/** Runs a bundle alone, in a folder that has nothing else. */
function runs(file) {
  const copy = join(elsewhere, basename(file));
  copyFileSync(file, copy);
  assert.equal(execFileSync(process.execPath, [copy, receipt], { cwd: elsewhere, encoding: "utf8" }).trim(), ANSWER);
}

/** Opens a page with what was built, and nothing else. */
async function opens(built, script = "page.js", kind = "module") {
  const server = await serve((path) => {
    if (path === "/") return { type: "text/html", body: `<!doctype html><script type="${kind}" src="${script}"></script>` };
    if (path === "/receipt.cap") return { file: receipt };
    return path.endsWith(".js") ? { file: join(built, path) } : undefined;
  });
  const { page, close } = await openPage();
  try {
    await page.goto(server.address);
    assert.equal(await page.evaluate(() => globalThis.answer), ANSWER);
  } finally {
    await close();
    server.close();
  }
}

test("esbuild, for Node, as ESM and as CommonJS", async () => {
  for (const [format, extension] of [
    ["esm", "mjs"],
    ["cjs", "cjs"],
  ]) {
    const outfile = at(`esbuild/service.${extension}`);
    const { warnings } = await esbuild.build({
      entryPoints: [at("service.mjs")],
      bundle: true,
      platform: "node",
      format,
      outfile,
      minify: format === "cjs",
      logLevel: "silent",
    });
    assert.deepEqual(warnings, []);
    runs(outfile);
  }
});

test("esbuild, for pages, as ESM and as a script", async () => {
  for (const [format, kind] of [
    ["esm", "module"],
    ["iife", "text/javascript"],
  ]) {
    await esbuild.build({ entryPoints: [at("page.mjs")], bundle: true, format, outfile: at(`esbuild-${format}/page.js`), logLevel: "silent" });
    await opens(at(`esbuild-${format}`), "page.js", kind);
  }
});

test("rollup, for Node and for pages", async () => {
  const bundle = async (input, options, file) => {
    const build = await rollup({
      input: at(input),
      plugins: [nodeResolve(options)],
      external: /^node:/,
      onwarn: (warning) => assert.fail(warning.message),
    });
    await build.write({ file, format: "es" });
  };
  await bundle("service.mjs", { exportConditions: ["node"] }, at("rollup/service.mjs"));
  runs(at("rollup/service.mjs"));
  await bundle("page.mjs", { browser: true }, at("rollup-page/page.js"));
  await opens(at("rollup-page"));
});

test("webpack, for Node and for pages", async () => {
  const build = (options) =>
    new Promise((resolve, reject) => {
      webpack({ mode: "production", performance: false, ...options }, (error, stats) => {
        if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString()));
        else resolve(stats.toJson().warnings);
      });
    });
  assert.deepEqual(await build({ target: "node", entry: at("service.mjs"), output: { path: at("webpack"), filename: "service.cjs" } }), []);
  runs(at("webpack/service.cjs"));
  assert.deepEqual(await build({ entry: at("page.mjs"), output: { path: at("webpack-page"), filename: "page.js" } }), []);
  await opens(at("webpack-page"));
});

test("only what is used of a bundle is in it", async () => {
  writeFileSync(at("logs.mjs"), 'import { verifyLogSync } from "capseal-verify/actions"; console.log(verifyLogSync(new Uint8Array(3)).accepted);\n');
  await esbuild.build({
    entryPoints: [at("logs.mjs")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: at("logs/logs.mjs"),
    logLevel: "silent",
  });
  assert.ok(readFileSync(at("logs/logs.mjs")).length < 400_000);
});

test("a worker of one's own is the package's, though nothing of it is used", async () => {
  writeFileSync(at("worker.mjs"), 'import "capseal-verify/worker.js";\n');
  const { warnings } = await esbuild.build({
    entryPoints: [at("worker.mjs")],
    bundle: true,
    format: "esm",
    outfile: at("worker/worker.js"),
    logLevel: "silent",
  });
  assert.deepEqual(warnings, []);
  assert.ok(readFileSync(at("worker/worker.js"), "utf8").includes("onmessage"));
});

test("types resolve the old way, the new ways, and with libraries checked", () => {
  const require = createRequire(import.meta.url);
  const tsc = require.resolve("typescript-5/bin/tsc");
  mkdirSync(at("node_modules/@types"), { recursive: true });
  symlinkSync(join(root, "node_modules/@types/node"), at("node_modules/@types/node"));
  writeFileSync(
    at("use.ts"),
    `
import { createVerifier, verify, verifyMany, VerifierError, type Verdict } from "capseal-verify";
import { verifyLog } from "capseal-verify/actions";
export const one: Promise<Verdict> = verify(new Blob([]));
export const log = verifyLog(new Uint8Array());
export async function all(receipts: AsyncIterable<Uint8Array>) {
  for await (const { index, verdict, error } of verifyMany(receipts, {}, { threads: 2 })) {
    if (error === null) console.log(index, verdict.status);
    else console.log(error.code, error instanceof VerifierError);
  }
}
export const verifier = createVerifier({ threads: 2 });
`,
  );
  writeFileSync(
    at("wasm.ts"),
    'import wasm from "capseal-verify/verifier.wasm";\nimport { load } from "capseal-verify";\nexport const loaded = load(wasm);\n',
  );
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--target", "es2022"];
  for (const [files, ...flags] of [
    [["use.ts"], "--module", "commonjs", "--moduleResolution", "node", "--lib", "es2022,dom", "--typeRoots", "none"],
    [["use.ts"], "--module", "commonjs", "--moduleResolution", "node", "--lib", "es2022", "--types", "node"],
    [["use.ts", "wasm.ts"], "--module", "node16", "--lib", "es2022,dom", "--typeRoots", "none"],
    [["use.ts", "wasm.ts"], "--module", "nodenext", "--lib", "es2022", "--types", "node"],
    [["use.ts", "wasm.ts"], "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom", "--typeRoots", "none"],
  ]) {
    try {
      execFileSync(process.execPath, [tsc, ...strict, ...flags, ...files], { cwd: folder, encoding: "utf8" });
    } catch (error) {
      assert.fail(`${flags.join(" ")}\n${error.stdout}`);
    }
  }
});
