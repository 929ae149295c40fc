//! What an accepted receipt does *not* show (spec: `docs/spec/verdict.md`). Every verdict and every inspection lists it.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use crate::{
    backend::{Backend, ClaimClass},
    capsule::Capsule,
};

/// The caveats of a capsule, most important first.
pub fn of(capsule: &Capsule) -> Vec<String> {
    let class = Backend::from_id(&capsule.header.backend_id).map(Backend::claim_class);
    let of_class: &[&str] = match class {
        Some(ClaimClass::Proven) => &PROVEN,
        Some(ClaimClass::Witnessed) | None => &WITNESSED,
    };
    let of_capture: &[&str] = match capsule.payload.run.as_ref().map(|run| run.capture.as_str()) {
        Some("observed") => &OBSERVED,
        Some(_) => &DECLARED,
        None => &[],
    };
    [of_class, of_capture, &ALWAYS].concat().into_iter().map(ToOwned::to_owned).collect()
}

const PROVEN: [&str; 1] =
    ["That the inputs stay private: the proof opens parts of the trace and is not zero-knowledge."];

const WITNESSED: [&str; 2] = [
    "That the run happened as recorded: this is the maker's record, not a proof of execution. Run it again and compare.",
    "That the record is the first one: without a signature anyone can write another receipt. Compare the capsule hash with \
     one that you got from the maker.",
];

const OBSERVED: [&str; 1] = [
    "That nothing else had an influence: network traffic, inherited descriptors, clocks and randomness are not recorded.",
];

const DECLARED: [&str; 1] =
    ["That nothing else was read or written: opened files were not observed, only those named by the maker are known."];

const ALWAYS: [&str; 3] = [
    "That the code is correct, or does what its name says.",
    "Who made the receipt, and when: it is not signed, and its times are the maker's own.",
    "That the archive can still be had tomorrow.",
];
