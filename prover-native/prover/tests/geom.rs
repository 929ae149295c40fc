//! `geom_v1` end to end: honest runs are accepted, and a trace with one wrong cell is refused, column by column.

use capseal_prover::{GeomProver, TraceCommitment};
use verifier_core::Digest;
use verifier_core::air::geom::{
    self, COLUMNS, GeomAir, GeomInputs, GeomOutputs, GeomParameters, GeomStatement, PROGRAM, ROW_STEPS,
};
use verifier_core::field::BaseElement;
use verifier_core::stark::{ParameterSet, ProofError, ProvenAir};
use winter_math::StarkField;

const P: u64 = BaseElement::MODULUS;
const FIBONACCI: [[u64; 2]; 2] = [[1, 1], [1, 0]];

fn parameters(steps: u32) -> GeomParameters {
    GeomParameters::new(steps, GeomParameters::DEFAULT_INITIAL, GeomParameters::DEFAULT_MATRIX).unwrap()
}

/// The machine once more, in plain integers: an independent check of the one that prover and verifier share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Machine {
    matrix: [[u64; 2]; 2],
    /// pc, gas, acc, x1, x2, cnt, m11, m12, m22.
    state: [u64; 9],
}

fn add(a: u64, b: u64) -> u64 {
    ((u128::from(a) + u128::from(b)) % u128::from(P)) as u64
}

fn mul(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(P)) as u64
}

fn sub(a: u64, b: u64) -> u64 {
    add(a, P - b % P)
}

impl Machine {
    fn new(initial: [u64; 2], matrix: [[u64; 2]; 2]) -> Self {
        Self { matrix, state: [0, 100, 0, initial[0], initial[1], 0, 0, 0, 0] }
    }

    fn step(&mut self, opcode: u8) {
        let [pc, gas, acc, x1, x2, cnt, m11, m12, m22] = self.state;
        let acc = match opcode {
            1 => add(acc, gas),
            2 => mul(acc, gas),
            3 => sub(acc, gas),
            _ => acc,
        };
        let [[a, b], [c, d]] = self.matrix;
        self.state = [
            add(pc, 1),
            sub(gas, 1 + u64::from(opcode) % 3),
            acc,
            add(mul(a, x1), mul(b, x2)),
            add(mul(c, x1), mul(d, x2)),
            add(cnt, 1),
            add(m11, mul(x1, x1)),
            add(m12, mul(x1, x2)),
            add(m22, mul(x2, x2)),
        ];
    }

    fn outputs(&self) -> GeomOutputs {
        let [_, _, acc, x1, x2, cnt, m11, m12, m22] = self.state;
        GeomOutputs::from_values([cnt, acc, x1, x2, m11, m12, m22])
    }
}

/// The trace by the independent machine. `cheat` may change each row before the machine goes on from it.
fn rows(parameters: &GeomParameters, mut cheat: impl FnMut(usize, &mut [u64; 12])) -> Vec<[u64; 12]> {
    let mut machine = Machine::new(parameters.initial(), parameters.matrix());
    let mut opcodes = PROGRAM.into_iter().cycle();
    (0..parameters.steps() as usize % ROW_STEPS).for_each(|_| machine.step(opcodes.next().unwrap()));
    let mut marks = [0; 3];
    let mut rows = Vec::new();
    for index in 0..parameters.trace_length() as usize {
        let mut row: [u64; 12] = [&machine.state[..], &marks].concat().try_into().unwrap();
        cheat(index, &mut row);
        machine.state.copy_from_slice(&row[..9]);
        rows.push(row);
        for step in 1..=ROW_STEPS {
            machine.step(opcodes.next().unwrap());
            if step % 3 == 0 && step < ROW_STEPS {
                marks[step / 3 - 1] = machine.state[2];
            }
        }
    }
    rows
}

/// Claims what the trace says in the statement's last row, and proves it.
fn verdict_on(parameters: GeomParameters, rows: &[[u64; 12]]) -> Result<(), ProofError> {
    let last = rows[parameters.last_row() as usize];
    let outputs = GeomOutputs::from_values([last[5], last[2], last[3], last[4], last[6], last[7], last[8]]);
    let statement = GeomStatement::new(parameters, outputs).unwrap();
    let columns = (0..COLUMNS.len()).map(|column| rows.iter().map(|row| BaseElement::new(row[column])).collect());
    let trace = TraceCommitment::new(columns.collect(), GeomAir::fri_params(ParameterSet::Stark100));
    let (root, hash) = (trace.root(), Digest::of_content(b"instance"));
    let proof = trace.prove::<GeomAir>(GeomInputs::new(statement, hash)).unwrap();
    geom::verify(&proof, ParameterSet::Stark100, &statement, &hash, &root)
}

