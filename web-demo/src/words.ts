// What the page says about verdicts, checks and claims, for people who have never heard of any of it.
import { isAccepted, type CheckId, type Conclusion, type Rejected, type RunReport, type Verdict } from "capseal-verify";

interface Words {
  headline: string;
  meaning: string;
}

/** What a conclusion means: its one-line headline, and the paragraph below the verdict's own sentences. */
const CONCLUSION: Record<Exclude<Conclusion, "refused" | "failed">, Words> = {
  proven: {
    headline: "The run is proven.",
    meaning:
      "The receipt carries a mathematical proof, a STARK, that this program on this input gave this output. The proof has just been " +
      "checked here, and nobody’s word is needed for it. It rests on SHA-256 as a random oracle and on this verifier, which is not audited.",
  },
  demonstration: {
    headline: "A demonstration machine’s run is proven.",
    meaning:
      "The proof holds, and it is about a small machine with fixed steps that exists to show how proofs are checked. No program of anybody’s ran.",
  },
  witnessed: {
    headline: "The record is intact. The run is the maker’s word.",
    meaning:
      "Code, inputs, outputs and the log of the run belong together; exchange one and this receipt is refused. Nothing shows that the run " +
      "took place. To find out, run the code again on the same inputs, where that is possible, and compare.",
  },
};

/** What a failed run means, whatever stands behind it: the verdict's own sentences say that. */
const FAILED =
  "The receipt is accepted, and the run in it is a failed one. To accept successful runs alone, choose “Refuse a run that failed” below.";

/** What stands behind a sealed log, which is witnessed too, and no run. */
const LOG: Words = {
  headline: "The log is intact. What it says is its writers’ word.",
  meaning:
    "Every entry is where it was written, the log is closed, and the files belong to it; change one entry and this receipt is " +
    "refused. That it tells what happened, and all of it, is what its writers say.",
};

/** The plain words for a verdict. */
export function plain(verdict: Verdict): Words {
  if (!isAccepted(verdict)) return REFUSAL[verdict.verifier_exit_status];
  const { conclusion, run } = verdict;
  if (conclusion === "failed") {
    return { headline: `The program failed: ${run ? ending(run) : "it says no more"}.`, meaning: FAILED };
  }
  return verdict.backend === "log_v1" ? LOG : CONCLUSION[conclusion];
}

/** How a program ended. */
export function ending({ exit_code, signal }: Pick<RunReport, "exit_code" | "signal">): string {
  if (signal !== null) return `signal ${signal} ended it`;
  return exit_code === null ? "no exit code" : `exit code ${exit_code}`;
}

/** What a status says to people: what was found, and no more. */
export const STATUS: Record<Verdict["status"], string> = {
  REJECTED: "not accepted",
  PROOF_ONLY: "intact",
  POLICY_SELF_REPORTED: "signed, under rules that it names itself",
  POLICY_ENFORCED: "signed, under your rules",
  FULLY_VERIFIED: "signed, under your rules, archive available",
};

/** What a refusal means, by the exit status that goes with its code. */
const REFUSAL: Record<Rejected["verifier_exit_status"], Words> = {
  10: {
    headline: "The proof does not hold.",
    meaning: "The receipt promises a proof of the run, and what it carries does not prove it.",
  },
  11: {
    headline: "The rules that you asked for are not met.",
    meaning: "Nothing says that the receipt was changed. It cannot be accepted at the level that you asked for.",
  },
  12: {
    headline: "Something is not what was sealed.",
    meaning: "Some content does not match its fingerprint, or this is not the receipt that you expected.",
  },
  13: {
    headline: "The archive was not shown to be available.",
    meaning: "The files behind the receipt could not be sampled as the rules demand.",
  },
  20: {
    headline: "This is not a well-formed receipt.",
    meaning: "The file was damaged or changed, or never was a receipt. A receipt has exactly one allowed layout, to the last byte.",
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
  policy: { name: "rules", question: "Does the run meet the rules that you pinned?" },
  availability: { name: "availability", question: "Is the archive here, or were samples of it available?" },
};

/** Backends, for people. */
export const BACKEND: Record<string, string> = {
  process_v1: "a real program, run and recorded",
  geom_v1: "a demonstration machine with no code of the user’s, run and proven",
  rv32im_v1: "a RISC-V program, run and proven",
  log_v1: "a log of what was done, closed and sealed",
};
