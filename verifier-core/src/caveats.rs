//! What an accepted receipt does *not* show (spec: `docs/spec/verdict.md`). Every verdict and every inspection lists it.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use crate::{
    backend::{Backend, ClaimClass},
    capsule::Capsule,
    policy::Assurance,
};

/// The caveats of a capsule, most important first; fewer when trusted keys signed it under a policy.
pub fn of(capsule: &Capsule, policy: Option<Assurance>) -> Vec<String> {
    let backend = Backend::from_id(&capsule.header.backend_id);
    let class = backend.map(Backend::claim_class);
    let of_class: &[&str] = match (backend, class) {
        (Some(Backend::LogV1), _) => &LOGGED,
        (_, Some(ClaimClass::Proven)) => &PROVEN,
        (_, Some(ClaimClass::Witnessed) | None) => &WITNESSED,
    };
    let of_capture: &[&str] = match capsule.payload.run.as_ref().map(|run| run.capture.as_str()) {
        Some("observed") => &OBSERVED,
        Some(_) => &DECLARED,
        None => &[],
    };
    let of_policy: &[&str] = match policy {
        None if class == Some(ClaimClass::Proven) => &UNSIGNED[1..],
        None => &UNSIGNED,
        Some(Assurance::SelfReported) => &SELF_REPORTED,
        Some(Assurance::Attested) => &SIGNED,
    };
    let always: &[&str] = if backend == Some(Backend::LogV1) { &ALWAYS[1..] } else { &ALWAYS };
    [of_class, of_policy, of_capture, always].concat().into_iter().map(ToOwned::to_owned).collect()
}

const PROVEN: [&str; 1] =
    ["That the inputs stay private: the proof opens parts of the trace and is not zero-knowledge."];

const WITNESSED: [&str; 1] = [
    "That the run happened as recorded: this is the maker's record, not a proof of execution. Run it again and compare.",
];

const LOGGED: [&str; 2] = [
    "That what was logged happened, or that everything that happened was logged: this is the word of whoever wrote the log.",
    "That the log is the only one of its kind: compare its identity, size and root with a checkpoint that was kept elsewhere.",
];

const UNSIGNED: [&str; 2] = [
    "That the record is the first one: without a signature that you trust, anyone can have written it. Compare the capsule \
     hash with one that you got from the maker.",
    "Who made the receipt, and when: no signature was asked for, and its times are the maker's own.",
];

const SIGNED: [&str; 2] = [
    "That the signers told the truth: manifests and times are what they say. When they signed is not shown.",
    "That the signers' keys were in their hands alone: that is what your trust file takes for granted.",
];

const SELF_REPORTED: [&str; 3] = [
    "That the rules are the right ones: the receipt alone names its policy, and nothing that you pinned does.",
    SIGNED[0],
    SIGNED[1],
];

const OBSERVED: [&str; 1] = [
    "That nothing else had an influence: network traffic, inherited descriptors, clocks and randomness are not recorded.",
];

const DECLARED: [&str; 1] =
    ["That nothing else was read or written: opened files were not observed, only those named by the maker are known."];

const ALWAYS: [&str; 2] =
    ["That the code is correct, or does what its name says.", "That the archive can still be had tomorrow."];
