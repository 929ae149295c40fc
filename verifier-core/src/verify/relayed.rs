//! What relays and auditors say about an archive (spec: `docs/spec/relay.md`): challenges with their answers, and attestations.

use alloc::{collections::BTreeMap, format, vec, vec::Vec};

use super::{
    Attestations, Challenged, Found, VerifyOptions,
    authorship::{signer, trusted},
    availability::{Archive, Draw, Shown},
};
use crate::{
    availability::Availability,
    digest::Digest,
    reason::ReasonCode,
    refusal::Refusal,
    relay::{ARCHIVAL, Attestation, Challenge, CommitReceipt, Message, MessageError, Signed},
    sentence::{self, Counted},
    signature::{PublicKey, Purpose},
    trust::{self, Registry, Signer},
};

/// More than any policy asks for; each costs a multiplication on the curve.
const ATTESTATIONS_MAX: usize = 64;

/// A challenge, and the answers to it.
pub(super) fn archival(archive: &Archive<'_>, given: &Challenged, options: &VerifyOptions) -> Found<Availability> {
    let missing = |what| move || Refusal::new(ReasonCode::DaChallengeMissing, format!("the relay gave no {what}"));
    let commit_bytes = given.commit.as_ref().ok_or_else(missing("receipt of the commit"))?;
    let challenge_bytes = given.challenge.as_ref().ok_or_else(missing("challenge"))?;
    let (_, registry, at) = trusted(options)?;

    let challenge: Signed<Challenge> = read(challenge_bytes)?;
    let commit: Signed<CommitReceipt> = read(commit_bytes)?;
    let Signed { key: relay, message: challenge } = challenge;
    let commit = commit_of(commit, &relay)?;
    if challenge.mode != ARCHIVAL {
        let detail = format!("the challenge's mode is {:?}, not {ARCHIVAL}", challenge.mode);
        return Err(Refusal::new(ReasonCode::DaModeUnsupported, detail));
    }
    bound(archive, "challenge", &challenge.header_commit_hash, &challenge.da_hash)?;
    bound(archive, "receipt of the commit", &commit.header_commit_hash, &commit.da_hash)?;
    committed(archive, challenge_bytes, &challenge, commit_bytes)?;
    let relay = fit(registry, &relay, Purpose::Relay, at)?;
    if challenge.registry_root != registry.root() {
        let detail = "the challenge was issued under another registry than the one that was pinned";
        return Err(Refusal::new(ReasonCode::DaChallengeUntrusted, detail));
    }
    timely(&commit, &challenge, at)?;
    if challenge.bits < given.bits.into() {
        return Err(too_few("the challenge asks for", challenge.bits, given.bits));
    }

    let Shown { samples, rows, inverse_rate, bits } =
        archive.answered(&archive.plan(&Draw::archival(&challenge)), &given.answers)?;
    let by = vec![relay];
    let detail = sentence::archival(samples, Counted(rows, "row"), trust::names(&by), bits);
    let committed_at = commit.committed_at;
    Ok((Availability::Archival { committed_at, at, samples, rows, inverse_rate, bits, by }, detail))
}

fn commit_of(commit: Signed<CommitReceipt>, relay: &PublicKey) -> Result<CommitReceipt, Refusal> {
    if commit.key == *relay {
        return Ok(commit.message);
    }
    Err(Refusal::new(ReasonCode::DaChallengeUntrusted, "commit and challenge are signed with different keys"))
}

/// The challenge is the one that follows from the commit, and the one that the capsule names, if it names one.
fn committed(
    archive: &Archive<'_>,
    challenge_bytes: &[u8],
    challenge: &Challenge,
    commit_bytes: &[u8],
) -> Result<(), Refusal> {
    let mismatch = |detail| Err(Refusal::new(ReasonCode::DaChallengeHashMismatch, detail));
    if challenge.seed != CommitReceipt::challenge_seed(commit_bytes) {
        return mismatch("the challenge's seed does not follow from the commit: the relay drew another");
    }
    let named = archive.capsule.da_challenge_hash;
    if named.is_some_and(|named| named != Challenge::hash(challenge_bytes)) {
        return mismatch("the capsule names another challenge");
    }
    Ok(())
}

fn timely(commit: &CommitReceipt, challenge: &Challenge, at: u64) -> Result<(), Refusal> {
    let untimely = |detail| Err(Refusal::new(ReasonCode::DaChallengeUntimely, detail));
    if challenge.issued_at < commit.committed_at {
        return untimely("the challenge was issued before the commit");
    }
    if at < challenge.issued_at {
        return untimely("the challenge is from the future");
    }
    if at >= challenge.not_after {
        return untimely("the challenge is not to be used any more");
    }
    Ok(())
}

