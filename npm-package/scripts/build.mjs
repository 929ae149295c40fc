// Builds dist/ from src/ and the wasm with its glue, which .ci/build-web has put into src/glue/.
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

import "./reasons.mjs";

const root = new URL("../", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));

const MODULES = ["verifier", "actions"];

/** Each file of dist/, self-contained; the worker and the page may be loaded apart from each other. */
const BUNDLES = [
  { input: "src/browser.ts", file: "dist/browser.js", format: "esm", platform: "browser" },
  { input: "src/worker.ts", file: "dist/worker.js", format: "esm", platform: "browser" },
  { input: "src/node.ts", file: "dist/node.cjs", format: "cjs", platform: "node" },
  { input: "src/node-worker.ts", file: "dist/node-worker.cjs", format: "cjs", platform: "node" },
  { input: "src/actions-browser.ts", file: "dist/actions.js", format: "esm", platform: "browser" },
  { input: "src/actions-node.ts", file: "dist/actions.cjs", format: "cjs", platform: "node" },
  { input: "src/cli.ts", file: "dist/cli.mjs", format: "esm", platform: "node", banner: "#!/usr/bin/env node" },
];

/** The command runs on the package's own Node code, as any other user of it does; errors of both entries are of one class. */
const SHARED = {
  "src/cli.ts": { "./node.js": "./node.cjs" },
  "src/actions-browser.ts": { "./errors.js": "./browser.js" },
  "src/actions-node.ts": { "./errors.js": "./node.cjs" },
};

/** The modules whose declarations make up the public types of each entry. */
const DECLARATIONS = {
  index: ["reasons", "verdict", "inspection", "evidence", "errors", "source", "wasm-source", "load", "verifier", "index"],
  actions: ["log", "capability", "actions"],
};

/** What the types of the second entry take from the first. */
const OF_INDEX = ["Bytes", "Evidence", "ReasonCode", "Source", "WasmSource"];

await rm(path("dist"), { recursive: true, force: true });
await mkdir(path("dist"));
for (const name of MODULES) await copyFile(path(`src/glue/${name}_bg.wasm`), path(`dist/${name}.wasm`));
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) await copyFile(path(`../${name}`), path(`dist/${name}`));
await Promise.all(BUNDLES.map(bundle));
await writeNodeModule("node");
await writeNodeModule("actions");
await writeTypes();
await chmod(path("dist/cli.mjs"), 0o755);
await report();

async function bundle({ input, file, format, platform, banner }) {
  const build = await rolldown({
    input: path(input),
    platform,
    external: [/^node:/],
    plugins: [shared(SHARED[input] ?? {})],
  });
  await build.write({
    file: path(file),
    format,
    banner,
    comments: false,
  });
  await build.close();
}

function shared(files) {
  return { name: "shared", resolveId: (id) => (id in files ? { id: files[id], external: true } : undefined) };
}

/** One instance a process, whether it is imported or required. */
async function writeNodeModule(entry) {
  const names = Object.keys(await import(new URL(`dist/${entry}.cjs`, root))).filter(
    (name) => name !== "default" && name !== "module.exports" && name !== "__esModule",
  );
  const text = `import entry from "./${entry}.cjs";\nexport const { ${names.join(", ")} } = entry;\n`;
  await writeFile(path(`dist/${entry}.mjs`), text);
}

async function writeTypes() {
  execFileSync(process.execPath, [path("node_modules/typescript/bin/tsc"), "-p", path("tsconfig.json")], {
    stdio: "inherit",
  });
  for (const [entry, names] of Object.entries(DECLARATIONS)) {
    const texts = await Promise.all(names.map((name) => readFile(path(`build/types/${name}.d.ts`), "utf8")));
    const types = texts.map((text) => text.replace(/^(import|export) [^;]*?from "\.[^"]*";\n/gm, "")).join("\n");
    const taken = (file) => (entry === "index" ? "" : `import type { ${OF_INDEX.join(", ")} } from "${file}";\n`);
    await writeFile(path(`dist/${entry}.d.ts`), taken("./index.js") + types);
    await writeFile(path(`dist/${entry}.d.cts`), taken("./index.cjs") + types);
  }
}

async function report() {
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  for (const name of MODULES) {
    const wasm = await readFile(path(`dist/${name}.wasm`));
    process.stdout.write(`${name}.wasm ${kib(wasm.length)}, ${kib(gzipSync(wasm, { level: 9 }).length)} gzip\n`);
  }
}
