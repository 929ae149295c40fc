// Sampling of archives that are kept elsewhere: which rows, the core says; here they are fetched, within bounds, through fetch alone.
import { askRelay } from "./relay.js";
import { baseOf, base64, Fetcher } from "./fetcher.js";
import type { Audit } from "./options.js";
import type { AuditOptions, Verdict, VerifyOptions } from "./verdict.js";

/** What to ask for, as the core says it. */
export interface SamplePlan {
  header_commit_hash: string;
  da_hash: string;
  positions: number[];
  answer_len: number;
  rows: number;
}

/** What an audit asks of the core, wherever that runs. */
export interface Core {
  verify(options: VerifyOptions): Verdict | Promise<Verdict>;
  plan(nonce: string, bits: number): SamplePlan | undefined | Promise<SamplePlan | undefined>;
  challengePlan(challenge: Uint8Array): SamplePlan | undefined | Promise<SamplePlan | undefined>;
  attestationList(list: Uint8Array): Uint8Array[] | Promise<Uint8Array[]>;
}

const CONCURRENCY = 6;
const TOTAL_MS = 120_000;
const DEFAULT_BITS = 80;

/**
 * Verifies a receipt, samples the rows of an archive that is kept elsewhere, and verifies it with the answers. The positions are drawn once;
 * retries and further providers are for the same ones.
 */
export async function auditBy(core: Core, audit: Audit): Promise<Verdict> {
  const { providers, relay, bits = DEFAULT_BITS, onPlan, onRow, signal, headers, attestations, judge: asked } = audit;
  const bases = providers.map(baseOf);
  const relayBase = relay === undefined ? undefined : baseOf(relay);
  // Nobody is asked for rows of a receipt that is refused anyway.
  const { require_status: _, ...intact } = withTime(asked);
  const first = await core.verify({ ...intact, level: "proof-only" });
  if (first.status === "REJECTED") return first;
  const nonce = hex(crypto.getRandomValues(new Uint8Array(32)));
  const plan = await core.plan(nonce, bits);
  const judge = withTime(asked);
  if (plan === undefined) return core.verify({ ...judge, samples: { nonce, bits, answers: [] } });
  const fetcher = new Fetcher(endOf(signal), headers);

  const told = relayBase === undefined ? undefined : await askRelay(core, fetcher, relayBase, plan.header_commit_hash);
  onPlan?.(plan.positions.length + (told?.plan?.positions.length ?? 0));
  const shown = attestations && { ...attestations, given: attestations.given ?? told?.attestations ?? [] };
  const judgeBy = async (hosts: string[]): Promise<Verdict> => {
    const rows = (of: SamplePlan, offset: number) => fetchRows(fetcher, hosts, of, (place, had) => onRow?.(offset + place, had));
    const called = told?.plan === undefined ? [] : await rows(told.plan, plan.positions.length);
    return core.verify({
      ...judge,
      samples: { nonce, bits, answers: await rows(plan, 0) },
      ...(told && { challenge: { ...told.messages, bits, answers: called } }),
      ...(shown && { attestations: shown }),
    });
  };
  let verdict = await judgeBy(bases);
  // A provider whose answers do not hold is not asked again; those behind it are, for the same rows.
  for (let next = 1; next < bases.length && mayHoldElsewhere(verdict) && !fetcher.ended; next++) verdict = await judgeBy(bases.slice(next));
  return verdict;
}

/** Whether it is the archive alone that is missing. */
function mayHoldElsewhere({ checks }: Verdict): boolean {
  return checks.at(-1)?.outcome === "failed";
}

function withTime(asked: VerifyOptions): VerifyOptions {
  return { at: Date.now(), ...asked };
}

/** The caller's signal may come from another realm, which `AbortSignal.any` does not take. */
function endOf(signal: AbortSignal | undefined): AbortSignal {
  const deadline = AbortSignal.timeout(TOTAL_MS);
  if (signal === undefined) return deadline;
  const ended = new AbortController();
  if (signal.aborted) ended.abort();
  signal.addEventListener("abort", () => ended.abort(), { once: true });
  return AbortSignal.any([deadline, ended.signal]);
}

/** Every row of the plan, in its order; null for one that was missing. They are asked for in a random order. */
async function fetchRows(fetcher: Fetcher, bases: string[], plan: SamplePlan, onRow: NonNullable<AuditOptions["onRow"]>): Promise<(string | null)[]> {
  const answers = plan.positions.map((): string | null => null);
  const places = shuffled(plan.positions.length);
  const work = async (): Promise<void> => {
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const path = `/v1/da/${plan.da_hash}/rows/${plan.positions[place]}`;
      const answer = await fetcher.first(bases, path, plan.answer_len);
      answers[place] = answer === undefined ? null : base64(answer);
      onRow(place, answer !== undefined);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return answers;
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
