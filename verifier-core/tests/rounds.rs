//! The bits of `rv32im_v1`'s parameter sets, round by round and in sum, by the formulae of `docs/spec/proof.md`, "Rounds".
//!
//! These are the project's own, in the list-decoding regime up to Johnson's radius: the one theorem that they take over is Theorem
//! 4.6 of eprint 2025/2055, with the constants as they are printed there. `tests/security.rs` has the estimator of Winterfell,
//! which knows the older bound. The spec quotes what this test prints.

use verifier_core::air::rv32im::columns::{AUX_WIDTH, WIDTH};
use verifier_core::air::rv32im::{MAX_MICRO_OPS, MAX_TRACE_LENGTH, MIN_TRACE_LENGTH, Rv32imAir};
use verifier_core::stark::{FriParams, ParameterSet, ProvenAir};

/// log2 of |E| = p^3, p = 2^64 - 2^32 + 1.
const FIELD_BITS: f64 = 191.999_999_998_992;

/// Columns of the quotient, one less than the degree of the constraints.
const QUOTIENT: usize = 4;

/// Degree of the constraints.
const DEGREE: f64 = 5.0;

/// Fractions of a row, and of the verifier's share at most.
const FRACTIONS: f64 = 28.0;
const SHARE: f64 = MAX_MICRO_OPS as f64 + (1 << 23) as f64;

/// Errors as bits, in the order of the rounds.
#[derive(Clone, Debug, PartialEq)]
struct Rounds {
    /// The proximity parameter: agreement (1 + 1/i) sqrt(1/blow-up).
    i: u32,
    look_ups: f64,
    constraints: f64,
    out_of_domain: f64,
    batching: f64,
    folds: Vec<f64>,
    queries: f64,
}

impl Rounds {
    fn all(&self) -> impl Iterator<Item = f64> {
        let first = [self.look_ups, self.constraints, self.out_of_domain, self.batching, self.queries];
        first.into_iter().chain(self.folds.iter().copied())
    }

    fn least(&self) -> f64 {
        self.all().fold(f64::INFINITY, f64::min)
    }

    /// Bits of the sum of all errors.
    fn sum(&self) -> f64 {
        -self.all().map(|bits| (-bits).exp2()).sum::<f64>().log2()
    }
}

/// Theorem 4.6: at most so many challenges z of a curve u_0 + z u_1 + ... + z^M u_M of words, M the degree, are such that
/// it agrees with a code word on a set of the agreement, or a larger one, where not all u_j do. The code has dimension
/// `k` and length `n`.
fn exceptions(k: f64, n: f64, agreement: f64, degree: f64) -> Option<f64> {
    let rate = (k - 1.0) / n;
    let root = rate.sqrt();
    let gap = agreement - root;
    if gap <= 0.0 {
        return None;
    }
    let m = (root / gap).ceil().max(3.0) + 0.5;
    let line = (2.0 * m.powi(5) + 3.0 * m * (1.0 - agreement) * rate) / (3.0 * rate.powf(1.5)) * n + m / root;
    Some(degree * line)
}

/// Johnson's bound: at most so many functions agree with one word on a part `agreement` of its places each, if any two of
/// them agree on a part `common` at most.
fn list(agreement: f64, common: f64) -> Option<f64> {
    let excess = agreement * agreement - common;
    (excess > 0.0).then_some((agreement - common) / excess)
}

