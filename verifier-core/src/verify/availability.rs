//! Check 11: the archive is available.
//!
//! What travels was checked whole by check 7. Of what is kept elsewhere, rows were sampled: their positions follow from the verifier's
//! nonce or from a relay's challenge, and from what check 3 and check 7 have bound; their number from the bits that are asked for. Or
//! others sampled them, and the verifier trusts their word.

use alloc::{string::String, vec::Vec};

use super::{Found, Samples, VerifyOptions, relayed};
use crate::{
    availability::Availability,
    capsule::{Capsule, entry},
    container::Container,
    digest::Digest,
    inspect,
    limits::Limits,
    reason::ReasonCode,
    refusal::Refusal,
    relay::{Challenge, Signed},
    row_check::{RowCheckHeader, Sketch},
    sampling::{MAX_BITS, Nonce, Seed, answer_len, bits_of, check_answers, positions, samples_for},
    sentence::{self, Counted},
    verdict::Level,
};

pub(super) fn check(container: &Container<'_>, capsule: &Capsule, options: &VerifyOptions) -> Found<Availability> {
    if all_travels(capsule) {
        return Ok((Availability::Complete, sentence::complete()));
    }
    let archive = Archive::of(container, capsule)?;
    let mut found = Vec::new();
    if let Some(samples) = &options.samples {
        found.push(live(&archive, samples, options)?);
    }
    if let Some(attestations) = &options.attestations {
        found.push(relayed::attested(&archive, attestations, options)?);
    }
    if let Some(challenged) = &options.challenge {
        found.push(relayed::archival(&archive, challenged, options)?);
    }
    let details: Vec<String> = found.iter().map(|(_, detail)| detail.clone()).collect();
    let unsatisfied = |detail| Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail));
    match found.into_iter().next() {
        None => unsatisfied("the archive is kept elsewhere and no rows of it were sampled: name a provider"),
        // Whoever answers knew these rows since the challenge, and may have kept no others.
        Some((Availability::Archival { .. }, _)) if options.level == Level::Full => unsatisfied(
            "a challenge shows that the archive existed when it was committed, not that it is available: sample it",
        ),
        Some((result, _)) => Ok((result, details.join("; "))),
    }
}

fn all_travels(capsule: &Capsule) -> bool {
    capsule.payload.artifacts.iter().all(|artifact| artifact.embedded)
}

fn live(archive: &Archive<'_>, samples: &Samples, options: &VerifyOptions) -> Found<Availability> {
    let plan = archive.plan(&Draw::Live { nonce: samples.nonce, bits: samples.bits });
    let shown = archive.answered(&plan, &samples.answers)?;
    let Shown { samples, rows, inverse_rate, bits } = shown;
    let found = Availability::Live { at: options.at, samples, rows, inverse_rate, bits };
    Ok((found, sentence::live(samples, Counted(rows, "row"), bits)))
}

/// An archive that is kept elsewhere, as the receipt commits to it.
pub(super) struct Archive<'a> {
    pub(super) capsule: &'a Capsule,
    pub(super) commit_hash: Digest,
    pub(super) da_hash: Digest,
    header: RowCheckHeader,
    sketch: &'a [u8],
}

/// What sampled rows show.
pub(super) struct Shown {
    pub(super) samples: u32,
    pub(super) rows: u64,
    pub(super) inverse_rate: u32,
    pub(super) bits: u32,
}

impl<'a> Archive<'a> {
    fn of(container: &Container<'a>, capsule: &'a Capsule) -> Result<Self, Refusal> {
        let bytes = container.get(entry::ROW_CHECK_HEADER).unwrap_or_default();
        let header = RowCheckHeader::from_bytes(bytes).map_err(|error| Refusal::new(error.code(), error))?;
        let sketch = container.get(entry::ROW_CHECK_SKETCH).unwrap_or_default();
        Ok(Self { capsule, commit_hash: capsule.header.commit_hash(), da_hash: header.digest(), header, sketch })
    }

