//! Receipts as proofs of obligations (spec: `docs/spec/pcap-obligations.md#proofs`).

use super::{VerifyOptions, narrate};
use crate::{
    backend::{Backend, ClaimClass},
    capsule::{Capsule, Exit},
    digest::Digest,
    limits::Limits,
    pcap::obligation::{Evidence, Strength},
    verdict::Report,
};

/// What every ZIP archive begins with.
const ARCHIVE: &[u8] = b"PK";

/// Looks at a content that an obligation refers to. Costs what [`verify`](crate::verify()) costs.
///
/// A receipt counts as the proof of a check when it proves a run that ended with 0, and names the subject. It does not show that the
/// program is the right check: who requires an obligation says which programs count, by a policy on the receipt.
pub fn evidence(content: &[u8], limits: &Limits) -> Evidence {
    let digest = Digest::of_content(content);
    if !content.starts_with(ARCHIVE) {
        return Evidence::without_subject(digest, Strength::Unknown);
    }
    let options = VerifyOptions { limits: *limits, ..VerifyOptions::default() };
    let Ok((capsule, ..)) = narrate(content, &options, &mut Report::new(options.level)) else {
        return Evidence::without_subject(digest, Strength::Refused);
    };
    let files = capsule.payload.claim.files().map(|file| file.digest);
    Evidence {
        content: digest,
        strength: strength(&capsule),
        subjects: files.chain([capsule.capsule_hash, digest]).collect(),
    }
}

/// Of a receipt that is accepted.
fn strength(capsule: &Capsule) -> Strength {
    let failed = |exit: &Exit| exit.code != Some(0);
    let class = Backend::from_id(&capsule.header.backend_id).map(Backend::claim_class);
    match class {
        _ if capsule.payload.claim.exit.as_ref().is_some_and(failed) => Strength::Refused,
        Some(ClaimClass::Proven) => Strength::Proven,
        _ => Strength::Witnessed,
    }
}
