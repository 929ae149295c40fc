// The same from CommonJS.
import verifier = require("capseal-verify");

const verdict: verifier.Verdict = verifier.verifySync(new Uint8Array());
export const reason: verifier.ReasonCode | null = verdict.reason;
