//! A prover that lies: it commits to any trace and to a zero quotient, claims whatever the out-of-domain check wants to see,
//! and runs the low-degree test on what comes out, which is of high degree. The last polynomial is where it cheats.

use std::collections::BTreeSet;

use rayon::prelude::*;
use verifier_core::Digest;
use verifier_core::field::{BaseElement, Extension as E};
use verifier_core::stark::{ProvenAir, StcVector, TaggedSha256};
use winter_air::proof::{Commitments, Context, OodFrame, Proof, Queries, QuotientOodFrame, TraceOodFrame};
use winter_air::{Air, ConstraintCompositionCoefficients, EvaluationFrame};
use winter_crypto::{DefaultRandomCoin, ElementHasher, Hasher, RandomCoin, VectorCommitment};
use winter_fri::folding::{apply_drp, fold_positions};
use winter_fri::{FriProof, utils::map_positions_to_indexes};
use winter_math::{FieldElement, StarkField, ToElements, batch_inversion, fft, polynom};
use winter_prover::matrix::{ColMatrix, RowMatrix};
use winter_utils::{Deserializable, Serializable, transpose_slice};

type H = TaggedSha256;
type Tree = StcVector;

const STRETCH: u64 = 4096;

/// What the last polynomial is, and when it is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Remainder {
    /// The low-degree part of the last layer, committed to.
    Honest,
    /// Zeros are committed to; the polynomial is chosen to pass through the queried points, once they are known.
    AfterQueries,
    /// Passes through the first points of the last layer and is committed to; queries must then fall on those points.
    ThroughFirstPoints,
}

/// A claim, a trace that need not support it, and what the proof says about itself.
pub(crate) struct Attack<A: ProvenAir> {
    pub(crate) inputs: A::PublicInputs,
    pub(crate) columns: Vec<Vec<BaseElement>>,
    pub(crate) context: Context,
    /// Exponent of the number of partitions that the layers of the low-degree test claim to be made in.
    pub(crate) partitions: u32,
}

/// A proof, and the number of nonces that it took.
pub(crate) struct Forged {
    pub(crate) proof: Proof,
    pub(crate) nonces: u64,
}

struct Layer {
    tree: Tree,
    rows: Vec<Vec<E>>,
    alpha_domain: usize,
}

/// The coin, and its seed besides, so that nonces can be tried without asking the coin.
struct Transcript {
    coin: DefaultRandomCoin<H>,
    seed: Digest,
}

impl Transcript {
    fn new(elements: &[BaseElement]) -> Self {
        Self { coin: DefaultRandomCoin::new(elements), seed: H::hash_elements(elements) }
    }

    fn absorb(&mut self, digest: Digest) {
        self.coin.reseed(digest);
        self.seed = H::merge(&[self.seed, digest]);
    }
}

impl<A: ProvenAir> Attack<A> {
    /// The attack with an honest description of the trace, the options and the constraints.
    pub(crate) fn new(inputs: A::PublicInputs, columns: Vec<Vec<BaseElement>>) -> Self {
        let options = A::fri_params(Default::default()).options();
        let info = A::pinned_trace(&inputs);
        let air = A::new(info.clone(), inputs.clone(), options.clone());
        let constraints = air.context().num_assertions() + air.context().num_transition_constraints();
        Self { inputs, columns, context: Context::new::<BaseElement>(info, options, constraints), partitions: 0 }
    }

