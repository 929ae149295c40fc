// Writes src/reasons.ts from the table of reason codes inside the wasm; the Rust table is the only one.
import { readFile, writeFile } from "node:fs/promises";

const folder = new URL("../src/", import.meta.url);

const glue = await import(new URL("glue/verifier.js", folder));
glue.initSync({ module: await readFile(new URL("glue/verifier_bg.wasm", folder)) });
const rows = glue.reasons();
const union = rows.map(({ name }) => `\n  | "${name}"`).join("");
const table = rows.map(
  ({ name, number, verifier_exit_status, meaning }) =>
    `  { name: "${name}", number: ${number}, verifier_exit_status: ${verifier_exit_status}, meaning: ${JSON.stringify(meaning)} },\n`,
);
const text = `// Generated from verifier-core/src/reason.rs by npm-package/scripts/reasons.mjs. Do not edit.

/** Why a receipt is not accepted. Stable: codes are appended, never renumbered and never reused. */
export type ReasonCode =${union};

/** A row of the table of reason codes. */
export interface Reason {
  name: ReasonCode;
  /** As in \`E054\`. */
  number: number;
  /** What the command line exits with. */
  verifier_exit_status: 10 | 11 | 12 | 13 | 14 | 20;
  /** One plain sentence. */
  meaning: string;
}

/** Every reason code, by number. */
export const reasons: readonly Reason[] = [
${table.join("")}];
`;
const target = new URL("reasons.ts", folder);
if ((await readFile(target, "utf8").catch(() => "")) !== text) await writeFile(target, text);
