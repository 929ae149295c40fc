// Builds dist/ from src/ and the wasm with its glue, which .ci/build-web has put into src/glue/.
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { deflateRawSync, gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

import "./reasons.mjs";

const root = new URL("../", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));

/** The modules, by what the code calls them. */
const MODULES = {
  "verifier.wasm": "src/glue/verifier_bg.wasm",
  "actions.wasm": "src/glue/actions_bg.wasm",
  "verifier-node.wasm": "src/glue/node/verifier_bg.wasm",
};

/** Modules that are also files of the package. */
const FILES = ["verifier.wasm", "actions.wasm"];

const WORKERS = {
  worker: { input: "src/worker.ts", format: "esm", platform: "browser" },
  "node-worker": { input: "src/node-worker.ts", format: "cjs", platform: "node" },
};

/**
 * Each file of dist/, self-contained: nothing in it has to be found at run time, but for modules of wasm where the platform is neutral, and
 * for what is kept `apart`, under the name that it is imported by.
 */
const BUNDLES = [
  // Pages without a bundler.
  { input: "src/browser.ts", file: "dist/browser.js", format: "esm", platform: "browser" },
  { input: "src/actions-browser.ts", file: "dist/actions.js", format: "esm", platform: "browser" },
  { input: "src/worker.ts", file: "dist/worker.js", format: "esm", platform: "browser" },
  // Bundlers and test runners.
  { input: "src/portable.ts", file: "dist/portable.js", format: "esm", platform: "browser" },
  { input: "src/portable.ts", file: "dist/portable.cjs", format: "cjs", platform: "browser" },
  { input: "src/actions-portable.ts", file: "dist/actions.mjs", format: "esm", platform: "neutral" },
  { input: "src/actions-portable.ts", file: "dist/actions.cjs", format: "cjs", platform: "neutral" },
  // Node, and what is like it.
  { input: "src/node.ts", file: "dist/node.mjs", format: "esm", platform: "node" },
  { input: "src/node.ts", file: "dist/node.cjs", format: "cjs", platform: "node" },
  // On the package's own Node code, as any other user of it.
  { input: "src/cli.ts", file: "dist/cli.mjs", format: "esm", platform: "node", banner: "#!/usr/bin/env node", apart: { "./node.js": "./node.mjs" } },
  // Runtimes that compile nothing.
  { input: "src/edge.ts", file: "dist/workerd.js", format: "esm", platform: "neutral" },
  { input: "src/actions-edge.ts", file: "dist/actions-workerd.js", format: "esm", platform: "neutral" },
  { input: "src/edge.ts", file: "dist/edge.js", format: "esm", platform: "neutral", apart: { "./verifier.wasm": "./verifier.wasm?module" } },
  {
    input: "src/actions-edge.ts",
    file: "dist/actions-edge.js",
    format: "esm",
    platform: "neutral",
    apart: { "./actions.wasm": "./actions.wasm?module" },
  },
];

/** The modules whose declarations make up the public types of each entry. */
const DECLARATIONS = {
  index: ["reasons", "verdict", "inspection", "evidence", "errors", "source", "many", "wasm-source", "load", "verifier", "index"],
  actions: ["log", "capability", "actions"],
};

/** What the types of the second entry take from the first. */
const OF_INDEX = ["Bytes", "Evidence", "ReasonCode", "Source", "WasmSource"];

/** Types that a program's own settings may lack. */
const LIBRARIES = '/// <reference lib="esnext.disposable" />\n';

await rm(path("dist"), { recursive: true, force: true });
await mkdir(path("dist"));
for (const name of FILES) await copyFile(path(MODULES[name]), path(`dist/${name}`));
const carried = new Map();
for (const [name, file] of Object.entries(MODULES)) carried.set(name, await packed(file));
for (const [name, worker] of Object.entries(WORKERS)) carried.set(name, await codeOf(worker));
await Promise.all(BUNDLES.map(write));
await writeTypes();
await writeLicences();
await chmod(path("dist/cli.mjs"), 0o755);
await report();

/** As src/carried.ts reads it. */
async function packed(file) {
  return deflateRawSync(await readFile(path(file)), { level: 9 })
    .toString("base64")
    .replace(/=+$/, "");
}

async function write({ file, format, banner, ...source }) {
  const build = await bundle(source);
  await build.write({ file: path(file), format, banner, comments: false });
  await build.close();
}

async function codeOf({ format, ...source }) {
  const build = await bundle(source);
  const { output } = await build.generate({ format, comments: false, minify: true });
  await build.close();
  return output[0].code;
}

function bundle({ input, platform, apart = {} }) {
  const text = path("src/text.ts");
  return rolldown({
    // What is written does not depend on where the build was started.
    cwd: path(""),
    input: path(input),
    platform,
    external: (id) => /^node:|^\.\/\w+\.wasm$/.test(id) && !(id in apart),
    plugins: [keptApart(apart), carry()],
    transform: { inject: { TextDecoder: [text, "TextDecoder"], TextEncoder: [text, "TextEncoder"] } },
    // CommonJS has no `import.meta`: the address is then none, and the worker comes from its text.
    onLog: (level, log, next) => log.code !== "EMPTY_IMPORT_META" && next(level, log),
  });
}

function keptApart(names) {
  return { name: "apart", resolveId: (id) => (id in names ? { id: names[id], external: true } : undefined) };
}

/** Puts the text of `carried:NAME` into the bundle. */
function carry() {
  const prefix = "carried:";
  return {
    name: "carry",
    resolveId: (id) => (id.startsWith(prefix) ? id : undefined),
    load: (id) => (id.startsWith(prefix) ? `export default ${JSON.stringify(carried.get(id.slice(prefix.length)))};` : undefined),
  };
}

async function writeTypes() {
  execFileSync(process.execPath, [path("node_modules/typescript/bin/tsc"), "-p", path("tsconfig.json")], {
    stdio: "inherit",
  });
  for (const [entry, names] of Object.entries(DECLARATIONS)) {
    const texts = await Promise.all(names.map((name) => readFile(path(`build/types/${name}.d.ts`), "utf8")));
    const types = texts.map((text) => text.replace(/^(import|export) [^;]*?from "\.[^"]*";\n/gm, "")).join("\n");
    const head = (file) => (entry === "index" ? LIBRARIES : `import type { ${OF_INDEX.join(", ")} } from "${file}";\n`);
    await writeFile(path(`dist/${entry}.d.ts`), head("./index.js") + types);
    await writeFile(path(`dist/${entry}.d.cts`), head("./index.cjs") + types);
  }
  const module = "/** A `WebAssembly.Module`, where the tool gives one; otherwise what the tool makes of such a file. */\n";
  for (const name of FILES) await writeFile(path(`dist/${name}.d.ts`), `${module}declare const module: object;\nexport default module;\n`);
  await writeFile(path("dist/worker.d.ts"), "export {};\n");
}

/** At the root of the package, where scanners look. */
async function writeLicences() {
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) await copyFile(path(`../${name}`), path(name));
  await copyFile(path("node_modules/fflate/LICENSE"), path("LICENSE-fflate"));
}

async function report() {
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  for (const [name, file] of Object.entries(MODULES)) {
    const wasm = await readFile(path(file));
    process.stdout.write(`${name} ${kib(wasm.length)}, ${kib(gzipSync(wasm, { level: 9 }).length)} gzip\n`);
  }
}
