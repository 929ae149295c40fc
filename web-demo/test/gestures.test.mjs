// What is handed to the page in one gesture is taken as a whole, in any order; and nothing that was checked before is ever
// shown as if it were the answer for what came later.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import {
  address,
  bundleOf,
  changingAnswers,
  drop,
  GEOM,
  lastingTrust,
  MEBIBYTE,
  ONE_FILE,
  openSample,
  paste,
  sample,
  say,
  settled,
  setUp,
  stamp,
  STRATEGY,
  withPage,
} from "./page.mjs";

const slow = () => sleep(700, { type: "application/octet-stream", body: STRATEGY });
setUp((path) => {
  if (path === "/slow.cap") return slow();
  return path === "/trust-behind-a-link" ? { type: "text/plain", body: signed.trust } : undefined;
});

const signed = await lastingTrust("policy-self-reported");
const TRUST = Buffer.from(signed.trust);
const HUGE = 65 * MEBIBYTE;
const FORGED = Buffer.from(GEOM.with(GEOM.length >> 1, GEOM[GEOM.length >> 1] ^ 1));

/** All that a person sees of a gesture's outcome, without times. */
const seen = (page) =>
  page.evaluate(() => ({
    announcement: document.querySelector("#announcement").textContent,
    title: document.title,
    slips: [...document.querySelectorAll(".slip")].map((slip) => slip.innerText.replace(/\s+/g, " ")),
    strip: document.querySelector(".strip .stamp")?.textContent,
    file: [...document.querySelectorAll(".strip .lines > div")].find((line) => line.firstChild.textContent === "file")?.lastChild.textContent,
    code: document.querySelector(".strip-head .code")?.textContent ?? null,
    trust: document.querySelector("#trust").innerText,
    trouble: document.querySelector("#trouble").innerText,
  }));
const after = async (page, ...files) => {
  await drop(page, ...files);
  await settled(page);
  return seen(page);
};
const orders = ([first, ...rest]) =>
  first === undefined ? [[]] : orders(rest).flatMap((order) => order.map((_, place) => order.toSpliced(place, 0, first)).concat([[...order, first]]));
const inView = (page, selector) =>
  page.locator(selector).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && top < innerHeight && bottom > 0;
  });

for (const [what, files, expected] of [
  [
    "a receipt that is signed, with the trust file",
    [
      ["run.cap", signed.receipt],
      ["trust.toml", TRUST],
    ],
    { strip: "witnessed", code: null },
  ],
  [
    "a receipt that nobody signed, with a trust file",
    [
      ["run.cap", STRATEGY],
      ["trust.toml", TRUST],
    ],
    { strip: "refused", code: "E020_SIGNATURE_MISSING" },
  ],
  [
    "two receipts and a trust file",
    [
      ["a.cap", signed.receipt],
      ["b.cap", STRATEGY],
      ["trust.toml", TRUST],
    ],
    { strip: "refused", file: "b.cap" },
  ],
  [
    "three receipts",
    [
      ["a.cap", GEOM],
      ["b.cap", STRATEGY],
      ["c.cap", FORGED],
    ],
    { strip: "refused", file: "c.cap" },
  ],
  [
    "a receipt and a trust file that cannot be read",
    [
      ["run.cap", GEOM],
      ["trust.toml", Buffer.from("schema = 1")],
    ],
    { strip: "not checked" },
  ],
  [
    "a receipt and two trust files",
    [
      ["run.cap", GEOM],
      ["a.toml", TRUST],
      ["b.toml", Buffer.from(`${signed.trust}\n# another`)],
    ],
    { strip: "not checked" },
  ],
]) {
  test(`dropped in any order, the outcome is one: ${what}`, async () => {
    const outcomes = [];
    await withPage(async (page) => {
      for (const order of orders(files)) {
        outcomes.push(await after(page, ...order));
        const forget = page.getByRole("button", { name: "Forget it" });
        if (await forget.isVisible()) await forget.click();
        await settled(page);
      }
    });
    for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
    for (const [name, value] of Object.entries(expected)) assert.equal(outcomes[0][name], value, name);
  });
}