    /// Makes the proof; `None` when no nonce below `nonces` serves.
    pub(crate) fn run(&self, remainder: Remainder, nonces: u64) -> Option<Forged> {
        let options = self.context.options().clone();
        let air = A::new(self.context.trace_info().clone(), self.inputs.clone(), options.clone());
        let (blowup, length) = (options.blowup_factor(), air.trace_length());

        let mut seed = self.context.to_elements();
        seed.extend(self.inputs.to_elements());
        let mut transcript = Transcript::new(&seed);

        let polys = ColMatrix::new(self.columns.clone()).interpolate_columns();
        let trace = RowMatrix::evaluate_polys::<4>(&polys, blowup);
        let trace_tree = tree((0..trace.num_rows()).map(|row| H::hash_elements(trace.row(row))));
        transcript.absorb(trace_tree.commitment());
        let coefficients = air.get_constraint_composition_coefficients::<E, _>(&mut transcript.coin).unwrap();

        let quotient_row = vec![E::ZERO; air.context().num_constraint_composition_columns()];
        let quotient_tree = tree((0..trace.num_rows()).map(|_| H::hash_elements(&quotient_row)));
        transcript.absorb(quotient_tree.commitment());
        let z: E = transcript.coin.draw().unwrap();
        let z_next = z * E::from(air.trace_domain_generator());

        let current: Vec<E> = polys.evaluate_columns_at(z);
        let next: Vec<E> = polys.evaluate_columns_at(z_next);
        let frame = EvaluationFrame::from_rows(current.clone(), next.clone());
        let mut quotient_claim = quotient_row.clone();
        quotient_claim[0] = constraints_at(&air, &coefficients, &frame, z);
        let ood: Vec<E> = [&current, &quotient_claim, &next, &quotient_row].into_iter().flatten().copied().collect();
        transcript.absorb(H::hash_elements(&ood));

        let deep = air.get_deep_composition_coefficients::<E, _>(&mut transcript.coin).unwrap();
        let weigh =
            |row: &[E]| deep.trace.iter().zip(row).map(|(c, value)| *c * *value).fold(E::ZERO, |sum, term| sum + term);
        let at_z = weigh(&current) + deep.constraints[0] * quotient_claim[0];
        let at_z_next = weigh(&next);
        let xs = get_domain(trace.num_rows());
        let denominators: Vec<E> = xs.iter().flat_map(|x| [E::from(*x) - z, E::from(*x) - z_next]).collect();
        let inverses = batch_inversion(&denominators);
        let evaluations: Vec<E> = (0..trace.num_rows())
            .map(|row| {
                let cells: Vec<E> = trace.row(row).iter().map(|cell| E::from(*cell)).collect();
                let value = weigh(&cells);
                (value - at_z) * inverses[2 * row] + (value - at_z_next) * inverses[2 * row + 1]
            })
            .collect();

        let folding = options.to_fri_options().folding_factor();
        let layers_wanted = options.to_fri_options().num_fri_layers(trace.num_rows());
        let mut layers = Vec::new();
        let mut last = evaluations;
        for _ in 0..layers_wanted {
            let (layer, folded) = match folding {
                2 => self.layer::<2>(&last, &mut transcript),
                4 => self.layer::<4>(&last, &mut transcript),
                8 => self.layer::<8>(&last, &mut transcript),
                _ => self.layer::<16>(&last, &mut transcript),
            };
            layers.push(layer);
            last = folded;
        }

        let capacity = last.len() / blowup;
        let first_points: Vec<usize> = (0..capacity).collect();
        let committed = match remainder {
            Remainder::Honest => truncated(&last, capacity),
            Remainder::AfterQueries => vec![E::ZERO; capacity],
            Remainder::ThroughFirstPoints => through(&last, &first_points, capacity),
        };
        transcript.absorb(H::hash_elements(&committed));

        let grinding = options.grinding_factor();
        let (queries, domain, seed) = (options.num_queries(), trace.num_rows(), transcript.seed);
        let serves = |nonce: &u64| {
            let Some(positions) = positions_for(seed, *nonce, grinding, queries, domain) else { return false };
            let last_positions = positions.into_iter().map(|position| position % last.len());
            let distinct: BTreeSet<usize> = last_positions.collect();
            match remainder {
                Remainder::Honest => true,
                Remainder::AfterQueries => distinct.len() <= capacity,
                Remainder::ThroughFirstPoints => distinct.into_iter().all(|position| position < capacity),
            }
        };
        // In stretches, so that the search ends near the first nonce that serves.
        let mut stretches = (1..nonces).step_by(STRETCH as usize);
        let nonce = stretches.find_map(|start| (start..start + STRETCH).into_par_iter().find_first(serves))?;
        let positions = positions_for(seed, nonce, grinding, queries, domain)?;
        let sent = match remainder {
            Remainder::AfterQueries => {
                let distinct: BTreeSet<usize> = positions.iter().map(|position| position % last.len()).collect();
                through(&last, &Vec::from_iter(distinct), capacity)
            }
            _ => committed.clone(),
        };

        let roots = layers.iter().map(|layer| layer.tree.commitment()).chain([H::hash_elements(&committed)]);
        let mut ood_frame = OodFrame::default();
        ood_frame.set_trace_states(&TraceOodFrame::new(current, next, self.columns.len()));
        ood_frame.set_quotient_states(&QuotientOodFrame::new(quotient_claim, quotient_row.clone()));
        let trace_rows = positions.iter().map(|position| trace.row(*position).to_vec()).collect();
        let proof = Proof {
            context: self.context.clone(),
            num_unique_queries: u8::try_from(positions.len()).unwrap(),
            commitments: Commitments::new::<H>(
                vec![trace_tree.commitment()],
                quotient_tree.commitment(),
                roots.collect(),
            ),
            trace_queries: vec![Queries::new::<H, _, Tree>(trace_tree.open_many(&positions).unwrap().1, trace_rows)],
            constraint_queries: Queries::new::<H, _, Tree>(
                quotient_tree.open_many(&positions).unwrap().1,
                vec![quotient_row; positions.len()],
            ),
            ood_frame,
            fri_proof: self.low_degree_proof(&layers, &positions, folding, &sent),
            pow_nonce: nonce,
        };
        debug_assert_eq!(length * blowup, domain);
        Some(Forged { proof, nonces: nonce })
    }

