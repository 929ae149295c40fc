// What the page says about verdicts, checks and claims, for people who have never heard of any of it.
import { isAccepted, type CheckId, type ClaimClass, type Rejected, type Verdict } from "capseal-verify";

/** What a claim class means: its one-line headline, and the paragraph below it. */
const CLAIM_CLASS: Record<ClaimClass, { headline: string; meaning: string }> = {
  proven: {
    headline: "The execution is proven.",
    meaning:
      "The receipt carries a mathematical proof, a STARK, that every step of this computation was carried out, and the " +
      "proof has just been checked here. You need not trust whoever made the receipt.",
  },
  witnessed: {
    headline: "The record is intact. The run is the maker’s word.",
    meaning:
      "Code, inputs, outputs and the log of the run belong together; exchange one and this receipt is refused. That the run " +
      "took place as recorded is what the maker says. To be sure, run the code again on the same inputs and compare.",
  },
};

/** What stands behind a sealed log, which is witnessed too, and no run. */
const LOG: { headline: string; meaning: string } = {
  headline: "The log is intact. What it says is its writers’ word.",
  meaning:
    "Every entry is where it was written, the log is closed, and the files belong to it; change one entry and this receipt is " +
    "refused. That it tells what happened, and all of it, is what its writers say.",
};

/** The plain words for a verdict. */
export function plain(verdict: Verdict): { headline: string; meaning: string } {
  if (!isAccepted(verdict)) return REFUSAL[verdict.exit_code];
  return verdict.backend === "log_v1" ? LOG : CLAIM_CLASS[verdict.claim_class];
}

/** What a refusal means, by the exit status that goes with its code. */
const REFUSAL: Record<Rejected["exit_code"], { headline: string; meaning: string }> = {
  10: {
    headline: "The proof does not hold.",
    meaning: "The receipt promises a proof of the execution, and what it carries does not prove it.",
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
    headline: "The archive cannot be shown to be there.",
    meaning: "The files behind the receipt could not be sampled as the rules demand.",
  },
  14: {
    headline: "A re-run came to another result.",
    meaning: "The same code on the same inputs did not give the sealed output.",
  },
  20: {
    headline: "This is not a well-formed receipt.",
    meaning:
      "The file was damaged or changed, or never was a receipt. A receipt has exactly one allowed layout, to the last byte.",
  },
};

/** What a verdict comes to, in one line. */
export function headline(verdict: Verdict): string {
  return plain(verdict).headline;
}

/** Each check: its name, and the question that it answers. */
export const CHECK: Record<CheckId, { name: string; question: string }> = {
  container: { name: "file", question: "Is every byte where the one allowed layout puts it?" },
  capsule: { name: "capsule", question: "Can the sealed object be read, and is it of a known kind?" },
  hashes: { name: "fingerprints", question: "Do its hashes follow from its content?" },
  statement: { name: "statement", question: "Does the claim say the same in every place?" },
  instance: { name: "binding", question: "Does one hash tie claim, program and parameters together?" },
  proof: { name: "proof", question: "Does the mathematical proof of the execution hold?" },
  archive: { name: "archive", question: "Is each file inside the one that was sealed?" },
  event_log: { name: "event log", question: "Is the log whole, in order, and in line with the claim?" },
  authorship: { name: "author", question: "Did someone whom you trust sign it?" },
  policy: { name: "rules", question: "Does the run meet the rules that you pinned?" },
  availability: { name: "availability", question: "Is the archive here, or could it be had, by samples of it?" },
};

/** Backends, for people. */
export const BACKEND: Record<string, string> = {
  process_v1: "a real program, run and recorded",
  geom_v1: "a small virtual machine, run and proven",
  rv32im_v1: "a RISC-V program, run and proven",
  log_v1: "a log of what was done, closed and sealed",
};
