// What the tests of the page share: a browser, a server of the built site, gestures.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import { launch } from "../../tests/parity/chromium.mjs";
import { serve } from "../../tests/parity/server.mjs";

export const require = createRequire(new URL("../../npm-package/package.json", import.meta.url));
export const SITE = new URL("../dist/site/", import.meta.url);
export const ONE_FILE = new URL("../dist/capseal.html", import.meta.url).href;
export const VECTORS = new URL("../../tests/vectors/accept/", import.meta.url);
export const MEBIBYTE = 1024 * 1024;

export const sample = (name) => fileURLToPath(new URL(`../samples/${name}`, import.meta.url));
export const STRATEGY = readFileSync(sample("strategy.cap"));
export const GEOM = readFileSync(sample("geom.cap"));

let browser;
let server;

/** Starts a browser and a server for the tests of a file. `route` answers paths that the site does not have. */
export function setUp(route = () => undefined) {
  before(async () => {
    browser = await launch();
    server = await serve((path) => route(path) ?? { file: new URL(path === "/" ? "index.html" : `.${path}`, SITE) });
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
}

export const address = () => server.address;
export const newContext = (options) => browser.newContext(options);

/** Opens the page, runs `use`, and fails on any error, policy violation or dialog. */
export async function withPage(use, { address: at = server.address, prepare = () => undefined, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => {
    const expected = /Failed to load resource/.test(message.text());
    if (message.type() === "error" && !expected) troubles.push(message.text());
  });
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  try {
    await prepare(page);
    await page.goto(at);
    await page.locator(".sample").first().waitFor();
    await use(page, context);
    assert.deepEqual(troubles, []);
  } finally {
    await context.close();
  }
}

const SAMPLES = { "A script’s run": "strategy.cap", "A demonstration proof": "geom.cap", "A forgery": "strategy-forged.cap" };

export async function openSample(page, title) {
  await page.getByRole("button", { name: title, exact: true }).click();
  await page.locator(".lines dd", { hasText: new RegExp(`^${SAMPLES[title]}$`) }).waitFor();
}

export const stamp = (page) => page.locator(".strip .stamp").textContent();
export const say = (page, text) => page.locator("#trouble", { hasText: text }).waitFor();

/** Files as a gesture brings them; a number stands for so many zero bytes. */
function carried(page, files) {
  return page.evaluateHandle(
    (given) => {
      const transfer = new DataTransfer();
      for (const [name, content] of given) {
        const bytes = typeof content === "number" ? new Uint8Array(content) : Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
      }
      return transfer;
    },
    files.map(([name, content]) => [name, typeof content === "number" ? content : Buffer.from(content).toString("base64")]),
  );
}

/** Drops files on the page in one gesture, as a person would. */
export async function drop(page, ...files) {
  const dataTransfer = await carried(page, files);
  await page.dispatchEvent("main", "dragover", { dataTransfer });
  await page.dispatchEvent("main", "drop", { dataTransfer });
}

/** Pastes files. */
export async function paste(page, ...files) {
  const transfer = await carried(page, files);
  await page.evaluate(
    (clipboardData) => document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })),
    transfer,
  );
}

/** Waits until nothing is being checked. */
export async function settled(page) {
  await page.waitForFunction(() => !document.body.classList.contains("busy"));
}

/** Unfolds all that is folded. */
export const unfold = (page) =>
  page.locator("details").evaluateAll((all) => {
    for (const details of all) details.open = true;
  });

/** Prepares a page in which `change(value, given)` takes the place of what the verifier's worker answers, as late as its promise is kept. */
export const changingAnswers =
  (change, given = null) =>
  (page) =>
    page.addInitScript({ content: `(${interceptAnswers})(${change}, ${JSON.stringify(given)})` });

/** Runs in the page. */
function interceptAnswers(change, given) {
  const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage");
  Object.defineProperty(Worker.prototype, "onmessage", {
    set(handler) {
      set.call(this, async ({ data }) => {
        const changed = data.value === undefined ? data : { ...data, value: await change(data.value, given) };
        handler.call(this, new MessageEvent("message", { data: changed }));
      });
    },
  });
}

/** The trust file of a vector, for keys that do not expire; the registry's root is read from the refusal. */
export async function lastingTrust(vector) {
  const { verifySync } = await import("../../npm-package/dist/node.mjs");
  const { trust } = JSON.parse(readFileSync(new URL(`${vector}.options.json`, VECTORS), "utf8"));
  const lasting = trust.replaceAll(/valid_until = "[^"]*"/g, 'valid_until = "2999-01-01T00:00:00Z"');
  const receipt = readFileSync(new URL(`${vector}.cap`, VECTORS));
  const { checks } = verifySync(receipt, { level: "policy-enforced", trust: lasting });
  const [root] = /(?<=root )[0-9a-f]{64}/.exec(checks.find((check) => check.outcome === "failed").detail);
  return { receipt, trust: lasting.replace(/pin = "[^"]*"/, `pin = "${root}"`) };
}

/** The exports of modules of the page, in Node. */
export async function bundleOf(...names) {
  const { rolldown } = await import(require.resolve("rolldown"));
  const source = names.map((name) => `export * from ${JSON.stringify(fileURLToPath(new URL(`../src/${name}`, import.meta.url)))};`);
  const build = await rolldown({
    input: "entry",
    tsconfig: false,
    external: ["capseal-verify"],
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : undefined),
        load: (id) => (id === "entry" ? source.join("\n") : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  return import(`data:text/javascript,${encodeURIComponent(output[0].code.replace(/^import .*capseal-verify.*$/gm, ""))}`);
}
