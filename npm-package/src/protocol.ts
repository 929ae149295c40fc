// What a program and its worker say to each other.
import * as engine from "./engine.js";
import { VerifierError, type VerifierErrorCode } from "./errors.js";
import type { VerifyOptions } from "./verdict.js";

export type Call =
  | { name: "verify"; bytes: Uint8Array; options: VerifyOptions | undefined }
  | { name: "plan"; bytes: Uint8Array; nonce: string; bits: number }
  | { name: "challengePlan"; bytes: Uint8Array; challenge: Uint8Array }
  | { name: "attestationList"; bytes: Uint8Array }
  | { name: "inspect"; bytes: Uint8Array }
  | { name: "artifact"; bytes: Uint8Array; digest: string }
  | { name: "entryProof"; bytes: Uint8Array; index: number };

export type Request = { id: number; call: Call };
export type Answer = { id: number; value: unknown } | { id: number; error: { code: VerifierErrorCode; message: string } };

/** Runs a call on this thread. */
export function run(call: Call): unknown {
  switch (call.name) {
    case "verify":
      return engine.verify(call.bytes, call.options);
    case "plan":
      return engine.samplePlan(call.bytes, call.nonce, call.bits);
    case "challengePlan":
      return engine.challengePlan(call.bytes, call.challenge);
    case "attestationList":
      return engine.attestationList(call.bytes);
    case "inspect":
      return engine.inspect(call.bytes);
    case "artifact":
      return engine.artifact(call.bytes, call.digest);
    case "entryProof":
      return engine.entryProof(call.bytes, call.index);
  }
}

/** Runs a request; an error becomes part of the answer, so that one request never ends the worker. */
export function answer({ id, call }: Request): Answer {
  try {
    return { id, value: run(call) };
  } catch (error) {
    const code = error instanceof VerifierError ? error.code : "TRAPPED";
    return { id, error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}