    /// What so many rows show.
    pub(super) fn shown(&self, samples: u32) -> Shown {
        let shape = self.header.shape();
        let (rows, bits) = (shape.extended_rows(), bits_of(shape, samples));
        Shown { samples, rows, inverse_rate: 1 << shape.log_blowup(), bits }
    }

    /// Checks the answers of a plan's positions.
    pub(super) fn answered(&self, plan: &Plan, answers: &[Option<Vec<u8>>]) -> Result<Shown, Refusal> {
        let sketch = Sketch::parse(&self.header, self.sketch).map_err(|error| Refusal::new(error.code(), error))?;
        check_answers(&sketch.encode(), &plan.positions, answers).map_err(|error| Refusal::new(error.code(), error))?;
        Ok(self.shown(u32::try_from(plan.positions.len()).unwrap_or(u32::MAX)))
    }

    /// What to ask for.
    pub(super) fn plan(&self, draw: &Draw) -> Plan {
        let shape = self.header.shape();
        let (rows, da_hash) = (shape.extended_rows(), self.da_hash);
        let samples = samples_for(shape, draw.bits().clamp(1, MAX_BITS));
        let seed = match draw {
            Draw::Live { nonce, .. } => Seed::live(&self.commit_hash, &da_hash, rows, samples, nonce),
            Draw::Archival { seed, .. } => Seed::archival(&self.commit_hash, &da_hash, rows, samples, seed),
        };
        let positions = positions(&seed, rows, samples);
        Plan { header_commit_hash: self.commit_hash, da_hash, positions, answer_len: answer_len(&self.header), rows }
    }
}

/// What positions are drawn with, and how many bits they have to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// The verifier's own nonce.
    Live {
        /// Drawn anew for each audit.
        nonce: Nonce,
        /// As the verifier has it.
        bits: u32,
    },
    /// A relay's challenge.
    Archival {
        /// The challenge's.
        seed: Digest,
        /// As the challenge has it.
        bits: u32,
    },
}

impl Draw {
    /// By a relay's challenge. Its signature holds; whether the relay is trusted is asked when the answers are judged.
    ///
    /// # Errors
    /// When the bytes are no challenge.
    pub fn of_challenge(message: &[u8]) -> Result<Self, Refusal> {
        let challenge: Signed<Challenge> = Signed::read(message).map_err(|error| Refusal::new(error.code(), error))?;
        Ok(Self::archival(&challenge.message))
    }

    pub(super) fn archival(challenge: &Challenge) -> Self {
        Self::Archival { seed: challenge.seed, bits: u32::try_from(challenge.bits).unwrap_or(MAX_BITS) }
    }

    const fn bits(&self) -> u32 {
        match self {
            Self::Live { bits, .. } | Self::Archival { bits, .. } => *bits,
        }
    }
}

/// What a verifier asks a provider for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    /// Names the receipt where commits are registered.
    pub header_commit_hash: Digest,
    /// Names the archive: `/v1/da/{da_hash}/rows/{position}`.
    pub da_hash: Digest,
    /// The rows, ascending.
    pub positions: Vec<u64>,
    /// Bytes of each answer.
    pub answer_len: usize,
    /// Rows of the code.
    pub rows: u64,
}

/// What to ask for, of a receipt whose archive is kept elsewhere; `None` when all of it travels. The receipt is not judged: verify it before
/// anything is asked for, and with the answers afterwards.
///
/// # Errors
/// When the receipt cannot be read.
pub fn plan(receipt: &[u8], nonce: &Nonce, bits: u32, limits: &Limits) -> Result<Option<Plan>, Refusal> {
    plan_of(receipt, &Draw::Live { nonce: *nonce, bits }, limits)
}

/// The same, however the positions are drawn.
///
/// # Errors
/// When the receipt cannot be read.
pub fn plan_of(receipt: &[u8], draw: &Draw, limits: &Limits) -> Result<Option<Plan>, Refusal> {
    let container = Container::parse(receipt, limits).map_err(|error| Refusal::new(error.code(), error))?;
    let capsule = inspect::capsule(&container, limits)?;
    if all_travels(&capsule) {
        return Ok(None);
    }
    Ok(Some(Archive::of(&container, &capsule)?.plan(draw)))
}
