// The page as a guest: of a host with other pages, of a browser with an open tab, of a frame, of a printer, of a translator.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../../tests/parity/server.mjs";
import { address, drop, GEOM, newContext, ONE_FILE, openSample, settled, setUp, SITE, stamp, STRATEGY, unfold, withPage } from "./page.mjs";

const html = (body, status = 200) => ({ type: "text/html", status, body: `<!doctype html><title>Other</title>${body}` });
setUp((path) => {
  if (path === "/about.html" || path === "/docs/") return html("<h1>Other</h1>");
  if (path === "/nosuch") return html("<h1>No such page</h1>", 404);
  if (path === "/asks/") return html('<img id="icon" src="/icon.svg">');
  if (path === "/frame/") return html('<iframe sandbox="allow-scripts" src="/"></iframe>');
  return undefined;
});

const offline = (page) => page.locator("#offline").waitFor({ state: "visible" });

test("the service worker answers for the page alone: other paths are the host's", async () => {
  await withPage(async (page) => {
    await offline(page);
    for (const path of ["about.html", "docs/"]) {
      await page.goto(`${address()}${path}`);
      assert.equal(await page.title(), "Other", path);
    }
    const missing = await page.goto(`${address()}nosuch`);
    assert.equal(missing.status(), 404);
    assert.equal(missing.fromServiceWorker(), false);
    const file = await page.goto(`${address()}samples/samples.json`);
    assert.equal(file.headers()["content-type"], "application/json");
    assert.equal(file.fromServiceWorker(), false);
  });
});

test("the page is the one that the host has now, and the kept one without a network", async () => {
  const state = { body: undefined };
  const server = await serve((path) =>
    path === "/" && state.body ? html(state.body) : { file: new URL(path === "/" ? "index.html" : `.${path}`, SITE) },
  );
  try {
    await withPage(
      async (page, context) => {
        await offline(page);
        await page.goto(`${server.address}?from=a#link`);
        await openSample(page, "A demonstration proof");
        await context.setOffline(true);
        for (const path of ["", "index.html", "?from=a"]) {
          await page.goto(`${server.address}${path}`);
          await openSample(page, "A script’s run");
          assert.equal(await stamp(page), "witnessed", path);
        }
        await context.setOffline(false);
        state.body = "<h1>The host has something else here now</h1>";
        await page.goto(server.address);
        assert.equal(await page.title(), "Other");
      },
      { address: server.address },
    );
  } finally {
    server.close();
  }
});

/** Another build: every hashed name is another one, and so are the service worker and its cache. */
function nextBuild(number) {
  const from = fileURLToPath(SITE);
  const to = mkdtempSync(join(tmpdir(), "capseal-site-"));
  const digits = String(number).padStart(10, "0");
  const renamed = (text) => text.replace(/-[0-9a-f]{10}\.(js|css|wasm)/g, `-${digits}.$1`);
  cpSync(join(from, "samples"), join(to, "samples"), { recursive: true });
  for (const name of readdirSync(from).filter((entry) => entry !== "samples")) {
    const content = readFileSync(join(from, name));
    writeFileSync(join(to, renamed(name)), /\.(js|html)$/.test(name) ? renamed(content.toString()) : content);
  }
  const worker = readFileSync(join(to, "service-worker.js"), "utf8")
    .replace(/capseal-[0-9a-f]{16}/, `capseal-${String(number).padStart(16, "0")}`)
    .replace(/path:`([^`]+)`,integrity:`[^`]+`/g, (_, path) => {
      const content = readFileSync(join(to, path === "./" ? "index.html" : path));
      return `path:\`${path}\`,integrity:\`sha256-${createHash("sha256").update(content).digest("base64")}\``;
    });
  writeFileSync(join(to, "service-worker.js"), worker);
  return new URL(`file://${to}/`);
}

test("an open tab survives deployments, says that there is a newer page, and gets it by reloading", async () => {
  const state = { root: SITE };
  const server = await serve((path) => ({ file: new URL(path === "/" ? "index.html" : `.${path}`, state.root) }));
  try {
    await withPage(
      async (page, context) => {
        await offline(page);
        for (const number of [1, 2]) {
          state.root = nextBuild(number);
          const other = await context.newPage();
          await other.goto(server.address);
          const update = async () => {
            const registration = await navigator.serviceWorker.getRegistration();
            await registration.update();
            const incoming = registration.installing ?? registration.waiting;
            if (incoming) await new Promise((resolve) => incoming.addEventListener("statechange", () => incoming.state === "activated" && resolve()));
          };
          await other.evaluate(update);
          await drop(page, [`after-${number}.cap`, GEOM]);
          await page.locator(".strip.demonstration").waitFor();
          const kept = await page.evaluate(
            (hash) => fetch(`./${hash}`).then((answer) => answer.ok),
            readdirSync(fileURLToPath(SITE)).find((name) => /\.wasm$/.test(name)),
          );
          assert.ok(kept, "the files of the open tab's own build are still there");
          await other.close();
        }
        await page.locator("#renewed", { hasText: "Another version of this page" }).waitFor();
        await page.getByRole("button", { name: "Reload" }).click();
        await openSample(page, "A demonstration proof");
        assert.match(await page.locator('script[type="module"]').getAttribute("src"), /-0000000002\.js$/);
      },
      { address: server.address },
    );
  } finally {
    server.close();
  }
});

