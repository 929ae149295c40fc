import type { ReasonCode } from "./reasons.js";

/** How much the verifier is asked to establish. Never taken from the receipt. */
export type Level = "proof-only" | "policy-enforced" | "full";

/**
 * What stands behind "this code on these inputs gave this output": a STARK over the execution (`proven`), or the maker's
 * record alone, of which nothing shows that the run took place (`witnessed`).
 */
export type ClaimClass = "proven" | "witnessed";

/** Outcome of one check. A check that was not asked for, or not reached, is `skipped`; it is never left out. */
export type Check =
  | { id: CheckId; outcome: "passed" | "skipped"; code: ReasonCode | null; detail: string }
  | { id: CheckId; outcome: "failed"; code: ReasonCode; detail: string };

/** The checks, in the order in which they run. */
export type CheckId =
  | "container"
  | "capsule"
  | "hashes"
  | "statement"
  | "instance"
  | "proof"
  | "archive"
  | "event_log"
  | "authorship"
  | "policy"
  | "availability";

/**
 * The conclusion in one word. `failed` means that the receipt is accepted and that its program failed: never show it in the colour of
 * success. `demonstration` is a proof about a machine that runs no program of the user's.
 */
export type Conclusion = "proven" | "demonstration" | "witnessed" | "failed" | "refused";

/** A run, as the receipt states it: the maker's word where the claim is witnessed, proven where it is proven. */
export interface RunReport {
  /** The command as it was executed, of a process. */
  command: string[] | null;
  /** SHA-256 of the program's image, of a program that was proven. */
  program: string | null;
  /** What the program ended with. The verifier's own status is `verifier_exit_status`. */
  exit_code: number | null;
  /** The signal that ended the program. */
  signal: number | null;
  /** The program ended by a signal, or with another exit code than 0. */
  failed: boolean;
  /** What it wrote, by path: the first 32. */
  outputs: { path: string; digest: string; size: number }[];
  outputs_total: number;
  /** `observed` or `declared`, of a process. */
  capture: string | null;
  /** What the capture of a process notes about itself, such as `network` or `stdin_not_kept`; `null` where it is not stated. */
  notes: string[] | null;
}

interface VerdictFields {
  schema: "capseal/verdict/v1";
  /** The conclusion in sentences for people. */
  headline: string;
  /** The level that was asked for. */
  level: Level;
  backend: string | null;
  /** Bits of security of the proof, proven for SHA-256 as a random oracle; `null` where there is no proof. */
  security_bits: number | null;
  /** What was run and how it ended; `null` in a refusal, and for backends that run no program of the user's. */
  run: RunReport | null;
  checks: Check[];
  /** What this receipt does not show, one sentence each. */
  not_proven: string[];
  /** Who signed, of those that may; there at `policy-enforced` and above. */
  signers?: Signer[];
  /** What came of the policy; there when its rules were evaluated, also when one of them failed. */
  policy?: PolicyReport;
  /** How the archive was found to be available; there when the last check passed. */
  availability?: Availability;
}

/** How an archive was found to be available: it travels whole, or rows that the verifier drew anew were available when it asked. */
export type Availability =
  | { result: "complete" }
  | {
      result: "live";
      /** When, as the verifier says: milliseconds since the Unix epoch. */
      at: number | null;
      /** Rows that were asked for. */
      samples: number;
      /** Rows that there are. */
      rows: number;
      /** 2 or 4: any such part of the rows rebuilds the archive. */
      inverse_rate: number;
      /** A provider that cannot answer for enough rows passes with a probability of at most 2^-bits. */
      bits: number;
    }
  | {
      /** Enough keys that the trust file lists say that they sampled; the verifier saw no row. */
      result: "attested";
      /** When the earliest of them had its last row. */
      at: number;
      /** Rows that the least thorough of them asked for. */
      samples: number;
      rows: number;
      inverse_rate: number;
      bits: number;
      by: Signer[];
    }
  | {
      /** Rows of a relay's challenge: the archive existed when it was committed. It does not show that more than these exist now. */
      result: "archival";
      committed_at: number;
      at: number;
      samples: number;
      rows: number;
      inverse_rate: number;
      bits: number;
      by: Signer[];
    };

/** A key that signed, and may do so. */
export interface Signer {
  /** Identity of the key: 64 lower-case hexadecimal digits. */
  key_id: string;
  /** What the trust file calls it. */
  name: string;
  purpose: Purpose;
}

/** What a signature is for. */
export type Purpose = "attestation" | "authorship" | "manifests" | "relay";

/** The policy, and what each of its rules answered. */
export interface PolicyReport {
  policy_id: string;
  policy_version: string;
  policy_hash: string;
  track_id: string;
  /** `ATTESTED` when the verifier pinned the policy, `SELF_REPORTED` when the receipt alone names it. */
  assurance: "SELF_REPORTED" | "ATTESTED";
  rules: RuleAnswer[];
}

