// A headless Chromium of the machine; CHROMIUM names another than those on PATH.
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const require = createRequire(new URL("../../npm-package/package.json", import.meta.url));
const { chromium } = require("playwright-core");

/** Starts the browser. */
export function launch() {
  return chromium.launch({ executablePath: executable(), args: FLAGS });
}

/** A page in a browser of its own. */
export async function openPage(options) {
  const browser = await launch();
  const page = await browser.newPage(options);
  return { page, close: () => browser.close() };
}

function executable() {
  const named = process.env.CHROMIUM;
  if (named) return named;
  const places = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error("no Chromium: run .ci/setup, or name one in CHROMIUM");
  return found;
}
