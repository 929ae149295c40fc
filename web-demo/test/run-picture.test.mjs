// The picture of a run: what went in, what ran, what came out; start-up folded; a time line. For eyes, keyboards and screen readers.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bundleOf, changingAnswers, drop, openSample, setUp, VECTORS, withPage } from "./page.mjs";
import { readFileSync } from "node:fs";

setUp();

const at = (milliseconds) => new Date(Date.UTC(2026, 0, 31) + milliseconds).toISOString();
const hex = (digit) => digit.repeat(64);
const file = (path, digit) => ({ path, digest: hex(digit), size: 10 });

/** An inspection with these events, each `[milliseconds, type, fields]`. */
function inspection(events, claim = {}) {
  return {
    backend: "process_v1",
    capture: "observed",
    command: ["./run.py"],
    exit: { code: 0, signal: null, duration_ms: 1000 },
    claim: { code: [], inputs: [], config: [], outputs: [], arguments: [], environment: [], ...claim },
    events: events.map(([time, type, fields], seq) => ({ seq, time: at(time), type, ...fields })),
  };
}

const SHIMS = inspection(
  [
    [0, "run_header", {}],
    [5, "process_executed", { process: 1, path: "/home/me/.pyenv/shims/python3", digest: hex("1") }],
    [10, "process_started", { process: 2, parent: 1 }],
    [12, "process_executed", { process: 2, path: "/usr/bin/dirname", digest: hex("2") }],
    [20, "process_ended", { process: 2, exit_code: 0 }],
    [30, "process_executed", { process: 1, path: "/usr/bin/python3.12", digest: hex("3") }],
    [60, "file_read", { path: "run.py", role: "code", digest: hex("4") }],
    [70, "file_read", { path: "prices.csv", role: "input", digest: hex("5") }],
    [80, "process_started", { process: 3, parent: 1 }],
    [82, "process_executed", { process: 3, path: "/usr/bin/sort", digest: hex("6") }],
    [500, "process_ended", { process: 3, exit_code: 2 }],
    [600, "file_written", { path: "out.csv", digest: hex("7") }],
    [900, "process_ended", { process: 1, exit_code: 0 }],
    [950, "stream_ended", { stream: "stdout", digest: hex("8"), size: 10 }],
    [1000, "run_finished", {}],
  ],
  { code: [file("run.py", "4")], inputs: [file("prices.csv", "5")], outputs: [file("/dev/stdout", "8"), file("out.csv", "7")] },
);

const { runOf } = await bundleOf("run.ts");
const shown = ({ processes }) => processes.map(({ path, depth, count }) => [path, depth, count]);

test("shims and what they started are folded away; what the run itself started is not", () => {
  const run = runOf(SHIMS);
  assert.deepEqual(shown(run), [
    ["/usr/bin/python3.12", 0, 1],
    ["/usr/bin/sort", 1, 1],
  ]);
  assert.deepEqual(run.processes[0].byWayOf, ["/home/me/.pyenv/shims/python3"]);
  assert.deepEqual([...run.startUp.events], [1, 2, 3, 4]);
  assert.deepEqual([run.startUp.processes, run.startUp.until], [1, 0.06]);
  assert.equal(run.length, 1);
  assert.deepEqual(
    run.wentIn.map(({ name, role, seq }) => [name, role, seq]),
    [
      ["run.py", "code", 6],
      ["prices.csv", "input", 7],
    ],
  );
  assert.deepEqual(
    run.cameOut.map(({ name, role, at: when }) => [name, role, when]),
    [
      ["out.csv", "output", 0.6],
      ["standard output", "stream", 0.95],
    ],
  );
  assert.deepEqual(
    run.processes.map(({ began, ended, exit }) => [began, ended, exit]),
    [
      [0, 0.9, 0],
      [0.08, 0.5, 2],
    ],
  );
});

