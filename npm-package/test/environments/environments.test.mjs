// The packed package, untouched, in the places where people put it. Slow: minutes, and the better part of a gigabyte of tools.
//
//   npm run test:environments                       all
//   npm run test:environments -- --test-name-pattern=Jest
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { openPage } from "../../../tests/parity/chromium.mjs";
import { serve } from "../../../tests/parity/server.mjs";
import { packInto, unpackInto } from "../packed.mjs";

const here = fileURLToPath(new URL("./", import.meta.url));
const at = (name) => join(here, name);
const require = createRequire(at("package.json"));
const receipt = fileURLToPath(new URL("../../../web-demo/samples/strategy.cap", import.meta.url));
const bytes = readFileSync(receipt);
const elsewhere = mkdtempSync(join(tmpdir(), "capseal-elsewhere-"));
after(() => rmSync(elsewhere, { recursive: true }));

const THREADED = "PROOF_ONLY PROOF_ONLY worker false";
const INLINE = "PROOF_ONLY PROOF_ONLY PROOF_ONLY inline false";
const SERVED = "PROOF_ONLY PROOF_ONLY PROOF_ONLY worker false";

before(() => {
  if (!isInstalled()) {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: here, stdio: "inherit" });
  }
  unpackInto(here);
  rmSync(at("out"), { recursive: true, force: true });
  for (const project of ["next", "vite"]) {
    mkdirSync(at(`${project}/public`), { recursive: true });
    copyFileSync(receipt, at(`${project}/public/run.cap`));
  }
});

/** npm writes the first of them last. */
function isInstalled() {
  const installed = statSync(at("node_modules/.package-lock.json"), { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(at("package-lock.json")).mtimeMs;
}

/** What a program of the tools prints. */
function prints(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: here, encoding: "utf8", env: { ...process.env, RECEIPT: receipt }, ...options });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return stdout.trim();
}

const program = (name) => at(`node_modules/.bin/${name}`);

