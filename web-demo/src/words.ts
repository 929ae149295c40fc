// What the page says about verdicts, checks and claims, for people who have never heard of any of it. When each of its sentences is true
// is in docs/spec/page-sentences.md.
import type { CheckId, Conclusion, ReasonCode, Rejected, RunReport, Verdict } from "capseal-verify";

interface Words {
  headline: string;
  /** What it means, sentence by sentence. */
  meaning: string[];
}

/** The plain words for a verdict: a headline, and the paragraph below the verdict's own sentences. */
export function plain(verdict: Verdict): Words {
  if (verdict.status === "REJECTED") return refusal(verdict);
  const { conclusion, run, backend } = verdict;
  const { headline, meaning } = conclusion === "failed" ? failure(run) : backend === "log_v1" ? LOG : CONCLUSION[conclusion];
  return { headline, meaning: verdict.claim_class === "witnessed" ? [binding(verdict), ...meaning] : meaning };
}

/** How a program ended. */
export function ending({ exit_code, signal }: Pick<RunReport, "exit_code" | "signal">): string {
  if (signal !== null) return `signal ${signal} ended it`;
  return exit_code === null ? "no exit code" : `exit code ${exit_code}`;
}

/** What stands behind it, the verdict's own sentences say. */
function failure(run: RunReport | null): Words {
  return {
    headline: `The program failed: ${ending(run ?? { exit_code: null, signal: null })}.`,
    meaning: [
      "The receipt is accepted, and the run in it is a failed one.",
      "To refuse such runs, choose “Refuse a run that failed” under “Ask for more”.",
    ],
  };
}

const CONCLUSION: Record<Exclude<Conclusion, "refused" | "failed">, Words> = {
  proven: {
    headline: "The run is proven.",
    meaning: [
      "The receipt carries a mathematical proof, a STARK, that this program on this input gave this output.",
      "This verifier checked it, and nobody’s word is needed for it.",
      "It rests on SHA-256 as a random oracle and on this verifier, which nobody outside of the project has audited.",
    ],
  },
  demonstration: {
    headline: "A demonstration machine’s run is proven.",
    meaning: [
      "The proof holds, and it is about a small machine with fixed steps that exists to show how proofs are checked.",
      "No program of anybody’s ran.",
    ],
  },
  witnessed: {
    headline: "The record is intact. The run is the maker’s word.",
    meaning: ["Nothing shows that the run took place as recorded.", "Where it can be run again, do so and compare what comes out."],
  },
};

/** What stands behind a sealed log, which is witnessed too, and no run. */
const LOG: Words = {
  headline: "The log is intact. What it says is its writers’ word.",
  meaning: ["That it tells what happened, and all of it, is what its writers say."],
};

/** What holds the parts of a witnessed receipt together: all of them, or those that travel in it. */
function binding({ checks, backend }: Verdict): string {
  const isWhole = checks.some(({ id, outcome }) => id === "archive" && outcome === "passed");
  if (!isWhole) return "Not all of its files travel in it: those that do were checked, and the others were not looked at.";
  return backend === "log_v1"
    ? "The log is closed, its entries are chained, and the files are those that it was sealed with; change one of them and this receipt is refused."
    : "Code, inputs, outputs and the log of the run belong together; exchange one and this receipt is refused.";
}

/** What a status says to people: what was found, and no more. */
export const STATUS: Record<Verdict["status"], string> = {
  REJECTED: "not accepted",
  PROOF_ONLY: "intact",
  POLICY_SELF_REPORTED: "signed, under rules that it names itself",
  POLICY_ENFORCED: "signed, under your rules",
  FULLY_VERIFIED: "signed, under your rules, archive here or sampled",
};

/** What a refusal means: by its code where that says more, otherwise by the check that failed. */
function refusal({ checks, reason }: Rejected): Words {
  const at = checks.find(({ outcome }) => outcome === "failed")?.id ?? "container";
  // What others sent about the archive has the codes of receipts.
  return (at === "availability" ? undefined : REFUSED_FOR[reason]) ?? REFUSED_AT[at];
}