test("each receipt of a drop has its own slip, and its strip and details when it is chosen", async () => {
  await withPage(async (page) => {
    const first = await after(page, ["c.cap", FORGED], ["a.cap", GEOM], ["b.cap", STRATEGY]);
    assert.deepEqual(
      first.slips.map((text) => text.split(" ").slice(0, 2)),
      [
        ["DEMONSTRATION", "a.cap"],
        ["WITNESSED", "b.cap"],
        ["REFUSED", "c.cap"],
      ],
    );
    assert.match(first.announcement, /^2 accepted, 1 refused\. refused: c\.cap\./);
    assert.equal(first.title, "2 accepted, 1 refused – CapSeal");
    await page.locator(".slip", { hasText: "b.cap" }).focus();
    await page.keyboard.press("Enter");
    const second = await seen(page);
    assert.equal(second.file, "b.cap");
    assert.match(second.announcement, /witnessed: b\.cap/);
    assert.ok((await page.locator("#findings").innerText()).includes("prices.csv"));
    assert.equal(await page.evaluate(() => document.activeElement.textContent.includes("b.cap")), true);
    await drop(page, ["d.cap", GEOM]);
    await settled(page);
    assert.equal(await page.locator(".slip").count(), 0);
    assert.equal((await seen(page)).title, "demonstration: d.cap – CapSeal");
  });
});

test("several files are chosen, and pasted, as they are dropped", async () => {
  await withPage(async (page) => {
    await page.locator("#file").setInputFiles([
      { name: "run.cap", mimeType: "", buffer: signed.receipt },
      { name: "whom.txt", mimeType: "", buffer: TRUST },
      { name: "other.cap", mimeType: "", buffer: STRATEGY },
    ]);
    await settled(page);
    const chosen = await seen(page);
    assert.equal(chosen.slips.length, 2);
    assert.match(chosen.trust, /whom\.txt/);
    await paste(page, ["run.cap", signed.receipt], ["whom.txt", TRUST], ["other.cap", STRATEGY]);
    await settled(page);
    assert.deepEqual(await seen(page), chosen);
  });
});

for (const [what, name, content] of [
  ["in upper case", "TRUST.TOML", TRUST],
  ["as text", "trust.txt", TRUST],
  ["without an ending", "trust", TRUST],
  ["as a receipt", "trust.cap", TRUST],
  ["with a byte order mark and Windows line ends", "trust (1).toml.download", Buffer.from(`\ufeff${signed.trust.replaceAll("\n", "\r\n")}`)],
]) {
  test(`a trust file is one by its content: named ${what}`, async () => {
    await withPage(async (page) => {
      const { trust, trouble } = await after(page, [name, content]);
      assert.ok(trust.includes(name), `${trust}${trouble}`);
      assert.equal((await after(page, ["run.cap", STRATEGY])).code, "E020_SIGNATURE_MISSING");
    });
  });
}

test("a receipt is one by its content, whatever it is called", async () => {
  await withPage(async (page) => {
    for (const name of ["trust.toml", "run.zip", "RUN.CAP"]) assert.equal((await after(page, [name, GEOM])).strip, "demonstration", name);
  });
});

test("a trust file in the place of another one says so, and the other one can be used again", async () => {
  await withPage(async (page) => {
    await after(page, ["mine.toml", TRUST]);
    const { trust } = await after(page, ["run.cap", signed.receipt], ["theirs.toml", Buffer.from(`# theirs\n${signed.trust}`)]);
    assert.match(trust, /Trusting by theirs\.toml.*took the place of mine\.toml/s);
    assert.match(await page.locator(".strip .lines").innerText(), /theirs\.toml/);
    await page.getByRole("button", { name: "Use that again" }).click();
    await settled(page);
    assert.match((await seen(page)).trust, /Trusting by mine\.toml/);
    assert.match(await page.locator(".strip .lines").innerText(), /mine\.toml/);
  });
});

