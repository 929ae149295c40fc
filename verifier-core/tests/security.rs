//! The parameter sets keep what their names promise, by Winterfell's own estimator, for the longest trace of each AIR.
//!
//! The estimator caps its answer at the hash's collision resistance; the uncapped number is asked for as well, so that the
//! margin is seen. `docs/spec/proof.md` quotes what this test prints.

use verifier_core::Digest;
use verifier_core::air::geom::{GeomAir, GeomInputs, GeomOutputs, GeomParameters, GeomStatement};
use verifier_core::field::BaseElement;
use verifier_core::stark::{FriParams, ParameterSet, ProvenAir, TaggedSha256};
use winter_air::Air;
use winter_air::proof::{Context, Proof};
use winter_crypto::Hasher;

/// A hash that nothing collides in: takes the cap away.
struct Uncapped;

impl Hasher for Uncapped {
    type Digest = Digest;

    const COLLISION_RESISTANCE: u32 = 1000;

    fn hash(bytes: &[u8]) -> Digest {
        TaggedSha256::hash(bytes)
    }

    fn merge(values: &[Digest; 2]) -> Digest {
        TaggedSha256::merge(values)
    }

    fn merge_many(values: &[Digest]) -> Digest {
        TaggedSha256::merge_many(values)
    }

    fn merge_with_int(seed: Digest, value: u64) -> Digest {
        TaggedSha256::merge_with_int(seed, value)
    }
}

/// Bits of proven security by list decoding: capped, and not; and by unique decoding.
#[derive(Debug)]
struct Bits {
    capped: u32,
    uncapped: u32,
    unique_decoding: u32,
}

