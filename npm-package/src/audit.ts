// Sampling of archives that lie elsewhere: which rows, the core says; here they are fetched, within bounds, through fetch alone.
import { VerifierError } from "./errors.js";
import type { Verdict, VerifyOptions } from "./verdict.js";

/** Whom to ask for rows, and how much they have to show. */
export interface AuditOptions extends Omit<VerifyOptions, "samples"> {
  /** URLs of providers of the archive, in the order in which they are asked. */
  providers: string[];
  /** Bits that the samples have to show, 1 to 100. Default: 80. */
  bits?: number;
  /** Called once before anything is asked for, with the number of rows. */
  onPlan?: (rows: number) => void;
  /** Called for each row, with its place among those that are asked for. That a row was had does not say that it holds: the verdict does. */
  onRow?: (place: number, had: boolean) => void;
  /** Ends the audit: what is missing by then could not be had. */
  signal?: AbortSignal;
}

/** What to ask for, as the core says it. */
export interface SamplePlan {
  da_hash: string;
  positions: number[];
  answer_len: number;
  rows: number;
}

/** What an audit asks of the core, wherever that runs. */
export interface Core {
  verify(options: VerifyOptions): Verdict | Promise<Verdict>;
  plan(nonce: string, bits: number): SamplePlan | undefined | Promise<SamplePlan | undefined>;
}

const CONCURRENCY = 6;
const ANSWER_MS = 30_000;
const TOTAL_MS = 120_000;
const RETRIES = 3;
const JITTER_MS = 250;
const MOST_JITTER_MS = 5_000;
const MOST_RETRY_AFTER_S = 30;
const DEFAULT_BITS = 80;

/**
 * Verifies a receipt, samples the rows of an archive that lies elsewhere, and verifies it with the answers. The positions are drawn once;
 * retries and further providers are for the same ones.
 */
export async function auditBy(core: Core, options: AuditOptions): Promise<Verdict> {
  const { providers, bits = DEFAULT_BITS, onPlan, onRow, signal, ...asked } = options;
  const bases = providers.map(baseOf);
  // Nobody is asked for rows of a receipt that is refused anyway.
  const { require_status: _, ...intact } = asked;
  const first = await core.verify({ ...intact, level: "proof-only" });
  if (first.status === "REJECTED") return first;
  const nonce = hex(crypto.getRandomValues(new Uint8Array(32)));
  const plan = await core.plan(nonce, bits);
  const at = asked.at ?? Date.now();
  if (plan === undefined) return core.verify({ ...asked, at, samples: { nonce, bits, answers: [] } });
  onPlan?.(plan.positions.length);
  const deadline = AbortSignal.timeout(TOTAL_MS);
  const end = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);

  let verdict: Verdict | undefined;
  // A provider whose answers do not hold is not asked again; those behind it are, for the same rows.
  for (let start = 0; start === 0 || start < bases.length; start++) {
    const answers = await fetchRows(bases.slice(start), plan, end, onRow);
    verdict = await core.verify({ ...asked, at, samples: { nonce, bits, answers } });
    if (verdict.reason === null || verdict.checks.at(-1)?.outcome !== "failed" || end.aborted) break;
  }
  return verdict as Verdict;
}

/** Every row of the plan, in its order; null for one that could not be had. They are asked for in a random order. */
async function fetchRows(
  bases: string[],
  plan: SamplePlan,
  end: AbortSignal,
  onRow: AuditOptions["onRow"],
): Promise<(string | null)[]> {
  const answers = plan.positions.map((): string | null => null);
  const places = shuffled(plan.positions.length);
  const work = async (): Promise<void> => {
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const path = `/v1/da/${plan.da_hash}/rows/${plan.positions[place]}`;
      const answer = await fetchRow(bases, path, plan.answer_len, end);
      answers[place] = answer === undefined ? null : base64(answer);
      onRow?.(place, answer !== undefined);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return answers;
}

async function fetchRow(
  bases: string[],
  path: string,
  length: number,
  end: AbortSignal,
): Promise<Uint8Array | undefined> {
  for (const base of bases) {
    const answer = await withRetries(() => get(base + path, length, end), end);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** A failure after which another try may go better, and when. */
class Passing extends Error {
  constructor(readonly afterMs?: number) {
    super();
  }
}

async function withRetries(
  attempt: () => Promise<Uint8Array | undefined>,
  end: AbortSignal,
): Promise<Uint8Array | undefined> {
  for (let tries = 0; !end.aborted; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= RETRIES) return undefined;
      const jitter = Math.random() * Math.min(JITTER_MS * 2 ** tries, MOST_JITTER_MS);
      const pause = error instanceof Passing ? (error.afterMs ?? jitter) : jitter;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return undefined;
}

/** The body of a 200, up to one byte more than is expected; undefined for what is not there. */
async function get(url: string, length: number, end: AbortSignal): Promise<Uint8Array | undefined> {
  const response = await fetch(url, {
    signal: AbortSignal.any([end, AbortSignal.timeout(ANSWER_MS)]),
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

function baseOf(provider: string): string {
  let url: URL;
  try {
    url = new URL(provider);
  } catch (cause) {
    throw new VerifierError("USAGE", "a provider is not a URL", { cause });
  }
  const known = url.protocol === "https:" || url.protocol === "http:";
  if (!known || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new VerifierError("USAGE", "a provider is a URL of http or https without name, query and fragment");
  }
  return url.href.replace(/\/+$/, "");
}

function shuffled(count: number): number[] {
  const places = Array.from({ length: count }, (_, place) => place);
  for (let last = count - 1; last > 0; last--) {
    const drawn = Math.floor(Math.random() * (last + 1));
    [places[last], places[drawn]] = [places[drawn] as number, places[last] as number];
  }
  return places;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const PIECE = 0x8000;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(text);
}
