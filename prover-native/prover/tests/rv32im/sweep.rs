//! Every column of every kind of row, changed cell by cell.

use std::collections::{BTreeMap, BTreeSet};

use verifier_core::air::rv32im::columns::*;
use verifier_core::air::rv32im::micro_op::{MicroOp, Operation};
use verifier_core::field::BaseElement;
use winter_math::FieldElement;

use crate::mock::{Mock, Row, element};
use crate::programs;

/// Whether nothing reads the cell, so that it may hold what it likes (within its range).
fn is_unread(column: usize, op: &MicroOp, row: &Row) -> bool {
    use Operation as Op;
    let zero = |column: usize| row[column] == BaseElement::ZERO;
    let is_shift = matches!(op.operation, Op::ShiftLeft | Op::ShiftRight | Op::ShiftRightSigned);
    let is_product = matches!(op.operation, Op::Mul | Op::MulHigh);
    let is_less = matches!(op.operation, Op::SetLess { .. } | Op::BranchLess { .. });
    let is_division = matches!(op.operation, Op::Div | Op::Rem);
    let b_is_zero = row[V2] + row[IMM] == BaseElement::ZERO;
    match column {
        INV => match op.operation {
            // Read against the difference, unless that is zero.
            Op::BranchEqual => row[V1] == row[V2] + row[IMM],
            Op::Div | Op::Rem => b_is_zero,
            // Read where the low word is not zero.
            _ if is_shift || is_product => zero(P0) && zero(P1),
            _ => true,
        },
        K => is_shift || is_product || matches!(op.operation, Op::And | Op::Or | Op::Xor),
        UI => !is_shift && !is_less,
        P0 | P1 => {
            let read = matches!(op.operation, Op::Add | Op::Sub) || is_less || is_shift || is_product || is_division;
            !read
        }
        P2 | P3 => !(is_shift || is_product || is_division && !b_is_zero),
        // The row provides nothing, or tells of a word that is not there.
        XH | YH | ZH => zero(MAND) && zero(MRNG),
        MA => zero(FI) && zero(FO) && zero(MF) && zero(MT),
        _ => false,
    }
}

fn changes(cell: BaseElement) -> Vec<BaseElement> {
    let step = element(1 << 16);
    let deltas = [BaseElement::ONE, -BaseElement::ONE, element(1 << 32), -element(1 << 32), step, -step, step.inv()];
    let changed = deltas.map(|delta| cell + delta).into_iter();
    let others = [-cell, BaseElement::ONE - cell, BaseElement::ZERO, cell.double(), element(255), element(1 << 31)];
    changed.chain(others).filter(|value| *value != cell).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the count is a figure")]
fn every_changed_cell_is_noticed_unless_nothing_reads_it() {
    let input = programs::bytes([0x8000_0001, 0xffff_fffd]);
    let mock = Mock::new(&programs::every_form(), &input);
    assert_eq!(mock.fault(), None);
    // Rows of every kind, the first, the last two, and some of the padding.
    let executed = (0..mock.length()).position(|index| mock.row(index)[PC] == element(1 << 40)).unwrap();
    let last = mock.length() - 2;
    let rows: BTreeSet<usize> = (0..executed + 2).chain([4_000, 20_000, 33_333, last - 1, last]).collect();
    let (mut tried, mut unread) = (0, 0);
    let mut noticed_by: BTreeMap<String, usize> = BTreeMap::new();
    let mut columns = BTreeSet::new();
    for &index in &rows {
        let row = mock.row(index);
        let op = *mock.program.ops().iter().find(|op| element(op.pc) == row[PC]).unwrap();
        for column in 0..WIDTH {
            for value in changes(row[column]) {
                tried += 1;
                match mock.notices(index, column, value) {
                    Some(by) => {
                        *noticed_by.entry(by).or_default() += 1;
                        columns.insert(column);
                    }
                    None if is_unread(column, &op, &row) => unread += 1,
                    None => {
                        panic!("{} of row {index} ({op:?}) may be {value} instead of {}", COLUMNS[column], row[column])
                    }
                }
            }
        }
    }
    println!(
        "{tried} changes in {} rows, {} of {WIDTH} columns noticed; {unread} in cells that nothing reads",
        rows.len(),
        columns.len()
    );
    println!("noticed by {noticed_by:?}");
    assert_eq!(columns.len(), WIDTH);
    // Every constraint has its part, but for two that one cell alone does not come to: a division that lies about its
    // divisor lies about the inverse as well, and a jump that keeps no link writes another result.
    for number in (0..32).filter(|number| ![22, 28].contains(number)) {
        assert!(noticed_by.contains_key(&format!("constraint {number}")), "constraint {number} noticed nothing");
    }
}
