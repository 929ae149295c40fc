// The texts of the page are those of docs/spec/page-sentences.md, both ways; and on every vector, the words for its verdict are true.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { verifySync } from "../../npm-package/dist/node.mjs";
import { bundleOf } from "./page.mjs";
import { textsOf, textsOfPage } from "./prose.mjs";

const root = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const document = read("docs/spec/page-sentences.md");

/** Class names, keys and queries that look like words, and an error that no person sees. */
const MACHINE = ["(max-width: 56rem)", "box of-{}", "box process{}", "span depth-{}{}", "stream_ended {}", "path {}", "index.html has no #{}"];

/** The sentences of a part of the page: of its table, each with a condition, or of its list. */
function listed(part) {
  const rows = part
    .split("\n")
    .map((line) => /^\| (?!sentence |---)(.+?) \| .+ \|$|^- (.+)$/.exec(line))
    .filter(Boolean);
  return rows.map(([, row, item]) => (row ?? item).replaceAll(/\{[^}]*\}/g, "{}"));
}

function shown() {
  const modules = readdirSync(new URL("web-demo/src/", root)).map((name) => textsOf(read(`web-demo/src/${name}`)));
  const samples = JSON.parse(read("web-demo/samples/samples.json")).flatMap(({ title, note }) => [title, note]);
  const texts = new Set([...modules.flatMap((found) => [...found]), ...textsOfPage(read("web-demo/index.html")), ...samples]);
  for (const text of MACHINE) assert.ok(texts.delete(text), `${text} is no text of the sources any more`);
  return texts;
}

test("every text of the page has its row, and every row its text", () => {
  const rows = listed(document);
  const texts = shown();
  assert.deepEqual(
    [...texts].filter((text) => !rows.includes(text)),
    [],
    "not in docs/spec/page-sentences.md",
  );
  // A word alone is no text of the sources, but may have a row.
  assert.deepEqual(
    rows.filter((text) => text.includes(" ") && !texts.has(text)),
    [],
    "not in the sources",
  );
  assert.deepEqual(
    rows.filter((text, place) => rows.indexOf(text) !== place),
    [],
    "twice",
  );
});

/** The verdict on each vector, with what it is called. */
function* verdicts() {
  for (const folder of ["accept/", "reject/"]) {
    const place = new URL(`tests/vectors/${folder}`, root);
    for (const name of readdirSync(place, { recursive: true }).filter((file) => file.endsWith(".cap"))) {
      const options = new URL(name.replace(/\.cap$/, ".options.json"), place);
      const asked = existsSync(options) ? JSON.parse(readFileSync(options, "utf8")) : undefined;
      yield [name, verifySync(readFileSync(new URL(name, place)), asked)];
    }
  }
}

const FIRST = ["container", "capsule"];
const JUDGED = ["authorship", "policy"];
const code =
  (...numbers) =>
  ({ reason, failed }) =>
    failed !== "availability" && numbers.some((number) => reason?.startsWith(number));
const accepted =
  (...conclusions) =>
  ({ conclusion }) =>
    conclusions.includes(conclusion);
const at =
  (...checks) =>
  ({ failed }) =>
    checks.includes(failed);
const isLog = ({ backend }) => backend === "log_v1";
const witnessed = ({ claim_class }) => claim_class === "witnessed";
const whole = ({ checks }) => checks.find(({ id }) => id === "archive").outcome === "passed";

/** What the conditions of the page's first table say, for those that tell states apart. */
const TRUE_WHEN = {
  "The program failed: {}.": accepted("failed"),
  "The run is proven.": (verdict) => accepted("proven")(verdict) && verdict.run.exit_code === 0 && verdict.claim_class === "proven",
  "This verifier checked it, and nobody’s word is needed for it.": ({ checks }) => checks.find(({ id }) => id === "proof").outcome === "passed",
  "No program of anybody’s ran.": ({ backend }) => backend === "geom_v1",
  "The record is intact. The run is the maker’s word.": (verdict) => witnessed(verdict) && !isLog(verdict) && !verdict.run.failed,
  "Nothing shows that the run took place as recorded.": (verdict) => witnessed(verdict) && !isLog(verdict),
  "The log is intact. What it says is its writers’ word.": isLog,
  "Code, inputs, outputs and the log of the run belong together; exchange one and this receipt is refused.": (verdict) =>
    witnessed(verdict) && whole(verdict) && !isLog(verdict),
  "The log is closed, its entries are chained, and the files are those that it was sealed with; change one of them and this receipt is refused.": (
    verdict,
  ) => isLog(verdict) && whole(verdict),
  "Not all of its files travel in it: those that do were checked, and the others were not looked at.": (verdict) =>
    witnessed(verdict) && !whole(verdict),
  "This is not a well-formed receipt.": at(...FIRST),
  "Its parts do not fit together.": at("hashes", "statement", "instance", "archive", "event_log"),
  "The run is not proven.": at("proof"),
  "What you asked for is not met.": (verdict) => at(...JUDGED)(verdict) && !code("E021", "E107")(verdict),
  "No check before this one failed.": at(...JUDGED),
  "The archive was not shown to be available.": at("availability"),
  "Something here is unknown to this verifier.": code("E003", "E301"),
  "This is more than the verifier reads.": code("E005"),
  "The capsule hash is another one.": code("E011"),
  "A signature does not hold.": code("E021", "E107"),
  "The program did not end as you require.": code("E303"),
};

test("the words for a verdict are true of every vector's, and each of them is said of one", async () => {
  const { plain } = await bundleOf("words.ts");
  const [, part] = document.split("\n## The words for a verdict");
  const rows = listed(part.split("\n## ")[0]);
  const unsaid = new Set(rows);
  for (const [name, verdict] of verdicts()) {
    const failed = verdict.checks.find(({ outcome }) => outcome === "failed")?.id;
    const { headline, meaning } = plain(verdict);
    const [, ending] = /^The program failed: (.*)\.$/.exec(headline) ?? [];
    const texts = [ending === undefined ? headline : "The program failed: {}.", ...meaning];
    for (const text of texts) {
      assert.ok(rows.includes(text), `${name}: ${text}`);
      assert.ok(TRUE_WHEN[text]?.({ ...verdict, failed }) ?? true, `${name}: ${text}`);
      unsaid.delete(text);
    }
    if (ending !== undefined) unsaid.delete(ending.replace(/\d+/, "{}"));
  }
  // Only an inspection states a run without an ending.
  unsaid.delete("no exit code");
  assert.deepEqual([...unsaid], []);
});
