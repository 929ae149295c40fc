import { auditBy } from "./audit.js";
import * as engine from "./engine.js";
import type { Evidence } from "./evidence.js";
import type { Inspected } from "./inspection.js";
import { load, loadSync } from "./load.js";
import { readSource, viewBytes, type Bytes, type Source } from "./source.js";
import type { AuditOptions, Verdict, VerifyOptions } from "./verdict.js";

export { VerifierError, type VerifierErrorCode } from "./errors.js";
export { isInspection } from "./inspection.js";
export type { Claim, FileEntry, Inspected, Inspection, ReceiptEvent, Unreadable } from "./inspection.js";
export type { Evidence } from "./evidence.js";
export { load } from "./load.js";
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
  Conclusion,
  Level,
  PolicyInclusion,
  PolicyReport,
  Purpose,
  Rejected,
  RuleAnswer,
  RunReport,
  Samples,
  Signer,
  Status,
  Verdict,
  VerifyOptions,
} from "./verdict.js";
export { createVerifier, type Verifier, type VerifierOptions, type WorkerHandle } from "./verifier.js";
export type { CompiledModule, WasmSource } from "./wasm-source.js";

/** Verifies a receipt. A refused receipt is a verdict, not an error. */
export async function verify(source: Source, options?: VerifyOptions): Promise<Verdict> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  return engine.verify(bytes, options);
}

/** Verifies a receipt, and samples the rows of an archive that is kept elsewhere. What was not available is a verdict, not an error. */
export async function audit(source: Source, options: AuditOptions): Promise<Verdict> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  const core = {
    verify: (asked: VerifyOptions) => engine.verify(bytes, asked),
    plan: (nonce: string, bits: number) => engine.samplePlan(bytes, nonce, bits),
    challengePlan: (challenge: Uint8Array) => engine.challengePlan(bytes, challenge),
    attestationList: engine.attestationList,
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

/** What a content is worth as a proof that an action log refers to; `capseal-verify/actions` takes it. */
export async function evidence(source: Source): Promise<Evidence> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  return engine.evidence(bytes);
}

/** The same at once. In a browser, await `load()` first. */
export function evidenceSync(bytes: Bytes): Evidence {
  loadSync();
  return engine.evidence(viewBytes(bytes));
}

/** The version of the verifier inside the wasm. In a browser, await `load()` first. */
export function version(): string {
  loadSync();
  return engine.version();
}
