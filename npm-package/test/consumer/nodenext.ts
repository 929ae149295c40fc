// Must compile as strict, without skipLibCheck, with the types of Node or of browsers.
import { createVerifier, isAccepted, isInspection, reasons, verify, verifySync, VerifierError, type ReasonCode, type Verdict } from "capseal-verify";
import { verifyCapability } from "capseal-verify/actions";

export async function check(bytes: Uint8Array): Promise<ReasonCode | "fine"> {
  const verdict: Verdict = await verify(bytes, { level: "proof-only" });
  if (verdict.status === "REJECTED") {
    const code: 10 | 11 | 12 | 13 | 20 = verdict.verifier_exit_status;
    return code > 0 ? verdict.reason : "fine";
  }
  const hash: string = verdict.capsule_hash;
  const reason: null = verdict.reason;
  return hash.length === 64 && reason === null && isAccepted(verdict) ? "fine" : "E002_PARSE_FAILED";
}

export async function read(file: Blob): Promise<number> {
  const verifier = createVerifier();
  const inspected = await verifier.inspect(file);
  verifier.terminate();
  return isInspection(inspected) ? inspected.claim.inputs.length : reasons.length;
}

export async function mayRead(token: string, root: string, resource: string): Promise<string> {
  const request = { audience: "provider.example", permission: "read", resource } as const;
  const decision = await verifyCapability(token, { roots: [root], stale_reads: true, request });
  return decision.outcome === "denied" ? `${decision.reason} ${decision.rule}` : decision.links.length.toString();
}

// @ts-expect-error a level that does not exist
verifySync(new Uint8Array(), { level: "everything" });
// @ts-expect-error an option that does not exist
verifySync(new Uint8Array(), { levl: "full" });
// @ts-expect-error not bytes
verifySync("run.cap");

export const isTrap = (error: unknown): boolean => error instanceof VerifierError && error.code === "TRAPPED";
