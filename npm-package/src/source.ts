// Where receipts come from. What is in memory is copied at the call; what is read is read up to the limit and no further.
import { VerifierError } from "./errors.js";
import { kindOf, wrong } from "./options.js";

/** A receipt in memory, as it is at the moment of the call. */
export type Bytes = Uint8Array | ArrayBuffer | SharedArrayBuffer;

/** A receipt in memory, a file, the body of a request or an answer, or a stream of bytes. */
export type Source = Bytes | Blob | Response | Request | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Bytes that a receipt has at most (docs/spec/limits.md, `file_bytes`). */
const MOST_RECEIPT = 48 * 1024 * 1024;

type Body = { body?: unknown; bodyUsed?: unknown; ok?: unknown; status?: unknown; headers?: { get?(name: string): string | null } };
type Chunks = { getReader?: ReadableStream<unknown>["getReader"]; [Symbol.asyncIterator]?: () => AsyncIterator<unknown> };

const tagOfView = getter(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);
const lengthOfView = getter(Object.getPrototypeOf(Uint8Array.prototype) as object, "byteLength");
const lengthOfBuffer = getter(ArrayBuffer.prototype, "byteLength");
const lengthOfShared = typeof SharedArrayBuffer === "undefined" ? undefined : getter(SharedArrayBuffer.prototype, "byteLength");

/** A copy of what is in memory; of what is longer than `most`, a stand-in that is too long. @internal */
export function copyBytes(source: unknown, most = MOST_RECEIPT): Uint8Array<ArrayBuffer> {
  return copied(source, most) ?? refuse(source);
}

/** Reads a source. What is in memory is copied before this returns. @internal */
export async function readSource(source: unknown, most = MOST_RECEIPT): Promise<Uint8Array<ArrayBuffer>> {
  const copy = copied(source, most);
  if (copy !== undefined) return copy;
  if (typeof source !== "object" || source === null) return refuse(source);
  try {
    return await readObject(source, most);
  } catch (cause) {
    if (cause instanceof VerifierError) throw cause;
    throw new VerifierError("UNREADABLE", "the receipt could not be read", { cause });
  }
}

/** More than `most` bytes: the core looks at the length alone, so that nothing more has to be read. */
function tooLong(most: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(most + 1);
}

function refuse(source: unknown): never {
  throw wrong(`a receipt is a Uint8Array or an ArrayBuffer, or for the functions that wait a Blob, a Response or a stream, not ${kindOf(source)}`);
}

/** By internal slots, not by class: bytes may come from another realm, such as a frame, a test runner or a vm context. */
function copied(source: unknown, most: number): Uint8Array<ArrayBuffer> | undefined {
  const isView = tagOfView(source) === "Uint8Array";
  const length = isView ? lengthOfView(source) : (lengthOfBuffer(source) ?? lengthOfShared?.(source));
  if (typeof length !== "number") return undefined;
  if (length > most) return tooLong(most);
  try {
    // From a view over shared or resizable memory: what it shows now, in memory of its own.
    return isView ? new Uint8Array(source as Uint8Array) : new Uint8Array(source as ArrayBuffer).slice();
  } catch (cause) {
    throw wrong("the bytes are no longer there: their buffer was given away or became too short", cause);
  }
}

async function readObject(source: Body & Partial<Blob> & Chunks, most: number): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof source.size === "number" && typeof source.slice === "function") return readBlob(source as Blob, most);
  if ("body" in source && typeof source.arrayBuffer === "function") return readBody(source as Body & Partial<Blob>, most);
  if (typeof source.arrayBuffer === "function") return copyBytes(await source.arrayBuffer(), most);
  return isStream(source) ? readStream(source, most) : refuse(source);
}

async function readBlob(blob: Blob, most: number): Promise<Uint8Array<ArrayBuffer>> {
  if (blob.size > most) return tooLong(most);
  return copyBytes(typeof blob.arrayBuffer === "function" ? await blob.arrayBuffer() : await readByReader(blob), most);
}

/** jsdom's blobs have no other way. */
function readByReader(blob: Blob): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(blob);
  });
}

async function readBody(message: Body & Partial<Blob>, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const { body } = message;
  const stream = isStream(body) ? body : undefined;
  if (message.ok === false) {
    abandon(stream);
    throw new VerifierError("UNREADABLE", `the server answered ${String(message.status)}`);
  }
  if (message.bodyUsed === true) throw new VerifierError("UNREADABLE", "the body was read before");
  // The length of a compressed body is not that of what comes out of it.
  const isCompressed = (message.headers?.get?.("content-encoding") ?? "identity") !== "identity";
  const announced = Number(message.headers?.get?.("content-length") ?? 0);
  if (announced > most && !isCompressed) {
    abandon(stream);
    return tooLong(most);
  }
  if (stream) return readStream(stream, most);
  return body === null ? new Uint8Array() : copyBytes(await message.arrayBuffer?.(), most);
}

function isStream(value: unknown): value is Chunks {
  const stream = value as Chunks | null | undefined;
  return typeof stream?.getReader === "function" || typeof stream?.[Symbol.asyncIterator] === "function";
}

function abandon(stream: Chunks | undefined): void {
  if (stream === undefined) return;
  const ended = (stream as Partial<ReadableStream>).cancel?.();
  ended?.catch(() => undefined);
}

async function readStream(stream: Chunks, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(stream)) {
    const piece = copied(chunk, most);
    if (piece === undefined) throw new VerifierError("UNREADABLE", `the stream gives ${kindOf(chunk)}, not bytes`);
    length += piece.length;
    if (length > most) return tooLong(most);
    pieces.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Not every browser can iterate over a stream. */
async function* chunksOf(stream: Chunks): AsyncGenerator<unknown, void, undefined> {
  if (typeof stream.getReader !== "function") {
    yield* stream as AsyncIterable<unknown>;
    return;
  }
  const reader = stream.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** The value of a built-in getter; undefined where the value is of another kind. */
function getter(prototype: object, name: string | symbol): (of: unknown) => unknown {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return (of) => {
    try {
      return get?.call(of);
    } catch {
      return undefined;
    }
  };
}
