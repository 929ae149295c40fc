import type { LogLevel } from "./log.js";
import type { ReasonCode } from "./reasons.js";

export type Permission = "read" | "create" | "modify" | "verify";

/** What a capability token is judged by. */
export interface CapabilityOptions {
  /** The time, in milliseconds since the Unix epoch; now when absent. */
  at?: number;
  /** Issuers whose tokens count: public keys of 66 hexadecimal digits. None is trusted by default. */
  roots?: string[];
  /** Revocation lists, as `capseal cap revoke` writes them. */
  revocations?: string[];
  /** The highest number that was seen of an issuer's lists; an older list is refused. */
  seen?: { issuer: string; seq: number }[];
  /** Whether reading and verifying is allowed without lists that are in use. Creating and modifying never is. */
  stale_reads?: boolean;
  /** What is asked for; without it the token alone is judged. */
  request?: CapabilityRequest;
  /** What the proof of possession must be for; without it none is asked for. */
  possession?: ExpectedPossession;
  /** Nonces that were used before, of 32 hexadecimal digits. */
  seen_nonces?: string[];
}

export interface CapabilityRequest {
  /** Who is asked: the provider's name. */
  audience: string;
  permission: Permission;
  /** One resource, such as `bundle/<capsule hash>/blobs/<digest>`. */
  resource: string;
  /** The level at which it is logged; S0 when absent. */
  level?: LogLevel;
  /** The length of the content; 0 when absent. */
  bytes?: number;
}

export interface ExpectedPossession {
  /** The proof; null when none came. */
  proof: string | null;
  method: string;
  path: string;
  /** SHA-256 of the request's body; of nothing when absent. */
  body?: string;
}

interface DecisionFacts {
  schema: "capseal/capability-decision/v1";
  /** SHA-256 that proofs of possession are bound to; null when the token cannot be read. */
  token: string | null;
  /** What the token says, link by link; unverified when it is denied. */
  links: CapabilityLink[];
  /** The lists that concern the token. */
  revocations: { issuer: string; seq: number; issued_at: number; next_update: number; fresh: boolean }[];
  /** What is not shown, one plain sentence each. */
  not_shown: string[];
}

/** `allowed`: what was asked for is. `valid`: the token holds, and nothing was asked for. */
export interface CapabilityHolds extends DecisionFacts {
  outcome: "allowed" | "valid";
  reason: null;
  verifier_exit_status: 0;
  http_status: 200;
  rule: null;
  link: null;
  detail: null;
  /** Whether a proof of possession was asked for, and holds. */
  possession: boolean;
}

export interface CapabilityDenied extends DecisionFacts {
  outcome: "denied";
  reason: ReasonCode;
  verifier_exit_status: 11 | 20;
  /** 401: there is no token that holds. 403: it holds and is not enough. */
  http_status: 401 | 403;
  /** The rule that fails, by its stable name. */
  rule: string;
  /** The link that breaks it, counted from 0. */
  link: number | null;
  detail: string;
  possession: false;
}

/** The decision about a token: for one request, at one time. Never keep it for another. */
export type CapabilityDecision = CapabilityHolds | CapabilityDenied;

export interface CapabilityLink {
  capability_id: string;
  subject: string;
  permissions: Permission[];
  /** Several are separated by a space. */
  resource: string;
  expires: string;
  signature: string;
}
