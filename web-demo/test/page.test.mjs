// The page in headless Chromium: what a person sees, hostile content, no network, keyboard, small screens, accessibility.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { answerForArchive, RECEIPT, REGISTERED, ROWS, rowOf } from "../../tests/parity/archive.mjs";
import { withHost } from "../../tests/parity/server.mjs";
import {
  address,
  bundleOf,
  changingAnswers,
  drop,
  lastingTrust,
  MEBIBYTE,
  ONE_FILE,
  openSample,
  require,
  sample,
  say,
  setUp,
  stamp,
  STRATEGY,
  unfold,
  VECTORS,
  withPage,
} from "./page.mjs";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

setUp((path) => (path === "/endless" ? { type: "text/plain", headers: { "content-length": 3 * 1024 * MEBIBYTE }, body: "" } : undefined));

test("each sample shows its claim class, and the forgery its code", async () => {
  await withPage(async (page) => {
    for (const [title, word, headline] of [
      ["A script’s run", "witnessed", "The run is the maker’s word"],
      ["A demonstration proof", "demonstration", "A demonstration machine’s run is proven"],
      ["A forgery", "refused", "Its parts do not fit together"],
    ]) {
      await openSample(page, title);
      await page.locator(`.strip.${word}`).waitFor();
      assert.equal(await stamp(page), word);
      assert.ok((await page.locator("#findings h2").first().textContent()).includes(headline));
      assert.ok((await page.locator("#announcement").textContent()).includes(headline));
      assert.equal(await page.locator(".checks > li").count(), 11);
    }
    assert.equal(await page.locator(".strip-head .code").textContent(), "E067_ARTIFACT_HASH_MISMATCH");
  });
});

test("a program that failed is not shown in the colour of success, whatever stands behind the claim", async () => {
  await withPage(async (page) => {
    for (const [vector, ending, behind] of [
      ["process-failed-declared", "exit code 3", "is its maker's word"],
      ["process-signal", "signal 9 ended it", "is its maker's word"],
      ["rv32im-100", "exit code 7", "A proof shows that the program, given this input"],
    ]) {
      await drop(page, [`${vector}.cap`, readFileSync(new URL(`${vector}.cap`, VECTORS))]);
      await page.locator(".lines dd", { hasText: `${vector}.cap` }).waitFor();
      assert.equal(await stamp(page), "failed");
      assert.equal(await page.locator(".lines .failed dd").textContent(), ending);
      assert.equal(await page.locator(".strip.failed .headline").textContent(), `The program failed: ${ending}.`);
      assert.ok((await page.locator(".plain.failed").textContent()).includes(behind));
    }
    await page.locator("summary", { hasText: "Ask for more" }).click();
    await page.getByLabel("Refuse a run that failed").check();
    await page.getByRole("button", { name: "Check again" }).click();
    await page.locator(".strip-head .code", { hasText: "E303_EXIT_NOT_AS_REQUIRED" }).waitFor();
  });
});

test("a part of the archive that nobody looked at is not ticked", async () => {
  await withPage(async (page) => {
    await drop(page, ["large.cap", readFileSync(new URL("process-detached-large.cap", VECTORS))]);
    await page.locator(".checks > li.skipped", { hasText: "of the archive not looked at" }).waitFor();
    assert.ok((await page.locator(".plain").textContent()).includes("the others were not looked at"));
    assert.ok((await page.locator(".limits").textContent()).includes("That the files behind this receipt exist"));
  });
});

test("what was sealed is all there: run, files, events, values, hashes, limits", async () => {
  await withPage(async (page) => {
    await openSample(page, "A script’s run");
    const text = await page.locator("#findings").textContent();
    for (const word of ["strategy.py", "prices.csv", "trades.csv", "exit code 0", "file read", "exit_code", "manifest"]) {
      assert.ok(text.includes(word), word);
    }
    await page.getByRole("button", { name: "View prices.csv" }).click();
    assert.match(await page.locator("dialog pre").textContent(), /^date,/);
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "run header" }).click();
    await page.locator("dialog h2", { hasText: "Entry 0 of the log" }).waitFor();
    assert.match(await page.locator("dialog pre").textContent(), /"type": "run_header"/);
    assert.ok((await page.locator("dialog .path li").count()) > 3);
  });
});

