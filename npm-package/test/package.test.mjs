// The packed tarball, installed into an empty folder: it runs, its types compile, a bundler takes it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "capseal-package-"));
after(() => rmSync(folder, { recursive: true }));

before(() => {
  const options = { cwd: root, encoding: "utf8" };
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", folder], options));
  cpSync(join(root, "test/consumer"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "consumer", "type": "module", "private": true }\n');
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", join(folder, filename)], {
    cwd: folder,
    stdio: "inherit",
  });
});

test("it brings what it names and nothing else", () => {
  const installed = join(folder, "node_modules/capseal-verify");
  assert.deepEqual(readdirSync(installed).sort(), ["LICENSE-APACHE", "LICENSE-MIT", "LICENSE-fflate", "README.md", "dist", "package.json"]);
  assert.deepEqual(readdirSync(join(installed, "dist")).sort(), [
    "actions-edge.js",
    "actions-workerd.js",
    "actions.cjs",
    "actions.d.cts",
    "actions.d.ts",
    "actions.js",
    "actions.mjs",
    "actions.wasm",
    "actions.wasm.d.ts",
    "browser.js",
    "cli.mjs",
    "edge.js",
    "index.d.cts",
    "index.d.ts",
    "node.cjs",
    "node.mjs",
    "portable.cjs",
    "portable.js",
    "verifier.wasm",
    "verifier.wasm.d.ts",
    "worker.d.ts",
    "worker.js",
    "workerd.js",
  ]);
});

test("each file that it names is there", () => {
  const installed = join(folder, "node_modules/capseal-verify");
  const { exports, bin, main, module, browser, types } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const named = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(named));
  for (const file of named({ exports, bin, main, module, browser, types })) assert.ok(existsSync(join(installed, file)), file);
});

test("what it carries names no file of the machine that built it", () => {
  const dist = join(folder, "node_modules/capseal-verify/dist");
  for (const name of readdirSync(dist)) assert.ok(!readFileSync(join(dist, name)).includes(root), name);
});

test("the types name what is exported, and nothing else", async () => {
  for (const [file, entry] of [
    ["index", "capseal-verify"],
    ["actions", "capseal-verify/actions"],
  ]) {
    const text = readFileSync(join(root, `dist/${file}.d.ts`), "utf8");
    const declared = [...text.matchAll(/^export declare (?:function|const|class) (\w+)/gm)].map((match) => match[1]);
    assert.deepEqual(declared.sort(), Object.keys(await import(entry)).sort());
  }
});

test("the module for receipts is at most 400 KiB on the wire, and hardly more inside the code", () => {
  const wire = (name) => gzipSync(readFileSync(join(root, "dist", name)), { level: 9 }).length;
  assert.ok(wire("verifier.wasm") <= 409_600);
  const code = wire("browser.js") + wire("worker.js");
  assert.ok(wire("portable.js") <= 1.03 * (wire("verifier.wasm") + code), `${wire("portable.js")}`);
});

test("import, require and the command run", () => {
  const esm = 'import { verifySync } from "capseal-verify"; console.log(verifySync(new Uint8Array()).status)';
  const cjs = 'console.log(require("capseal-verify").verifySync(new Uint8Array()).status)';
  const options = { cwd: folder, encoding: "utf8" };
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", esm], options), "REJECTED\n");
  assert.equal(execFileSync(process.execPath, ["--input-type=commonjs", "-e", cjs], options), "REJECTED\n");
  const { status, stdout } = spawnSync("npx", ["--no-install", "capseal-verify", "package.json"], options);
  assert.equal(status, 20);
  assert.match(stdout, /✗ refused/);
});

test("the types compile for Node and for bundlers, strict, without skipLibCheck", () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  const node = ["--lib", "es2022", "--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  for (const flags of [
    ["--module", "nodenext", ...node, "nodenext.ts", "nodenext.cts"],
    ["--module", "nodenext", "--lib", "es2022,dom", "nodenext.ts", "nodenext.cts"],
    ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom", "nodenext.ts"],
  ]) {
    const { status, stdout } = spawnSync(process.execPath, [tsc, ...strict, ...flags], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stdout);
  }
});

test("vite builds a page with a worker, without a plugin", async () => {
  const { build } = await import("vite");
  await build({ root: folder, base: "./", logLevel: "error", build: { assetsInlineLimit: 0 } });
  const assets = readdirSync(join(folder, "dist/assets"));
  const worker = assets.find((name) => /^worker-.*\.js$/.test(name));
  assert.ok(worker, assets.join(" "));
  const page = readFileSync(
    join(
      folder,
      "dist/assets",
      assets.find((name) => /^index-.*\.js$/.test(name)),
    ),
    "utf8",
  );
  assert.ok(page.includes(worker));
});
