import { VerifierError } from "./errors.js";

/** A receipt in memory. */
export type Bytes = Uint8Array | ArrayBuffer;

/** A receipt in memory, a dropped file, or the answer of a `fetch`. */
export type Source = Bytes | Blob | Response;

/** The bytes of a source that is in memory already; no copy is made. @internal */
export function viewBytes(source: Bytes): Uint8Array {
  if (source instanceof Uint8Array) return source;
  // By tag, not by class: a buffer may come from another realm (a frame, a test runner).
  if (Object.prototype.toString.call(source) === "[object ArrayBuffer]") return new Uint8Array(source);
  throw new VerifierError("USAGE", "a receipt is a Uint8Array or an ArrayBuffer");
}

/** Reads a source to its end. @internal */
export async function readSource(source: Source): Promise<Uint8Array> {
  if (!isReadable(source)) return viewBytes(source);
  if ("ok" in source && !source.ok) {
    throw new VerifierError("UNREADABLE", `the server answered ${source.status}`);
  }
  try {
    return new Uint8Array(await source.arrayBuffer());
  } catch (cause) {
    throw new VerifierError("UNREADABLE", "the receipt could not be read", { cause });
  }
}

function isReadable(source: Source): source is Blob | Response {
  return typeof (source as Blob | null)?.arrayBuffer === "function";
}
