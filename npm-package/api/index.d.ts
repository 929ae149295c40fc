export interface Accepted extends VerdictFields {
    status: Status;
    conclusion: Exclude<Conclusion, "refused">;
    claim_class: ClaimClass;
    reason: null;
    verifier_exit_status: 0;
    capsule_hash: string;
}
export interface Attestations {
    threshold?: number;
    bits?: number;
    max_age_ms?: number;
    given: string[];
}
export interface AuditOptions extends Omit<VerifyOptions, "samples" | "challenge" | "attestations"> {
    providers: string[];
    relay?: string;
    attestations?: Omit<Attestations, "given"> & Partial<Pick<Attestations, "given">>;
    headers?: (url: string) => Record<string, string> | Promise<Record<string, string>>;
    bits?: number;
    onPlan?: (rows: number) => void;
    onRow?: (place: number, had: boolean) => void;
    signal?: AbortSignal;
}
export type Availability = {
    result: "complete";
} | {
    result: "live";
    at: number | null;
    samples: number;
    rows: number;
    inverse_rate: number;
    bits: number;
} | {
    result: "attested";
    at: number;
    samples: number;
    rows: number;
    inverse_rate: number;
    bits: number;
    by: Signer[];
} | {
    result: "archival";
    committed_at: number;
    at: number;
    samples: number;
    rows: number;
    inverse_rate: number;
    bits: number;
    by: Signer[];
};
export type Bytes = Uint8Array | ArrayBuffer | SharedArrayBuffer;
export interface Challenged {
    commit: string | null;
    challenge: string | null;
    bits?: number;
    answers: (string | null)[];
}
export type Check = {
    id: CheckId;
    outcome: "passed" | "skipped";
    code: ReasonCode | null;
    detail: string;
} | {
    id: CheckId;
    outcome: "failed";
    code: ReasonCode;
    detail: string;
};
export type CheckId = "container" | "capsule" | "hashes" | "statement" | "instance" | "proof" | "archive" | "event_log" | "authorship" | "policy" | "availability";
export interface Claim {
    code: FileEntry[];
    inputs: FileEntry[];
    arguments: string[];
    config: FileEntry[];
    environment: {
        name: string;
        value: string | null;
    }[];
    outputs: FileEntry[];
}
export type ClaimClass = "proven" | "witnessed";
export type CompiledModule = object;
export type Conclusion = "proven" | "demonstration" | "witnessed" | "failed" | "refused";
export interface Evidence {
    content: string;
    strength: "unknown" | "refused" | "witnessed" | "proven";
    subjects: string[];
}
export interface FileEntry {
    path: string;
    digest: string;
    size: number;
}
export type Inspected = Inspection | Unreadable;
export interface Inspection {
    schema: "capseal/inspection/v1";
    capsule_hash: string;
    backend: string;
    claim_class: ClaimClass | null;
    started_at_ms: number | null;
    command: string[] | null;
    directory: string | null;
    claim: Claim;
    exit: {
        code: number | null;
        signal: number | null;
        duration_ms: number | null;
    } | null;
    capture: string | null;
    notes: string[] | null;
    public_inputs: {
        name: string;
        value: string;
    }[];
    trace_root: string;
    instance_hash: string;
    archive: {
        mode: "embedded" | "detached";
        size: number;
        artifacts: {
            digest: string;
            size: number;
            embedded: boolean;
        }[];
    };
    manifests: {
        name: string;
        digest: string;
    }[];
    policy: {
        policy_id: string;
        policy_version: string;
        policy_hash: string;
        track_id: string;
    } | null;
    signatures: {
        purpose: Purpose;
        key_id: string;
    }[];
    events: ReceiptEvent[];
    proof: {
        system: string;
        format: string;
        parameter_set: string;
        digest: string;
        size: number;
    } | null;
    not_proven: string[];
}
export type Level = "proof-only" | "policy-enforced" | "full";
export interface PolicyInclusion {
    schema: "capseal/policy-inclusion/v1";
    rows: number;
    index: number;
    path: string[];
}
export interface PolicyReport {
    policy_id: string;
    policy_version: string;
    policy_hash: string;
    track_id: string;
    assurance: "SELF_REPORTED" | "ATTESTED";
    rules: RuleAnswer[];
}
export type Purpose = "attestation" | "authorship" | "manifests" | "relay";
export interface Reason {
    readonly name: ReasonCode;
    readonly number: number;
    readonly verifier_exit_status: 10 | 11 | 12 | 13 | 14 | 20;
    readonly meaning: string;
}
export interface ReceiptEvent {
    seq: number;
    time: string;
    type: string;
    [field: string]: unknown;
}
export interface Rejected extends VerdictFields {
    status: "REJECTED";
    conclusion: "refused";
    claim_class: null;
    reason: ReasonCode;
    verifier_exit_status: 10 | 11 | 12 | 13 | 20;
    capsule_hash: string | null;
}
export interface RuleAnswer {
    rule: string;
    outcome: "pass" | "fail" | "not_applicable";
    code: ReasonCode | null;
    seen: string;
}
export interface RunReport {
    command: string[] | null;
    program: string | null;
    exit_code: number | null;
    signal: number | null;
    failed: boolean;
    outputs: {
        path: string;
        digest: string;
        size: number;
    }[];
    outputs_total: number;
    capture: string | null;
    notes: string[] | null;
}
export interface Samples {
    nonce: string;
    bits?: number;
    answers: (string | null)[];
}
export interface Signer {
    key_id: string;
    name: string;
    purpose: Purpose;
}
export type Source = Bytes | Blob | Response | Request | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
export type Sources = Iterable<Source | Promise<Source>> | AsyncIterable<Source>;
export type Status = "PROOF_ONLY" | "POLICY_SELF_REPORTED" | "POLICY_ENFORCED" | "FULLY_VERIFIED";
export interface Unreadable {
    schema: "capseal/unreadable/v1";
    reason: ReasonCode;
    detail: string;
}
export type Verdict = Accepted | Rejected;
interface VerdictFields {
    schema: "capseal/verdict/v1";
    headline: string;
    level: Level;
    backend: string | null;
    security_bits: number | null;
    run: RunReport | null;
    checks: Check[];
    not_proven: string[];
    signers?: Signer[];
    policy?: PolicyReport;
    availability?: Availability;
}
export type Verified = {
    index: number;
    verdict: Verdict;
    error: null;
} | {
    index: number;
    verdict: null;
    error: VerifierError;
};
export interface Verifier extends Disposable, AsyncDisposable {
    verify(source: Source, options?: VerifyOptions): Promise<Verdict>;
    verifyMany(sources: Sources, options?: VerifyOptions): AsyncGenerator<Verified, void, undefined>;
    audit(source: Source, options: AuditOptions): Promise<Verdict>;
    inspect(source: Source): Promise<Inspected>;
    artifact(source: Source, digest: string): Promise<Uint8Array | undefined>;
    entryProof(source: Source, index: number): Promise<string | undefined>;
    readonly mode: "worker" | "inline" | undefined;
    terminate(): void;
}
export declare class VerifierError extends Error {
    readonly code: VerifierErrorCode;
    constructor(code: VerifierErrorCode, message: string, options?: {
        cause?: unknown;
    });
}
export type VerifierErrorCode = "USAGE" | "NOT_LOADED" | "LOAD_FAILED" | "UNREADABLE" | "TRAPPED" | "TERMINATED";
export interface VerifierOptions {
    threads?: number;
    wasm?: WasmSource;
    worker?: () => WorkerHandle;
}
export interface VerifyOptions {
    level?: Level;
    expected_capsule_hash?: string;
    trust?: string;
    policy?: string;
    policy_inclusion?: PolicyInclusion;
    at?: number;
    require_status?: Status;
    require_exit?: number;
    samples?: Samples;
    challenge?: Challenged;
    attestations?: Attestations;
}
export type WasmSource = URL | string | Response | ArrayBuffer | ArrayBufferView | CompiledModule;
export interface WorkerHandle {
    postMessage(message: unknown): void;
    terminate(): void;
}
export declare function artifact(source: Source, digest: string): Promise<Uint8Array | undefined>;
export declare function artifactSync(bytes: Bytes, digest: string): Uint8Array | undefined;
export declare function audit(source: Source, options: AuditOptions): Promise<Verdict>;
export declare function createVerifier(options?: VerifierOptions): Verifier;
export declare function entryProof(source: Source, index: number): Promise<string | undefined>;
export declare function entryProofSync(bytes: Bytes, index: number): string | undefined;
export declare function evidence(source: Source): Promise<Evidence>;
export declare function evidenceSync(bytes: Bytes): Evidence;
export declare function inspect(source: Source): Promise<Inspected>;
export declare function inspectSync(bytes: Bytes): Inspected;
export declare function isAccepted(verdict: Verdict): verdict is Accepted;
export declare function isInspection(inspected: Inspected): inspected is Inspection;
export declare function load(source?: WasmSource): Promise<void>;
export declare const reasons: readonly Reason[];
export declare function verify(source: Source, options?: VerifyOptions): Promise<Verdict>;
export declare function verifyMany(sources: Sources, options?: VerifyOptions, on?: {
    threads?: number;
}): AsyncGenerator<Verified, void, undefined>;
export declare function verifySync(bytes: Bytes, options?: VerifyOptions): Verdict;
export declare function version(): string;
