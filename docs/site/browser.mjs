// Opens every page of the built site from the folder, without a network, and checks what the browser does: it asks for nothing but
// the site's own files, no script fails, diagrams are drawn, no page is wider than a phone, and the search finds.
//
//   node browser.mjs SITE
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { launch } from "../../tests/parity/chromium.mjs";

const site = resolve(process.argv[2]);
const PHONE = { width: 390, height: 844 };
const faults = [];

const names = (await readdir(site, { recursive: true })).filter((name) => name.endsWith(".html")).sort();
const browser = await launch();
const page = await (await browser.newContext({ viewport: PHONE, offline: true })).newPage();
let at = "";
page.on("request", (request) => /^(file|data|blob|about):/.test(request.url()) || faults.push(`${at} asks for ${request.url()}`));
page.on("pageerror", (error) => faults.push(`${at}: ${error.message}`));
for (const name of names) {
  at = name;
  await page.goto(pathToFileURL(`${site}/${name}`).href);
  await drawn();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  if (width > PHONE.width) faults.push(`${name} is ${width} pixels wide on a phone`);
}
await search("index.html", "E011", "reasons");
await browser.close();

for (const fault of faults) console.error(`site: ${fault}`);
console.log(`site: ${names.length} pages opened, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** The theme puts each diagram into a shadow root of the element that takes the place of its text. */
async function drawn() {
  const left = page.locator("pre.mermaid");
  await left.first().waitFor({ state: "detached", timeout: 20_000 }).catch(() => faults.push(`${at}: a diagram is not drawn`));
}

/** Whether a search on a page leads to a page whose name has a word. */
async function search(name, text, word) {
  at = name;
  await page.goto(pathToFileURL(`${site}/${name}`).href);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator(".md-search__input").fill(text);
  const found = page.locator(`.md-search-result__link[href*="${word}"]`).first();
  await found.waitFor({ timeout: 20_000 }).catch(() => faults.push(`the search for ${text} does not find ${word}`));
}
