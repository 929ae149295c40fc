//! Positions: a seed, and the distinct uniform row numbers that it gives.
//!
//! Every draw is exactly uniform (numbers that would favour some rows are skipped), and no row is drawn twice.

use alloc::{collections::BTreeSet, vec::Vec};

use crate::digest::{Digest, Tag};

/// What a verifier draws anew each time it samples.
///
/// # Shape
/// 32 bytes, 64 lower-case hexadecimal digits as text.
///
/// # Security
/// Fresh and unpredictable: a provider that knows it in advance needs to keep the sampled rows alone. Drawing again after a failure
/// gives a provider another try; a failure stands until it is reported.
pub type Nonce = Digest;

/// What positions are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(Digest);

impl Seed {
    /// The seed of a verifier's own nonce, for one receipt, one archive and one number of samples.
    pub fn live(header_commit_hash: &Digest, da_hash: &Digest, rows: u64, samples: u32, nonce: &Nonce) -> Self {
        Self(Tag::SAMPLE_SEED.digest(&[
            header_commit_hash.as_bytes(),
            da_hash.as_bytes(),
            &rows.to_le_bytes(),
            &samples.to_le_bytes(),
            nonce.as_bytes(),
        ]))
    }

    /// The seed of a relay's challenge, which everybody knows once it is issued.
    pub fn archival(
        header_commit_hash: &Digest,
        da_hash: &Digest,
        rows: u64,
        samples: u32,
        challenge: &Digest,
    ) -> Self {
        Self(Tag::SAMPLE_ARCHIVAL_SEED.digest(&[
            header_commit_hash.as_bytes(),
            da_hash.as_bytes(),
            &rows.to_le_bytes(),
            &samples.to_le_bytes(),
            challenge.as_bytes(),
        ]))
    }
}

/// `samples` distinct positions below `rows`, ascending; all of them when there are no more.
///
/// # Shape
/// min(`samples`, `rows`) numbers. Every set of that size is equally likely (Floyd's algorithm).
pub fn positions(seed: &Seed, rows: u64, samples: u32) -> Vec<u64> {
    let mut stream = stream(seed);
    let mut chosen = BTreeSet::new();
    for last in rows.saturating_sub(samples.into())..rows {
        let drawn = below(last.saturating_add(1), &mut stream);
        if !chosen.insert(drawn) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// The integers of a seed: four little-endian ones in each digest, without end.
fn stream(seed: &Seed) -> impl Iterator<Item = u64> {
    let seed = *seed.0.as_bytes();
    let block = move |counter: u64| Tag::SAMPLE_STREAM.digest(&[&seed, &counter.to_le_bytes()]);
    let integers = |digest: Digest| {
        let (limbs, _) = digest.as_bytes().as_chunks();
        limbs.iter().map(|limb| u64::from_le_bytes(*limb)).collect::<Vec<u64>>()
    };
    (0..).map(block).flat_map(integers)
}

/// A uniform number below `bound`, which is not zero: integers of the last, incomplete span of that length are skipped.
fn below(bound: u64, stream: &mut impl Iterator<Item = u64>) -> u64 {
    let surplus = bound.wrapping_neg().checked_rem(bound).unwrap_or_default();
    let last = u64::MAX.saturating_sub(surplus);
    stream.find(|integer| *integer <= last).and_then(|integer| integer.checked_rem(bound)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn seed(byte: u8) -> Seed {
        Seed::live(&Digest::new([byte; 32]), &Digest::new([2; 32]), 4096, 118, &Digest::new([3; 32]))
    }

    proptest! {
        #[test]
        fn positions_are_distinct_ascending_and_as_many_as_asked(byte: u8, rows in 0..2000u64, samples in 0..300u32) {
            let found = positions(&seed(byte), rows, samples);
            prop_assert_eq!(found.len() as u64, rows.min(samples.into()));
            prop_assert!(found.is_sorted_by(|a, b| a < b) && found.iter().all(|position| *position < rows));
        }
    }

    #[test]
    fn every_set_is_as_likely_as_another() {
        // 10 sets of 2 of 5 rows, 256 * 40 draws: 1,024 each expected, standard deviation 30.
        let mut counts = alloc::collections::BTreeMap::new();
        for nonce in 0..10_240u32 {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&nonce.to_le_bytes());
            let seed = Seed::live(&Digest::default(), &Digest::default(), 5, 2, &Digest::new(bytes));
            *counts.entry(positions(&seed, 5, 2)).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(counts.values().all(|count| (874..=1174).contains(count)), "{counts:?}");
    }

    #[test]
    fn integers_that_would_favour_low_rows_are_skipped() {
        // 2^64 = 6 mod 10: the last six integers are skipped.
        let mut stream = vec![u64::MAX, u64::MAX - 5, u64::MAX - 6].into_iter();
        assert_eq!(below(10, &mut stream), 9);
        assert_eq!(below(1 << 63, &mut [u64::MAX].into_iter()), (1 << 63) - 1);
    }

    #[test]
    fn everything_that_a_seed_is_for_changes_it() {
        let [a, b, c] = [1u8, 2, 3].map(|byte| Digest::new([byte; 32]));
        let seeds = [
            Seed::live(&a, &b, 64, 8, &c),
            Seed::live(&b, &b, 64, 8, &c),
            Seed::live(&a, &a, 64, 8, &c),
            Seed::live(&a, &b, 65, 8, &c),
            Seed::live(&a, &b, 64, 9, &c),
            Seed::live(&a, &b, 64, 8, &a),
            Seed::archival(&a, &b, 64, 8, &c),
        ];
        assert!((0..7).all(|i| (0..i).all(|j| seeds[i] != seeds[j])));
    }
}
