// What a relay says about a receipt: its challenge, and who else sampled. Judged by the core, with everything else.
import type { Core, SamplePlan } from "./audit.js";
import { VerifierError } from "./errors.js";
import { base64, type Fetcher } from "./fetcher.js";
import type { Challenged } from "./verdict.js";

/** Bytes of a message at most, and of a list of 64 of them (docs/spec/relay.md). */
const MAX_MESSAGE = 1024;
const MAX_LIST = 64 * (MAX_MESSAGE + 3) + 2;

interface Told {
  messages: Pick<Challenged, "commit" | "challenge">;
  /** The rows that the challenge calls for; none when it is no challenge. */
  plan: SamplePlan | undefined;
  attestations: string[];
}

export async function askRelay(core: Core, fetcher: Fetcher, base: string, commit: string): Promise<Told> {
  const path = `/v1/commits/${commit}`;
  const [receipt, challenge, list] = await Promise.all([
    fetcher.first([base], path, MAX_MESSAGE),
    fetcher.first([base], `${path}/challenge`, MAX_MESSAGE),
    fetcher.first([base], `${path}/attestations`, MAX_LIST),
  ]);
  const text = (message: Uint8Array | undefined): string | null => (message === undefined ? null : base64(message));
  return {
    messages: { commit: text(receipt), challenge: text(challenge) },
    plan: challenge && (await unlessRefused(() => core.challengePlan(challenge))),
    attestations: ((list && (await unlessRefused(() => core.attestationList(list)))) ?? []).map(base64),
  };
}

/** What a relay sends may be no message: the verdict says so, as nobody can answer it. */
async function unlessRefused<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof VerifierError && error.code === "USAGE") return undefined;
    throw error;
  }
}