    fn layer<const N: usize>(&self, evaluations: &[E], transcript: &mut Transcript) -> (Layer, Vec<E>) {
        let rows = transpose_slice::<E, N>(evaluations);
        let positions: Vec<usize> = (0..rows.len()).collect();
        let places = map_positions_to_indexes(&positions, evaluations.len(), N, 1 << self.partitions);
        let mut leaves = vec![Digest::default(); rows.len()];
        for (row, place) in rows.iter().zip(places) {
            leaves[place] = H::hash_elements(row);
        }
        let tree = Tree::new(leaves).unwrap();
        transcript.absorb(tree.commitment());
        let folded = apply_drp(&rows, BaseElement::GENERATOR, transcript.coin.draw::<E>().unwrap());
        let rows = rows.iter().map(|row| row.to_vec()).collect();
        (Layer { tree, rows, alpha_domain: evaluations.len() }, folded)
    }

    fn low_degree_proof(&self, layers: &[Layer], positions: &[usize], folding: usize, remainder: &[E]) -> FriProof {
        let mut bytes = vec![u8::try_from(layers.len()).unwrap()];
        let mut positions = positions.to_vec();
        for layer in layers {
            positions = fold_positions(&positions, layer.alpha_domain, folding);
            let places = map_positions_to_indexes(&positions, layer.alpha_domain, folding, 1 << self.partitions);
            let values: Vec<u8> =
                positions.iter().flat_map(|position| &layer.rows[*position]).flat_map(Serializable::to_bytes).collect();
            for part in [values, layer.tree.open_many(&places).unwrap().1.to_bytes()] {
                bytes.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
                bytes.extend(part);
            }
        }
        let remainder: Vec<u8> = remainder.iter().flat_map(Serializable::to_bytes).collect();
        bytes.extend(u16::try_from(remainder.len()).unwrap().to_le_bytes());
        bytes.extend(remainder);
        bytes.push(u8::try_from(self.partitions).unwrap());
        FriProof::read_from_bytes(&bytes).unwrap()
    }
}

fn tree(leaves: impl Iterator<Item = Digest>) -> Tree {
    Tree::new(leaves.collect()).unwrap()
}

/// The points of an evaluation domain of `size` rows.
fn get_domain(size: usize) -> Vec<BaseElement> {
    let generator = BaseElement::get_root_of_unity(size.ilog2());
    winter_math::get_power_series_with_offset(generator, BaseElement::GENERATOR, size)
}

/// The composition of all constraints at `z`, as the verifier computes it.
fn constraints_at<A: Air<BaseField = BaseElement>>(
    air: &A,
    coefficients: &ConstraintCompositionCoefficients<E>,
    frame: &EvaluationFrame<E>,
    z: E,
) -> E {
    let transition = air.get_transition_constraints(&coefficients.transition);
    let mut values = vec![E::ZERO; transition.num_main_constraints()];
    air.evaluate_transition(frame, &[], &mut values);
    let boundary = air.get_boundary_constraints(None, &coefficients.boundary);
    let boundary = boundary.main_constraints().iter().map(|group| group.evaluate_at(frame.current(), z));
    transition.combine_evaluations::<E>(&values, &[], z) + boundary.fold(E::ZERO, |sum, term| sum + term)
}

/// Distinct positions that the coin draws for a nonce; `None` where the nonce lacks the proof of work.
fn positions_for(seed: Digest, nonce: u64, grinding: u32, queries: usize, domain: usize) -> Option<Vec<usize>> {
    let head = |digest: Digest| u64::from_le_bytes(*digest.as_bytes().first_chunk().unwrap());
    let seed = H::merge_with_int(seed, nonce);
    if head(seed).trailing_zeros() < grinding {
        return None;
    }
    let mask = domain as u64 - 1;
    let drawn = (1..=queries as u64).map(|counter| (head(H::merge_with_int(seed, counter)) & mask) as usize);
    Some(drawn.collect::<BTreeSet<_>>().into_iter().collect())
}

/// The `capacity` lowest coefficients of the polynomial through all of the layer, highest first.
fn truncated(layer: &[E], capacity: usize) -> Vec<E> {
    let mut coefficients = layer.to_vec();
    let twiddles = fft::get_inv_twiddles::<BaseElement>(layer.len());
    fft::interpolate_poly_with_offset(&mut coefficients, &twiddles, BaseElement::GENERATOR);
    coefficients[..capacity].iter().rev().copied().collect()
}

/// The coefficients of the polynomial through the layer's points at `positions`, highest first.
///
/// The verifier's points of the last layer are the domain's offset times powers of the layer's own generator.
fn through(layer: &[E], positions: &[usize], capacity: usize) -> Vec<E> {
    let domain = get_domain(layer.len());
    let xs: Vec<E> = positions.iter().map(|position| E::from(domain[*position])).collect();
    let ys: Vec<E> = positions.iter().map(|position| layer[*position]).collect();
    let mut coefficients = polynom::interpolate(&xs, &ys, false);
    coefficients.resize(capacity, E::ZERO);
    coefficients.reverse();
    coefficients
}
