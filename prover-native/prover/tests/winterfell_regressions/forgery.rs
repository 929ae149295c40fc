//! Groups 1 to 3 and 13: false results, and the last polynomial.

use verifier_core::stark::ProofError;
use verifier_core::stark::testing::Pieces;

use super::attack::{Attack, Forged, Remainder};
use super::fibonacci::{Fibonacci, bare, columns, false_inputs, fri, honest, pin, strict_with_its_root, true_inputs};

const LENGTH: usize = 1024;

fn forge(length: usize, remainder: Remainder, nonces: u64) -> Option<(Vec<u8>, u64)> {
    let attack = Attack::<Fibonacci>::new(false_inputs(length), columns(length));
    attack.run(remainder, nonces).map(|Forged { proof, nonces }| (proof.to_bytes(), nonces))
}

fn bare_accepts_and_the_wrapper_refuses(length: usize, nonces: u64) {
    let (proof, _) = forge(length, Remainder::AfterQueries, nonces).unwrap();
    assert_eq!(bare(&proof, false_inputs(length)), Ok(()), "canary: Winterfell now compares the last polynomial");
    assert_eq!(strict_with_its_root(&proof, false_inputs(length)), Err(ProofError::Remainder));
}

#[test]
fn a_false_result_with_a_remainder_chosen_after_the_queries() {
    for options in [fri(28, 8, 16, 8, 127), fri(42, 8, 16, 8, 127)] {
        pin(options);
        bare_accepts_and_the_wrapper_refuses(LENGTH, u64::MAX);
    }
    pin(fri(32, 8, 0, 4, 127));
    bare_accepts_and_the_wrapper_refuses(64, u64::MAX);
}

#[test]
#[ignore = "searches millions of nonces"]
fn a_false_result_by_search_for_a_nonce() {
    pin(fri(28, 8, 0, 4, 31));
    bare_accepts_and_the_wrapper_refuses(4096, u64::MAX);
}

#[test]
fn a_false_result_by_search_for_a_nonce_with_few_queries() {
    pin(fri(22, 8, 0, 4, 31));
    bare_accepts_and_the_wrapper_refuses(4096, u64::MAX);
}

#[test]
fn a_false_result_with_an_honest_remainder() {
    for options in [fri(28, 8, 8, 8, 127), fri(28, 8, 0, 4, 31)] {
        pin(options);
        let (proof, _) = forge(LENGTH, Remainder::Honest, u64::MAX).unwrap();
        assert!(bare(&proof, false_inputs(LENGTH)).is_err());
        assert_eq!(strict_with_its_root(&proof, false_inputs(LENGTH)), Err(ProofError::Rejected));
    }
}

/// The harness has teeth: at toy parameters the attack gets past the comparison, at the cost that the theory names.
#[test]
#[expect(clippy::print_stdout, reason = "shows the price paid beside the price expected")]
fn toy_parameters_do_forge_at_the_price_of_their_queries() {
    for (queries, blowup, grinding) in [(4, 4, 0), (4, 4, 2), (3, 8, 0)] {
        pin(fri(queries, blowup, grinding, 4, 31));
        let price = u64::from(blowup).pow(u32::from(queries)) << grinding;
        let (proof, nonces) = forge(LENGTH, Remainder::ThroughFirstPoints, 64 * price).unwrap();
        assert_eq!(strict_with_its_root(&proof, false_inputs(LENGTH)), Ok(()), "{queries} queries");
        println!("{queries} queries, blow-up {blowup}, grinding {grinding}: {nonces} nonces, {price} expected");
        assert!(nonces > price / 64, "{nonces} nonces where {price} were expected");
    }
}

#[test]
fn the_last_polynomial_is_the_one_committed_to() {
    pin(fri(28, 8, 0, 4, 31));
    let (proof, _) = honest(LENGTH);
    let pieces = Pieces::of(&proof);
    let refused = |pieces: &Pieces| strict_with_its_root(&pieces.to_bytes(), true_inputs(LENGTH)).unwrap_err();

    let mut changed = pieces.clone();
    changed.remainder[0] ^= 1;
    assert_eq!(refused(&changed), ProofError::Remainder);

    let mut changed = pieces.clone();
    *changed.commitments.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&changed), ProofError::Remainder);

    // The first coefficient that has a second spelling, below 2^32 - 1, and written as itself plus p.
    let mut alias = pieces.clone();
    alias.remainder[..8].copy_from_slice(&(5 + 0xffff_ffff_0000_0001_u64).to_le_bytes());
    assert_eq!(refused(&alias), ProofError::Shape { part: "last polynomial" });

    for keep in [0, pieces.remainder.len() / 2, pieces.remainder.len() - 24] {
        let mut short = pieces.clone();
        short.remainder.truncate(keep);
        assert_eq!(refused(&short), ProofError::Shape { part: "last polynomial" });
    }
    let mut doubled = pieces.clone();
    doubled.remainder.extend(pieces.remainder.clone());
    assert_eq!(refused(&doubled), ProofError::Shape { part: "last polynomial" });
}
