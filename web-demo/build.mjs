// Builds the page over the npm package: dist/site (files with hashed names, for a web server) and dist/capseal.html
// (one file, for file://). Both check the same receipts with the same wasm; neither holds verification logic.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const root = new URL("./", import.meta.url);
const library = new URL("../npm-package/", import.meta.url);
const path = (name, base = root) => fileURLToPath(new URL(name, base));
// The page has no packages of its own: it is built with those of the npm package.
const require = createRequire(new URL("package.json", library));
const { rolldown } = await import(pathToFileURL(require.resolve("rolldown")));

execFileSync(process.execPath, [path("node_modules/typescript/bin/tsc", library), "-p", path("tsconfig.json")], {
  stdio: "inherit",
});

const { version } = require("./package.json");
const wasm = await readFile(path("dist/verifier.wasm", library));
const worker = await bundle(path("dist/worker.js", library));
const label = `verifier ${version}, wasm ${sha256(wasm, "hex").slice(0, 16)}`;
const script = await bundle(path("src/main.ts"), { BUILD: JSON.stringify(label) });
const style = await readFile(path("style.css"));
const icon = await readFile(path("icon.svg"));
const template = await readFile(path("index.html"), "utf8");
const sampleList = await readFile(path("samples/samples.json"));
const samples = await Promise.all(JSON.parse(sampleList).map(async ({ file }) => ({ file, content: await readFile(path(`samples/${file}`)) })));

await rm(path("dist"), { recursive: true, force: true });
await mkdir(path("dist/site/samples"), { recursive: true });
await writeSite();
await writeOneFile();

async function bundle(input, define = {}) {
  const build = await rolldown({
    input,
    platform: "browser",
    tsconfig: false,
    resolve: { alias: { "capseal-verify": path("dist/browser.js", library) } },
    transform: { define },
  });
  const { output } = await build.generate({ format: "esm", minify: true, comments: false });
  await build.close();
  return Buffer.from(output[0].code);
}

/** Files with hashed names, and a service worker that keeps them. */
async function writeSite() {
  const files = new Map();
  const add = (name, content) => {
    const [, stem, extension] = /^(.*)(\.\w+)$/.exec(name);
    const hashed = `${stem}-${sha256(content, "hex").slice(0, 10)}${extension}`;
    files.set(hashed, content);
    return hashed;
  };
  const wasmName = add("verifier.wasm", wasm);
  const workerName = add("worker.js", worker);
  const named = replaceOnce(replaceOnce(script.toString(), "./verifier.wasm", `./${wasmName}`), "./worker.js", `./${workerName}`);
  const scriptName = add("page.js", Buffer.from(named));
  const styleName = add("style.css", style);
  files.set("icon.svg", icon);
  files.set("samples/samples.json", sampleList);
  for (const { file, content } of samples) files.set(`samples/${file}`, content);

  const policy = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self'",
    // A provider on this machine has no certificate.
    "connect-src 'self' https: http://127.0.0.1:*",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ];
  const page = fill(template, {
    csp: policy.join("; "),
    head: [
      '<link rel="icon" href="icon.svg">',
      `<link rel="stylesheet" href="${styleName}">`,
      `<script type="module" src="${scriptName}"></script>`,
    ].join("\n"),
    body: "",
  });
  files.set("index.html", Buffer.from(page));

  const kept = [...files].map(([name, content]) => ({
    path: name === "index.html" ? "./" : name,
    integrity: `sha256-${sha256(content, "base64")}`,
  }));
  const keeper = await bundle(path("src/service-worker.ts"), {
    FILES: JSON.stringify(kept),
    VERSION: JSON.stringify(sha256(JSON.stringify(kept), "hex").slice(0, 16)),
  });
  files.set("service-worker.js", keeper);
  for (const [name, content] of files) await writeFile(path(`dist/site/${name}`), content);
  say("page", files.values());
}

/** Everything in one HTML file; its policy allows this very script and style, WebAssembly, and no network. */
async function writeOneFile() {
  const code = script.toString().replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256(code, "base64")}' 'wasm-unsafe-eval'`,
    `style-src 'sha256-${sha256(style, "base64")}'`,
    "img-src data:",
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ];
  const block = (id, content) =>
    `<script type="application/octet-stream;base64" id="inlined-${id}">${Buffer.from(content).toString("base64")}</script>`;
  const page = fill(template, {
    csp: policy.join("; "),
    head: `<link rel="icon" href="data:image/svg+xml;base64,${icon.toString("base64")}">\n<style>${style}</style>`,
    body: [
      block("wasm", wasm),
      block("worker", worker),
      block("samples", sampleList),
      ...samples.map(({ file, content }) => block(file, content)),
      `<script type="module">${code}</script>`,
    ].join("\n"),
  });
  await writeFile(path("dist/capseal.html"), page);
  say("page as one file", [Buffer.from(page)]);
}

function fill(text, parts) {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}

function replaceOnce(text, from, to) {
  const pieces = text.split(from);
  if (pieces.length !== 2) throw new Error(`${from} stands ${pieces.length - 1} times in the page's script, not once`);
  return pieces.join(to);
}

function sha256(content, encoding) {
  return createHash("sha256").update(content).digest(encoding);
}

function say(what, contents) {
  const all = [...contents];
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  const total = all.reduce((sum, content) => sum + content.length, 0);
  const zipped = all.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0);
  process.stdout.write(`${what} ${kib(total)}, ${kib(zipped)} gzip\n`);
}
