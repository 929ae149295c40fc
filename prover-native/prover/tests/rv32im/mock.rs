//! A fast judge of traces, written from the specification and not from the code: every constraint on every row, every
//! look-up against the table that it asks, and the memory bus tuple by tuple.
//!
//! A cheater can redo multiplicities, and state other final registers; so neither counts as a difference here.

use std::collections::{BTreeSet, HashMap};

use capseal_prover::rv32im::Recording;
use verifier_core::air::rv32im::columns::*;
use verifier_core::air::rv32im::micro_op::MicroOp;
use verifier_core::air::rv32im::{Program, constraints, initial_words, stream_words};
use verifier_core::field::BaseElement;
use verifier_core::rv32im::{OUTPUT_BASE, ProgramImage};
use winter_math::FieldElement;

const W: u64 = 1 << 32;

pub(crate) type Columns = Vec<Vec<BaseElement>>;
pub(crate) type Row = [BaseElement; WIDTH];

/// What is known of a trace besides its cells.
pub(crate) struct Mock {
    pub(crate) columns: Columns,
    pub(crate) program: Program,
    entry: u64,
    fetchable: HashMap<[u64; FETCH_FIELDS], usize>,
    memory: Ledger,
    initial: Vec<(u32, u32)>,
    output: Vec<(u32, u32)>,
}

/// Tuples of a bus, each so and so often: provided less consumed. Those that balance are left out.
#[derive(Clone, Debug, Default)]
struct Ledger(HashMap<[u64; 3], BaseElement>);

impl Ledger {
    fn add(&mut self, tuple: [BaseElement; 3], times: BaseElement) {
        let place = self.0.entry(tuple.map(|field| field.as_int())).or_insert(BaseElement::ZERO);
        *place += times;
        if *place == BaseElement::ZERO {
            self.0.remove(&tuple.map(|field| field.as_int()));
        }
    }
}

pub(crate) fn element(number: u64) -> BaseElement {
    BaseElement::new(number)
}

impl Mock {
    pub(crate) fn new(image: &ProgramImage, input: &[u8]) -> Self {
        let recording = Recording::new(image.clone(), input.to_vec()).unwrap();
        let output = recording.output().to_vec();
        let (columns, _) = recording.trace();
        Self::of(columns, image, input, &output)
    }

    pub(crate) fn of(columns: Columns, image: &ProgramImage, input: &[u8], output: &[u8]) -> Self {
        let program = Program::decode(image).unwrap();
        let key = |op: &MicroOp| op.fields().map(|field| field.as_int());
        let fetchable = program.ops().iter().enumerate().map(|(place, op)| (key(op), place)).collect();
        let mut mock = Self {
            columns,
            program,
            entry: image.entry().into(),
            fetchable,
            memory: Ledger::default(),
            initial: initial_words(image, input).collect(),
            output: stream_words(OUTPUT_BASE, output).collect(),
        };
        mock.memory = mock.whole_memory();
        mock
    }

    pub(crate) fn length(&self) -> usize {
        self.columns[0].len()
    }

    pub(crate) fn row(&self, index: usize) -> Row {
        std::array::from_fn(|column| self.columns[column][index])
    }

    fn whole_memory(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for register in 0..40 {
            ledger.add([register, 0, 0].map(element), BaseElement::ONE);
        }
        for (address, value) in &self.initial {
            ledger.add([W + u64::from(*address), u64::from(*value), 0].map(element), BaseElement::ONE);
        }
        for index in 0..self.length() - 1 {
            memory_tuples(&self.row(index), |tuple, times| ledger.add(tuple, times));
        }
        ledger
    }

    /// The first fault of the whole trace.
    pub(crate) fn fault(&self) -> Option<String> {
        if let Some(fault) = self.asserted_fault() {
            return Some(fault.to_owned());
        }
        for index in 0..self.length() - 1 {
            let (row, next) = (self.row(index), self.row(index + 1));
            if let Some(fault) = self.row_fault(index, &row, &next) {
                return Some(format!("row {index}: {fault}"));
            }
        }
        self.output_fault().map(str::to_owned).or_else(|| registers_fault(&self.memory))
    }