test("a command that reads no code of its own hides none of its processes", () => {
  const run = runOf(
    inspection([
      [0, "run_header", {}],
      [1, "process_executed", { process: 1, path: "/bin/sh" }],
      [2, "process_started", { process: 2, parent: 1 }],
      [3, "process_executed", { process: 2, path: "/bin/date" }],
      [4, "process_ended", { process: 2, exit_code: 0 }],
      [9, "run_finished", {}],
    ]),
  );
  assert.deepEqual(shown(run), [
    ["/bin/sh", 0, 1],
    ["/bin/date", 1, 1],
  ]);
  assert.equal(run.startUp.events.size, 0);
});

test("a program of the run's own ends the start-up when it is executed", () => {
  const run = runOf(
    inspection(
      [
        [0, "run_header", {}],
        [1, "process_executed", { process: 1, path: "/usr/bin/env" }],
        [2, "process_executed", { process: 1, path: "tool", digest: hex("a") }],
        [9, "run_finished", {}],
      ],
      { code: [file("tool", "a")] },
    ),
  );
  assert.deepEqual([...run.startUp.events], [1]);
  assert.deepEqual(run.processes[0].byWayOf, ["/usr/bin/env"]);
});

test("many processes alike are one box, forks without a program none, and their children stay", () => {
  const events = [
    [0, "run_header", {}],
    [1, "process_executed", { process: 1, path: "make" }],
  ];
  for (let process = 2; process < 12; process += 1) {
    events.push([process, "process_started", { process, parent: 1 }], [process, "process_executed", { process, path: "/usr/bin/cc" }]);
    events.push([process + 1, "process_ended", { process, exit_code: process === 7 ? 1 : 0 }]);
  }
  events.push([20, "process_started", { process: 20, parent: 1 }], [21, "process_started", { process: 21, parent: 20 }]);
  events.push([22, "process_executed", { process: 21, path: "/usr/bin/ld" }]);
  const { processes } = runOf(inspection(events));
  assert.deepEqual(
    processes.map(({ path, depth, count, exit }) => [path, depth, count, exit]),
    [
      ["make", 0, 1, 0],
      ["/usr/bin/cc", 1, 10, 1],
      ["/usr/bin/ld", 1, 1, undefined],
    ],
  );
});

test("without events there is still a main process; events may say anything", () => {
  const declared = runOf(inspection([], { inputs: [file("a", "a")] }));
  assert.deepEqual(shown(declared), [["./run.py", 0, 1]]);
  assert.equal(declared.length, 1);
  const odd = [
    {},
    { process: {} },
    { process: -1, parent: -1, path: [] },
    { process: 2 ** 52, parent: 7 },
    { process: 7, parent: 8 },
    { process: 8, parent: 7, path: "x" },
    { process: 1, parent: 1 },
  ];
  const types = ["process_started", "process_executed", "process_ended", "file_read", "file_written", "stream_ended", "", "__proto__"];
  const events = odd.flatMap((fields) => types.map((type) => [5, type, fields]));
  const run = runOf(inspection(events));
  assert.ok(run.processes.length >= 1);
  for (const { depth } of run.processes) assert.ok(depth < 5);
  const timeless = inspection([[0, "run_header", {}]]);
  timeless.events[0].time = "yesterday";
  assert.equal(runOf({ ...timeless, exit: null }).length, undefined);
});

test("a chain and a crowd of 50,000 processes are arranged at once", () => {
  const chain = [[0, "run_header", {}]];
  for (let process = 2; process < 50_000; process += 1) {
    chain.push([1, "process_started", { process, parent: process - 1 }], [1, "process_executed", { process, path: `/bin/${process % 40_000}` }]);
  }
  assert.equal(runOf(inspection(chain)).processes.length, 49_999);
  const crowd = chain.map(([time, type, fields]) => [time, type, type === "process_started" ? { ...fields, parent: 1 } : fields]);
  assert.ok(runOf(inspection(crowd)).processes.length > 30_000);
});

/** Shows these parts in place of what the sample says. */
const showing = (parts) => changingAnswers((answer, given) => (answer?.schema === "capseal/inspection/v1" ? { ...answer, ...given } : answer), parts);

