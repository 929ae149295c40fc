// The reading side of a verdict: plain words first, then what is not proven, then the experiment and the contents.
import { isAccepted, isInspection, type Inspected, type Level, type Verdict, type Verifier, type VerifyOptions } from "capseal-verify";

import { auditPanel } from "./audit.js";
import { contents } from "./contents.js";
import type { Judged, Receipt } from "./desk.js";
import { block, code, h, onAsked, sentence, word } from "./element.js";
import { isOneFile } from "./engine.js";
import { tamperPanel } from "./tamper.js";
import { view, viewEntry } from "./viewer.js";
import { plain } from "./words.js";

export interface Actions {
  /** Shows another receipt. */
  open(receipt: Receipt): void;
  /** Checks the same receipt against other demands. */
  again(options: VerifyOptions): void;
  /** Shows what samples of the archive led to. */
  judged(verdict: Verdict): void;
  /** Whether this receipt is still the one that is shown. */
  isShown(): boolean;
  /** Something could not be done. */
  fail(error: unknown): void;
}

/** The panels; `audit` takes the place of a new panel for that. */
export function findings(
  verifier: Verifier,
  receipt: Receipt,
  { verdict, inspected, options }: Judged,
  actions: Actions,
  audit?: HTMLElement,
): HTMLElement[] {
  const inspection = isInspection(inspected) ? inspected : undefined;
  return [
    plainWords(verdict),
    rules(verdict),
    isAccepted(verdict) ? notProven(verdict.not_proven) : null,
    isAccepted(verdict) ? tamperPanel(verifier, receipt, actions.open) : null,
    audit ?? (isAccepted(verdict) && mayBeSampled(inspected) ? auditPanel(verifier, receipt, options, actions.judged) : null),
    demands(options, actions),
    inspection && !isAccepted(verdict)
      ? h("p", { class: "caution" }, "The receipt is refused. What it says is shown to find out why; none of it is confirmed.")
      : null,
    ...(inspection
      ? contents(
          inspection,
          (file) => void view(verifier, receipt, file, actions.isShown).catch(actions.fail),
          (index) => void viewEntry(verifier, receipt, index, actions.isShown).catch(actions.fail),
        )
      : []),
    json(verdict),
  ].filter((element) => element !== null);
}

/** Not all of the archive travels, and the page may reach somebody who has it. */
function mayBeSampled(inspected: Inspected): boolean {
  return !isOneFile() && isInspection(inspected) && inspected.archive.artifacts.some(({ embedded }) => !embedded);
}

function plainWords(verdict: Verdict): HTMLElement {
  const { headline, meaning } = plain(verdict);
  const detail = verdict.checks.find((check) => check.outcome === "failed")?.detail;
  return h(
    "section",
    { class: `panel plain ${verdict.conclusion}` },
    h("h2", {}, headline),
    isAccepted(verdict) ? h("p", {}, sentence(verdict.headline)) : null,
    h("p", {}, meaning.join(" ")),
    verdict.reason ? code(verdict.reason) : null,
    isAccepted(verdict) ? null : h("p", {}, verdict.headline),
    detail ? h("p", { class: "detail" }, "The verifier found: ", sentence(detail)) : null,
  );
}

const ANSWERS = { pass: "holds", fail: "FAILS", not_applicable: "does not apply" } as const;

/** Who signed, and what each rule of the policy answered. */
function rules({ signers = [], policy }: Verdict): HTMLElement | null {
  if (!policy) return null;
  const names = [...new Set(signers.map((signer) => signer.name))];
  const pinned = policy.assurance === "ATTESTED" ? "which you pinned" : "which the receipt alone names";
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, "Who signed, under which rules"),
    names.length > 0 ? h("p", {}, "Signed by ", word(names.join(", ")), ", whom your trust file lists.") : null,
    h("p", {}, "The rules are ", word(`${policy.policy_id} ${policy.policy_version}`), `, ${pinned}.`),
    h(
      "dl",
      { class: "facts" },
      ...policy.rules.map(({ rule, outcome, seen }) =>
        h("div", { class: outcome }, h("dt", {}, word(rule)), h("dd", {}, `${ANSWERS[outcome]}: `, word(seen))),
      ),
    ),
  );
}

function notProven(sentences: string[]): HTMLElement {
  return h(
    "section",
    { class: "panel limits" },
    h("h2", {}, "What this receipt does not show"),
    h("ul", {}, ...sentences.map((text) => h("li", {}, sentence(text)))),
  );
}

const LEVELS: Record<Level, string> = {
  "proof-only": "nothing in it was exchanged; the proof, if it has one, holds",
  "policy-enforced": "and someone trusted sealed it, under rules",
  full: "and its archive is here, or was sampled",
};

function demands(options: VerifyOptions, { again }: Actions): HTMLElement {
  const level = options.level ?? "proof-only";
  const select = h(
    "select",
    { id: "level" },
    ...Object.entries(LEVELS).map(([name, text]) => h("option", { value: name, selected: name === level }, `${name}: ${text}`)),
  );
  const expected = h("input", {
    id: "expected",
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: "64 hexadecimal digits",
    value: options.expected_capsule_hash ?? "",
  });
  const success = h("input", { id: "success", type: "checkbox", checked: options.require_exit === 0 });
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const form = h(
    "form",
    { novalidate: true, class: "demands" },
    h("label", { for: "level" }, "Level"),
    select,
    h("label", { for: "expected" }, "Capsule hash that you were given, if any"),
    expected,
    h("label", { class: "choice" }, success, " Refuse a run that failed"),
    h("button", { type: "button" }, "Check again"),
    trouble,
  );
  onAsked(form, () => {
    const hash = expected.value.replace(/\s+/g, "").toLowerCase();
    trouble.hidden = hash === "" || /^[0-9a-f]{64}$/.test(hash);
    if (!trouble.hidden) {
      trouble.textContent = "A capsule hash has 64 hexadecimal digits.";
      return;
    }
    const demanded: VerifyOptions = { level: select.value as Level };
    if (hash !== "") demanded.expected_capsule_hash = hash;
    if (success.checked) demanded.require_exit = 0;
    again(demanded);
  });
  return h(
    "section",
    { class: "panel" },
    h(
      "details",
      { open: options.level !== undefined },
      h("summary", {}, h("h2", {}, "Ask for more")),
      h("p", {}, "You decide what has to hold, never the receipt. What cannot be reached is refused, not lowered."),
      form,
    ),
  );
}

function json(verdict: Verdict): HTMLElement {
  return h(
    "section",
    { class: "panel" },
    h(
      "details",
      {},
      h("summary", {}, h("h2", {}, "The verdict as data")),
      h("p", {}, "To the last character what ", h("code", {}, "capseal verify --json"), " and the npm package answer to the same question."),
      h("pre", { tabindex: 0, class: "text", translate: "no" }, block(JSON.stringify(verdict))),
    ),
  );
}
