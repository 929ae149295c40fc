import { auditBy } from "./audit.js";
import type { CapabilityDecision, CapabilityOptions } from "./capability.js";
import * as engine from "./engine.js";
import type { Inspected } from "./inspection.js";
import { load, loadSync } from "./load.js";
import type { LogOptions, LogProofReport, LogReport } from "./log.js";
import { readSource, viewBytes, type Bytes, type Source } from "./source.js";
import type { AuditOptions, Verdict, VerifyOptions } from "./verdict.js";

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
export { VerifierError, type VerifierErrorCode } from "./errors.js";
export { isInspection } from "./inspection.js";
export type { Claim, FileEntry, Inspected, Inspection, ReceiptEvent, Unreadable } from "./inspection.js";
export { load, type CompiledModule, type WasmSource } from "./load.js";
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
export { reasons, type Reason, type ReasonCode } from "./reasons.js";
export type { Bytes, Source } from "./source.js";
export { isAccepted } from "./verdict.js";
export type {
  Accepted,
  Attestations,
  AuditOptions,
  Availability,
  Challenged,
  Check,
  CheckId,
  ClaimClass,
  Level,
  PolicyInclusion,
  PolicyReport,
  Purpose,
  Rejected,
  RuleAnswer,
  Samples,
  Signer,
  Status,
  Verdict,
  VerifyOptions,
} from "./verdict.js";
export { createVerifier, type Verifier, type VerifierOptions, type WorkerHandle } from "./verifier.js";

/** Verifies a receipt. A refused receipt is a verdict, not an error. */
export async function verify(source: Source, options?: VerifyOptions): Promise<Verdict> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  return engine.verify(bytes, options);
}

/** Verifies a receipt, and samples the rows of an archive that lies elsewhere. What could not be had is a verdict, not an error. */
export async function audit(source: Source, options: AuditOptions): Promise<Verdict> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  const core = {
    verify: (asked: VerifyOptions) => engine.verify(bytes, asked),
    plan: (nonce: string, bits: number) => engine.samplePlan(bytes, nonce, bits),
  };
  return auditBy(core, options);
}

/** Verifies a receipt at once. In a browser, await `load()` first. */
export function verifySync(bytes: Bytes, options?: VerifyOptions): Verdict {
  loadSync();
  return engine.verify(viewBytes(bytes), options);
}

/** Reads what a receipt says, without verifying it. */
export async function inspect(source: Source): Promise<Inspected> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  return engine.inspect(bytes);
}

/** Reads what a receipt says, at once. In a browser, await `load()` first. */
export function inspectSync(bytes: Bytes): Inspected {
  loadSync();
  return engine.inspect(viewBytes(bytes));
}

/** An artifact that the receipt carries, by its SHA-256 in hexadecimal; `undefined` when it is not there. */
export async function artifact(source: Source, digest: string): Promise<Uint8Array | undefined> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  return engine.artifact(bytes, digest);
}

/** An artifact, at once. In a browser, await `load()` first. */
export function artifactSync(bytes: Bytes, digest: string): Uint8Array | undefined {
  loadSync();
  return engine.artifact(viewBytes(bytes), digest);
}

/** Proof that a line is in the event log that the receipt carries, for `verifyLogProof`; `undefined` when there is no such line. */
export async function entryProof(source: Source, index: number): Promise<string | undefined> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  return engine.entryProof(bytes, index);
}

/** Proof of a line, at once. In a browser, await `load()` first. */
export function entryProofSync(bytes: Bytes, index: number): string | undefined {
  loadSync();
  return engine.entryProof(viewBytes(bytes), index);
}

/** Checks an action log. A refused log is a report, not an error. `proofs` are contents that obligations refer to, receipts among them. */
export async function verifyLog(source: Source, options?: LogOptions, proofs: Source[] = []): Promise<LogReport> {
  const [bytes, contents] = await Promise.all([readSource(source), Promise.all(proofs.map((proof) => readSource(proof))), load()]);
  return engine.verifyLog(bytes, options, contents);
}

/** Checks an action log at once. In a browser, await `load()` first. */
export function verifyLogSync(bytes: Bytes, options?: LogOptions, proofs: Bytes[] = []): LogReport {
  loadSync();
  return engine.verifyLog(viewBytes(bytes), options, proofs.map(viewBytes));
}

/** Checks a proof about an action log, as `capseal pcap prove` prints it. */
export async function verifyLogProof(proof: string, options?: LogOptions): Promise<LogProofReport> {
  await load();
  return engine.verifyLogProof(proof, options);
}

/** Judges a capability token. One that is denied is a decision, not an error. */
export async function verifyCapability(token: string, options: CapabilityOptions): Promise<CapabilityDecision> {
  await load();
  return engine.verifyCapability(token, options);
}

/** Judges a capability token at once. In a browser, await `load()` first. */
export function verifyCapabilitySync(token: string, options: CapabilityOptions): CapabilityDecision {
  loadSync();
  return engine.verifyCapability(token, options);
}

/** The version of the verifier inside the wasm. In a browser, await `load()` first. */
export function version(): string {
  loadSync();
  return engine.version();
}
