//! The main segment and the public tables, made from a recording.

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;
use verifier_core::air::rv32im::columns::*;
use verifier_core::air::rv32im::micro_op::{MicroOp, PAD};
use verifier_core::air::rv32im::{PublicTables, tables::FinalRegister};
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use super::cells::Cells;
use super::recording::{Record, Recording};

/// Rows that are made together.
const CHUNK: usize = 1 << 12;

/// Entries of the tables that the trace provides: pairs of bytes, and numbers of 16 bits.
const PAIRS: usize = 1 << 16;

/// How often each entry is looked up.
struct Counts {
    clocks: Vec<AtomicU32>,
    ranges: Vec<AtomicU32>,
    pairs: Vec<AtomicU32>,
    signs: Vec<AtomicU32>,
    shifts: Vec<AtomicU32>,
    fetches: Vec<AtomicU32>,
}

fn zeros(length: usize) -> Vec<AtomicU32> {
    (0..length).map(|_| AtomicU32::new(0)).collect()
}

fn count(counts: &[AtomicU32], place: usize) {
    counts[place].fetch_add(1, Ordering::Relaxed);
}

fn read(counts: &[AtomicU32], place: usize) -> u32 {
    counts[place].load(Ordering::Relaxed)
}

fn plain(counts: &[AtomicU32]) -> Vec<u32> {
    counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
}

/// A column's part in a chunk of rows.
type Part<'a> = &'a mut [BaseElement];

impl Recording {
    /// The columns of the main segment, and the tables that go with them.
    pub fn trace(&self) -> (Vec<Vec<BaseElement>>, PublicTables) {
        let length = self.records.len() + 1;
        let counts = Counts {
            clocks: zeros(length),
            ranges: zeros(PAIRS),
            pairs: zeros(PAIRS),
            signs: zeros(PublicTables::KIND_ENTRIES),
            shifts: zeros(PublicTables::KIND_ENTRIES),
            fetches: zeros(self.program.ops().len()),
        };
        let mut columns: Vec<Vec<BaseElement>> = (0..WIDTH).map(|_| vec![BaseElement::ZERO; length]).collect();
        let fields: Vec<[BaseElement; FETCH_FIELDS]> = self.program.ops().iter().map(MicroOp::fields).collect();
        in_chunks(&mut columns).into_par_iter().enumerate().for_each(|(chunk, mut parts)| {
            for (place, row) in (chunk * CHUNK..length).take(CHUNK).enumerate() {
                if let Some(record) = self.records.get(row) {
                    let op = &self.program.ops()[record.op as usize];
                    execution(place, row, op, &fields[record.op as usize], record, &mut parts, &counts);
                    self.memory_row(place, row, &mut parts, &counts);
                }
            }
        });
        in_chunks(&mut columns).into_par_iter().enumerate().for_each(|(chunk, mut parts)| {
            for (place, row) in (chunk * CHUNK..length - 1).take(CHUNK).enumerate() {
                provided(place, row, &mut parts, &counts);
            }
        });
        self.last_row(&mut columns);
        (columns, self.tables(&counts, length))
    }

    /// The row's word of memory, and the look-up of its distance to the next.
    fn memory_row(&self, place: usize, row: usize, parts: &mut [Part<'_>], counts: &Counts) {
        let (address, cell) = self.table[row];
        let next = self.table.get(row + 1).map_or(self.memory_end, |(next, _)| *next);
        count(&counts.ranges, (next - address - 1) as usize);
        parts[MA][place] = BaseElement::from(address);
        parts[MF][place] = BaseElement::from(cell.value);
        parts[MT][place] = BaseElement::from(cell.time);
        parts[FI][place] = BaseElement::from(u32::from(cell.public));
        parts[FO][place] = BaseElement::from(u32::from(cell.output));
    }

    /// The last row is read as the next one only: address, clock and place in memory.
    fn last_row(&self, columns: &mut [Vec<BaseElement>]) {
        let row = self.records.len();
        columns[PC][row] = BaseElement::new(PAD);
        columns[CLK][row] = BaseElement::new(row as u64 + 1);
        columns[MA][row] = BaseElement::from(self.memory_end);
    }

    fn tables(&self, counts: &Counts, length: usize) -> PublicTables {
        // Row 2^16 - 1 provides the last entries, unless it is the trace's last row.
        let unprovided = |counts: &[AtomicU32]| if length == PAIRS { read(counts, PAIRS - 1) } else { 0 };
        let mut nibbles = vec![0; 256];
        (0..length - 1).for_each(|row| nibbles[row / 256 % 256] += 1);
        PublicTables {
            memory_end: self.memory_end,
            registers: self.registers.map(|cell| FinalRegister { value: cell.value, time: cell.time }),
            signs: plain(&counts.signs),
            shifts: plain(&counts.shifts),
            nibbles,
            last_range: unprovided(&counts.ranges),
            last_and: unprovided(&counts.pairs),
            fetches: plain(&counts.fetches),
        }
    }
}

/// The columns, cut into chunks of rows.
fn in_chunks(columns: &mut [Vec<BaseElement>]) -> Vec<Vec<Part<'_>>> {
    let chunks = columns.first().map_or(0, |column| column.len().div_ceil(CHUNK));
    let mut parts: Vec<Vec<Part<'_>>> = (0..chunks).map(|_| Vec::with_capacity(WIDTH)).collect();
    for column in columns {
        for (part, rows) in parts.iter_mut().zip(column.chunks_mut(CHUNK)) {
            part.push(rows);
        }
    }
    parts
}