test("a dropped and a chosen file are read, a folder is explained", async () => {
  await withPage(async (page) => {
    await drop(page, ["dropped.cap", STRATEGY]);
    await page.locator(".lines", { hasText: "dropped.cap" }).waitFor();
    assert.equal(await stamp(page), "witnessed");
    await page.locator("#file").setInputFiles(sample("geom.cap"));
    await page.locator(".strip.demonstration").waitFor();
    await drop(page, ["notes.txt", Buffer.from("not a receipt")]);
    await page.locator(".strip.refused").waitFor();
    assert.equal(await page.locator(".strip-head .code").textContent(), "E002_PARSE_FAILED");
    await drop(page, ["empty.cap", Buffer.alloc(0)]);
    await page.locator(".lines", { hasText: "empty.cap" }).waitFor();
    assert.equal(await stamp(page), "refused");
  });
});

test("one flipped byte is refused, at random, at a chosen place, and a hundred times", async () => {
  await withPage(async (page) => {
    await openSample(page, "A script’s run");
    await page.getByRole("button", { name: "Flip a random byte" }).click();
    await page.getByText("1 changed copy tried, 1 refused.").waitFor();
    assert.match(await page.locator(".trial .code").textContent(), /^E\d{3}_/);
    await page.locator("#place").fill("0");
    await page.getByRole("button", { name: "Flip this byte" }).click();
    await page.getByText("2 changed copies tried, 2 refused.").waitFor();
    assert.match(await page.locator(".trial .change").textContent(), /^Byte 0: 50 became/);
    await page.getByRole("button", { name: "Flip 100" }).click();
    await page.getByText("102 changed copies tried, 102 refused.").waitFor();
    await page.getByRole("button", { name: "Show the changed copy’s verdict" }).click();
    await page.locator(".strip.refused").waitFor();
  });
});

test("demands decide: another hash and an unreachable level are refused", async () => {
  await withPage(async (page) => {
    await openSample(page, "A script’s run");
    await page.getByText("Ask for more").click();
    await page.locator("#expected").fill("nonsense");
    await page.getByRole("button", { name: "Check again" }).click();
    await page.getByText("A capsule hash has 64 hexadecimal digits.").waitFor();
    await page.locator("#expected").fill("0".repeat(64));
    await page.getByRole("button", { name: "Check again" }).click();
    await page.locator(".strip-head .code", { hasText: "E011_CAPSULE_HASH_MISMATCH" }).waitFor();
    await page.locator("#expected").fill("");
    await page.locator("#level").selectOption("full");
    await page.getByRole("button", { name: "Check again" }).click();
    await page.locator(".strip-head .code", { hasText: /^E/ }).waitFor();
    await page.locator(".lines", { hasText: "full" }).waitFor();
  });
});

test("a trust file that is dropped decides whose seal counts, is kept, and can be forgotten", async () => {
  const { receipt, trust } = await lastingTrust("policy-self-reported");
  await withPage(async (page) => {
    const status = (text) => page.locator(".strip .status", { hasText: new RegExp(`^${text}$`) }).waitFor();
    await drop(page, ["sealed.cap", receipt]);
    await status("intact");
    await drop(page, ["trust.toml", Buffer.from(trust)]);
    await status("signed, under rules that it names itself");
    await page.locator("#trust", { hasText: "trust.toml" }).waitFor();
    const findings = await page.locator("#findings").textContent();
    for (const words of ["Signed by author", "house-rules 2", "which the receipt alone names", "backends"]) {
      assert.ok(findings.includes(words), words);
    }
    await drop(page, ["broken.toml", Buffer.from("schema = 1")]);
    await say(page, "the trust file cannot be read");

    await page.reload();
    await page.locator("#trust", { hasText: "trust.toml" }).waitFor();
    await drop(page, ["sealed.cap", receipt]);
    await status("signed, under rules that it names itself");
    await drop(page, ["unsigned.cap", STRATEGY]);
    await page.locator(".strip-head .code", { hasText: "E020_SIGNATURE_MISSING" }).waitFor();
    await page.getByRole("button", { name: "Forget it" }).click();
    await status("intact");
    await page.reload();
    assert.ok(await page.locator("#trust").isHidden());
  });
});