for (const [width, height] of [
  [390, 844],
  [1280, 900],
]) {
  for (const [what, name, give, words] of [
    ["a file that is too large", "big.cap", (page) => drop(page, ["big.cap", HUGE]), "65 MiB or more"],
    [
      "a trust file that cannot be read",
      "broken.toml",
      (page) => drop(page, ["broken.toml", Buffer.from("schema = 1")]),
      "the trust file cannot be read",
    ],
    [
      "two different trust files",
      "a.toml",
      (page) => drop(page, ["a.toml", TRUST], ["b.toml", Buffer.from(`# other\n${signed.trust}`)]),
      "Only one trust file",
    ],
    ["a file that is gone", "gone.cap", unreadable, "cannot be read"],
    ["a link that leads nowhere", "none.cap", (page) => dropText(page, "text/uri-list", `${address()}none.cap`), "answered 404"],
    ["a link to a file of this machine", "run.cap", (page) => dropText(page, "text/uri-list", "file:///home/me/run.cap"), "Only https"],
    [
      "a trust file without an ending that cannot be read",
      "whom",
      (page) => drop(page, ["whom", Buffer.from('schema = "capseal/trust/v1"\nx = 1')]),
      "the trust file cannot be read",
    ],
    ["a link to a page that may not be fetched", "run.cap", (page) => dropText(page, "text/uri-list", "http://192.0.2.1/run.cap"), "Only https"],
  ]) {
    test(`nothing green stays beside ${what}, and the reason is in view, ${width} px`, async () => {
      await withPage(
        async (page) => {
          await after(page, ["good.cap", GEOM]);
          await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
          await give(page);
          await say(page, words);
          await settled(page);
          const state = await seen(page);
          assert.equal(state.strip, "not checked");
          assert.ok(state.trouble.includes(name), state.trouble);
          assert.ok(!/proven/i.test(`${state.title}${state.announcement}`), state.title);
          assert.match(state.title, /^not checked/);
          assert.equal(await page.locator("#findings > :not(.unread)").count(), 0);
          assert.ok(await inView(page, "#trouble"));
          // And all is well again with the next one.
          assert.equal((await after(page, ["good.cap", GEOM])).strip, "demonstration");
          assert.ok(!(await page.locator("#trouble").isVisible()));
        },
        { viewport: { width, height } },
      );
    });
  }
}

test("after a trust file that cannot be used, the receipts at hand can be checked without it", async () => {
  await withPage(async (page) => {
    await after(page, ["a.cap", GEOM], ["b.cap", STRATEGY]);
    const { slips } = await after(page, ["broken.toml", Buffer.from("[")]);
    assert.ok(
      slips.every((text) => text.startsWith("NOT CHECKED")),
      slips.join(),
    );
    await page.getByRole("button", { name: "Check without a trust file" }).click();
    await settled(page);
    assert.deepEqual(
      (await seen(page)).slips.map((text) => text.split(" ")[0]),
      ["DEMONSTRATION", "WITNESSED"],
    );
    await after(page, ["broken.toml", Buffer.from("[")]);
    assert.equal((await after(page, ["trust.toml", TRUST])).code, "E020_SIGNATURE_MISSING");
  });
});

test("one unreadable file does not keep the others from being judged", async () => {
  await withPage(async (page) => {
    const { slips, trouble } = await after(page, ["a.cap", GEOM], ["big.cap", HUGE], ["c.cap", FORGED]);
    assert.deepEqual(
      slips.map((text) => text.match(/^(NOT CHECKED|\w+)/)[0]),
      ["DEMONSTRATION", "NOT CHECKED", "REFUSED"],
    );
    assert.match(trouble, /^Not checked\. big\.cap: It has 65 MiB/);
  });
});

