// Builds dist/ from src/ and the wasm with its glue, which .ci/build-web has put into src/glue/.
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

import "./reasons.mjs";

const root = new URL("../", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));

/** Each file of dist/, self-contained; the worker and the page may be loaded apart from each other. */
const BUNDLES = [
  { input: "src/browser.ts", file: "dist/browser.js", format: "esm", platform: "browser" },
  { input: "src/worker.ts", file: "dist/worker.js", format: "esm", platform: "browser" },
  { input: "src/node.ts", file: "dist/node.cjs", format: "cjs", platform: "node" },
  { input: "src/node-worker.ts", file: "dist/node-worker.cjs", format: "cjs", platform: "node" },
  { input: "src/cli.ts", file: "dist/cli.mjs", format: "esm", platform: "node", banner: "#!/usr/bin/env node" },
];

/** The command runs on the package's own Node code, as any other user of it does. */
const PACKAGE = {
  name: "package",
  resolveId: (id) => (id === "./node.js" ? { id: "./node.cjs", external: true } : undefined),
};

/** The modules whose declarations make up the public types. */
const DECLARATIONS = ["reasons", "verdict", "inspection", "log", "capability", "errors", "source", "load", "verifier", "index"];

await rm(path("dist"), { recursive: true, force: true });
await mkdir(path("dist"));
await copyFile(path("src/glue/verifier_bg.wasm"), path("dist/verifier.wasm"));
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) await copyFile(path(`../${name}`), path(`dist/${name}`));
await Promise.all(BUNDLES.map(bundle));
await writeNodeModule();
await writeTypes();
await chmod(path("dist/cli.mjs"), 0o755);
await report();

async function bundle({ input, file, format, platform, banner }) {
  const build = await rolldown({
    input: path(input),
    platform,
    external: [/^node:/],
    plugins: input === "src/cli.ts" ? [PACKAGE] : [],
  });
  await build.write({
    file: path(file),
    format,
    banner,
    comments: false,
  });
  await build.close();
}

/** One instance a process, whether it is imported or required. */
async function writeNodeModule() {
  const names = Object.keys(await import(new URL("dist/node.cjs", root))).filter(
    (name) => name !== "default" && name !== "module.exports" && name !== "__esModule",
  );
  const text = `import verifier from "./node.cjs";\nexport const { ${names.join(", ")} } = verifier;\n`;
  await writeFile(path("dist/node.mjs"), text);
}

async function writeTypes() {
  execFileSync(process.execPath, [path("node_modules/typescript/bin/tsc"), "-p", path("tsconfig.json")], {
    stdio: "inherit",
  });
  const texts = await Promise.all(DECLARATIONS.map((name) => readFile(path(`build/types/${name}.d.ts`), "utf8")));
  const types = texts.map((text) => text.replace(/^(import|export) [^;]*?from "\.[^"]*";\n/gm, "")).join("\n");
  await writeFile(path("dist/index.d.ts"), types);
  await writeFile(path("dist/index.d.cts"), types);
}

async function report() {
  const wasm = await readFile(path("dist/verifier.wasm"));
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  const zipped = gzipSync(wasm, { level: 9 }).length;
  process.stdout.write(`verifier.wasm ${kib(wasm.length)}, ${kib(zipped)} gzip\n`);
}
