/**
 * Why a call gave no answer. A refused receipt is not an error: its verdict says `REJECTED`.
 *
 * - `USAGE`: the arguments are not what the types say.
 * - `NOT_LOADED`: a synchronous call in a browser before `load()`.
 * - `LOAD_FAILED`: the wasm module could not be fetched, compiled or started.
 * - `UNREADABLE`: the `Blob`, `Response` or stream could not be read.
 * - `TRAPPED`: the verifier stopped (out of memory, for one). Treat the receipt as not verified. The instance was
 *   thrown away; the next call gets a fresh one.
 * - `TERMINATED`: `terminate()` was called before the answer came.
 */
export type VerifierErrorCode = "USAGE" | "NOT_LOADED" | "LOAD_FAILED" | "UNREADABLE" | "TRAPPED" | "TERMINATED";

const MARK = Symbol.for("capseal-verify.VerifierError");

/** A call gave no answer; `code` is stable, the message is not. */
export class VerifierError extends Error {
  readonly code: VerifierErrorCode;

  constructor(code: VerifierErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "VerifierError";
    this.code = code;
    Object.defineProperty(this, MARK, { value: true });
  }

  /**
   * A program may hold this package more than once: imported and required, bundled and not, both of its entries. An error of one is an
   * error of all.
   *
   * @internal
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== VerifierError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && MARK in value;
  }
}
