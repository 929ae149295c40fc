//! Commitments of the prover: rows hashed and trees built on all cores, and the main trace committed to before the
//! statement is known.

use rayon::prelude::*;
use verifier_core::Digest;
use verifier_core::field::BaseElement;
use verifier_core::stark::{LevelHasher, StcVector, TaggedSha256};
use verifier_core::stc::{self, Arity};
use winter_air::proof::Queries;
use winter_air::{EvaluationFrame, TraceInfo};
use winter_prover::crypto::{ElementHasher, VectorCommitment};
use winter_prover::math::FieldElement;
use winter_prover::matrix::{ColMatrix, RowMatrix};
use winter_prover::{StarkDomain, TraceLde};

/// Columns that one pass of the transform handles together.
const SEGMENT_WIDTH: usize = 4;

/// Fewest digests that are worth a thread.
const MIN_DIGESTS_PER_JOB: usize = 256;

/// The nodes of a level, spread over the cores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parallel;

impl LevelHasher for Parallel {
    fn hash_level(arity: Arity, children: &[Digest], parents: &mut [Digest]) {
        let group = usize::from(arity.get());
        parents
            .par_chunks_mut(MIN_DIGESTS_PER_JOB)
            .zip(children.par_chunks(MIN_DIGESTS_PER_JOB * group))
            .for_each(|(parents, children)| stc::hash_level(arity, children, parents));
    }
}

/// The prover's vector commitment.
pub(super) type Vector = StcVector<Parallel>;

/// Evaluations of polynomials over the extended domain, by rows, with their tree.
pub(super) struct CommittedRows<E: FieldElement<BaseField = BaseElement>> {
    rows: RowMatrix<E>,
    tree: Vector,
}

impl<E: FieldElement<BaseField = BaseElement>> CommittedRows<E> {
    /// Evaluates `polys` over a domain `blowup` times their length, and commits to the rows.
    pub(super) fn new(polys: &ColMatrix<E>, blowup: usize) -> Self {
        let rows = RowMatrix::evaluate_polys::<SEGMENT_WIDTH>(polys, blowup);
        let mut leaves = vec![Digest::default(); rows.num_rows()];
        leaves.par_chunks_mut(MIN_DIGESTS_PER_JOB).enumerate().for_each(|(job, leaves)| {
            for (index, leaf) in leaves.iter_mut().enumerate() {
                *leaf = TaggedSha256::hash_elements(rows.row(job * MIN_DIGESTS_PER_JOB + index));
            }
        });
        let tree = Vector::new(leaves).expect("an evaluation domain has a power of two of rows");
        Self { rows, tree }
    }

    pub(super) fn root(&self) -> Digest {
        self.tree.commitment()
    }

    pub(super) fn query(&self, positions: &[usize]) -> Queries {
        let (_, opening) = self.tree.open_many(positions).expect("query positions are distinct and in the domain");
        let rows = positions.iter().map(|position| self.rows.row(*position).to_vec()).collect();
        Queries::new::<TaggedSha256, E, Vector>(opening, rows)
    }
}

/// The extended trace, as Winterfell's prover reads it: the main segment, and the auxiliary one once it is there.
pub(super) struct CommittedTrace<E: FieldElement<BaseField = BaseElement>> {
    main: CommittedRows<BaseElement>,
    aux: Option<CommittedRows<E>>,
    info: TraceInfo,
    blowup: usize,
}

impl<E: FieldElement<BaseField = BaseElement>> CommittedTrace<E> {
    pub(super) const fn new(info: TraceInfo, main: CommittedRows<BaseElement>, blowup: usize) -> Self {
        Self { main, aux: None, info, blowup }
    }

    fn read<F>(&self, rows: &CommittedRows<F>, lde_step: usize, frame: &mut EvaluationFrame<F>)
    where
        F: FieldElement<BaseField = BaseElement>,
    {
        let rows = &rows.rows;
        frame.current_mut().copy_from_slice(rows.row(lde_step));
        frame.next_mut().copy_from_slice(rows.row((lde_step + self.blowup) % rows.num_rows()));
    }
}

impl<E: FieldElement<BaseField = BaseElement>> TraceLde<E> for CommittedTrace<E> {
    type HashFn = TaggedSha256;
    type VC = Vector;

    fn get_main_trace_commitment(&self) -> Digest {
        self.main.root()
    }

    fn set_aux_trace(&mut self, trace: &ColMatrix<E>, _: &StarkDomain<BaseElement>) -> (ColMatrix<E>, Digest) {
        let polys = trace.interpolate_columns();
        let rows = CommittedRows::new(&polys, self.blowup);
        let root = rows.root();
        self.aux = Some(rows);
        (polys, root)
    }

    fn read_main_trace_frame_into(&self, lde_step: usize, frame: &mut EvaluationFrame<BaseElement>) {
        self.read(&self.main, lde_step, frame);
    }

    fn read_aux_trace_frame_into(&self, lde_step: usize, frame: &mut EvaluationFrame<E>) {
        let aux = self.aux.as_ref().expect("the auxiliary segment is committed to before constraints are evaluated");
        self.read(aux, lde_step, frame);
    }

    fn query(&self, positions: &[usize]) -> Vec<Queries> {
        let aux = self.aux.as_ref().map(|aux| aux.query(positions));
        [self.main.query(positions)].into_iter().chain(aux).collect()
    }

    fn trace_len(&self) -> usize {
        self.main.rows.num_rows()
    }

    fn blowup(&self) -> usize {
        self.blowup
    }

    fn trace_info(&self) -> &TraceInfo {
        &self.info
    }
}