/// What those say who sampled. Attestations that are not good do no harm, as anybody can post one; when too few are good, the first that
/// is not says why.
pub(super) fn attested(archive: &Archive<'_>, given: &Attestations, options: &VerifyOptions) -> Found<Availability> {
    let (_, registry, at) = trusted(options)?;
    if given.given.len() > ATTESTATIONS_MAX {
        return Err(Refusal::new(ReasonCode::LimitExceeded, format!("more than {ATTESTATIONS_MAX} attestations")));
    }
    let (mut good, mut wrong) = (BTreeMap::new(), None);
    for bytes in &given.given {
        match attestation(archive, given, registry, at, bytes) {
            Ok(seen) => {
                good.entry(seen.by.key_id).or_insert(seen);
            }
            Err(refusal) => wrong = wrong.or(Some(refusal)),
        }
    }
    let (have, need) = (good.len(), given.threshold.get());
    if u32::try_from(have).unwrap_or(u32::MAX) < need {
        let few =
            || Refusal::new(ReasonCode::AvailabilityFailed, format!("{have} of {need} required attestations are good"));
        return Err(wrong.unwrap_or_else(few));
    }
    let at = good.values().map(|seen| seen.at).min().unwrap_or_default();
    let fewest = good.values().map(|seen| seen.samples).min().unwrap_or_default();
    let by: Vec<Signer> = good.into_values().map(|seen| seen.by).collect();
    let Shown { samples, rows, inverse_rate, bits } = archive.shown(fewest);
    let detail = sentence::attested(trust::names(&by), samples, Counted(rows, "row"), bits);
    Ok((Availability::Attested { at, samples, rows, inverse_rate, bits, by }, detail))
}

/// A good attestation.
struct Seen {
    by: Signer,
    at: u64,
    samples: u32,
}

fn attestation(
    archive: &Archive<'_>,
    asked: &Attestations,
    registry: &Registry,
    at: u64,
    bytes: &[u8],
) -> Result<Seen, Refusal> {
    let Signed { key, message }: Signed<Attestation> = read(bytes)?;
    bound(archive, "attestation", &message.header_commit_hash, &message.da_hash)?;
    let by = fit(registry, &key, Purpose::Attestation, at)?;
    let untimely = |detail| Err(Refusal::new(ReasonCode::DaChallengeUntimely, detail));
    let Some(age) = at.checked_sub(message.sampled_at) else { return untimely("the attestation is from the future") };
    if asked.max_age_ms.is_some_and(|most| age > most) {
        return untimely("the attestation is older than the verifier accepts");
    }
    let shape_rows = archive.shown(0).rows;
    let Some(samples) = u32::try_from(message.samples).ok().filter(|samples| u64::from(*samples) <= shape_rows) else {
        let detail = format!("{} rows were sampled of {shape_rows}", message.samples);
        return Err(Refusal::new(ReasonCode::DaChallengeBindingInvalid, detail));
    };
    let bits = archive.shown(samples).bits;
    if bits < asked.bits {
        return Err(too_few("the attestation shows", bits.into(), asked.bits));
    }
    Ok(Seen { by, at: message.sampled_at, samples })
}

fn read<M: Message>(bytes: &[u8]) -> Result<Signed<M>, Refusal> {
    Signed::read(bytes).map_err(|error: MessageError| Refusal::new(error.code(), error))
}

fn bound(archive: &Archive<'_>, what: &str, commit_hash: &Digest, da_hash: &Digest) -> Result<(), Refusal> {
    if (commit_hash, da_hash) == (&archive.commit_hash, &archive.da_hash) {
        return Ok(());
    }
    Err(Refusal::new(ReasonCode::DaChallengeBindingInvalid, format!("the {what} is of another receipt or archive")))
}

fn fit(registry: &Registry, key: &PublicKey, purpose: Purpose, at: u64) -> Result<Signer, Refusal> {
    signer(registry, key, purpose, at)
        .map_err(|(unfit, key_id)| Refusal::new(unfit.code(purpose), format!("the key {key_id} {unfit}")))
}

fn too_few(who: &str, found: u64, asked: u32) -> Refusal {
    Refusal::new(ReasonCode::DaBitsTooFew, format!("{who} {found} bits, and {asked} were asked for"))
}
