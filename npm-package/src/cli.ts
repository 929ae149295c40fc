// npx capseal-verify: verifies receipts in a terminal or a script.
import { readFile } from "node:fs/promises";
import { parseArgs, type ParseArgsConfig } from "node:util";

import { describe, printable, type Paint } from "./report.js";
import {
  audit,
  VerifierError,
  verifySync,
  version,
  type AuditOptions,
  type Level,
  type Status,
  type Verdict,
  type VerifyOptions,
} from "./node.js";

const HELP = `Verifies CapSeal receipts, offline unless --provider is given.

Usage: capseal-verify [options] <run.cap>...

  <run.cap>        a receipt; - reads one from standard input

Options:
  --level LEVEL    proof-only (default), policy-enforced or full
  --expect HASH    refuse any receipt but the one with this capsule hash
  --trust FILE     whom to trust for what (capseal registry); needed above proof-only
  --policy FILE    the policy document that must apply, instead of the receipt's own
  --policy-inclusion FILE
                   shows that the policy is in the registry that the trust file pins
  --at TIME        judge keys and ages at this time, such as 2026-01-31T12:34:56Z; now by default
  --require-status STATUS
                   the least status to accept, such as POLICY_ENFORCED
  --require-exit N
                   the exit code that the program must have ended with; 0 refuses a run that failed
  --provider URL   ask this provider for rows of an archive that is kept elsewhere; again for each further one
  --relay URL      ask for the rows that this relay's challenge calls for, too; needs --provider and --trust
  --threshold N    so many must have told the relay that they sampled; needs --relay
  --bits N         bits that the rows have to show; 80 by default
  --json           print each verdict as one line of JSON, in the order of the receipts
  -h, --help       print this
  -V, --version    print the version

Exit status: 0 all accepted, 10 proof, 11 policy or level, 12 commitment or binding, 13 availability, 20 not a receipt
(of the first receipt that was refused); 1 when a file cannot be read, 2 for wrong usage. A program that failed gives
no status of its own: ask for --require-exit 0.
Colours follow the terminal and NO_COLOR.
`;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const UNREADABLE = 1;
const USAGE = 2;

const FLAGS = {
  level: { type: "string" },
  expect: { type: "string" },
  trust: { type: "string" },
  policy: { type: "string" },
  "policy-inclusion": { type: "string" },
  at: { type: "string" },
  "require-status": { type: "string" },
  "require-exit": { type: "string" },
  provider: { type: "string", multiple: true },
  relay: { type: "string" },
  threshold: { type: "string" },
  bits: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  version: { type: "boolean", short: "V", default: false },
} satisfies ParseArgsConfig["options"];

async function main(): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ options: FLAGS, allowPositionals: true });
  } catch (error) {
    return complain(message(error), USAGE);
  }
  const { values, positionals: files } = parsed;
  if (values.help) return print(HELP);
  if (values.version) return print(`capseal-verify ${version()}\n`);
  if (files.length === 0) return complain("no receipt given; see --help", USAGE);

  const options: VerifyOptions = {};
  if (values.level !== undefined) options.level = values.level as Level;
  if (values.expect !== undefined) options.expected_capsule_hash = values.expect;
  if (values["require-status"] !== undefined) options.require_status = values["require-status"] as Status;
  const exit = values["require-exit"];
  if (exit !== undefined) {
    if (!/^\d{1,15}$/.test(exit)) return complain("--require-exit is not a number", USAGE);
    options.require_exit = Number(exit);
  }
  if (values.at !== undefined) {
    if (!TIME.test(values.at)) return complain("--at is not a time such as 2026-01-31T12:34:56Z", USAGE);
    options.at = Date.parse(values.at);
  }
  try {
    if (values.trust !== undefined) options.trust = await readFile(values.trust, "utf8");
    if (values.policy !== undefined) options.policy = await readFile(values.policy, "utf8");
    const inclusion = values["policy-inclusion"];
    if (inclusion !== undefined) options.policy_inclusion = JSON.parse(await readFile(inclusion, "utf8"));
  } catch (error) {
    return complain(message(error), UNREADABLE);
  }

  const [bits, threshold] = [values.bits, values.threshold].map((text) => (text === undefined ? undefined : Number(text)));
  for (const [name, number] of Object.entries({ bits, threshold })) {
    if (number !== undefined && !Number.isSafeInteger(number)) return complain(`--${name} is not a number`, USAGE);
  }
  if (values.relay !== undefined && !values.provider) return complain("--relay needs --provider: somebody has to answer", USAGE);
  if (threshold !== undefined && values.relay === undefined) return complain("--threshold needs --relay", USAGE);
  const sampling = values.provider && {
    providers: values.provider,
    ...(values.relay !== undefined && { relay: values.relay }),
    ...(threshold !== undefined && { attestations: { threshold, ...(bits !== undefined && { bits }) } }),
    ...(bits !== undefined && { bits }),
  };

  let status = 0;
  for (const [place, file] of files.entries()) {
    if (place > 0 && !values.json) print("\n");
    const code = await verifyFile(file, values.json, options, sampling);
    if (code === USAGE) return code;
    status ||= code;
  }
  return status;
}

async function verifyFile(
  file: string,
  json: boolean,
  options: VerifyOptions,
  sampling: Pick<AuditOptions, "providers" | "relay" | "attestations" | "bits"> | undefined,
): Promise<number> {
  let bytes: Uint8Array;
  try {
    bytes = file === "-" ? await readStdin() : await readFile(file);
  } catch (error) {
    return complain(`${file}: cannot be read: ${message(error)}`, UNREADABLE);
  }
  let verdict: Verdict;
  try {
    verdict = sampling ? await audit(bytes, { ...options, ...sampling }) : verifySync(bytes, options);
  } catch (error) {
    const wrongUsage = error instanceof VerifierError && error.code === "USAGE";
    return wrongUsage ? complain(message(error), USAGE) : complain(`${file}: ${message(error)}`, UNREADABLE);
  }
  print(json ? `${JSON.stringify(verdict)}\n` : describe(file, verdict, paint));
  return verdict.verifier_exit_status;
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const colours = process.stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
const paint: Paint = (style, text) => {
  if (style === "plain") return text;
  const codes = { good: "1;32", warning: "1;33", bad: "1;31", faint: "2", title: "1" } as const;
  return colours ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
};

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

function complain(text: string, status: number): number {
  process.stderr.write(`capseal-verify: ${printable(text)}\n`);
  return status;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

process.exitCode = await main();
