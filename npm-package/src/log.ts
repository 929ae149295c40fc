import type { ReasonCode } from "./reasons.js";

/** How far a log is checked; each level includes the ones before. */
export type LogLevel = "S0" | "S1" | "S2";

/** How firmly a log's length is known: not at all, by a checkpoint, by one that a trusted key signed. */
export type Anchoring = "unanchored" | "held" | "anchored";

export interface LogOptions {
  level?: LogLevel;
  /** A checkpoint from outside the log's file: the text of the signed note. */
  checkpoint?: string;
  /** Keys whose checkpoints count: `name+id+base64`. */
  keys?: string[];
  /** Witnesses that must have cosigned the checkpoint: `name+id+base64`. */
  witnesses?: string[];
  /** How many of the witnesses must have; all by default. */
  quorum?: number;
  /** What must have been checked. */
  require?: Requirement[];
  /** Whether the log must be closed. */
  sealed?: boolean;
}

export interface Requirement {
  policy_id: string;
  invariant_id: string;
  level?: LogLevel;
  /** SHA-256 of what was checked; without it, the subject that was recorded last counts. */
  subject?: string;
}

/** A witness that cosigned the checkpoint, and when it says that it did. */
export interface Witnessed {
  name: string;
  /** UTC, to the second: `2026-01-31T12:34:56Z`. Whether that is late is not judged. */
  time: string;
}

/** The report on an action log. */
export interface LogReport {
  schema: "capseal/log-report/v1";
  accepted: boolean;
  level: LogLevel;
  reached: LogLevel | null;
  log_id: string | null;
  size: number;
  root: string | null;
  sealed: boolean;
  anchoring: Anchoring | null;
  /** Who cosigned the checkpoint, of those that were asked for; nobody when the log is refused. */
  witnessed: Witnessed[];
  obligations: Judgement | null;
  reason: ReasonCode | null;
  detail: string | null;
  verifier_exit_status: number;
  /** What an accepted log does not show, one plain sentence each. */
  not_shown: string[];
}

/** The verdict on obligations. Nothing required and nothing recorded is `incomplete`. */
export interface Judgement {
  answer: Answer;
  obligations: Judged[];
}

export type Answer = "satisfied" | "violated" | "incomplete";

export interface Judged {
  policy_id: string;
  invariant_id: string;
  subject: string | null;
  answer: Answer;
  why:
    | "verified"
    | "failed"
    | "proof_refused"
    | "not_recorded"
    | "not_verified"
    | "level_too_low"
    | "proof_missing"
    | "proof_foreign"
    | "proof_not_verified";
  line: number | null;
}

/** The report on a proof about an action log. */
export interface LogProofReport {
  schema: "capseal/log-proof-report/v1";
  accepted: boolean;
  log_id: string | null;
  size: number;
  root: string | null;
  anchoring: Anchoring | null;
  witnessed: Witnessed[];
  reason: ReasonCode | null;
  detail: string | null;
  verifier_exit_status: number;
}
