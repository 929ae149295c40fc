// A verdict as text for a terminal.
import { reasons } from "./reasons.js";
import type { Check, Verdict } from "./verdict.js";

export type Paint = (style: "good" | "bad" | "faint" | "strong", text: string) => string;

const CLAIM = {
  proven: "proven: a STARK over the execution itself; nobody has to be trusted",
  witnessed: "witnessed: the maker's word, a hash-chained event log and the replay bundle",
} as const;

/** The whole verdict, one check a line. */
export function describe(file: string, verdict: Verdict, paint: Paint): string {
  const lines = [`${headline(verdict, paint)}  ${printable(file)}`];
  if (verdict.reason) lines.push(`  reason      ${paint("bad", verdict.reason)} ${meaning(verdict.reason)}`);
  if (verdict.claim_class) lines.push(`  claim       ${CLAIM[verdict.claim_class]}`);
  if (verdict.capsule_hash) lines.push(`  capsule     ${verdict.capsule_hash}`);
  if (verdict.backend) lines.push(`  backend     ${printable(verdict.backend)}${security(verdict)}`);
  lines.push(`  level       ${verdict.level}`, "", "  checks");
  for (const check of verdict.checks) lines.push(`    ${checkLine(check, paint)}`);
  lines.push("", "  not proven");
  for (const sentence of verdict.not_proven) lines.push(`    - ${printable(sentence)}`);
  return `${lines.join("\n")}\n`;
}

/** The verdict in one line, for lists. */
export function oneLine(file: string, verdict: Verdict, paint: Paint): string {
  return `${headline(verdict, paint)}  ${verdict.reason ?? verdict.claim_class ?? ""}  ${printable(file)}\n`;
}

function headline(verdict: Verdict, paint: Paint): string {
  return paint(verdict.reason ? "bad" : "good", verdict.status);
}

function security(verdict: Verdict): string {
  return verdict.security_bits === null ? "" : `, ${verdict.security_bits} bits of proven security`;
}

function checkLine(check: Check, paint: Paint): string {
  const id = check.id.padEnd(13);
  const outcome = check.outcome.padEnd(8);
  const style = { passed: "good", failed: "bad", skipped: "faint" } as const;
  const code = check.code ? `${check.code} ` : "";
  return `${paint(style[check.outcome], outcome)}${id}${code}${printable(check.detail)}`;
}

function meaning(code: string): string {
  return reasons.find((reason) => reason.name === code)?.meaning ?? "";
}

/** A receipt's words may be hostile: control and direction characters never reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\uFFFD");
}