test("what ends late does not take the place of what came after it", async () => {
  // The first verdict of the worker comes late, and so does the answer of a server.
  const prepare = changingAnswers(async (answer) => {
    const late = globalThis.slowVerdicts && answer?.schema === "capseal/verdict/v1";
    if (!late) return answer;
    globalThis.slowVerdicts = false;
    await new Promise((resolve) => setTimeout(resolve, 600));
    return answer;
  });
  await withPage(
    async (page) => {
      await after(page, ["first.cap", STRATEGY]);
      await page.evaluate(() => (globalThis.slowVerdicts = true));
      await drop(page, ["slow.cap", STRATEGY]);
      assert.equal(await stamp(page), "checking");
      assert.match(await page.title(), /^Checking slow\.cap/);
      await drop(page, ["next.cap", GEOM]);
      await settled(page);
      assert.equal((await seen(page)).file, "next.cap");

      await page.locator("#address").fill(`${address()}slow.cap`);
      await page.getByRole("button", { name: "Fetch" }).click();
      assert.equal(await stamp(page), "checking");
      await drop(page, ["last.cap", GEOM]);
      await settled(page);
      await sleep(900);
      const { file, title } = await seen(page);
      assert.deepEqual([file, title], ["last.cap", "demonstration: last.cap – CapSeal"]);
    },
    { prepare },
  );
});

test("an audit and a viewer that end late say nothing about the receipt that came after", async () => {
  const prepare = changingAnswers(async (answer) => {
    if (answer instanceof Uint8Array) await new Promise((resolve) => setTimeout(resolve, 500));
    return answer;
  });
  await withPage(
    async (page) => {
      await openSample(page, "A script’s run");
      await page.getByRole("button", { name: "View prices.csv" }).first().click();
      await drop(page, ["next.cap", GEOM]);
      await settled(page);
      await sleep(800);
      assert.equal(await page.locator("dialog[open]").count(), 0);

      await openSample(page, "A script’s run");
      await page.getByRole("button", { name: "View prices.csv" }).first().click();
      await page.locator("dialog[open]").waitFor();
      await drop(page, ["next.cap", GEOM]);
      await settled(page);
      assert.equal(await page.locator("dialog[open]").count(), 0);
    },
    { prepare },
  );
});

test("a link that is dropped or pasted is fetched, also one to a trust file", async () => {
  await withPage(async (page) => {
    await dropText(page, "text/uri-list", `# a comment\r\n${address()}samples/geom.cap`);
    await page.locator(".strip.demonstration").waitFor();
    await dropText(page, "text/plain", `${address()}samples/strategy.cap`);
    await page.locator(".strip.witnessed").waitFor();
    await pasteText(page, `${address()}samples/geom.cap`);
    await page.locator(".strip.demonstration").waitFor();
    await dropText(page, "text/uri-list", `${address()}trust-behind-a-link`);
    await page.locator("#trust", { hasText: "trust-behind-a-link" }).waitFor();
    assert.equal((await after(page, ["run.cap", STRATEGY])).code, "E020_SIGNATURE_MISSING");
    // Text that is neither a link nor a trust file is nobody's receipt.
    await pasteText(page, "hello");
    await dropText(page, "text/plain", "hello");
    assert.equal((await seen(page)).file, "run.cap");
  });
});

test("the page as one file says that it fetches nothing", async () => {
  await withPage(
    async (page) => {
      await dropText(page, "text/uri-list", "https://example.org/run.cap");
      await say(page, "run.cap: This copy of the page reaches no network.");
    },
    { address: ONE_FILE },
  );
});

test("a folder is searched for receipts and trust files; the rest is left out, and that is said", async () => {
  const folder = mkdtempSync(join(tmpdir(), "capseal-folder-"));
  const inner = join(folder, "results", "deep");
  mkdirSync(inner, { recursive: true });
  mkdirSync(join(folder, "nothing"));
  writeFileSync(join(folder, "nothing", "notes.txt"), "notes");
  for (const [name, content] of [
    ["a.cap", GEOM],
    ["b.renamed", signed.receipt],
    ["whom.toml", TRUST],
    ["Cargo.toml", "[package]"],
    ["notes.txt", "x"],
  ]) {
    writeFileSync(join(name.startsWith("a") ? inner : join(folder, "results"), name), content);
  }
  await withPage(async (page) => {
    await drag(page, join(folder, "results"));
    const { slips, trust } = await seen(page);
    assert.deepEqual(
      slips.map((text) => text.match(/results\S+/)[0]),
      ["results/b.renamed", "results/deep/a.cap"],
    );
    assert.match(trust, /results\/whom\.toml/);
    await page.getByText("2 files left out: neither receipt nor trust file").waitFor();
    await drag(page, join(folder, "nothing"));
    await say(page, "nothing/: There is neither a receipt nor a trust file");
    assert.equal(await stamp(page), "not checked");
    await drag(page, sample("geom.cap"), join(folder, "results"));
    assert.equal((await seen(page)).slips.length, 3);
  });
});

