// Receipts from an address: fetched without credentials, up to the size limit. The one-file build may not reach anybody.
import { size } from "./element.js";
import { isOneFile } from "./engine.js";
import { IntakeError, LARGEST, tooLarge, type Gesture, type Handed } from "./handed.js";

const PATIENCE_MS = 60_000;

/** What an address answers. What is wrong with the address is said when it is read, as for any other file. */
export function gestureOfAddress(text: string): Gesture {
  const handed: Handed = { name: nameOf(text), read: (signal) => fetchReceipt(text, signal) };
  return { title: handed.name, collect: () => Promise.resolve({ handed: [handed], left: [] }) };
}

/** The first link of a list of links, of whatever kind. */
export function firstLink(list: string): string | undefined {
  return list.split(/\r?\n/).find((line) => line !== "" && !line.startsWith("#"));
}

/** The address that a text is; `undefined` when it is none. */
export function addressIn(text: string): string | undefined {
  return /^\s*https?:\/\/\S+\s*$/i.test(text) ? text.trim() : undefined;
}

function nameOf(text: string): string {
  const address = parse(text);
  if (!address) return text.trim() || "No address";
  return decodeName(address.pathname.split("/").pop() ?? "") || address.host || address.href;
}

function parse(text: string): URL | undefined {
  try {
    return text.trim() === "" ? undefined : new URL(text.trim(), document.baseURI);
  } catch {
    return undefined;
  }
}

async function fetchReceipt(text: string, signal: AbortSignal): Promise<Uint8Array> {
  const address = parseAddress(text);
  const ends = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    ends.abort();
  }, PATIENCE_MS);
  signal.addEventListener("abort", () => ends.abort());
  const response = await fetch(address, {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    signal: ends.signal,
  }).catch(() => {
    if (late) throw new IntakeError(`${address.host} did not answer within a minute.`);
    throw new IntakeError(
      `${address.host} could not be reached, or does not let other pages read from it (CORS). Download the file yourself and drop it here.`,
    );
  });
  try {
    if (!response.ok) throw new IntakeError(`${address.host} answered ${response.status} for this address.`);
    return await readBody(response);
  } finally {
    clearTimeout(timer);
  }
}

function parseAddress(text: string): URL {
  if (text.trim() === "") throw new IntakeError("Enter the address of a receipt first.");
  const address = parse(text);
  if (!address) throw new IntakeError("This is not an address. It looks like https://example.org/run.cap.");
  if (isOneFile()) {
    throw new IntakeError("This copy of the page reaches no network. Download the file yourself and drop it here.");
  }
  if (address.protocol !== "https:" && address.origin !== location.origin) {
    throw new IntakeError("Only https addresses of other hosts can be fetched.");
  }
  return address;
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function readBody(response: Response): Promise<Uint8Array> {
  const claimed = Number(response.headers.get("content-length"));
  if (claimed > LARGEST) throw tooLarge(claimed);
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
      if (length > LARGEST) throw tooLarge(length);
      chunks.push(next.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error instanceof IntakeError ? error : new IntakeError(`The answer broke off after ${size(length)}.`);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
