// A verdict as text for a terminal, in the words of `capseal verify`.
import { reasons } from "./reasons.js";
import { isAccepted, type Accepted, type Check, type ClaimClass, type RuleAnswer, type Verdict } from "./verdict.js";

export type Paint = (style: "good" | "bad" | "faint" | "title", text: string) => string;

const CLAIM: Record<ClaimClass, string> = {
  proven: "proven: a STARK over the execution itself; nobody has to be trusted for it",
  witnessed: "witnessed: the maker's record, intact; run it again to check what it says",
};

/** A sealed log is witnessed too, and there is nothing to run again. */
const LOG = "witnessed: the log, intact and closed; that it tells what happened is its writers' word";

function claim({ backend, claim_class }: Accepted): string {
  return backend === "log_v1" ? LOG : CLAIM[claim_class];
}

const MARKS = { passed: "✓", failed: "✗", skipped: "–" } as const;
const STYLES = { passed: "good", failed: "bad", skipped: "faint" } as const;

/** The whole verdict, one check a line. */
export function describe(file: string, verdict: Verdict, paint: Paint): string {
  const lines = [paint("title", printable(file)), ...headline(verdict, paint), ""];
  for (const check of verdict.checks) lines.push(checkLine(check, paint));
  if (verdict.policy) {
    lines.push("", `  ${paint("title", printable(`${verdict.policy.policy_id}, track ${verdict.policy.track_id}`))}`);
    for (const answer of verdict.policy.rules) lines.push(ruleLine(answer, paint));
  }
  if (verdict.not_proven.length > 0) {
    lines.push("", `  ${paint("title", "This receipt does not show")}`);
    for (const sentence of verdict.not_proven) lines.push(`  ${paint("faint", "·")} ${printable(sentence)}`);
  }
  return `${lines.join("\n")}\n`;
}

function headline(verdict: Verdict, paint: Paint): string[] {
  if (isAccepted(verdict)) return [`${paint("good", `✓ ${verdict.status}`)}  ${claim(verdict)}`];
  const meaning = reasons.find((reason) => reason.name === verdict.reason)?.meaning ?? "";
  return [`${paint("bad", `✗ ${verdict.status}`)}  ${verdict.reason}`, `  ${meaning}`];
}

function checkLine({ id, outcome, detail }: Check, paint: Paint): string {
  return `  ${paint(STYLES[outcome], MARKS[outcome])} ${id.padEnd(13)}${printable(detail)}`;
}

function ruleLine({ rule, outcome, seen }: RuleAnswer, paint: Paint): string {
  const as = { pass: "passed", fail: "failed", not_applicable: "skipped" } as const;
  return `  ${paint(STYLES[as[outcome]], MARKS[as[outcome]])} ${rule.padEnd(28)}${printable(seen)}`;
}

/** A receipt's words may be hostile: control and direction characters never reach the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\uFFFD");
}
