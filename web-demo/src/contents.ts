// What a receipt says: command, files, events, hashes. Nothing of it is judged here; the verdict stands beside it.
import type { FileEntry, Inspection, ReceiptEvent } from "capseal-verify";

import { count, counted, facts, h, hash, moment, size, word, type Child } from "./element.js";
import { picture, type Looking } from "./picture.js";
import { runOf, type Run } from "./run.js";
import { spans } from "./spans.js";
import { BACKEND, ending } from "./words.js";

const SHOWN_ROWS = 40;
const MORE_ROWS = 400;

/** The panels for a receipt; `view` opens one of its files, `prove` one of its events with its proof. */
export function contents(inspection: Inspection, view: (file: FileEntry) => void, prove: (index: number) => void): HTMLElement[] {
  const { claim } = inspection;
  const carried = new Set(inspection.archive.artifacts.filter((entry) => entry.embedded).map((entry) => entry.digest));
  const files = (title: string, note: string, list: FileEntry[]): HTMLElement | null =>
    list.length === 0 ? null : fileTable(title, note, list, carried, view);
  const run = inspection.backend === "log_v1" ? undefined : runOf(inspection);
  const isWatched = inspection.capture !== "declared";
  return [
    runPanel(inspection),
    run ? picturePanel(inspection, run, { carried: (digest) => carried.has(digest), view, prove }) : null,
    panel(
      "What was sealed",
      files("Code", isWatched ? "what was executed" : "", claim.code),
      files("Inputs", isWatched ? "what was read" : "", claim.inputs),
      settings(inspection, files("Configuration files", "", claim.config)),
      inspection.backend === "log_v1"
        ? files("Contents", "what the log speaks of", claim.outputs)
        : files("Outputs", isWatched ? "what was written" : "", claim.outputs),
      publicInputs(inspection),
    ),
    inspection.events.length === 0 ? null : timeline(inspection.events, run?.startUp.events ?? new Set(), prove),
    hashes(inspection),
  ].filter((element) => element !== null);
}

function panel(title: string, ...children: Child[]): HTMLElement {
  return h("section", { class: "panel" }, h("h2", {}, title), ...children);
}

function runPanel({ command, directory, started_at_ms, exit, capture, notes, backend }: Inspection): HTMLElement | null {
  if (!command && !exit) return null;
  const rows: [string, Child][] = [];
  if (directory !== null) rows.push(["in the folder", word(directory)]);
  if (started_at_ms !== null) rows.push(["started", `${utc(started_at_ms)}, by the maker’s clock`]);
  if (exit) rows.push(["ended", ending({ exit_code: exit.code, signal: exit.signal })]);
  if (typeof exit?.duration_ms === "number") rows.push(["took", duration(exit.duration_ms)]);
  if (capture !== null) rows.push(["files found by", captureWords(capture)]);
  if (notes && notes.length > 0) rows.push(["notes", notes.join(", ").replaceAll("_", " ")]);
  rows.push(["backend", word(BACKEND[backend] ?? backend)]);
  return panel(
    "The run",
    command ? h("p", { class: "command" }, h("code", {}, ...command.flatMap((part) => [argument(part), " "]))) : null,
    facts(rows),
  );
}

function picturePanel(inspection: Inspection, run: Run, looking: Looking): HTMLElement | null {
  if (run.wentIn.length + run.cameOut.length + inspection.events.length === 0) return null;
  const times = spans(run);
  return panel(
    "The run as a picture",
    h(
      "p",
      { class: "hint" },
      inspection.capture === "declared" ? "As its maker declared it; nothing was watched. " : null,
      "Choose a box to see more of it.",
    ),
    picture(inspection, run, looking),
    times ? h("h3", {}, "How long it took") : null,
    times,
  );
}

/** An argument as it would be typed; one with blanks shows where it begins and ends. */
function argument(text: string): HTMLElement {
  return h("span", { class: "argument" }, word(/^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text)));
}

function captureWords(capture: string): Child {
  if (capture === "observed") return "watching what the run opened";
  if (capture === "declared") return "the maker’s declaration; nothing was watched";
  return word(capture);
}

function fileTable(title: string, note: string, files: FileEntry[], carried: Set<string>, view: (file: FileEntry) => void): HTMLElement {
  const row = (file: FileEntry): HTMLElement =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, word(file.path)),
      h("td", { class: "number" }, size(file.size)),
      h("td", {}, h("code", { title: file.digest, translate: "no" }, file.digest.slice(0, 12))),
      h(
        "td",
        { class: "action" },
        carried.has(file.digest)
          ? h("button", { type: "button", "aria-label": `View ${file.path}`, onclick: () => view(file) }, "View")
          : h("span", { title: "Only its fingerprint travels in this receipt" }, "by hash"),
      ),
    );
  return h(
    "div",
    { class: "files" },
    h("h3", {}, title, note ? h("small", {}, ` ${note}`) : null),
    long(files, row, (rows, more) => h("div", {}, h("table", {}, heads("path", "size", "SHA-256", "content"), h("tbody", {}, ...rows)), more)),
  );
}

function heads(...names: string[]): HTMLElement {
  const cells = names.map((name) => h("th", { scope: "col" }, name));
  return h("thead", { class: "unseen" }, h("tr", {}, ...cells));
}

