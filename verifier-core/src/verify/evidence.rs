//! Receipts as proofs of obligations (spec: `docs/spec/pcap-obligations.md#proofs`).
//!
//! A receipt counts as the proof of a check when it proves a run that came to its end with 0, and names the subject. It does not show
//! that the program is the right check: who requires an obligation says which programs count, by a policy on the receipt.

use alloc::collections::BTreeSet;

use super::{VerifyOptions, narrate};
use crate::{
    backend::{Backend, ClaimClass},
    capsule::{Capsule, Exit},
    digest::Digest,
    limits::Limits,
    pcap::obligation::Resolution,
    verdict::Report,
};

/// What every ZIP archive begins with.
const ARCHIVE: &[u8] = b"PK";

/// What a content is worth as a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    strength: Strength,
    /// What it is about.
    subjects: BTreeSet<Digest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    /// No receipt: only its hash is known.
    Unknown,
    /// A receipt that is refused, or that proves a failure.
    Refused,
    /// A receipt whose run is its maker's word.
    Witnessed,
    /// A receipt that proves its run.
    Proven,
}

impl Evidence {
    /// Looks at a content. Costs what [`verify`](crate::verify()) costs.
    pub fn of(content: &[u8], limits: &Limits) -> Self {
        let options = VerifyOptions { limits: *limits, ..VerifyOptions::default() };
        let without_subject = |strength| Self { strength, subjects: BTreeSet::new() };
        if !content.starts_with(ARCHIVE) {
            return without_subject(Strength::Unknown);
        }
        let Ok((capsule, _)) = narrate(content, &options, &mut Report::new(options.level)) else {
            return without_subject(Strength::Refused);
        };
        let files = capsule.payload.claim.files().map(|file| file.digest);
        let itself = [capsule.capsule_hash, Digest::of_content(content)];
        Self { strength: Strength::of(&capsule), subjects: files.chain(itself).collect() }
    }

    /// What it comes to as the proof of a check of `subject`.
    pub fn about(&self, subject: &Digest) -> Resolution {
        match self.strength {
            Strength::Refused => Resolution::Refused,
            Strength::Unknown => Resolution::Present,
            Strength::Witnessed | Strength::Proven if !self.subjects.contains(subject) => Resolution::Foreign,
            Strength::Witnessed => Resolution::Present,
            Strength::Proven => Resolution::Verified,
        }
    }
}

impl Strength {
    /// Of a receipt that is accepted.
    fn of(capsule: &Capsule) -> Self {
        let failed = |exit: &Exit| exit.code != Some(0);
        let class = Backend::from_id(&capsule.header.backend_id).map(Backend::claim_class);
        match class {
            _ if capsule.payload.claim.exit.as_ref().is_some_and(failed) => Self::Refused,
            Some(ClaimClass::Proven) => Self::Proven,
            _ => Self::Witnessed,
        }
    }
}