/** One rule's answer, with the value that it saw. */
export interface RuleAnswer {
  rule: string;
  outcome: "pass" | "fail" | "not_applicable";
  code: ReasonCode | null;
  seen: string;
}

/** What a receipt can come to, the least first. */
export type Status = "PROOF_ONLY" | "POLICY_SELF_REPORTED" | "POLICY_ENFORCED" | "FULLY_VERIFIED";

/** Shows that a policy is in a registry of policies: what `capseal policy registry prove` prints. */
export interface PolicyInclusion {
  schema: "capseal/policy-inclusion/v1";
  rows: number;
  index: number;
  path: string[];
}

/** The receipt holds at the level that was asked for. */
export interface Accepted extends VerdictFields {
  status: Status;
  conclusion: Exclude<Conclusion, "refused">;
  claim_class: ClaimClass;
  reason: null;
  /** What a verifying command ends with; the program's own is `run.exit_code`. */
  verifier_exit_status: 0;
  /** 64 lower-case hexadecimal digits. */
  capsule_hash: string;
}

/** The receipt does not hold; `reason` is the code of the first check that failed. */
export interface Rejected extends VerdictFields {
  status: "REJECTED";
  conclusion: "refused";
  claim_class: null;
  reason: ReasonCode;
  verifier_exit_status: 10 | 11 | 12 | 13 | 20;
  capsule_hash: string | null;
}

/** What the verifier says about a receipt. */
export type Verdict = Accepted | Rejected;

/** What the verifier is asked. Unknown keys are an error. */
export interface VerifyOptions {
  /** Default: `proof-only`. */
  level?: Level;
  /** Refuse any receipt but this one: 64 lower-case hexadecimal digits. */
  expected_capsule_hash?: string;
  /** The text of a trust file (TOML): whom to trust for what. No level above `proof-only` is reached without it. */
  trust?: string;
  /** The text of the policy document that must apply, instead of the one that the receipt brings along. */
  policy?: string;
  policy_inclusion?: PolicyInclusion;
  /** The moment at which keys and ages are judged, in milliseconds since the Unix epoch. Default: now, when `trust` is given. */
  at?: number;
  /** The least status to accept. */
  require_status?: Status;
  /** The exit code that the program must have ended with: 0 refuses a run that failed. */
  require_exit?: number;
  /** What came of sampling; `audit` makes it. */
  samples?: Samples;
  /** A relay's challenge, and what it calls for. */
  challenge?: Challenged;
  /** What auditors say that they sampled. */
  attestations?: Attestations;
}

/** A relay's challenge and the rows that it calls for. */
export interface Challenged {
  /** The relay's receipt of the commit, in base64; null when it gave none. */
  commit: string | null;
  challenge: string | null;
  /** The fewest bits that a challenge may ask for. Default: 80. */
  bits?: number;
  answers: (string | null)[];
}

/** Attestations, and how many have to be good. */
export interface Attestations {
  /** Default: 1. */
  threshold?: number;
  /** The fewest bits that each has to have sampled. Default: 80. */
  bits?: number;
  /** How old they may be; any age when it is left out. */
  max_age_ms?: number;
  /** Messages in base64. */
  given: string[];
}

/** Rows that were asked for. */
export interface Samples {
  /** What the positions were drawn with: 64 lower-case hexadecimal digits, drawn anew for each audit. */
  nonce: string;
  bits?: number;
  /** Base64, in the order of the positions; null for a row that was missing. */
  answers: (string | null)[];
}

/** Whom to ask for rows, and how much they have to show. */
export interface AuditOptions extends Omit<VerifyOptions, "samples" | "challenge" | "attestations"> {
  /** URLs of providers of the archive, in the order in which they are asked. */
  providers: string[];
  /** URL of a relay: the rows that its challenge calls for are asked for too, and what it says is judged by the trust file. */
  relay?: string;
  /** How many have to attest that they sampled. Without `given`, what the relay keeps is judged. */
  attestations?: Omit<Attestations, "given"> & Partial<Pick<Attestations, "given">>;
  /** Headers for a request: a capability token and the proof of its holder, for bundles that need them (`capseal cap prove`). */
  headers?: (url: string) => Record<string, string> | Promise<Record<string, string>>;
  /** Bits that the samples have to show, 1 to 100. Default: 80. */
  bits?: number;
  /** Called once before anything is asked for, with the number of rows. */
  onPlan?: (rows: number) => void;
  /** Called for each row, with its place among those that are asked for. That a row was had does not say that it holds: the verdict does. */
  onRow?: (place: number, had: boolean) => void;
  /** Ends the audit: what is missing by then counts as not available. */
  signal?: AbortSignal;
}

/** Whether the receipt holds at the level that was asked for. */
export function isAccepted(verdict: Verdict): verdict is Accepted {
  return verdict.status !== "REJECTED";
}
