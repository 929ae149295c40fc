// The verdict as a printed strip: status, claim class, identity, and each check as a line.
import type { Check, RunReport, Verdict } from "capseal-verify";

import { code, count, grouped, h, moment, sentence, size, word, type Child } from "./element.js";
import { rosette } from "./rosette.js";
import { BACKEND, CHECK, STATUS, ending, plain } from "./words.js";

/** Where the page has one column, as in style.css. */
export const NARROW = "(max-width: 56rem)";

export interface Checked {
  name: string;
  bytes: Uint8Array;
  verdict: Verdict;
  /** Milliseconds that the verification took; unknown where an audit was part of it. */
  elapsed: number | undefined;
  /** When it was made. */
  at: Date;
  /** The name of the trust file that it was judged by. */
  trust: string | undefined;
}

export function strip({ name, bytes, verdict, elapsed, at, trust }: Checked): HTMLElement {
  const stamp = verdict.conclusion;
  return h(
    "div",
    { class: `strip ${stamp}` },
    h(
      "div",
      { class: "strip-head" },
      verdict.capsule_hash ? rosette(verdict.capsule_hash, "Pattern drawn from the capsule hash") : null,
      h("p", { class: `stamp ${stamp}`, translate: "no" }, stamp),
      h("p", { class: "status" }, STATUS[verdict.status]),
      h("p", { class: "headline" }, plain(verdict).headline),
      verdict.reason ? code(verdict.reason) : null,
    ),
    h(
      "dl",
      { class: "lines" },
      ...runLines(verdict.run),
      ...line("file", word(name)),
      ...line("size", size(bytes.length)),
      ...line("asked for", h("span", { translate: "no" }, verdict.level)),
      ...(trust === undefined ? [] : line("trusting by", word(trust))),
      ...line("backend", backend(verdict)),
      ...line("security", security(verdict)),
      ...line("checked", h("time", { datetime: at.toISOString() }, moment(at))),
      ...(elapsed === undefined ? [] : line("took", `${count(Math.round(elapsed * 10) / 10)} ms`)),
    ),
    verdict.capsule_hash
      ? h("p", { class: "hash" }, h("span", {}, "capsule hash"), h("code", { translate: "no" }, ...grouped(verdict.capsule_hash)))
      : null,
    h("ol", { class: "checks" }, ...verdict.checks.map(checkLine)),
    h("p", { class: "tally" }, tally(verdict.checks), explainButton()),
  );
}

function backend({ backend: id }: Verdict): Child {
  if (id === null) return "unknown";
  return h("span", { title: BACKEND[id] ?? "" }, word(id));
}

function security({ security_bits: bits, status }: Verdict): string {
  if (bits !== null) return `${bits} bits, proven for SHA-256 as a random oracle`;
  return status === "REJECTED" ? "nothing proven" : "no proof";
}

const NAMED = 4;

/** What was run, how it ended, what it wrote, and what its capture missed. */
function runLines(run: RunReport | null): HTMLElement[] {
  if (!run) return [];
  const paths = run.outputs.slice(0, NAMED).map(({ path }) => path);
  const more = run.outputs_total - paths.length;
  const named = more > 0 ? `${paths.join(", ")} and ${count(more)} more` : paths.join(", ");
  return [
    ...(run.command ? line("command", word(shortened(run.command.join(" ")))) : []),
    ...(run.program === null ? [] : line("program", h("code", { title: run.program, translate: "no" }, run.program.slice(0, 12)))),
    h("div", { class: run.failed ? "failed" : "" }, h("dt", {}, "ended"), h("dd", {}, ending(run))),
    ...line("outputs", paths.length > 0 ? word(named) : "none recorded"),
    ...(run.notes && run.notes.length > 0 ? line("notes", run.notes.join(", ").replaceAll("_", " ")) : []),
  ];
}

const SHOWN = 120;

function shortened(text: string): string {
  const letters = [...text];
  return letters.length <= SHOWN ? text : `${letters.slice(0, SHOWN).join("")}…`;
}

/** Eleven cells, one a check: the strip's checks at a glance. */
export function cells(checks: readonly Check[]): HTMLElement {
  const signs = { passed: "✓", failed: "✗", skipped: "·" } as const;
  return h(
    "p",
    { class: "cells", role: "img", "aria-label": tally(checks) },
    ...checks.map((check) => h("span", { class: check.outcome, title: `${CHECK[check.id].name}: ${check.outcome}` }, signs[check.outcome])),
  );
}

export function tally(checks: readonly Check[]): string {
  const number = (outcome: Check["outcome"]): number => checks.filter((check) => check.outcome === outcome).length;
  return `${number("passed")} passed, ${number("failed")} failed, ${number("skipped")} not done`;
}

/** Folds what each check asks and found; folded at first where the strip stands above everything else. */
function explainButton(): HTMLElement {
  const narrow = matchMedia(NARROW).matches;
  const button = h("button", { type: "button", class: "fold", "aria-pressed": String(!narrow) }, "Explain each check");
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  });
  return button;
}

function line(term: string, value: Child): HTMLElement[] {
  return [h("div", {}, h("dt", {}, term), h("dd", {}, value))];
}

function checkLine(check: Check): HTMLElement {
  const { name, question } = CHECK[check.id];
  const outcome = { passed: "passed", failed: "FAILED", skipped: "not done" }[check.outcome];
  return h(
    "li",
    { class: check.outcome },
    h("p", { class: "row" }, h("span", { class: "name", translate: "no" }, name), h("span", { class: "outcome" }, outcome)),
    h("p", { class: "question" }, question),
    check.code ? code(check.code) : null,
    h("p", { class: "detail" }, sentence(check.detail)),
  );
}