fn rounds(rows: u32, fri: FriParams, i: u32) -> Option<Rounds> {
    let (rows, blowup) = (f64::from(rows), f64::from(fri.blowup));
    let length = rows * blowup;
    let agreement = (1.0 + 1.0 / f64::from(i)) / blowup.sqrt();
    let traces = list(agreement, rows / length)?;
    let poles = list(agreement, (rows + 2.0) / length)?;
    let columns = (WIDTH + AUX_WIDTH + QUOTIENT) as f64;
    let bits = |bad: f64| FIELD_BITS - bad.log2();
    let degree = (DEGREE * rows + 1.0).max((QUOTIENT as f64 + 1.0) * rows);
    let mut folds = Vec::new();
    let (mut domain, mut dimension, factor) = (length, rows, f64::from(fri.folding));
    while domain > (f64::from(fri.remainder_degree) + 1.0) * blowup {
        (domain, dimension) = (domain / factor, dimension / factor);
        folds.push(bits(exceptions(dimension, domain, agreement, factor - 1.0)?));
    }
    Some(Rounds {
        i,
        look_ups: bits(traces * 2.0 * (FRACTIONS * rows + SHARE)),
        constraints: bits(traces),
        out_of_domain: bits(traces * degree + columns * poles + 3.0 * length),
        batching: bits((columns - 1.0) * exceptions(rows, length, agreement, 1.0)? + 1.0),
        folds,
        queries: f64::from(fri.grinding) - f64::from(fri.queries) * agreement.log2(),
    })
}

/// At the proximity parameter that gives the most bits in sum.
fn best(rows: u32, fri: FriParams) -> Rounds {
    let all = (3..400).filter_map(|i| rounds(rows, fri, i));
    all.max_by(|a, b| a.sum().total_cmp(&b.sum())).expect("a wide enough agreement has a bound")
}

/// By unique decoding alone: the queries decide.
fn unique_decoding(fri: FriParams) -> f64 {
    f64::from(fri.grinding) - f64::from(fri.queries) * ((1.0 + 1.0 / f64::from(fri.blowup)) / 2.0).log2()
}

#[test]
#[expect(clippy::print_stdout, reason = "the spec quotes the numbers")]
fn the_sum_of_all_rounds_keeps_the_promise() {
    for set in ParameterSet::ALL {
        let fri = Rv32imAir::fri_params(set);
        println!("{set}: {:.1} by unique decoding", unique_decoding(fri));
        for rows in (MIN_TRACE_LENGTH.ilog2()..=MAX_TRACE_LENGTH.ilog2()).map(|log| 1 << log) {
            let rounds = best(rows, fri);
            println!("{set}, {rows} rows: {:.1} least, {:.1} in sum, {rounds:.1?}", rounds.least(), rounds.sum());
            assert!(rounds.sum() >= f64::from(set.security_bits()), "{set}, {rows} rows: {rounds:?}");
        }
    }
}

/// What `ethereum/soundcalc` (commit 809896f) makes of the same sets in its Johnson regime, at this test's gaps to Johnson's radius:
/// rows, and bits of batching, of the first fold and of the queries.
const SOUNDCALC: [(ParameterSet, u32, f64, f64, f64); 8] = [
    (ParameterSet::Stark100, 1 << 16, 133.35, 133.54, 103.70),
    (ParameterSet::Stark100, 1 << 18, 131.35, 131.54, 103.70),
    (ParameterSet::Stark100, 1 << 20, 129.35, 129.54, 103.70),
    (ParameterSet::Stark100, 1 << 22, 127.35, 127.54, 103.70),
    (ParameterSet::Stark128, 1 << 16, 143.34, 143.53, 129.98),
    (ParameterSet::Stark128, 1 << 18, 142.67, 142.86, 129.67),
    (ParameterSet::Stark128, 1 << 20, 142.01, 142.20, 129.28),
    (ParameterSet::Stark128, 1 << 22, 141.30, 141.49, 128.83),
];

/// It takes m to be sqrt(rate) / 2 gap, where the theorem prints sqrt(rate) / gap, which is 5 bits at most; and one exception for the
/// combination of all columns, which is here taken apart, column by column.
#[test]
fn an_outside_calculator_has_the_same_bits_or_a_few_more() {
    let columns = ((WIDTH + AUX_WIDTH + QUOTIENT - 1) as f64).log2();
    for (set, rows, batching, fold, queries) in SOUNDCALC {
        let own = best(rows, Rv32imAir::fri_params(set));
        assert!((4.0..5.0).contains(&(batching - columns - own.batching)), "{set}, {rows} rows: {own:?}");
        assert!((4.0..5.0).contains(&(fold - own.folds[0])), "{set}, {rows} rows: {own:?}");
        assert!((queries - own.queries).abs() < 0.01, "{set}, {rows} rows: {own:?}");
    }
}