async function opens(address, read = () => globalThis.answer, expected = THREADED) {
  const { page, close } = await openPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  try {
    await page.goto(address);
    let answer;
    for (let tries = 0; !answer && tries < 100; tries += 1) {
      // A page may load itself anew while its tool prepares what it depends on.
      answer = await page.evaluate(read).catch((error) => void said.push(String(error)));
      if (!answer) await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.equal(answer, expected, said.join("\n"));
  } finally {
    await close();
  }
}

/** Runs what was built where nothing else is. */
function runsElsewhere(file, command = process.execPath, before = []) {
  const copy = join(elsewhere, "bundle", file.split("/").at(-1));
  rmSync(join(elsewhere, "bundle"), { recursive: true, force: true });
  mkdirSync(join(elsewhere, "bundle"));
  copyFileSync(file, copy);
  return prints(command, [...before, copy, receipt], { cwd: elsewhere });
}

test("Node, ESM", () => assert.equal(prints(process.execPath, ["service.mjs", receipt]), THREADED));

test("types, in every way of resolving them", () => {
  const { archive } = packInto(elsewhere);
  // What pages take without a bundler is no CommonJS.
  prints(program("attw"), [archive, "--ignore-rules", "cjs-resolves-to-esm"]);
});

test("Bun: run, and bundles that run elsewhere", () => {
  const bun = program("bun");
  assert.match(prints(bun, ["service.mjs", receipt]), /^PROOF_ONLY PROOF_ONLY (worker|inline) false$/);
  for (const target of ["bun", "node"]) {
    prints(bun, ["build", "service.mjs", `--target=${target}`, `--outfile=out/bun/${target}.mjs`]);
    const command = target === "bun" ? bun : process.execPath;
    assert.match(runsElsewhere(at(`out/bun/${target}.mjs`), command), /^PROOF_ONLY PROOF_ONLY (worker|inline) false$/);
  }
});

test("Bun's bundler, for pages", async () => {
  prints(program("bun"), ["build", "vite/page.js", "--target=browser", "--outfile=out/bun/page.js"]);
  const server = await serve((path) => {
    if (path === "/") return { type: "text/html", body: '<!doctype html><script type="module" src="page.js"></script>' };
    if (path === "/run.cap") return { file: receipt };
    return path === "/page.js" ? { file: at("out/bun/page.js") } : undefined;
  });
  await opens(server.address).finally(() => server.close());
});

test("Deno, without a right but to read the receipt", () => {
  const answer = prints(program("deno"), ["run", "--no-prompt", "--allow-read", "--allow-env", "--node-modules-dir=manual", "service.mjs", receipt]);
  assert.match(answer, /^PROOF_ONLY PROOF_ONLY (worker|inline) false$/);
});

test("ncc", () => {
  prints(program("ncc"), ["build", "service.mjs", "-o", "out/ncc"]);
  const [built] = readdirSync(at("out/ncc")).filter((name) => name.startsWith("index"));
  assert.equal(runsElsewhere(at(`out/ncc/${built}`)), THREADED);
});

for (const name of ["vite-7", "vite"]) {
  const vite = () => import(require.resolve(name).replace(/index\.cjs$/, "dist/node/index.js"));
  const root = at("vite");
  const common = { root, configFile: false, logLevel: "error", cacheDir: at(`out/${name}/cache`) };

  test(`${name}: dev`, async () => {
    const { createServer } = await vite();
    const server = await createServer({ ...common, server: { port: 0, host: "127.0.0.1" } });
    await server.listen();
    await opens(server.resolvedUrls.local[0]).finally(() => server.close());
  });

  test(`${name}: build and preview`, async () => {
    const { build, preview } = await vite();
    const outDir = at(`out/${name}/page`);
    await build({ ...common, build: { outDir, emptyOutDir: true } });
    const server = await preview({ ...common, build: { outDir }, preview: { port: 0, host: "127.0.0.1" } });
    await opens(server.resolvedUrls.local[0]).finally(() => server.close());
  });

  for (const noExternal of [false, true]) {
    test(`${name}: SSR${noExternal ? ", nothing external" : ""}`, async () => {
      const { build, createServer } = await vite();
      const server = await createServer({
        ...common,
        server: { middlewareMode: true },
        appType: "custom",
        ssr: { noExternal: noExternal || undefined },
      });
      const { render } = await server.ssrLoadModule("/render.js");
      await server.close();
      assert.equal(render(bytes), "PROOF_ONLY false");
      const outDir = at(`out/${name}/ssr`);
      await build({ ...common, build: { ssr: "render.js", outDir, emptyOutDir: true }, ssr: { noExternal: noExternal || undefined } });
      const built = await import(
        join(
          outDir,
          readdirSync(outDir).find((file) => /^render/.test(file)),
        )
      );
      assert.equal(built.render(bytes), "PROOF_ONLY false");
    });
  }
}

test("workerd, bundled for it", async () => {
  const esbuild = createRequire(at("../../package.json"))("esbuild");
  await esbuild.build({
    entryPoints: [at("worker.mjs")],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["*.wasm"],
    outfile: at("out/workerd/worker.js"),
    logLevel: "silent",
  });
  const modules = ["verifier.wasm", "actions.wasm"].map((name) => ({
    type: "CompiledWasm",
    path: at(`out/workerd/${name}`),
    contents: readFileSync(at(`node_modules/capseal-verify/dist/${name}`)),
  }));
  const { Miniflare } = require("miniflare");
  const main = { type: "ESModule", path: at("out/workerd/worker.js"), contents: readFileSync(at("out/workerd/worker.js"), "utf8") };
  const worker = new Miniflare({ modulesRoot: at("out/workerd"), modules: [main, ...modules], compatibilityDate: "2026-01-01" });
  try {
    const response = await worker.dispatchFetch("http://localhost/", { method: "POST", body: bytes });
    assert.equal(await response.text(), INLINE);
  } finally {
    await worker.dispose();
  }
});

test("Vitest, in Node and in jsdom", () => {
  for (const environment of ["node", "jsdom"]) {
    prints(program("vitest"), ["run", "--root", "jsdom", "--environment", environment, "vitest.test.mjs"]);
  }
});

test("Jest, in Node and in jsdom, CommonJS and ESM", () => {
  for (const environment of ["node", "jsdom"]) {
    for (const [extension, flags] of [
      ["cjs", []],
      ["mjs", ["--experimental-vm-modules", "--no-warnings"]],
    ]) {
      const match = ["--rootDir", "jsdom", "--testMatch", `**/jest.test.${extension}`, "--env", environment];
      prints(process.execPath, [
        ...flags,
        at("node_modules/jest/bin/jest.js"),
        ...match,
        "--transform",
        "{}",
        "--moduleFileExtensions",
        extension,
        "cjs",
        "mjs",
        "js",
        "json",
      ]);
    }
  }
});

test("Next.js: a client component, a route handler, an edge route", async () => {
  const next = at("node_modules/next/dist/bin/next");
  // Vite says in the environment of this process what it does.
  const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  prints(process.execPath, [next, "build", at("next")], { env });
  const port = String(20_000 + (process.pid % 20_000));
  const server = spawn(process.execPath, [next, "start", at("next"), "-p", port, "-H", "127.0.0.1"], { env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    await new Promise((resolve, reject) => {
      server.stdout.on("data", (text) => /Ready/.test(text) && resolve());
      server.once("exit", () => reject(new Error("next start ended")));
    });
    const address = `http://127.0.0.1:${port}/`;
    const post = async (path) => (await fetch(address + path, { method: "POST", body: bytes })).text();
    assert.equal(await post("api/verify"), SERVED);
    assert.equal(await post("api/edge"), INLINE);
    await opens(address, () => document.querySelector("output")?.textContent, "PROOF_ONLY PROOF_ONLY worker");
  } finally {
    server.kill();
  }
});
