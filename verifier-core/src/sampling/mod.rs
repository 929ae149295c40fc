//! Sampling (spec: `docs/spec/sampling.md`): which rows of a detached archive a verifier asks for, and what their answers show.
//!
//! The positions follow from a nonce that the verifier draws when it asks, so that nobody could prepare for them; how many there are
//! follows from the bits of security that the verifier wants. Nothing about either comes from the receipt or from whoever
//! serves the rows. What is shown is that the rows were available when they were asked for, not that they will be later.

mod answer;
mod coverage;
mod position;

pub use answer::{AnswerError, answer_len, check_answer, check_answers};
pub use coverage::{MAX_BITS, bits_of, samples_for};
pub use position::{Nonce, Seed, positions};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digest, row_check::RowCheckShape};

    /// How often a provider passes that can answer for one position fewer than the threshold, wherever these lie.
    fn pass_rate(shape: &RowCheckShape, samples: u32, audits: u32) -> f64 {
        let rows = shape.extended_rows();
        let good = u64::midpoint(rows, u64::from(shape.rows())) - 1;
        let passes = (0..audits).filter(|audit| {
            let nonce = Nonce::new(*Digest::of_content(&audit.to_le_bytes()).as_bytes());
            let seed = Seed::live(&Digest::default(), &Digest::default(), rows, samples, &nonce);
            // Any fixed set of that size: here every position but a run of the middle ones.
            let gone = good / 2..good / 2 + (rows - good);
            positions(&seed, rows, samples).iter().all(|position| !gone.contains(position))
        });
        passes.count() as f64 / f64::from(audits)
    }

    #[test]
    fn a_provider_below_the_threshold_passes_as_seldom_as_the_bound_says() {
        for (rows, log_blowup) in [(8, 1), (8, 2), (32, 1), (32, 2), (256, 1), (256, 2)] {
            let shape = RowCheckShape::new(7 * u64::from(rows) - 8, rows, log_blowup).unwrap();
            for bits in [1, 3, 6] {
                let samples = samples_for(&shape, bits);
                let (audits, bound) = (20_000, 0.5f64.powi(bits_of(&shape, samples).cast_signed()));
                let rate = pass_rate(&shape, samples, audits);
                let deviation = (bound * (1.0 - bound) / f64::from(audits)).sqrt();
                assert!(rate <= bound + 4.0 * deviation, "K={rows} {bits} bits: {rate} > {bound}");
                // The bound is of this very provider: it is tight but for the rounding of bits.
                assert!(rate * 2.0 >= bound - 8.0 * deviation, "K={rows} {bits} bits: {rate} is far below {bound}");
            }
        }
    }
}