    /// Every kind of fault of the whole trace: each constraint, look-up or balance that does not hold somewhere.
    pub(crate) fn faults(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for index in 0..self.length() - 1 {
            let (row, next) = (self.row(index), self.row(index + 1));
            let evaluations = constraints::evaluate(&row, &next);
            let broken = (0..).zip(evaluations).filter(|(_, evaluation)| *evaluation != BaseElement::ZERO);
            found.extend(broken.map(|(number, _): (usize, _)| format!("constraint {number}")));
            found.extend(self.look_up_fault(index, &row, &next).map(str::to_owned));
        }
        found.extend([self.asserted_fault(), self.output_fault()].into_iter().flatten().map(str::to_owned));
        found.extend(registers_fault(&self.memory));
        found
    }

    fn asserted_fault(&self) -> Option<&'static str> {
        let last = self.length() - 1;
        let (first, end) = (self.row(0), self.row(last));
        let asserted = [
            (first[PC], self.entry, "entry"),
            (first[CLK], 1, "first clock"),
            (end[PC], 1 << 40, "last address"),
            (first[MA], 0, "first word"),
        ];
        let wrong = asserted.into_iter().find(|(cell, value, _)| cell.as_int() != *value).map(|(.., name)| name);
        wrong.or_else(|| (end[MA].as_int() > 1 << 30).then_some("memory ends behind memory"))
    }

    fn output_fault(&self) -> Option<&'static str> {
        let mut outputs = HashMap::new();
        for index in 0..self.length() - 1 {
            let row = self.row(index);
            if row[FO] != BaseElement::ZERO {
                outputs.insert([row[MA], row[MF]].map(|cell| cell.as_int()), row[FO].as_int());
            }
        }
        let wanted = self.output.iter().map(|(address, value)| ([u64::from(*address), u64::from(*value)], 1)).collect();
        (outputs != wanted).then_some("output")
    }

    /// What a single row shows: constraints, and look-ups.
    fn row_fault(&self, index: usize, row: &Row, next: &Row) -> Option<String> {
        let evaluations = constraints::evaluate(row, next);
        if let Some(number) = evaluations.iter().position(|evaluation| *evaluation != BaseElement::ZERO) {
            return Some(format!("constraint {number}"));
        }
        self.look_up_fault(index, row, next).map(str::to_owned)
    }

    fn look_up_fault(&self, index: usize, row: &Row, next: &Row) -> Option<&'static str> {
        let number = |column: usize| row[column].as_int();
        let fetch: [u64; FETCH_FIELDS] = std::array::from_fn(number);
        if !self.fetchable.contains_key(&fetch) {
            return Some("fetch");
        }
        if [DA, DB, DC].into_iter().any(|column| number(column) > self.length() as u64 - 2) {
            return Some("clock");
        }
        let gap = (next[MA] - row[MA] - BaseElement::ONE).as_int();
        if gap >= 1 << 16 || [P0, P1, P2, P3].into_iter().any(|column| number(column) >= 1 << 16) {
            return Some("range");
        }
        let b = row[V2] + row[IMM];
        let y3 = (b - row[Y0] - element(1 << 8) * row[Y1] - element(1 << 16) * row[Y2]) / element(1 << 24);
        let conjunctions = [
            [row[X0], row[Y0], row[Z0]],
            [row[X1], row[Y1], row[Z1]],
            [row[X2], row[Y2], row[Z2]],
            [row[X3], y3, row[Z3]],
        ];
        for [x, y, z] in conjunctions.map(|tuple| tuple.map(|field| field.as_int())) {
            if x > 255 || y > 255 || z != x & y {
                return Some("and");
            }
        }
        let (kind, x3) = (number(KK), number(X3));
        if number(SA) != u64::from([1, 4, 5].contains(&kind) && x3 >= 128) {
            return Some("sign");
        }
        let asked = number(UI);
        let answer = match kind {
            1 => asked >> 7,
            2 => 1 << (asked % 32),
            3 | 4 => 1 << (32 - asked % 32),
            _ => 0,
        };
        if asked > 255 || number(UO) != answer {
            return Some("shift");
        }
        let nibbles = [XH, YH, ZH].map(number);
        if nibbles[0] > 15 || nibbles[1] > 15 || nibbles[2] != nibbles[0] & nibbles[1] {
            return Some("nibble");
        }
        let high = [index / 256 % 16, index / 4096 % 16].map(|nibble| nibble as u64);
        let provides = row[MAND] != BaseElement::ZERO || row[MRNG] != BaseElement::ZERO;
        (provides && nibbles[..2] != high).then_some("entry")
    }

    /// Whether a change of one cell is noticed, and by what.
    pub(crate) fn notices(&self, index: usize, column: usize, value: BaseElement) -> Option<String> {
        let honest = self.row(index);
        let mut changed = honest;
        changed[column] = value;
        // The cheater redoes multiplicities, so another one than is right is simply wrong.
        if [MCLK, MAND, MRNG].contains(&column) {
            return Some("multiplicity".to_owned());
        }
        let asserted = index == 0 && [PC, CLK, MA].contains(&column);
        if asserted {
            return Some("assertion".to_owned());
        }
        if index > 0 {
            let before = self.row(index - 1);
            if let Some(fault) = self.row_fault(index - 1, &before, &changed) {
                return Some(fault);
            }
        }
        if let Some(fault) = self.row_fault(index, &changed, &self.row(index + 1)) {
            return Some(fault);
        }
        if [MA, MF, FO].contains(&column) && (honest[FO] != BaseElement::ZERO || changed[FO] != BaseElement::ZERO) {
            return Some("output".to_owned());
        }
        let mut ledger = self.memory.clone();
        memory_tuples(&honest, |tuple, times| ledger.add(tuple, -times));
        memory_tuples(&changed, |tuple, times| ledger.add(tuple, times));
        registers_fault(&ledger)
    }
}

