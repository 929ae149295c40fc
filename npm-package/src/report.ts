// A verdict as text for a terminal, in the words of `capseal verify`.
import type { Check, RuleAnswer, RunReport, Verdict } from "./verdict.js";

export type Paint = (style: "good" | "warning" | "bad" | "faint" | "title" | "plain", text: string) => string;

const MARKS = { passed: "✓", failed: "✗", skipped: "–" } as const;
const STYLES = { passed: "good", failed: "bad", skipped: "faint" } as const;

/** The whole verdict, one check a line. */
export function describe(file: string, verdict: Verdict, paint: Paint): string {
  const lines = [paint("title", printable(file)), ...headline(verdict, paint), ""];
  if (verdict.run) lines.push(...runLines(verdict.run, paint), "");
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

/** A program that failed is never shown in the colour of success. */
const CONCLUSIONS = {
  proven: ["good", "✓"],
  demonstration: ["good", "✓"],
  witnessed: ["good", "✓"],
  failed: ["warning", "!"],
  refused: ["bad", "✗"],
} as const;

function headline({ conclusion, reason, headline: sentences }: Verdict, paint: Paint): string[] {
  const [style, mark] = CONCLUSIONS[conclusion];
  const word = paint(style, `${mark} ${conclusion}`);
  return reason === null ? [`${word}  ${printable(sentences)}`] : [`${word}  ${reason}`, `  ${sentences}`];
}

const NAMED = 6;

/** What was run, how it ended, what it wrote, and what its capture missed. */
function runLines(run: RunReport, paint: Paint): string[] {
  const line = (name: string, value: string): string => `  ${paint("title", name.padEnd(13))}  ${value}`;
  const ending = (value: number): string => paint(run.failed ? "warning" : "plain", String(value));
  const lines: string[] = [];
  if (run.command) lines.push(line("command", commandLine(run.command)));
  if (run.program !== null) lines.push(line("program", `image ${run.program}`));
  if (run.exit_code !== null) lines.push(line("exit code", ending(run.exit_code)));
  if (run.signal !== null) lines.push(line("signal", ending(run.signal)));
  const outputs = run.outputs.slice(0, NAMED).map(({ path }) => printable(path));
  const more = run.outputs_total - outputs.length;
  if (more > 0) outputs.push(`and ${more} more`);
  lines.push(line("outputs", outputs.length > 0 ? outputs.join(", ") : "none"));
  if (run.notes && run.notes.length > 0) lines.push(line("notes", run.notes.join(", ")));
  return lines;
}

const SHOWN = 300;

/** A command as it would be typed; an argument with other characters than usual shows where it begins and ends. */
function commandLine(command: readonly string[]): string {
  const words = command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)));
  const line = [...printable(words.join(" "))];
  return line.length <= SHOWN ? line.join("") : `${line.slice(0, SHOWN).join("")}…`;
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
