// Requests to hosts that may be hostile: bounded in time and bytes, never redirected, never with a cookie.
import { VerifierError } from "./errors.js";
import type { AuditOptions } from "./verdict.js";

const ANSWER_MS = 30_000;
const RETRIES = 3;
const JITTER_MS = 250;
const MOST_JITTER_MS = 5_000;
const MOST_RETRY_AFTER_S = 30;

export class Fetcher {
  readonly #end: AbortSignal;
  readonly #headers: AuditOptions["headers"];

  constructor(end: AbortSignal, headers?: AuditOptions["headers"]) {
    this.#end = end;
    this.#headers = headers;
  }

  get ended(): boolean {
    return this.#end.aborted;
  }

  /** What the first host gives that gives something; `undefined` when none does. */
  async first(bases: string[], path: string, length: number): Promise<Uint8Array | undefined> {
    for (const base of bases) {
      const answer = await this.#withRetries(() => this.#get(base + path, length));
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  async #withRetries(attempt: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    for (let tries = 0; !this.ended; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof VerifierError) throw error;
        if (tries >= RETRIES) return undefined;
        const jitter = Math.random() * Math.min(JITTER_MS * 2 ** tries, MOST_JITTER_MS);
        const pause = error instanceof Passing ? (error.afterMs ?? jitter) : jitter;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return undefined;
  }

  /** The body of a 200, up to one byte more than is expected; undefined for what is not there. */
  async #get(url: string, length: number): Promise<Uint8Array | undefined> {
    const response = await fetch(url, {
      headers: await this.#headersOf(url),
      signal: AbortSignal.any([this.#end, AbortSignal.timeout(ANSWER_MS)]),
      redirect: "error",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
    });
    if (response.status === 408 || response.status === 429 || response.status >= 500) {
      void response.body?.cancel();
      const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
      throw new Passing(seconds >= 0 ? Math.min(seconds, MOST_RETRY_AFTER_S) * 1000 : undefined);
    }
    if (response.status !== 200 || response.body === null) {
      void response.body?.cancel();
      return undefined;
    }
    return readUpTo(response.body, length + 1);
  }

  async #headersOf(url: string): Promise<Record<string, string>> {
    try {
      const made = await this.#headers?.(url);
      return made === undefined ? {} : Object.fromEntries(new Headers(made));
    } catch (cause) {
      throw new VerifierError("USAGE", "the headers of a request could not be made", { cause });
    }
  }
}

/** A failure after which another try may go better, and when. */
class Passing extends Error {
  constructor(readonly afterMs?: number) {
    super();
  }
}

/** Never holds more than one piece beyond the cap, whatever the body decodes to. */
async function readUpTo(body: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  const reader = body.getReader();
  let length = 0;
  while (length < most) {
    const { done, value } = await reader.read();
    if (done) break;
    const piece = value.subarray(0, most - length);
    bytes.set(piece, length);
    length += piece.length;
  }
  if (length === most) void reader.cancel().catch(() => undefined);
  return bytes.subarray(0, length);
}

/** A host's address, without a slash at its end. */
export function baseOf(address: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new VerifierError("USAGE", "a provider or relay is not a URL", { cause });
  }
  const known = url.protocol === "https:" || url.protocol === "http:";
  if (!known || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new VerifierError("USAGE", "a provider or relay is a URL of http or https without name, query and fragment");
  }
  return url.href.replace(/\/+$/, "");
}

const PIECE = 0x8000;

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(text);
}