test("the picture has three lists, lines between them, and a card for what is chosen, by mouse and keyboard", async () => {
  await withPage(async (page) => {
    await openSample(page, "A script’s run");
    const column = (name) => page.locator(`.column.${name}`);
    assert.deepEqual(await column("in").locator(".name").allTextContents(), ["averages.py", "strategy.py", "prices.csv", "settings.json"]);
    assert.match((await column("ran").locator(".name").allTextContents()).join(), /python3/);
    assert.deepEqual(await column("out").locator(".name").allTextContents(), ["trades.csv", "standard error", "standard output"]);
    await page.waitForFunction(() => document.querySelectorAll(".lines-between path").length === 7);

    await column("in").getByRole("button", { name: "prices.csv" }).click();
    await page.locator(".card", { hasText: "17a56c09" }).waitFor();
    assert.match(await page.locator(".card").innerText(), /first read\s+\+0\.\d{3} s/);
    assert.equal(await page.locator(".lines-between .strong").count(), 1);
    await page.locator(".card").getByRole("button", { name: "View prices.csv" }).click();
    assert.match(await page.locator("dialog pre").textContent(), /^date,/);
    await page.keyboard.press("Escape");

    await column("ran").getByRole("button").first().focus();
    await page.keyboard.press("Enter");
    await page.locator(".card", { hasText: "/usr/bin/python3" }).waitFor();
    await page.locator(".card").getByRole("button", { name: "Show its event" }).click();
    assert.match(await page.locator("dialog pre").textContent(), /process_executed/);
    await page.keyboard.press("Escape");
    await column("ran").getByRole("button").first().focus();
    await page.keyboard.press("Space");
    assert.equal(await page.locator(".card").count(), 0);

    const rows = await page.locator(".spans li").allInnerTexts();
    assert.match(rows.join("|"), /python3\s+\d+ ms/);
    const order = await page.locator("#findings h2").allTextContents();
    assert.ok(order.indexOf("The run as a picture") < order.indexOf("What the log says, in order"));
  });
});

test("start-up is folded in the list of events, and there when it is unfolded", async () => {
  const { events, claim } = SHIMS;
  await withPage(
    async (page) => {
      await page.getByRole("button", { name: "A script’s run", exact: true }).click();
      await page.locator(".column.ran .rest", { hasText: "after 1 process of start-up" }).waitFor();
      assert.equal(await page.getByRole("button", { name: "process executed" }).count(), 2);
      await page.getByText("4 of them are start-up").click();
      assert.equal(await page.locator(".folded .timeline li").count(), 4);
      assert.match((await page.locator(".spans li").allInnerTexts()).join("|"), /start-up\s+60 ms/);
      assert.ok(await page.locator(".box.failed", { hasText: "sort" }).isVisible());
    },
    { prepare: showing({ events, claim }) },
  );
});

test("on a phone the columns stand below each other, without lines and without scrolling sideways", async () => {
  await withPage(
    async (page) => {
      await openSample(page, "A script’s run");
      const tops = await page.locator(".column").evaluateAll((all) => all.map((column) => column.getBoundingClientRect().top));
      assert.ok(tops[0] < tops[1] && tops[1] < tops[2]);
      assert.equal(await page.locator(".lines-between path").count(), 0);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    },
    { viewport: { width: 390, height: 844 } },
  );
});

for (const [name, expected] of [
  ["rv32im-100.cap", /RISC-V program/],
  ["geom-100.cap", /machine/],
  ["process-failed-declared.cap", /nothing was watched/],
  ["process-many-files.cap", /more files, listed below/],
]) {
  test(`there is a picture, or none, but no error for ${name}`, async () => {
    await withPage(async (page) => {
      await drop(page, [name, readFileSync(new URL(name, VECTORS))]);
      await page.locator(".strip .lines", { hasText: name }).waitFor();
      assert.match(await page.locator("#findings").innerText(), expected);
    });
  });
}

test("a log is no run, and has no picture", async () => {
  await withPage(async (page) => {
    await drop(page, ["session.cap", readFileSync(new URL("log-session.cap", VECTORS))]);
    await page.locator(".strip .lines", { hasText: "session.cap" }).waitFor();
    assert.equal(await page.locator(".picture").count(), 0);
  });
});