const MALFORMED: Words = {
  headline: "This is not a well-formed receipt.",
  meaning: ["The file was damaged or changed, or never was a receipt.", "A receipt has exactly one allowed layout, to the last byte."],
};

const PARTS: Words = {
  headline: "Its parts do not fit together.",
  meaning: ["Something in it was changed, is missing or contradicts the rest; or it never was whole."],
};

const ASKED: Words = {
  headline: "What you asked for is not met.",
  meaning: ["No check before this one failed.", "What is missing is what you asked for: a signature that you trust, rules that hold, or a level."],
};

const REFUSED_AT: Record<CheckId, Words> = {
  container: MALFORMED,
  capsule: MALFORMED,
  hashes: PARTS,
  statement: PARTS,
  instance: PARTS,
  proof: {
    headline: "The run is not proven.",
    meaning: ["The receipt claims a proof, and what it carries does not prove the claim."],
  },
  archive: PARTS,
  event_log: PARTS,
  authorship: ASKED,
  policy: ASKED,
  availability: {
    headline: "The archive was not shown to be available.",
    meaning: ["Rows of it, a relay’s challenge or the words of others did not come, do not hold, or do not count by your trust file."],
  },
};

const UNKNOWN: Words = {
  headline: "Something here is unknown to this verifier.",
  meaning: [
    "A version, a kind, a key, a rule or a proof system in the receipt or its policy is none that it knows.",
    "It may be of another version, or damaged.",
  ],
};

const SIGNATURE: Words = {
  headline: "A signature does not hold.",
  meaning: ["What was signed is not this receipt, or the signature itself was changed."],
};

const REFUSED_FOR: Partial<Record<ReasonCode, Words>> = {
  E003_SCHEMA_UNSUPPORTED: UNKNOWN,
  E005_LIMIT_EXCEEDED: {
    headline: "This is more than the verifier reads.",
    meaning: ["A size or a count in it is over this verifier’s limit.", "It was checked no further, which says nothing for or against the rest."],
  },
  E011_CAPSULE_HASH_MISMATCH: {
    headline: "The capsule hash is another one.",
    meaning: ["It is not the hash of what the receipt says, or not the one that you gave."],
  },
  E021_SIGNATURE_INVALID: SIGNATURE,
  E107_MANIFEST_SIGNATURE_INVALID: SIGNATURE,
  E301_PROOF_SYSTEM_MISMATCH: UNKNOWN,
  E303_EXIT_NOT_AS_REQUIRED: {
    headline: "The program did not end as you require.",
    meaning: ["No check before this one failed.", "The exit code is another one, or there is none."],
  },
};

/** Each check: its name, and the question that it answers. */
export const CHECK: Record<CheckId, { name: string; question: string }> = {
  container: { name: "file", question: "Is every byte where the one allowed layout puts it?" },
  capsule: { name: "capsule", question: "Can the sealed object be read, and is it of a known kind?" },
  hashes: { name: "fingerprints", question: "Do its hashes follow from its content?" },
  statement: { name: "statement", question: "Does the claim say the same in every place?" },
  instance: { name: "binding", question: "Does one hash tie claim, program and parameters together?" },
  proof: { name: "proof", question: "Does the mathematical proof hold?" },
  archive: { name: "archive", question: "Is each file inside the one that was sealed?" },
  event_log: { name: "event log", question: "Is the log whole, in order, and in line with the claim?" },
  authorship: { name: "author", question: "Did someone whom you trust sign it?" },
  policy: { name: "rules", question: "Does it meet the rules that it is judged by?" },
  availability: { name: "availability", question: "Is the archive here, or was it shown to be available?" },
};

/** Backends, for people: what a receipt is meant to be. Whether it is one, the verdict says. */
export const BACKEND: Record<string, string> = {
  process_v1: "the record of a process",
  geom_v1: "a proof about a demonstration machine that runs no code of the user’s",
  rv32im_v1: "a proof about the run of a RISC-V program",
  log_v1: "a log of what its writers say was done",
};
