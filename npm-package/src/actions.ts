// Action logs and capability tokens: a wasm module of their own, so that whoever checks receipts does not download it.
import { getCompiler } from "./actions-platform.js";
import type { CapabilityDecision, CapabilityOptions } from "./capability.js";
import { Loader } from "./compile.js";
import { VerifierError } from "./errors.js";
import type { Evidence } from "./evidence.js";
import * as glue from "./glue/actions.js";
import { Instance } from "./instance.js";
import type { LogOptions, LogProofReport, LogReport } from "./log.js";
import { readList, readOptions, readRecord, text } from "./options.js";
import { copyBytes, readSource, type Bytes, type Source } from "./source.js";
import type { WasmSource } from "./wasm-source.js";

export type {
  CapabilityDecision,
  CapabilityDenied,
  CapabilityHolds,
  CapabilityLink,
  CapabilityOptions,
  CapabilityRequest,
  ExpectedPossession,
  Permission,
} from "./capability.js";
export type { Evidence } from "./evidence.js";
export type {
  Anchoring,
  Answer,
  Judged,
  Judgement,
  LogLevel,
  LogOptions,
  LogProofReport,
  LogReport,
  Requirement,
  Witnessed,
} from "./log.js";

/** Bytes of a log at most: it is checked as a whole, in memory. The native program has no such limit. */
const MOST_LOG = 512 * 1024 * 1024;

const instance = new Instance(glue);
const loader = new Loader(instance, getCompiler);

/** Starts this part of the verifier. The other functions do this themselves, all but the synchronous ones in a browser. */
export async function load(source?: WasmSource): Promise<void> {
  await loader.load(source);
}

/**
 * Checks an action log. A refused log is a report, not an error. `evidence` says what the contents that obligations refer to are
 * worth: `evidence(content)` of the package's main entry.
 */
export async function verifyLog(source: Source, options?: LogOptions, evidence: Evidence[] = []): Promise<LogReport> {
  const asked = readOptions(options);
  const proofs = readList(evidence, "evidence");
  const [bytes] = await Promise.all([readSource(source, MOST_LOG), load()]);
  return judgeLog(bytes, asked, proofs);
}

/** Checks an action log at once. In a browser, await `load()` first. */
export function verifyLogSync(bytes: Bytes, options?: LogOptions, evidence: Evidence[] = []): LogReport {
  const asked = readOptions(options);
  const proofs = readList(evidence, "evidence");
  const log = copyBytes(bytes, MOST_LOG);
  loader.loadSync();
  return judgeLog(log, asked, proofs);
}

function judgeLog(bytes: Uint8Array, options: LogOptions | undefined, evidence: Evidence[]): LogReport {
  if (bytes.length > MOST_LOG) throw new VerifierError("UNREADABLE", `a log has at most ${MOST_LOG} bytes here`);
  return instance.call(() => glue.verify_log(bytes, options, evidence) as LogReport);
}

/** Checks a proof about an action log, as `capseal pcap prove` prints it. */
export async function verifyLogProof(proof: string, options?: LogOptions): Promise<LogProofReport> {
  const [given, asked] = [text(proof, "proof"), readOptions(options)];
  await load();
  return judgeProof(given, asked);
}

/** Checks a proof about an action log at once. In a browser, await `load()` first. */
export function verifyLogProofSync(proof: string, options?: LogOptions): LogProofReport {
  const [given, asked] = [text(proof, "proof"), readOptions(options)];
  loader.loadSync();
  return judgeProof(given, asked);
}

function judgeProof(proof: string, options: LogOptions | undefined): LogProofReport {
  return instance.call(() => glue.verify_log_proof(proof, options) as LogProofReport);
}

/** Judges a capability token. One that is denied is a decision, not an error. */
export async function verifyCapability(token: string, options: CapabilityOptions): Promise<CapabilityDecision> {
  const [given, asked] = [text(token, "token"), readCapabilityOptions(options)];
  await load();
  return judgeCapability(given, asked);
}

/** Judges a capability token at once. In a browser, await `load()` first. */
export function verifyCapabilitySync(token: string, options: CapabilityOptions): CapabilityDecision {
  const [given, asked] = [text(token, "token"), readCapabilityOptions(options)];
  loader.loadSync();
  return judgeCapability(given, asked);
}

function judgeCapability(token: string, options: CapabilityOptions): CapabilityDecision {
  return instance.call(() => glue.verify_capability(token, options) as CapabilityDecision);
}

function readCapabilityOptions(options: CapabilityOptions): CapabilityOptions {
  return { at: Date.now(), ...readRecord(options, "options") };
}