/** A list that may have hundreds of thousands of rows: shown piece by piece. */
function long<T>(
  items: readonly T[],
  row: (item: T, index: number) => HTMLElement,
  frame: (rows: HTMLElement[], more: HTMLElement) => HTMLElement,
): HTMLElement {
  let shown = Math.min(items.length, SHOWN_ROWS);
  const first = items.slice(0, shown).map(row);
  const more = h("p", { class: "more" });
  const element = frame(first, more);
  const body = first[0]?.parentElement;
  const offer = (): void => {
    const rest = items.length - shown;
    more.hidden = rest === 0;
    more.replaceChildren(h("button", { type: "button", onclick: extend }, `Show ${count(Math.min(rest, MORE_ROWS))} more of ${count(rest)}`));
  };
  const extend = (): void => {
    const next = items.slice(shown, shown + MORE_ROWS).map((item, index) => row(item, shown + index));
    shown += next.length;
    body?.append(...next);
    offer();
  };
  offer();
  return element;
}

function settings({ claim }: Inspection, configFiles: HTMLElement | null): HTMLElement | null {
  const variables = claim.environment.map<[string, Child]>(({ name, value }) => [
    name,
    value === null ? h("em", {}, "not set") : h("code", {}, word(value)),
  ]);
  if (claim.arguments.length === 0 && variables.length === 0 && !configFiles) return null;
  return h(
    "div",
    {},
    claim.arguments.length > 0 ? h("h3", {}, "Arguments") : null,
    claim.arguments.length > 0 ? h("p", { class: "command" }, h("code", {}, ...claim.arguments.flatMap((part) => [argument(part), " "]))) : null,
    configFiles,
    variables.length > 0 ? h("h3", {}, "Environment", h("small", {}, " only what was allowed to be recorded")) : null,
    variables.length > 0 ? wordFacts(variables) : null,
  );
}

/** Facts whose terms are the receipt's words. */
function wordFacts(rows: [string, Child][]): HTMLElement {
  return facts(rows.map(([term, value]) => [word(term), value]));
}

function publicInputs({ public_inputs }: Inspection): HTMLElement | null {
  if (public_inputs.length === 0) return null;
  const rows = public_inputs.map<[string, Child]>(({ name, value }) => [name, h("code", {}, word(value))]);
  return h("div", {}, h("h3", {}, "Public values", h("small", {}, " what the statement is about")), wordFacts(rows));
}

function timeline(events: readonly ReceiptEvent[], startUp: ReadonlySet<number>, prove: (index: number) => void): HTMLElement {
  const start = Date.parse(String(events[0]?.time));
  const row = (event: ReceiptEvent): HTMLElement => {
    const { seq, prev: _prev, time, type, path, ...others } = event;
    const name = word(String(type).replaceAll("_", " "));
    const fields = path === undefined ? others : { path, ...others };
    const after = (Date.parse(String(time)) - start) / 1000;
    return h(
      "li",
      {},
      h("span", { class: "when", title: String(time) }, Number.isFinite(after) ? `+${after.toFixed(3)} s` : "?"),
      h(
        "span",
        { class: "what" },
        h("button", { type: "button", class: "entry", title: "Show this entry and its proof", onclick: () => prove(Number(seq)) }, name),
      ),
      h("span", { class: "about" }, ...Object.entries(fields).flatMap(([name, value]) => named(name, value))),
    );
  };
  const list = (part: readonly ReceiptEvent[]): HTMLElement =>
    long(part, row, (rows, more) => h("div", {}, h("ol", { class: "timeline" }, ...rows), more));
  const folded = events.filter((_, place) => startUp.has(place));
  return panel(
    "What the log says, in order",
    h("p", {}, `${counted(events.length, "event")}. Choose one to see it whole, with the proof that it is in the log.`),
    folded.length === 0
      ? null
      : h(
          "details",
          { class: "folded" },
          h("summary", {}, `${count(folded.length)} of them are start-up, before the run’s own code was read`),
          list(folded),
        ),
    list(events.filter((_, place) => !startUp.has(place))),
  );
}

/** A field; an object shows its own fields instead. */
function named(name: string, value: unknown): HTMLElement[] {
  const inner = value !== null && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [];
  return inner.length > 0 ? inner.map(([key, item]) => field(key, item)) : [field(name, value)];
}

function field(name: string, value: unknown): HTMLElement {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const shown = text.replace(/[0-9a-f]{64}/g, (digest) => `${digest.slice(0, 12)}…`);
  return h("span", { class: "field" }, h("span", { class: "field-name" }, word(name.replaceAll("_", " "))), " ", word(shown));
}

function hashes(inspection: Inspection): HTMLElement {
  const rows: [string, Child][] = [
    ["capsule", hash(inspection.capsule_hash)],
    ["instance", hash(inspection.instance_hash)],
    ["trace", hash(inspection.trace_root)],
  ];
  const { proof, archive, manifests } = inspection;
  if (proof) {
    rows.push(["proof", hash(proof.digest)]);
    rows.push(["proof system", word(`${proof.system}, ${proof.parameter_set}, ${size(proof.size)}`)]);
  }
  rows.push(["archive", `${counted(archive.artifacts.length, "file")}, ${size(archive.size)}, ${whereabouts(archive)}`]);
  for (const manifest of manifests) rows.push([`manifest ${manifest.name}`, hash(manifest.digest)]);
  return h("section", { class: "panel" }, h("details", {}, h("summary", {}, h("h2", {}, "Fingerprints and manifests")), wordFacts(rows)));
}

function whereabouts({ artifacts }: Inspection["archive"]): string {
  const here = artifacts.filter(({ embedded }) => embedded).length;
  if (here === artifacts.length) return "in this receipt";
  return here === 0 ? "none of them in this receipt" : `${count(here)} of them in this receipt`;
}

function utc(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(milliseconds) : moment(date);
}

function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${count(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