#[test]
fn the_program_is_executed_in_order() {
    // The opcode that a step executes shows in the gas, except that 3 and 0 cost the same: there it shows in acc.
    let mut machine = Machine::new([1, 1], FIBONACCI);
    let mut program = PROGRAM.into_iter().cycle();
    for steps in 1..200 {
        machine.step(program.next().unwrap());
        if steps >= GeomParameters::MIN_STEPS {
            assert_eq!(parameters(steps).execute(), machine.outputs(), "{steps} steps");
        }
    }
}

#[test]
fn the_trace_is_that_of_an_independent_machine() {
    for steps in [12, 13, 17, 24, 100, 769, 1000] {
        for (initial, matrix) in [([1, 1], FIBONACCI), ([P - 1, 2], [[P - 1, 3], [5, 7]])] {
            let parameters = GeomParameters::new(steps, initial, matrix).unwrap();
            let ours: Vec<_> = parameters.rows().map(|row| row.map(|cell| cell.as_int())).collect();
            assert_eq!(ours, rows(&parameters, |_, _| ()), "{steps} steps");
            let last = ours[parameters.last_row() as usize];
            assert_eq!(last[5], u64::from(steps));
        }
    }
}

#[test]
fn honest_runs_are_accepted() {
    for set in ParameterSet::ALL {
        for steps in (12..=24).chain([767, 768, 769, 4096]) {
            accepted(parameters(steps), set);
        }
        for initial in [[0, 0], [0, 1], [P - 1, P - 1]] {
            for matrix in [[[0, 0], [0, 0]], [[1, 0], [0, 1]], [[0, 1], [1, 0]], [[P - 1, 1], [2, P - 2]]] {
                accepted(GeomParameters::new(100, initial, matrix).unwrap(), set);
            }
        }
    }
}

#[test]
#[ignore = "the longest run"]
fn the_longest_run_is_accepted() {
    for set in ParameterSet::ALL {
        accepted(parameters(GeomParameters::MAX_STEPS), set);
    }
}

fn accepted(parameters: GeomParameters, set: ParameterSet) {
    let committed = GeomProver::commit(parameters, set);
    let (statement, root) = (committed.statement().unwrap(), committed.trace_root());
    let hash = Digest::of_content(b"instance");
    let proof = committed.prove(hash).unwrap();
    assert_eq!(geom::verify(&proof, set, &statement, &hash, &root), Ok(()), "{set} {parameters:?}");
}

#[test]
fn the_harness_proves_an_honest_trace() {
    let parameters = parameters(1000);
    assert_eq!(verdict_on(parameters, &rows(&parameters, |_, _| ())), Ok(()));
}

#[test]
fn a_wrong_cell_is_refused_in_every_column() {
    let parameters = parameters(1000);
    let last = parameters.last_row() as usize;
    for column in 0..COLUMNS.len() {
        for row in [0, 1, 40, last - 1, last, last + 1, 126, 127] {
            let mut trace = rows(&parameters, |_, _| ());
            trace[row][column] = add(trace[row][column], 1);
            assert_eq!(verdict_on(parameters, &trace), Err(ProofError::Rejected), "{} of row {row}", COLUMNS[column]);
        }
    }
}

#[test]
fn a_run_that_goes_on_from_a_wrong_cell_is_refused_in_every_column() {
    let parameters = parameters(1000);
    for column in 0..COLUMNS.len() {
        for (wrong, change) in [(0, 1), (1, 1), (40, P - 1), (parameters.last_row() as usize, 12_345)] {
            let trace = rows(&parameters, |row, cells| {
                if row == wrong {
                    cells[column] = add(cells[column], change);
                }
            });
            assert_eq!(verdict_on(parameters, &trace), Err(ProofError::Rejected), "{} of row {wrong}", COLUMNS[column]);
        }
    }
}

#[test]
fn a_run_that_skips_or_repeats_instructions_is_refused() {
    let parameters = parameters(1000);
    let honest = rows(&parameters, |_, _| ());
    let mut skipped = honest.clone();
    skipped.remove(7);
    skipped.push(*honest.last().unwrap());
    assert_eq!(verdict_on(parameters, &skipped), Err(ProofError::Rejected));
    let mut repeated = honest.clone();
    repeated.insert(7, honest[7]);
    repeated.pop();
    assert_eq!(verdict_on(parameters, &repeated), Err(ProofError::Rejected));
}