test("a receipt is fetched from an address; what goes wrong is said", async () => {
  await withPage(async (page) => {
    const fetchFrom = async (address) => {
      await page.locator("#address").fill(address);
      await page.getByRole("button", { name: "Fetch" }).click();
    };
    await fetchFrom(`${address()}samples/geom.cap`);
    await page.locator(".strip.demonstration").waitFor();
    await fetchFrom(`${address()}none.cap`);
    await say(page, "answered 404");
    await fetchFrom("http://192.0.2.1/run.cap");
    await say(page, "Only https addresses");
    await fetchFrom("https://127.0.0.1:1/run.cap");
    await say(page, "could not be reached");
    await fetchFrom(`${address()}endless`);
    await say(page, "3.0 GiB or more");
    await fetchFrom("  ");
    await say(page, "Enter the address");
  });
});

test("hostile content stays text", async () => {
  const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202Etxt.exe\u001b[2J';
  const prepare = changingAnswers((answer, words) => {
    const spoil = (value, key) => {
      if (typeof value === "string") return ["schema", "digest", "status", "id"].includes(key) ? value : words;
      if (Array.isArray(value)) return value.map((item) => spoil(item, key));
      if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, spoil(item, name)]));
    };
    return answer?.schema === "capseal/inspection/v1" ? spoil(answer) : answer;
  }, hostile);
  await withPage(
    async (page) => {
      await openSample(page, "A script’s run");
      const findings = page.locator("#findings");
      const text = await findings.textContent();
      assert.ok(text.includes('<img src=x onerror="alert(1)"><script>alert(2)</script>[U+202E]txt.exe␛[2J'));
      assert.equal(await findings.locator("img, script").count(), 0);
      await findings.locator("td.action button").first().click();
      await page.locator("dialog[open]").waitFor();
      assert.equal(await page.locator("dialog img, dialog script").count(), 0);
    },
    { prepare },
  );
});

test("text is shown as text, its hidden characters named; other bytes in hexadecimal", async () => {
  const { asText, block } = await bundleOf("viewer.ts", "element.ts");
  assert.equal(asText(Uint8Array.of(0x61, 0x0a, 0xc3, 0xa9)), "a\né");
  assert.equal(asText(Uint8Array.of(0xff, 0xfe)), undefined);
  assert.equal(asText(Uint8Array.of(0x61, 0x00)), undefined);
  assert.equal(block("a\tb\nc\u001b[31m\u202e\u2066"), "a\tb\nc␛[31m[U+202E][U+2066]");
});

test("it works offline after the first load", async () => {
  await withPage(async (page, context) => {
    await page.locator("#offline").waitFor({ state: "visible" });
    await context.setOffline(true);
    await page.reload();
    await openSample(page, "A demonstration proof");
    assert.equal(await stamp(page), "demonstration");
  });
});

test("the one-file build works from file:// with a worker and without any request", async () => {
  const requests = [];
  await withPage(
    async (page) => {
      await openSample(page, "A demonstration proof");
      assert.equal(await stamp(page), "demonstration");
      await drop(page, ["dropped.cap", STRATEGY]);
      await page.locator(".strip.witnessed").waitFor();
      assert.equal(page.workers().length, 1);
      assert.deepEqual(
        requests.filter((address) => !/^(blob|data):/.test(address)),
        [ONE_FILE],
      );
    },
    {
      address: ONE_FILE,
      prepare: (page) => page.on("request", (request) => requests.push(request.url())),
    },
  );
});

for (const [what, break_] of [
  ["are missing", () => delete globalThis.Worker],
  [
    "are refused",
    () =>
      (globalThis.Worker = class {
        constructor() {
          throw new Error("no");
        }
      }),
  ],
]) {
  for (const address of ["site", "one file"]) {
    test(`where workers ${what}, the ${address} verifies on the main thread`, async () => {
      const options = { prepare: (page) => page.addInitScript(break_) };
      if (address === "one file") options.address = ONE_FILE;
      await withPage(async (page) => {
        await openSample(page, "A demonstration proof");
        assert.equal(await stamp(page), "demonstration");
      }, options);
    });
  }
}

