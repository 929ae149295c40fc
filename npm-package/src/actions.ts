// Action logs and capability tokens: a wasm module of their own, so that whoever checks receipts does not download it.
import { getCompiler } from "./actions-platform.js";
import type { CapabilityDecision, CapabilityOptions } from "./capability.js";
import { Loader } from "./compile.js";
import { VerifierError } from "./errors.js";
import type { Evidence } from "./evidence.js";
import * as glue from "./glue/actions.js";
import { Instance } from "./instance.js";
import type { LogOptions, LogProofReport, LogReport } from "./log.js";
import { readSource, viewBytes, type Bytes, type Source } from "./source.js";
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
  const [bytes] = await Promise.all([readSource(source), load()]);
  return judgeLog(bytes, options, evidence);
}

/** Checks an action log at once. In a browser, await `load()` first. */
export function verifyLogSync(bytes: Bytes, options?: LogOptions, evidence: Evidence[] = []): LogReport {
  loader.loadSync();
  return judgeLog(viewBytes(bytes), options, evidence);
}

function judgeLog(bytes: Uint8Array, options: LogOptions | undefined, evidence: Evidence[]): LogReport {
  return instance.call(() => glue.verify_log(bytes, options, evidence) as LogReport);
}

/** Checks a proof about an action log, as `capseal pcap prove` prints it. */
export async function verifyLogProof(proof: string, options?: LogOptions): Promise<LogProofReport> {
  await load();
  return verifyLogProofSync(proof, options);
}

/** Checks a proof about an action log at once. In a browser, await `load()` first. */
export function verifyLogProofSync(proof: string, options?: LogOptions): LogProofReport {
  loader.loadSync();
  if (typeof proof !== "string") throw new VerifierError("USAGE", "the proof is not a text");
  return instance.call(() => glue.verify_log_proof(proof, options) as LogProofReport);
}

/** Judges a capability token. One that is denied is a decision, not an error. */
export async function verifyCapability(token: string, options: CapabilityOptions): Promise<CapabilityDecision> {
  await load();
  return verifyCapabilitySync(token, options);
}

/** Judges a capability token at once. In a browser, await `load()` first. */
export function verifyCapabilitySync(token: string, options: CapabilityOptions): CapabilityDecision {
  loader.loadSync();
  if (typeof token !== "string") throw new VerifierError("USAGE", "the token is not a text");
  const asked = { ...options, at: options.at ?? Date.now() };
  return instance.call(() => glue.verify_capability(token, asked) as CapabilityDecision);
}
