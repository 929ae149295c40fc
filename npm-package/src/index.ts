import { auditBy } from "./audit.js";
import * as engine from "./engine.js";
import type { Evidence } from "./evidence.js";
import type { Inspected } from "./inspection.js";
import { load, loadSync } from "./load.js";
import { digestText, readAuditOptions, readVerifyOptions, wholeNumber } from "./options.js";
import { copyBytes, readSource, type Bytes, type Source } from "./source.js";
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
export type { Sources, Verified } from "./many.js";
export { createVerifier, verifyMany, type Verifier, type VerifierOptions, type WorkerHandle } from "./verifier.js";
export type { CompiledModule, WasmSource } from "./wasm-source.js";

/** Verifies a receipt. A refused receipt is a verdict, not an error. */
export async function verify(source: Source, options?: VerifyOptions): Promise<Verdict> {
  const asked = readVerifyOptions(options);
  return engine.verify(await received(source), asked);
}

/** Verifies a receipt, and samples the rows of an archive that is kept elsewhere. What was not available is a verdict, not an error. */
export async function audit(source: Source, options: AuditOptions): Promise<Verdict> {
  const asked = readAuditOptions(options);
  const bytes = await received(source);
  const core = {
    verify: (judge: VerifyOptions) => engine.verify(bytes, judge),
    plan: (nonce: string, bits: number) => engine.samplePlan(bytes, nonce, bits),
    challengePlan: (challenge: Uint8Array) => engine.challengePlan(bytes, challenge),
    attestationList: engine.attestationList,
  };
  return auditBy(core, asked);
}

/** Verifies a receipt at once. In a browser, await `load()` first. */
export function verifySync(bytes: Bytes, options?: VerifyOptions): Verdict {
  const asked = readVerifyOptions(options);
  return engine.verify(receivedSync(bytes), asked);
}

/** Reads what a receipt says, without verifying it. */
export async function inspect(source: Source): Promise<Inspected> {
  return engine.inspect(await received(source));
}

/** Reads what a receipt says, at once. In a browser, await `load()` first. */
export function inspectSync(bytes: Bytes): Inspected {
  return engine.inspect(receivedSync(bytes));
}

/** An artifact that the receipt carries, by its SHA-256 in hexadecimal; `undefined` when it is not there. */
export async function artifact(source: Source, digest: string): Promise<Uint8Array | undefined> {
  const wanted = digestText(digest, "digest");
  return engine.artifact(await received(source), wanted);
}

/** An artifact, at once. In a browser, await `load()` first. */
export function artifactSync(bytes: Bytes, digest: string): Uint8Array | undefined {
  const wanted = digestText(digest, "digest");
  return engine.artifact(receivedSync(bytes), wanted);
}

/** Proof that a line is in the event log that the receipt carries, for `verifyLogProof`; `undefined` when there is no such line. */
export async function entryProof(source: Source, index: number): Promise<string | undefined> {
  const wanted = wholeNumber(index, "index");
  return engine.entryProof(await received(source), wanted);
}

/** Proof of a line, at once. In a browser, await `load()` first. */
export function entryProofSync(bytes: Bytes, index: number): string | undefined {
  const wanted = wholeNumber(index, "index");
  return engine.entryProof(receivedSync(bytes), wanted);
}

/** What a content is worth as a proof that an action log refers to; `capseal-verify/actions` takes it. */
export async function evidence(source: Source): Promise<Evidence> {
  return engine.evidence(await received(source));
}

/** The same at once. In a browser, await `load()` first. */
export function evidenceSync(bytes: Bytes): Evidence {
  return engine.evidence(receivedSync(bytes));
}

/** The version of the verifier inside the wasm. In a browser, await `load()` first. */
export function version(): string {
  loadSync();
  return engine.version();
}

/** What is in memory is copied before this returns. */
async function received(source: Source): Promise<Uint8Array> {
  const [bytes] = await Promise.all([readSource(source), load()]);
  return bytes;
}

function receivedSync(bytes: Bytes): Uint8Array {
  const receipt = copyBytes(bytes);
  loadSync();
  return receipt;
}
