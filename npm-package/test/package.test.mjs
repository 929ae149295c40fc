// The packed tarball, installed into an empty folder: it runs, its types compile, a bundler takes it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { publint } from "publint";

import { packInto } from "./packed.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "capseal-package-"));
after(() => rmSync(folder, { recursive: true }));

const installed = join(folder, "node_modules/capseal-verify");
let packed;

before(() => {
  packed = packInto(folder);
  cpSync(join(root, "test/consumer"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "consumer", "type": "module", "private": true }\n');
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", packed.archive], {
    cwd: folder,
    stdio: "inherit",
  });
});

/** Without source maps: what runs is not minified, and the sources of the wasm are no part of the package. */
const FILES = `
LICENSE-APACHE LICENSE-MIT LICENSE-fflate README.md package.json
dist/index.d.ts dist/index.d.cts dist/actions.d.ts dist/actions.d.cts
dist/node.mjs dist/node.cjs dist/cli.mjs
dist/portable.js dist/portable.cjs dist/actions.mjs dist/actions.cjs
dist/browser.js dist/actions.js dist/worker.js dist/worker.d.ts
dist/workerd.js dist/actions-workerd.js dist/edge.js dist/actions-edge.js
dist/verifier.wasm dist/verifier.wasm.d.ts dist/actions.wasm dist/actions.wasm.d.ts
`;

test("it brings what it names and nothing else", () => {
  assert.deepEqual(packed.files, FILES.trim().split(/\s+/).sort());
  for (const file of packed.files) assert.ok(!readFileSync(join(installed, file)).includes("sourceMappingURL"), file);
});

test("its licences are those of the repository and of what it carries", () => {
  for (const [file, source] of [
    ["LICENSE-APACHE", "../LICENSE-APACHE"],
    ["LICENSE-MIT", "../LICENSE-MIT"],
    ["LICENSE-fflate", "node_modules/fflate/LICENSE"],
  ]) {
    assert.equal(readFileSync(join(installed, file), "utf8"), readFileSync(join(root, source), "utf8"));
  }
});

test("package.json is in order: every file is there, in the format that its entry says, types first", async () => {
  const { messages } = await publint({ pkgDir: installed, pack: false, level: "warning", strict: true });
  assert.deepEqual(messages, []);
});

test("package.json says what is so", () => {
  const { engines, dependencies, scripts } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const [, oldest] = /^>=(\d+\.\d+)$/.exec(engines.node);
  for (const page of ["README.md", "../.ci/setup"]) assert.ok(readFileSync(join(root, page), "utf8").includes(`Node ${oldest}`), page);
  assert.equal(dependencies, undefined);
  // Nothing runs when it is installed.
  assert.deepEqual(
    Object.keys(scripts).filter((name) => /install|prepare/.test(name)),
    [],
  );
});

test("what it carries names no file of the machine that built it", () => {
  const dist = join(installed, "dist");
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
