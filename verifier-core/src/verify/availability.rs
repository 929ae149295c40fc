//! Check 11: the archive can be had.
//!
//! What travels was checked whole by check 7. Of what lies elsewhere, rows were sampled: their positions follow from the verifier's
//! nonce and from what check 3 and check 7 have bound, and their number from the bits that the verifier asks for.

use alloc::{format, vec::Vec};

use super::{Found, VerifyOptions};
use crate::{
    capsule::{Capsule, entry},
    container::Container,
    digest::Digest,
    inspect,
    limits::Limits,
    reason::ReasonCode,
    refusal::Refusal,
    row_check::{RowCheckHeader, Sketch},
    sampling::{MAX_BITS, Nonce, Seed, answer_len, bits_of, check_answers, positions, samples_for},
    verdict::Availability,
};

pub(super) fn check(container: &Container<'_>, capsule: &Capsule, options: &VerifyOptions) -> Found<Availability> {
    if capsule.payload.artifacts.iter().all(|artifact| artifact.embedded) {
        return Ok((Availability::Complete, "complete: every artifact travels in the receipt and was checked".into()));
    }
    let Some(samples) = &options.samples else {
        let detail = "the archive lies elsewhere and no rows of it were sampled: name a provider";
        return Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail));
    };
    let header = header(container)?;
    let plan = Plan::of(capsule, &header, &samples.nonce, samples.bits);
    let sketch = container.get(entry::ROW_CHECK_SKETCH).unwrap_or_default();
    let sketch = Sketch::parse(&header, sketch).map_err(|error| Refusal::new(error.code(), error))?;
    check_answers(&sketch.encode(), &plan.positions, &samples.answers)
        .map_err(|error| Refusal::new(error.code(), error))?;
    let taken = u32::try_from(plan.positions.len()).unwrap_or(u32::MAX);
    let (rows, bits) = (header.shape().extended_rows(), bits_of(header.shape(), taken));
    let found = Availability::Live {
        at: options.at,
        samples: taken,
        rows,
        inverse_rate: 1 << header.shape().log_blowup(),
        bits,
    };
    Ok((found, format!("live: {taken} of {rows} rows, drawn anew, could be had and hold: {bits} proven bits")))
}

fn header(container: &Container<'_>) -> Result<RowCheckHeader, Refusal> {
    let bytes = container.get(entry::ROW_CHECK_HEADER).unwrap_or_default();
    RowCheckHeader::from_bytes(bytes).map_err(|error| Refusal::new(error.code(), error))
}

/// What a verifier asks a provider for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    /// Names the archive: `/v1/da/{da_hash}/rows/{position}`.
    pub da_hash: Digest,
    /// The rows, ascending.
    pub positions: Vec<u64>,
    /// Bytes of each answer.
    pub answer_len: usize,
    /// Rows of the code.
    pub rows: u64,
}

impl Plan {
    fn of(capsule: &Capsule, header: &RowCheckHeader, nonce: &Nonce, bits: u32) -> Self {
        let (rows, da_hash) = (header.shape().extended_rows(), header.digest());
        let samples = samples_for(header.shape(), bits.clamp(1, MAX_BITS));
        let seed = Seed::live(&capsule.header.commit_hash(), &da_hash, rows, samples, nonce);
        Self { da_hash, positions: positions(&seed, rows, samples), answer_len: answer_len(header), rows }
    }
}

/// What to ask for, of a receipt whose archive lies elsewhere; `None` when all of it travels. The receipt is not judged: verify it before
/// anything is asked for, and with the answers afterwards.
///
/// # Errors
/// When the receipt cannot be read.
pub fn plan(receipt: &[u8], nonce: &Nonce, bits: u32, limits: &Limits) -> Result<Option<Plan>, Refusal> {
    let container = Container::parse(receipt, limits).map_err(|error| Refusal::new(error.code(), error))?;
    let capsule = inspect::capsule(&container, limits)?;
    if capsule.payload.artifacts.iter().all(|artifact| artifact.embedded) {
        return Ok(None);
    }
    Ok(Some(Plan::of(&capsule, &header(&container)?, nonce, bits)))
}