test("a hundred receipts at once are all judged", async () => {
  await withPage(async (page) => {
    const { announcement } = await after(page, ...Array.from({ length: 100 }, (_, place) => [`run-${place}.cap`, STRATEGY]), ["trust.txt", TRUST]);
    assert.match(announcement, /^0 accepted, 100 refused\. refused: run-0\.cap/);
  });
});

test("a browser that keeps nothing is not said to keep the trust file", async () => {
  const prepare = (page) =>
    page.addInitScript(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("", "QuotaExceededError");
      };
    });
  await withPage(async (page) => assert.match((await after(page, ["mine.toml", TRUST])).trust, /mine\.toml, until this page is closed\./), {
    prepare,
  });
});

test("a run that failed is one of those that are accepted", async () => {
  const { summary } = await bundleOf("slips.ts");
  const judged = (conclusion) => ({ name: conclusion, judged: { verdict: { conclusion } } });
  const items = [judged("witnessed"), judged("failed"), judged("refused"), { name: "big.cap", why: "It is too large." }];
  assert.equal(summary(items), "2 accepted, 1 of them with a failed run, 1 refused, 1 not checked");
});

test("what a file is: by its content, then by its name", async () => {
  const { isOurs, trustText } = await bundleOf("kind.ts");
  const bytes = (text) => new TextEncoder().encode(text);
  const file = 'schema = "capseal/trust/v1"\n';
  for (const text of [file, `\n# words\n  ${file}`, "schema='capseal/trust/v2'", '"schema" = """capseal/trust/v1"""']) {
    assert.equal(trustText("any", bytes(text)), text);
    assert.ok(isOurs("any", bytes(text)));
  }
  assert.equal(trustText("a.TOML", bytes("x = 1")), "x = 1");
  for (const [name, content] of [
    ["any", bytes("x = 1")],
    ["a.toml", GEOM],
    ["a.toml", Uint8Array.of(0xff)],
    ["any", bytes("# schema = 'capseal/trust/v1'")],
  ]) {
    assert.equal(trustText(name, content), undefined, name);
  }
  assert.ok(isOurs("any", GEOM.subarray(0, 4096)));
  assert.ok(!isOurs("Cargo.toml", bytes("[package]")));
  assert.ok(!isOurs("other.zip", bytes("PK\u0003\u0004 and something else")));
});

/** A file that changed between being chosen and being read. */
async function unreadable(page) {
  await page.evaluate(() => (File.prototype.arrayBuffer = () => Promise.reject(new DOMException("", "NotReadableError"))));
  await drop(page, ["gone.cap", GEOM]);
  await settled(page);
  await page.evaluate(() => delete File.prototype.arrayBuffer);
}

async function dropText(page, type, text) {
  const dataTransfer = await page.evaluateHandle(
    ([kind, data]) => {
      const transfer = new DataTransfer();
      transfer.setData(kind, data);
      return transfer;
    },
    [type, text],
  );
  await page.dispatchEvent("main", "dragover", { dataTransfer });
  await page.dispatchEvent("main", "drop", { dataTransfer });
}

async function pasteText(page, text) {
  await page.evaluate((data) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", data);
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** A real drag of files and folders: a script cannot make a folder. */
async function drag(page, ...files) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x: 300, y: 40, data });
  await settled(page);
}
