// The wasm module for receipts, typed.
import * as glue from "./glue/verifier.js";
import { Instance } from "./instance.js";
import type { Inspected } from "./inspection.js";
import type { SamplePlan } from "./audit.js";
import type { Evidence } from "./evidence.js";
import type { Verdict, VerifyOptions } from "./verdict.js";

export const instance = new Instance(glue);

/** The options are plain; the verifier has no clock, so that the time is in them. */
export function verify(bytes: Uint8Array, options?: VerifyOptions): Verdict {
  return instance.call(() => glue.verify(bytes, options) as Verdict);
}

/** What to ask a provider for; `undefined` when the receipt carries its whole archive. */
export function samplePlan(bytes: Uint8Array, nonce: string, bits: number): SamplePlan | undefined {
  return instance.call(() => glue.sample_plan(bytes, nonce, bits) as SamplePlan | null) ?? undefined;
}

/** What a relay's challenge calls for; `undefined` when the receipt carries its whole archive. */
export function challengePlan(bytes: Uint8Array, challenge: Uint8Array): SamplePlan | undefined {
  return instance.call(() => glue.challenge_plan(bytes, challenge) as SamplePlan | null) ?? undefined;
}

/** The messages of a relay's list of attestations. */
export function attestationList(list: Uint8Array): Uint8Array[] {
  return instance.call(() => glue.attestation_list(list) as Uint8Array[]);
}

export function inspect(bytes: Uint8Array): Inspected {
  return instance.call(() => glue.inspect(bytes) as Inspected);
}

export function artifact(bytes: Uint8Array, digest: string): Uint8Array | undefined {
  return instance.call(() => glue.artifact(bytes, digest));
}

export function entryProof(bytes: Uint8Array, index: number): string | undefined {
  return instance.call(() => glue.entry_proof(bytes, index));
}

export function evidence(bytes: Uint8Array): Evidence {
  return instance.call(() => glue.evidence(bytes) as Evidence);
}

export function version(): string {
  return instance.call(() => glue.version());
}