test("without a service worker, what an open tab needs was fetched when it was opened", async () => {
  const state = { root: SITE };
  const server = await serve((path) => ({ file: new URL(path === "/" ? "index.html" : `.${path}`, state.root) }));
  try {
    await withPage(
      async (page) => {
        await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => /worker-\w+\.js/.test(name)));
        await page.waitForLoadState("networkidle");
        state.root = new URL("./nowhere/", SITE);
        await drop(page, ["run.cap", GEOM]);
        await page.locator(".strip.demonstration").waitFor();
      },
      { address: server.address, serviceWorkers: "block" },
    );
  } finally {
    server.close();
  }
});

test("another page of the host gets its own files, not the page's", async () => {
  await withPage(async (page) => {
    await offline(page);
    const answers = [];
    page.on("response", (response) => answers.push([new URL(response.url()).pathname, response.fromServiceWorker()]));
    await page.goto(`${address()}asks/`);
    const icon = await page.evaluate(() => fetch("/icon.svg", { cache: "no-store" }).then((answer) => answer.ok));
    assert.ok(icon);
    assert.ok(!answers.some(([path, kept]) => path === "/asks/" && kept));
  });
});

test("in a frame that keeps its script out, the page says so and leads out of it", async () => {
  const context = await newContext();
  const page = await context.newPage();
  await page.goto(`${address()}frame/`);
  const frame = page.frameLocator("iframe");
  await frame.locator("#inert", { hasText: "This page has not started" }).waitFor({ state: "visible", timeout: 8000 });
  assert.ok(await frame.locator("#inert a").isVisible());
  await context.close();
});

test("in a sandboxed frame, the page as one file does all that it does elsewhere", async () => {
  const context = await newContext();
  const page = await context.newPage();
  await page.setContent('<iframe sandbox="allow-scripts" width="1200" height="800"></iframe>');
  const source = readFileSync(new URL(ONE_FILE), "utf8");
  await page.locator("iframe").evaluate((frame, text) => (frame.srcdoc = text), source);
  const frame = page.frameLocator("iframe");
  await frame.getByRole("button", { name: "A script’s run" }).click();
  await frame.locator(".strip.witnessed").waitFor();
  assert.equal(await frame.locator("#inert").count(), 0);
  await frame.locator("#place").fill("0");
  await frame.getByRole("button", { name: "Flip this byte" }).click();
  await frame.getByText("1 changed copy tried, 1 refused.").waitFor();
  await frame.getByText("Ask for more").click();
  await frame.locator("#expected").fill("0".repeat(64));
  await frame.locator("#expected").press("Enter");
  await frame.locator(".strip-head .code", { hasText: "E011_CAPSULE_HASH_MISMATCH" }).waitFor();
  await context.close();
});

test("a print has what was checked, when, and by which version", async () => {
  await withPage(async (page) => {
    await drop(page, ["a.cap", GEOM], ["b.cap", STRATEGY]);
    await settled(page);
    await page.emulateMedia({ media: "print" });
    const text = await page.evaluate(() => document.body.innerText);
    assert.match(text, /\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    assert.match(text, /verifier \d+\.\d+\.\d+, wasm [0-9a-f]{16}/);
    for (const words of ["a.cap", "b.cap", "capsule hash", "not done"]) assert.ok(text.includes(words), words);
    for (const hidden of [".machine", ".tamper", "form"]) assert.ok(!(await page.locator(hidden).first().isVisible()), hidden);
  });
});

test("no translator touches codes, hashes, names of files or of checks", async () => {
  await withPage(async (page) => {
    await openSample(page, "A forgery");
    await unfold(page);
    const open = await page.evaluate(() => {
      const told = /^(E\d{3}_\w+|[0-9a-f]{8,64}|PROOF_ONLY|PROOF ONLY|REJECTED|prices\.csv|strategy\.py|refused|capsule|event log)$/;
      const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
      const found = [];
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (told.test(node.data.trim()) && element.closest(".strip, #findings") && element.translate)
          found.push(`${element.outerHTML}`.slice(0, 120));
      }
      return found;
    });
    assert.deepEqual(open, []);
    assert.ok(
      await page
        .locator("#findings h2")
        .first()
        .evaluate((element) => element.translate),
    );
  });
});