test("everything can be done with the keyboard", async () => {
  await withPage(async (page) => {
    const tabTo = async (name) => {
      for (let i = 0; i < 60; i += 1) {
        await page.keyboard.press("Tab");
        const label = await page.evaluate(() => {
          const { activeElement: element } = document;
          return element?.getAttribute("aria-label") ?? element?.textContent;
        });
        if (label === name) return;
      }
      assert.fail(`${name} cannot be reached`);
    };
    await tabTo("A script’s run");
    await page.keyboard.press("Enter");
    await page.locator(".strip").waitFor();
    await tabTo("Flip a random byte");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid");
    await page.keyboard.press("Space");
    await page.getByText("1 changed copy tried").waitFor();
    await tabTo("View strategy.py");
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "View strategy.py");
  });
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    test(`no accessibility violation and no sideways scrolling, ${colorScheme}, ${width} px`, async () => {
      await withPage(
        async (page) => {
          const check = async (state) => {
            await page.evaluate(axe);
            const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
            const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`);
            assert.deepEqual(found, [], state);
            const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
            assert.ok(whole <= inner, `${state}: ${whole} px wide`);
          };
          await check("empty");
          for (const title of ["A script’s run", "A demonstration proof", "A forgery"]) {
            await openSample(page, title);
            await unfold(page);
            await check(title);
          }
          await openSample(page, "A script’s run");
          await page.locator(".strip.witnessed").waitFor();
          await page.getByRole("button", { name: "Flip a random byte" }).click();
          await page.getByText("1 changed copy tried").waitFor();
          await check("flipped");
          await page.getByRole("button", { name: "View strategy.py" }).click();
          await page.locator("dialog[open]").waitFor();
          await check("viewer");
        },
        { colorScheme, viewport: { width, height: 740 } },
      );
    });
  }
}

/** Pages of any origin may read from it. */
const withArchive = (answer, use) =>
  withHost((request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    answer(request, response);
  }, use);

test("an archive that is kept elsewhere is audited row by row, and goes red when rows are gone", async () => {
  let gone = 0;
  const provider = (request, response) => {
    if (rowOf(request) < gone) response.writeHead(404).end();
    else answerForArchive(request, response);
  };
  const ask = async (page, address) => {
    await page.setInputFiles("#file", RECEIPT);
    await page.locator("#provider").fill(address);
    const button = page.getByRole("button", { name: "Ask for rows" });
    await button.click();
    await page.locator(".audit strong", { hasText: "They hold." }).waitFor();
    assert.equal(await page.locator(".rows .missing, .rows .wrong").count(), 0);
    assert.ok((await page.locator(".rows .had").count()) > 0);
    await page.locator(".strip .checks li.passed", { hasText: "availability" }).waitFor();

    gone = Math.ceil(ROWS.length / 2);
    await button.click();
    await page.locator(".audit .code", { hasText: "E074_AVAILABILITY_FAILED" }).waitFor();
    assert.ok((await page.locator(".rows .missing").count()) > 0);
    await page.locator(".strip.refused").waitFor();
    // All that is read beside the rows is about this verdict, too.
    await page.locator("#findings .plain.refused h2", { hasText: "The archive was not shown to be available." }).waitFor();
    assert.equal(await page.locator("#findings .limits, .tamper").count(), 0);
    assert.equal(await page.locator(".lines dt", { hasText: "took" }).count(), 0);
    gone = 0;
    await button.click();
    await page.locator("#findings .plain.witnessed").waitFor();
    assert.equal(await page.locator(".audit").count(), 1);
    if (process.env.CAPSEAL_SCREENSHOT) await page.screenshot({ path: process.env.CAPSEAL_SCREENSHOT, fullPage: true });
  };
  await withArchive(provider, (address) => withPage((page) => ask(page, address)));
});

test("a relay's challenge is answered when its address is given, and counts for those who trust the relay", async () => {
  const ask = async (page, address) => {
    await page.setInputFiles("#file", REGISTERED);
    await page.locator("#provider").fill(address);
    await page.locator(".audit summary").click();
    await page.locator("#relay").fill(address);
    await page.getByRole("button", { name: "Ask for rows" }).click();
    // Without a trust file a relay's word counts for nothing.
    await page.locator(".audit .code").waitFor();
    assert.match(await page.locator(".audit .code").innerText(), /E109_|E302_/);
  };
  await withArchive(answerForArchive, (address) => withPage((page) => ask(page, address)));
});
