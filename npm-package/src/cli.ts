// npx capseal-verify: verifies receipts in a terminal or a script.
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { parseArgs, type ParseArgsConfig } from "node:util";

import { describe, printable, type Paint } from "./report.js";
import {
  audit,
  verify,
  VerifierError,
  version,
  type AuditOptions,
  type Level,
  type PolicyInclusion,
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
  --bits N         bits that the rows have to show; 80 by default; needs --provider
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

type Sampling = Pick<AuditOptions, "providers" | "relay" | "attestations" | "bits">;

/** What ends the command before a receipt is looked at. */
class Complaint extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function main(): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Complaint) return complain(error.message, error.status);
    throw error;
  }
}

async function run(): Promise<number> {
  const { values, positionals: files } = readArguments();
  if (values.help) return print(HELP);
  if (values.version) return print(`capseal-verify ${version()}\n`);
  if (files.length === 0) throw new Complaint("no receipt given; see --help", USAGE);
  const sampling = samplingOf(values);
  const options = await demandsOf(values);

  let status = 0;
  for (const [place, file] of files.entries()) {
    if (place > 0 && !values.json) print("\n");
    const code = await verifyFile(file, values.json, options, sampling);
    if (code === USAGE) return code;
    status ||= code;
  }
  return status;
}

type Values = ReturnType<typeof readArguments>["values"];

function readArguments() {
  try {
    return parseArgs({ options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new Complaint(message(error), USAGE);
  }
}

async function demandsOf(values: Values): Promise<VerifyOptions> {
  const asked = {
    level: values.level as Level | undefined,
    expected_capsule_hash: values.expect,
    require_status: values["require-status"] as Status | undefined,
    require_exit: numberOf(values, "require-exit"),
    at: timeOf(values.at),
  };
  const [trust, policy, inclusion] = await Promise.all([values.trust, values.policy, values["policy-inclusion"]].map(textOf));
  return given<VerifyOptions>({ ...asked, trust, policy, policy_inclusion: inclusion === undefined ? undefined : parseJson(inclusion) });
}

/** Whom to ask for rows; `undefined` when nobody is. Each demand about them needs somebody who answers. */
function samplingOf(values: Values): Sampling | undefined {
  const { provider: providers, relay } = values;
  const [bits, threshold] = [numberOf(values, "bits"), numberOf(values, "threshold")];
  if (relay !== undefined && !providers) throw new Complaint("--relay needs --provider: somebody has to answer", USAGE);
  if (threshold !== undefined && relay === undefined) throw new Complaint("--threshold needs --relay", USAGE);
  if (bits !== undefined && !providers) throw new Complaint("--bits needs --provider", USAGE);
  if (!providers) return undefined;
  const attestations = threshold === undefined ? undefined : given<NonNullable<Sampling["attestations"]>>({ threshold, bits });
  return given<Sampling>({ providers, relay, attestations, bits });
}

/** Without what was not asked for: an option that is `undefined` is refused. */
function given<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function numberOf(values: Values, name: "require-exit" | "bits" | "threshold"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Complaint(`--${name} is not a number`, USAGE);
  return Number(text);
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Complaint("--at is not a time such as 2026-01-31T12:34:56Z", USAGE);
  return time;
}

async function textOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return readFile(file, "utf8").catch((error: unknown) => {
    throw new Complaint(message(error), UNREADABLE);
  });
}

function parseJson(text: string): PolicyInclusion {
  try {
    return JSON.parse(text) as PolicyInclusion;
  } catch (error) {
    throw new Complaint(message(error), UNREADABLE);
  }
}

async function verifyFile(file: string, json: boolean, options: VerifyOptions, sampling: Sampling | undefined): Promise<number> {
  // Streams, so that no more is read than a receipt may have.
  const receipt = file === "-" ? process.stdin : createReadStream(file);
  receipt.on("error", () => undefined);
  let verdict: Verdict;
  try {
    verdict = await (sampling ? audit(receipt, { ...options, ...sampling }) : verify(receipt, options));
  } catch (error) {
    receipt.destroy();
    const code = error instanceof VerifierError ? error.code : undefined;
    if (code === "USAGE") return complain(message(error), USAGE);
    const why = code === "UNREADABLE" ? `cannot be read: ${message((error as Error).cause)}` : message(error);
    return complain(`${file}: ${why}`, UNREADABLE);
  }
  print(json ? `${JSON.stringify(verdict)}\n` : describe(file, verdict, paint));
  return verdict.verifier_exit_status;
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

// Nobody reads on (`| head`): what is left to say goes nowhere, and the exit status still tells of every receipt.
let lost = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    // Output that is lost for another reason must not look like success.
    process.exitCode = UNREADABLE;
    lost = true;
  });
}
const status = await main();
process.exitCode = lost ? UNREADABLE : status;
