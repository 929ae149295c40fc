//! Check 9: who sealed it. Signatures must hold at every level; above `proof-only`, one must be by a trusted author.

use alloc::{format, vec::Vec};

use super::{Found, VerifyOptions};
use crate::{
    capsule::{Capsule, entry},
    container::{Container, EntryKind},
    digest::Digest,
    reason::ReasonCode,
    refusal::Refusal,
    sentence::{self, Counted},
    signature::{PublicKey, Purpose, Signature},
    trust::{self, Registry, Signer, Trust, Unfit},
};

/// More than any policy asks for; each costs a multiplication on the curve.
const SIGNATURES_MAX: usize = 64;

/// Without whom to trust: signatures hold, and that is all.
pub(super) fn unjudged(container: &Container<'_>, capsule: &Capsule) -> Found<()> {
    let keys = keys(container, capsule, Purpose::Authorship)?;
    let detail = match keys.as_slice() {
        [] => sentence::not_signed(),
        [key] => sentence::signed_with(key.id()),
        keys => sentence::signed_with_keys(Counted(keys.len() as u64, "key")),
    };
    Ok(((), detail))
}

/// The authors that may seal under the receipt's policy.
pub(super) fn check(container: &Container<'_>, capsule: &Capsule, options: &VerifyOptions) -> Found<Vec<Signer>> {
    let keys = keys(container, capsule, Purpose::Authorship)?;
    let (trust, registry, at) = trusted(options)?;
    if keys.is_empty() {
        return Err(Refusal::new(ReasonCode::SignatureMissing, "the receipt is not signed"));
    }
    let judged = keys.iter().map(|key| {
        let signer = signer(registry, key, Purpose::Authorship, at)?;
        if may_seal(trust, capsule, &signer.key_id) { Ok(signer) } else { Err((Unfit::NotListed, signer.key_id)) }
    });
    let authors = fit(judged, Purpose::Authorship)?;
    let detail = sentence::signed_by(trust::names(&authors));
    Ok((authors, detail))
}

/// Whom the verifier trusts, and when.
pub(super) fn trusted(options: &VerifyOptions) -> Result<(&Trust, &Registry, u64), Refusal> {
    let unsatisfied = |detail| Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail);
    let missing =
        || unsatisfied("this level needs a trust file: nothing is trusted by default; ask for proof-only without one");
    let trust = options.trust.as_ref().ok_or_else(missing)?;
    let registry = trust.registry().map_err(|error| Refusal::new(error.code(), error))?;
    let at = options.at.ok_or_else(|| unsatisfied("this level needs the time at which keys are judged"))?;
    Ok((trust, registry, at))
}

/// A receipt that names no policy is refused by the next check.
fn may_seal(trust: &Trust, capsule: &Capsule, key_id: &Digest) -> bool {
    let Some(policy) = &capsule.header.policy_ref else { return true };
    trust.policy(&policy.policy_id).is_some_and(|listed| listed.signers.contains(key_id))
}

type Judged = Result<Signer, (Unfit, Digest)>;

/// A key that signed, if it may.
pub(super) fn signer(registry: &Registry, key: &PublicKey, purpose: Purpose, at: u64) -> Judged {
    let key_id = key.id();
    let listed = trust::judge(registry, key, purpose, at).map_err(|unfit| (unfit, key_id))?;
    Ok(Signer { key_id, name: listed.name.clone(), purpose })
}

/// Those that may sign; when there are none, the refusal of the one that comes nearest. Others do no harm: anyone can add a
/// signature to a receipt.
pub(super) fn fit(judged: impl Iterator<Item = Judged>, purpose: Purpose) -> Result<Vec<Signer>, Refusal> {
    let (mut fit, mut nearest) = (Vec::new(), None);
    for judged in judged {
        match judged {
            Ok(signer) => fit.push(signer),
            Err(unfit) => nearest = nearest.max(Some(unfit)),
        }
    }
    match nearest {
        Some((unfit, key_id)) if fit.is_empty() => {
            Err(Refusal::new(unfit.code(purpose), format!("the key {key_id} {unfit}")))
        }
        _ => Ok(fit),
    }
}

/// The keys whose signatures for a purpose hold, in the order of the entries.
pub(super) fn keys(container: &Container<'_>, capsule: &Capsule, purpose: Purpose) -> Result<Vec<PublicKey>, Refusal> {
    let mut keys = Vec::new();
    let Some(subject) = purpose.subject(&capsule.capsule_hash, &capsule.header.manifest_hash) else { return Ok(keys) };
    for entry in container.entries() {
        let EntryKind::Signature(token) = entry.name.kind() else { continue };
        let Some((_, key_id)) = entry::read_signature(token).filter(|(other, _)| *other == purpose) else { continue };
        if keys.len() >= SIGNATURES_MAX {
            let detail = format!("more than {SIGNATURES_MAX} signatures for one purpose");
            return Err(Refusal::new(ReasonCode::LimitExceeded, detail));
        }
        let invalid = || Refusal::new(invalid_code(purpose), format!("{} does not hold", entry.name));
        let signature = Signature::read(entry.content).map_err(|_| invalid())?;
        if signature.key.id() != key_id || signature.verify(purpose, &subject).is_err() {
            return Err(invalid());
        }
        keys.push(signature.key);
    }
    Ok(keys)
}

const fn invalid_code(purpose: Purpose) -> ReasonCode {
    match purpose {
        Purpose::Authorship => ReasonCode::SignatureInvalid,
        Purpose::Manifests => ReasonCode::ManifestSignatureInvalid,
        Purpose::Attestation | Purpose::Relay => ReasonCode::DaChallengeUntrusted,
    }
}
