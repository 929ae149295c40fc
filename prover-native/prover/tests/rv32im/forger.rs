//! A cheating prover: changes an honest trace as it likes, and then redoes what a prover is free to choose:
//! multiplicities, final registers, sums and commitments.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use capseal_prover::SegmentedTrace;
use capseal_prover::rv32im::{Operands, Recording, prove_trace, result};
use verifier_core::air::rv32im::columns::*;
use verifier_core::air::rv32im::micro_op::{MicroOp, PAD};
use verifier_core::air::rv32im::tables::FinalRegister;
use verifier_core::air::rv32im::{self, Program, PublicTables, Run, Rv32imAir, Rv32imInputs, Rv32imStatement};
use verifier_core::field::BaseElement;
use verifier_core::rv32im::ProgramImage;
use verifier_core::stark::{ParameterSet, ProofError, ProvenAir};
use winter_math::FieldElement;

use crate::honest::hash;
use crate::mock::{Columns, Mock, element};

/// What came of a forgery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    /// No statement can be made of it that a verifier would read.
    NoStatement(String),
    Refused(ProofError),
}

/// A trace to tamper with, and the statement that it shall prove.
pub(crate) struct Forger {
    pub(crate) image: ProgramImage,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    pub(crate) columns: Columns,
    ops: Vec<MicroOp>,
}

impl Forger {
    /// An honest run.
    pub(crate) fn new(image: ProgramImage, input: &[u8]) -> Self {
        Self::with(image, input, |_, op, operands| result(op, operands))
    }

    /// A run on a machine that does what `step` says, and goes on from there.
    pub(crate) fn with(
        image: ProgramImage,
        input: &[u8],
        step: impl FnMut(usize, &MicroOp, Operands) -> (u32, u64),
    ) -> Self {
        let recording = Recording::of_machine(image.clone(), input.to_vec(), step).unwrap();
        let (columns, _) = recording.trace();
        let ops = Program::decode(&image).unwrap().ops().to_vec();
        Self { image, input: input.to_vec(), output: recording.output().to_vec(), columns, ops }
    }

    /// The first row whose micro-op is so.
    pub(crate) fn row(&self, mut is: impl FnMut(&MicroOp) -> bool) -> usize {
        let wanted: Vec<BaseElement> = self.ops.iter().filter(|op| is(op)).map(|op| element(op.pc)).collect();
        self.columns[PC].iter().position(|pc| wanted.contains(pc)).expect("there is such a row")
    }

    pub(crate) fn set(&mut self, row: usize, column: usize, value: u64) {
        self.columns[column][row] = element(value);
    }

    pub(crate) fn add(&mut self, row: usize, column: usize, value: BaseElement) {
        self.columns[column][row] += value;
    }

    pub(crate) fn cell(&self, row: usize, column: usize) -> u64 {
        self.columns[column][row].as_int()
    }

    /// Writes a word into the X bytes, and the conjunctions that go with it.
    pub(crate) fn set_x(&mut self, row: usize, word: u32) {
        let b = (self.columns[V2][row] + self.columns[IMM][row]).as_int() as u32;
        for (index, (x, y)) in word.to_le_bytes().into_iter().zip(b.to_le_bytes()).enumerate() {
            self.set(row, X0 + index, x.into());
            self.set(row, Z0 + index, (x & y).into());
        }
    }

    /// Writes two words into the limbs.
    pub(crate) fn set_limbs(&mut self, row: usize, low: u32, high: u32) {
        let number = u64::from(low) | u64::from(high) << 32;
        (0..4).for_each(|limb| self.set(row, P0 + limb, number >> (16 * limb) & 0xffff));
    }

