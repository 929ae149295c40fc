// One instance of the wasm verifier. A trap ends an instance: it is thrown away, and the next call gets a fresh one.
import * as glue from "./glue/verifier.js";
import { VerifierError } from "./errors.js";
import type { CapabilityDecision, CapabilityOptions } from "./capability.js";
import type { Inspected } from "./inspection.js";
import type { LogOptions, LogProofReport, LogReport } from "./log.js";
import type { SamplePlan } from "./audit.js";
import type { Verdict, VerifyOptions } from "./verdict.js";

/** Memory of an instance never shrinks; one that has grown beyond this is replaced after the call. */
const KEPT_MEMORY_BYTES = 64 * 1024 * 1024;

let started = false;

export function isStarted(): boolean {
  return started;
}

export function start(module: WebAssembly.Module): void {
  if (started) return;
  try {
    glue.initSync({ module });
  } catch (cause) {
    throw new VerifierError("LOAD_FAILED", "the wasm verifier could not be started", { cause });
  }
  started = true;
}

export function verify(bytes: Uint8Array, options?: VerifyOptions): Verdict {
  return call(() => glue.verify(bytes, withTime(options)));
}

/** The verifier has no clock. */
function withTime(options?: VerifyOptions): VerifyOptions | undefined {
  return options?.trust !== undefined && options.at === undefined ? { ...options, at: Date.now() } : options;
}

/** What to ask a provider for; `undefined` when the receipt carries its whole archive. */
export function samplePlan(bytes: Uint8Array, nonce: string, bits: number): SamplePlan | undefined {
  return (call(() => glue.sample_plan(bytes, nonce, bits)) as SamplePlan | null) ?? undefined;
}

export function inspect(bytes: Uint8Array): Inspected {
  return call(() => glue.inspect(bytes));
}

export function artifact(bytes: Uint8Array, digest: string): Uint8Array | undefined {
  return call(() => glue.artifact(bytes, digest));
}

export function entryProof(bytes: Uint8Array, index: number): string | undefined {
  return call(() => glue.entry_proof(bytes, index));
}

export function verifyLog(bytes: Uint8Array, options?: LogOptions, proofs: Uint8Array[] = []): LogReport {
  return call(() => glue.verify_log(bytes, options, proofs) as LogReport);
}

export function verifyLogProof(proof: string, options?: LogOptions): LogProofReport {
  return call(() => glue.verify_log_proof(proof, options) as LogProofReport);
}

export function verifyCapability(token: string, options: CapabilityOptions): CapabilityDecision {
  if (typeof token !== "string") throw new VerifierError("USAGE", "the token is not a text");
  return call(() => glue.verify_capability(token, { ...options, at: options.at ?? Date.now() }) as CapabilityDecision);
}

export function version(): string {
  return call(() => glue.version());
}

function call<T>(run: () => T): T {
  if (!started) throw new VerifierError("NOT_LOADED", "call and await load() first");
  try {
    const value = run();
    if (memoryBytes() > KEPT_MEMORY_BYTES) renew();
    return value;
  } catch (cause) {
    if (isRefusedArgument(cause)) throw new VerifierError("USAGE", cause.message);
    renew();
    throw new VerifierError("TRAPPED", "the verifier stopped; treat the receipt as not verified", { cause });
  }
}

/** The binding throws plain errors about its arguments only; traps and exhausted stacks are of other classes. */
function isRefusedArgument(error: unknown): error is Error {
  return error instanceof Error && error.constructor === Error;
}

function memoryBytes(): number {
  // Without a module, initSync answers the exports of the running instance.
  const exports = (glue.initSync as () => glue.InitOutput)();
  return exports.memory.buffer.byteLength;
}

function renew(): void {
  try {
    glue.__wbg_reset_state();
  } catch (cause) {
    throw new VerifierError("LOAD_FAILED", "the wasm verifier could not be restarted", { cause });
  }
}
