/**
 * Why a call gave no answer. A refused receipt is not an error: its verdict says `REJECTED`.
 *
 * - `USAGE`: the arguments are not what the types say.
 * - `NOT_LOADED`: a synchronous call in a browser before `load()`.
 * - `LOAD_FAILED`: the wasm module could not be fetched, compiled or started.
 * - `UNREADABLE`: the `Blob` or `Response` could not be read.
 * - `TRAPPED`: the verifier stopped (out of memory, for one). Treat the receipt as not verified. The instance was
 *   thrown away; the next call gets a fresh one.
 * - `TERMINATED`: `terminate()` was called before the answer came.
 */
export type VerifierErrorCode = "USAGE" | "NOT_LOADED" | "LOAD_FAILED" | "UNREADABLE" | "TRAPPED" | "TERMINATED";

/** A call gave no answer; `code` is stable, the message is not. */
export class VerifierError extends Error {
  readonly code: VerifierErrorCode;

  constructor(code: VerifierErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "VerifierError";
    this.code = code;
  }
}