/// What the row does, and the look-ups that go with it.
fn execution(
    place: usize,
    row: usize,
    op: &MicroOp,
    fields: &[BaseElement; FETCH_FIELDS],
    record: &Record,
    parts: &mut [Part<'_>],
    counts: &Counts,
) {
    let cells = Cells::new(op, record);
    let mut set = |column: usize, value: BaseElement| parts[column][place] = value;
    fields.iter().enumerate().for_each(|(column, field)| set(column, *field));
    set(CLK, BaseElement::new(row as u64 + 1));
    let words = [(V1, record.v1), (V2, record.v2), (VD, record.vd), (DP, record.dp)];
    let times = [(DA, record.ago[0]), (DB, record.ago[1]), (DC, record.ago[2])];
    words.into_iter().chain(times).for_each(|(column, value)| set(column, BaseElement::from(value)));
    set(AB, BaseElement::new(cells.addresses[0]));
    set(AC, BaseElement::new(cells.addresses[1]));
    for (index, (x, y)) in cells.x.into_iter().zip(cells.y).enumerate() {
        set(X0 + index, BaseElement::from(x));
        if index < 3 {
            set(Y0 + index, BaseElement::from(y));
        }
        set(Z0 + index, BaseElement::from(x & y));
        count(&counts.pairs, usize::from(x) + 256 * usize::from(y));
    }
    for (index, limb) in cells.limbs.into_iter().enumerate() {
        set(P0 + index, BaseElement::from(limb));
        count(&counts.ranges, limb.into());
    }
    let bits = [(SA, cells.sign), (K, cells.k), (R0, cells.rotation[0]), (R1, cells.rotation[1])];
    bits.into_iter().for_each(|(column, bit)| set(column, BaseElement::from(u32::from(bit))));
    set(UI, BaseElement::from(cells.asked));
    set(UO, BaseElement::new(cells.answer));
    set(INV, cells.inverse());
    record.ago.iter().for_each(|ago| count(&counts.clocks, *ago as usize));
    count(&counts.signs, PublicTables::place(op.kind(), cells.x[3]));
    count(&counts.shifts, PublicTables::place(op.kind(), cells.asked));
    count(&counts.fetches, record.op as usize);
}

/// The entries that the row provides. After 2^16 rows all are there, and the rest provide theirs no times.
fn provided(place: usize, row: usize, parts: &mut [Part<'_>], counts: &Counts) {
    let (x, y) = (row / 256 % 16, row / 4096 % 16);
    let mut set = |column: usize, value: usize| parts[column][place] = BaseElement::new(value as u64);
    set(XH, x);
    set(YH, y);
    set(ZH, x & y);
    parts[MCLK][place] = BaseElement::from(read(&counts.clocks, row));
    if row < PAIRS {
        // The row's number has the nibbles x low, y low, x high, y high; an entry's has x, then y.
        let entry = (row % 16 + 16 * x) + 256 * (row / 16 % 16 + 16 * y);
        parts[MAND][place] = BaseElement::from(read(&counts.pairs, entry));
        parts[MRNG][place] = BaseElement::from(read(&counts.ranges, entry));
    }
}
