// Many receipts, one after another, on all threads of a verifier; no more are held than these have to do.
import type { VerifierError } from "./errors.js";
import { kindOf, wrong } from "./options.js";
import type { Source } from "./source.js";
import type { Verdict } from "./verdict.js";

/** What came of one of many receipts. That one cannot be read does not end the others. */
export type Verified =
  | { /** Its place, from 0. */ index: number; verdict: Verdict; error: null }
  | { index: number; verdict: null; error: VerifierError };

/** Receipts, as they come. */
export type Sources = Iterable<Source | Promise<Source>> | AsyncIterable<Source>;

/** Receipts that are held for each thread: one that is checked, and one that waits for that. */
const HELD = 2;

/** @internal */
export function assertSources(sources: unknown): void {
  const given = sources as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const isIterable = typeof given?.[Symbol.asyncIterator] === "function" || typeof given?.[Symbol.iterator] === "function";
  if (!isIterable || typeof sources === "string" || ArrayBuffer.isView(sources)) {
    throw wrong(`receipts are an iterable of sources, not ${kindOf(sources)}`);
  }
}

/** In the order of the sources. @internal */
export async function* verifyEach(
  sources: Sources,
  verify: (source: Source) => Promise<Verdict>,
  threads: number,
): AsyncGenerator<Verified, void, undefined> {
  const held: Promise<Verified>[] = [];
  let index = 0;
  for await (const source of sources) {
    held.push(settled(index++, verify(source)));
    if (held.length >= threads * HELD) yield held.shift() as Promise<Verified>;
  }
  for (const verified of held) yield verified;
}

async function settled(index: number, verdict: Promise<Verdict>): Promise<Verified> {
  try {
    return { index, verdict: await verdict, error: null };
  } catch (error) {
    return { index, verdict: null, error: error as VerifierError };
  }
}