/// Every access: consumed with its old value and time, provided with its new ones.
fn memory_tuples(row: &Row, mut add: impl FnMut([BaseElement; 3], BaseElement)) {
    let one = BaseElement::ONE;
    let before = row[CLK] - one;
    let slots = [
        (row[RS1], row[V1], before - row[DA], row[V1]),
        (row[AB], row[V2], before - row[DB], row[V2]),
        (row[AC], row[DP], before + row[S13] + row[S23] - row[DC], row[VD]),
    ];
    for (address, old, time, new) in slots {
        add([address, old, time], -one);
        add([address, new, row[CLK]], one);
    }
    let address = element(W) + row[MA];
    add([address, BaseElement::ZERO, BaseElement::ZERO], one - row[FI]);
    add([address, row[MF], row[MT]], -one);
}

/// What is left must be one tuple of words for each register: its final value.
fn registers_fault(ledger: &Ledger) -> Option<String> {
    let mut registers = [0; 40];
    for ([address, value, time], times) in &ledger.0 {
        match registers.get_mut(*address as usize) {
            Some(count) if *address < 40 && *times == BaseElement::ONE && *value < W && *time < W => *count += 1,
            _ => return Some("memory".to_owned()),
        }
    }
    (registers != [1; 40]).then(|| "registers".to_owned())
}

impl Mock {
    /// What is left of each register: its value and time; zeros where nothing fitting is.
    pub(crate) fn final_registers(&self) -> [(u32, u32); 40] {
        let mut registers = [(0, 0); 40];
        for ([address, value, time], times) in &self.memory.0 {
            let words = u32::try_from(*value).ok().zip(u32::try_from(*time).ok());
            if let (Some(place), Some(words), true) =
                (registers.get_mut(*address as usize), words, *times == BaseElement::ONE)
            {
                *place = (*place).max(words);
            }
        }
        registers
    }
}