    /// Counts look-ups anew, as far as they ask for what there is, and finds the registers' last values.
    fn redo(&mut self) -> PublicTables {
        let length = self.columns[0].len();
        let mut tables = PublicTables::empty(self.ops.len());
        let places: HashMap<u64, usize> = self.ops.iter().enumerate().map(|(place, op)| (op.pc, place)).collect();
        let (mut ranges, mut pairs, mut clocks) = (vec![0_u64; 1 << 16], vec![0_u64; 1 << 16], vec![0_u64; length]);
        let count = |counts: &mut [u64], place: u64| {
            counts.get_mut(usize::try_from(place).unwrap()).into_iter().for_each(|count| *count += 1);
        };
        for row in 0..length - 1 {
            let cell = |column: usize| self.columns[column][row].as_int();
            [P0, P1, P2, P3].iter().for_each(|limb| count(&mut ranges, cell(*limb)));
            let gap = self.columns[MA][row + 1] - self.columns[MA][row] - BaseElement::ONE;
            count(&mut ranges, gap.as_int());
            [DA, DB, DC].iter().for_each(|ago| count(&mut clocks, cell(*ago)));
            let b = self.columns[V2][row] + self.columns[IMM][row];
            let low = self.columns[Y0][row]
                + element(1 << 8) * self.columns[Y1][row]
                + element(1 << 16) * self.columns[Y2][row];
            let bytes = [cell(Y0), cell(Y1), cell(Y2), ((b - low) / element(1 << 24)).as_int()];
            for (index, y) in bytes.into_iter().enumerate().filter(|(_, y)| *y < 256) {
                count(&mut pairs, cell(X0 + index).min(1 << 20) + 256 * y);
            }
            if cell(KK) < 6 && cell(X3) < 256 {
                tables.signs[PublicTables::place(cell(KK) as u8, cell(X3) as u8)] += 1;
            }
            if cell(KK) < 6 && cell(UI) < 256 {
                tables.shifts[PublicTables::place(cell(KK) as u8, cell(UI) as u8)] += 1;
            }
            if cell(XH) < 16 && cell(YH) < 16 {
                tables.nibbles[(cell(XH) + 16 * cell(YH)) as usize] += 1;
            }
            let place = places.get(&cell(PC)).copied().unwrap_or(self.ops.len() - 1);
            tables.fetches[place] += 1;
        }
        for (row, consumed) in clocks.into_iter().enumerate().take(length - 1) {
            self.set(row, MCLK, consumed);
            let provided = |nibble: usize| (row >> nibble & 15) as u64;
            let entry = provided(0) + 16 * provided(8) + 256 * (provided(4) + 16 * provided(12));
            let (range, pair) = if row < 1 << 16 { (ranges[entry as usize], pairs[entry as usize]) } else { (0, 0) };
            self.set(row, MRNG, range);
            self.set(row, MAND, pair);
        }
        if length == 1 << 16 {
            (tables.last_range, tables.last_and) = (ranges[65_535] as u32, pairs[65_535] as u32);
        }
        tables.memory_end = self.cell(length - 1, MA).min(1 << 30) as u32;
        let mock = Mock::of(self.columns.clone(), &self.image, &self.input, &self.output);
        tables.registers = mock.final_registers().map(|(value, time)| FinalRegister { value, time });
        tables
    }

    /// Every kind of fault of the trace.
    pub(crate) fn faults(&self) -> BTreeSet<String> {
        Mock::of(self.columns.clone(), &self.image, &self.input, &self.output).faults()
    }

    /// Proves it, and asks the verifier.
    pub(crate) fn fate(self) -> Fate {
        self.fate_with(|_, _| {})
    }

    /// The same with a last change to the trace, once look-ups are counted anew.
    pub(crate) fn fate_after(mut self, change: impl FnOnce(&mut Self)) -> Fate {
        let tables = self.redo();
        change(&mut self);
        self.judge(tables, |_, _| {})
    }

    /// The same without counting look-ups anew.
    pub(crate) fn fate_as_it_stands(mut self) -> Fate {
        let counts = [MAND, MRNG, MCLK].map(|column| self.columns[column].clone());
        let tables = self.redo();
        [MAND, MRNG, MCLK].into_iter().zip(counts).for_each(|(column, count)| self.columns[column] = count);
        self.judge(tables, |_, _| {})
    }

    /// The same with a last change to statement and tables.
    pub(crate) fn fate_with(mut self, change: impl FnOnce(&mut Run, &mut PublicTables)) -> Fate {
        let tables = self.redo();
        self.judge(tables, change)
    }

    fn judge(self, mut tables: PublicTables, change: impl FnOnce(&mut Run, &mut PublicTables)) -> Fate {
        let counted = self.ops.iter().zip(&tables.fetches).filter(|(op, _)| op.is_first());
        let mut run = Run {
            image: self.image,
            input: self.input,
            output: self.output,
            exit_code: tables.registers[10].value,
            cycles: counted.map(|(_, count)| u64::from(*count)).sum(),
            trace_length: self.columns[0].len() as u32,
        };
        change(&mut run, &mut tables);
        let statement = match Rv32imStatement::new(run, &tables.encode()) {
            Ok(statement) => Arc::new(statement),
            Err(error) => return Fate::NoStatement(error.to_string()),
        };
        let set = ParameterSet::Stark100;
        let trace = SegmentedTrace::new(self.columns, Rv32imAir::fri_params(set));
        let root = trace.root();
        let inputs = Rv32imInputs::new(Arc::clone(&statement), hash());
        let proof = prove_trace(trace, inputs).unwrap();
        match rv32im::verify(&proof, set, &statement, &hash(), &root) {
            Ok(()) => Fate::Accepted,
            Err(error) => Fate::Refused(error),
        }
    }
}

/// Where a micro-op goes on that takes no branch.
pub(crate) fn is_padding(op: &MicroOp) -> bool {
    op.pc == PAD
}
