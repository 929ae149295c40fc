import type { ReasonCode } from "./reasons.js";
import type { ClaimClass, Purpose } from "./verdict.js";

/** A file of the claim, by content. */
export interface FileEntry {
  path: string;
  /** SHA-256 of the content: 64 lower-case hexadecimal digits. */
  digest: string;
  /** Bytes. */
  size: number;
}

/** What was sealed: code, inputs, configuration, environment and outputs of one computation. */
export interface Claim {
  code: FileEntry[];
  inputs: FileEntry[];
  /** Arguments of the program, without the program itself. */
  arguments: string[];
  config: FileEntry[];
  /** Variables from the allow-list; `null` when allowed but not set. */
  environment: { name: string; value: string | null }[];
  outputs: FileEntry[];
}

/** A line of the event log; further fields depend on `type`. */
export interface ReceiptEvent {
  seq: number;
  time: string;
  type: string;
  [field: string]: unknown;
}

/** What a receipt says. Nothing of it is verified: call `verify` for that. */
export interface Inspection {
  schema: "capseal/inspection/v1";
  capsule_hash: string;
  backend: string;
  /** `null` for a backend that this verifier does not know. */
  claim_class: ClaimClass | null;
  /** Milliseconds since the Unix epoch, by the maker's clock. */
  started_at_ms: number | null;
  command: string[] | null;
  /** Working directory. */
  directory: string | null;
  claim: Claim;
  exit: { code: number | null; signal: number | null; duration_ms: number | null } | null;
  /** `observed` when opened files were watched, `declared` when only named files are known. */
  capture: string | null;
  /** What the capture notes about itself; `null` where it is not stated. */
  notes: string[] | null;
  public_inputs: { name: string; value: string }[];
  trace_root: string;
  instance_hash: string;
  archive: { mode: "embedded" | "detached"; size: number; artifacts: { digest: string; size: number; embedded: boolean }[] };
  manifests: { name: string; digest: string }[];
  /** The policy that the receipt was sealed under. */
  policy: { policy_id: string; policy_version: string; policy_hash: string; track_id: string } | null;
  /** Who signed, by the identity of the key. */
  signatures: { purpose: Purpose; key_id: string }[];
  events: ReceiptEvent[];
  proof: { system: string; format: string; parameter_set: string; digest: string; size: number } | null;
  not_proven: string[];
}

/** The bytes cannot be read as a receipt. */
export interface Unreadable {
  schema: "capseal/unreadable/v1";
  reason: ReasonCode;
  detail: string;
}

/** What `inspect` answers; told apart by `schema`. */
export type Inspected = Inspection | Unreadable;

/** Whether the bytes could be read as a receipt. */
export function isInspection(inspected: Inspected): inspected is Inspection {
  return inspected.schema === "capseal/inspection/v1";
}