fn proven(steps: u32, fri: FriParams) -> Bits {
    let parameters =
        GeomParameters::new(steps, GeomParameters::DEFAULT_INITIAL, GeomParameters::DEFAULT_MATRIX).unwrap();
    let statement = GeomStatement::new(parameters, GeomOutputs::from_values([0; 7])).unwrap();
    let inputs = GeomInputs::new(statement, Digest::default());
    let air = GeomAir::new(GeomAir::pinned_trace(&inputs), inputs, fri.options());
    let constraints = air.context().num_assertions() + air.context().num_transition_constraints();
    let mut proof = Proof::new_dummy();
    proof.context = Context::new::<BaseElement>(air.trace_info().clone(), fri.options(), constraints);
    Bits {
        capped: proof.proven_security::<TaggedSha256>().ldr_bits(),
        uncapped: proof.proven_security::<Uncapped>().ldr_bits(),
        unique_decoding: proof.proven_security::<Uncapped>().udr_bits(),
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the spec quotes the numbers")]
fn sets_keep_their_promise() {
    for set in ParameterSet::ALL {
        for steps in [GeomParameters::MIN_STEPS, 4096, 32_768, GeomParameters::MAX_STEPS] {
            let bits = proven(steps, GeomAir::fri_params(set));
            println!(
                "{set}, {steps} steps: {} bits ({} without the cap), {} by unique decoding",
                bits.capped, bits.uncapped, bits.unique_decoding
            );
            assert!(bits.capped >= set.security_bits(), "{set}, {steps} steps: {bits:?}");
            assert!(bits.uncapped > set.security_bits(), "{set} has no margin at {steps} steps: {bits:?}");
        }
    }
}

#[test]
fn no_set_draws_more_queries_than_winterfell_can_open_or_the_shortest_domain_has() {
    for set in ParameterSet::ALL {
        let fri = GeomAir::fri_params(set);
        assert!(fri.queries <= 254);
        assert!(u32::from(fri.queries) < GeomParameters::MIN_TRACE_LENGTH * u32::from(fri.blowup));
        assert!(u16::from(fri.remainder_degree) + 1 >= u16::from(fri.folding));
    }
}

#[test]
fn sets_have_names() {
    for set in ParameterSet::ALL {
        assert_eq!(ParameterSet::from_name(set.name()), Some(set));
    }
    assert_eq!(ParameterSet::from_name("stark-99"), None);
    assert_eq!(ParameterSet::default(), ParameterSet::Stark100);
}

/// Proven bits of the 67-column machine: Winterfell's estimate, and what the look-up argument may add to the error.
mod rv32im {
    use std::sync::Arc;

    use verifier_core::air::rv32im::bus::CHALLENGES;
    use verifier_core::air::rv32im::columns::{AUX_WIDTH, WIDTH};
    use verifier_core::air::rv32im::{
        MAX_MICRO_OPS, MAX_TRACE_LENGTH, MIN_TRACE_LENGTH, PublicTables, Run, Rv32imAir, Rv32imInputs, Rv32imStatement,
    };
    use verifier_core::rv32im::{ProgramImage, Segment};
    use winter_air::TraceInfo;

    use super::*;

    /// A statement of one jump to itself: the AIR of any program has its shape.
    fn inputs(length: u32) -> Rv32imInputs {
        let loops = Segment::new(0, true, 0x6f_u32.to_le_bytes().to_vec());
        let image = ProgramImage::new(0, vec![loops]).unwrap();
        let mut tables = PublicTables::empty(2);
        tables.fetches = vec![length - 1, 0];
        let run = Run {
            image,
            input: Vec::new(),
            output: Vec::new(),
            exit_code: 0,
            cycles: u64::from(length - 1),
            trace_length: length,
        };
        Rv32imInputs::new(Arc::new(Rv32imStatement::new(run, &tables.encode()).unwrap()), Digest::default())
    }

    fn proven(length: u32, fri: FriParams) -> Bits {
        let info = TraceInfo::new_multi_segment(WIDTH, AUX_WIDTH, CHALLENGES, length as usize, Vec::new());
        let air = Rv32imAir::new(info, inputs(MIN_TRACE_LENGTH), fri.options());
        let constraints = air.context().num_assertions() + air.context().num_transition_constraints();
        let mut proof = Proof::new_dummy();
        proof.context = Context::new::<BaseElement>(air.trace_info().clone(), fri.options(), constraints);
        Bits {
            capped: proof.proven_security::<TaggedSha256>().ldr_bits(),
            uncapped: proof.proven_security::<Uncapped>().ldr_bits(),
            unique_decoding: proof.proven_security::<Uncapped>().udr_bits(),
        }
    }

    /// Bits of the look-up argument: with M fractions, at most 2 M of the challenges in a field of 2^192 are bad; each word
    /// in a list of up to 2^12 is a trace to be unlucky for.
    fn look_up_bits(length: u32) -> f64 {
        const LIST: f64 = 4096.0;
        let public = MAX_MICRO_OPS as f64 + f64::from(1 << 23);
        let fractions = 28.0 * f64::from(length) + public;
        192.0 - (2.0 * fractions * LIST).log2()
    }

    /// `stark-128` rests on the newer bound alone (`tests/rounds.rs`).
    #[test]
    #[expect(clippy::print_stdout, reason = "the spec quotes the numbers")]
    fn the_default_set_keeps_its_promise_by_the_older_bound_too() {
        let set = ParameterSet::Stark100;
        for length in [MIN_TRACE_LENGTH, 1 << 18, 1 << 20, 1 << 21, MAX_TRACE_LENGTH] {
            let bits = proven(length, Rv32imAir::fri_params(set));
            let look_ups = look_up_bits(length);
            println!(
                "{set}, {length} rows: {} bits ({} without the cap), {} by unique decoding, {look_ups:.1} by look-ups",
                bits.capped, bits.uncapped, bits.unique_decoding
            );
            // The errors add up: two of equal size cost one bit.
            let total = -((-f64::from(bits.uncapped)).exp2() + (-look_ups).exp2()).log2();
            assert!(bits.capped >= set.security_bits(), "{set}, {length} rows: {bits:?}");
            assert!(total >= f64::from(set.security_bits()), "{set}, {length} rows: {bits:?}");
        }
    }

    #[test]
    fn no_set_draws_more_queries_than_winterfell_can_open() {
        for set in ParameterSet::ALL {
            let fri = Rv32imAir::fri_params(set);
            assert!(fri.queries <= 254);
            assert!(u16::from(fri.remainder_degree) + 1 >= u16::from(fri.folding));
        }
    }
}
