export type Anchoring = "unanchored" | "held" | "anchored";
export type Answer = "satisfied" | "violated" | "incomplete";
export type CapabilityDecision = CapabilityHolds | CapabilityDenied;
export interface CapabilityDenied extends DecisionFacts {
    outcome: "denied";
    reason: ReasonCode;
    verifier_exit_status: 11 | 20;
    http_status: 401 | 403;
    rule: string;
    link: number | null;
    detail: string;
    possession: false;
}
export interface CapabilityHolds extends DecisionFacts {
    outcome: "allowed" | "valid";
    reason: null;
    verifier_exit_status: 0;
    http_status: 200;
    rule: null;
    link: null;
    detail: null;
    possession: boolean;
}
export interface CapabilityLink {
    capability_id: string;
    subject: string;
    permissions: Permission[];
    resource: string;
    expires: string;
    signature: string;
}
export interface CapabilityOptions {
    at?: number;
    roots?: string[];
    revocations?: string[];
    seen?: {
        issuer: string;
        seq: number;
    }[];
    stale_reads?: boolean;
    request?: CapabilityRequest;
    possession?: ExpectedPossession;
    seen_nonces?: string[];
}
export interface CapabilityRequest {
    audience: string;
    permission: Permission;
    resource: string;
    level?: LogLevel;
    bytes?: number;
}
interface DecisionFacts {
    schema: "capseal/capability-decision/v1";
    token: string | null;
    links: CapabilityLink[];
    revocations: {
        issuer: string;
        seq: number;
        issued_at: number;
        next_update: number;
        fresh: boolean;
    }[];
    not_shown: string[];
}
export interface ExpectedPossession {
    proof: string | null;
    method: string;
    path: string;
    body?: string;
}
export interface Judged {
    policy_id: string;
    invariant_id: string;
    subject: string | null;
    answer: Answer;
    why: "verified" | "failed" | "proof_refused" | "not_recorded" | "not_verified" | "level_too_low" | "proof_missing" | "proof_foreign" | "proof_not_verified";
    line: number | null;
}
export interface Judgement {
    answer: Answer;
    obligations: Judged[];
}
export type LogLevel = "S0" | "S1" | "S2";
export interface LogOptions {
    level?: LogLevel;
    checkpoint?: string;
    keys?: string[];
    witnesses?: string[];
    quorum?: number;
    require?: Requirement[];
    sealed?: boolean;
}
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
    witnessed: Witnessed[];
    obligations: Judgement | null;
    reason: ReasonCode | null;
    detail: string | null;
    verifier_exit_status: number;
    not_shown: string[];
}
export type Permission = "read" | "create" | "modify" | "verify";
export interface Requirement {
    policy_id: string;
    invariant_id: string;
    level?: LogLevel;
    subject?: string;
}
export interface Witnessed {
    name: string;
    time: string;
}
export declare function load(source?: WasmSource): Promise<void>;
export declare function verifyCapability(token: string, options: CapabilityOptions): Promise<CapabilityDecision>;
export declare function verifyCapabilitySync(token: string, options: CapabilityOptions): CapabilityDecision;
export declare function verifyLog(source: Source, options?: LogOptions, evidence?: Evidence[]): Promise<LogReport>;
export declare function verifyLogProof(proof: string, options?: LogOptions): Promise<LogProofReport>;
export declare function verifyLogProofSync(proof: string, options?: LogOptions): LogProofReport;
export declare function verifyLogSync(bytes: Bytes, options?: LogOptions, evidence?: Evidence[]): LogReport;
