//! The verifier's share of the sum: what it provides and consumes itself, out of public data (spec:
//! `docs/spec/rv32im.md`, "Verifier's share").
//!
//! A function of the statement and of challenges from anywhere. The work is linear in the program, the input and the
//! output, which are bounded by the length of the trace.

use alloc::vec::Vec;

use winter_math::FieldElement;

use super::bus::{Bus, Challenges, WORD};
use super::statement::Rv32imStatement;
use super::tables::{self, PublicTables};
use crate::field::BaseElement;

/// Denominators that are inverted together.
const CHUNK: usize = 1024;

/// What the verifier adds to the sum over all rows, so that it is zero.
#[expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
pub fn share<E: FieldElement<BaseField = BaseElement>>(
    statement: &Rv32imStatement,
    challenges: &Challenges<'_, E>,
) -> E {
    let mut sum = Sum { challenges, total: E::ZERO, pending: Vec::with_capacity(CHUNK), products: Vec::new() };
    let tables = statement.tables();
    let times = |count: u32| BaseElement::from(count);
    for (op, count) in statement.micro_ops().zip(&tables.fetches) {
        // Most of a program is not executed, and what weighs nothing need not be weighed.
        if *count > 0 {
            sum.add(times(*count), Bus::Fetch, op.fields());
        }
    }
    for (index, register) in (0_u32..).zip(&tables.registers) {
        sum.add(BaseElement::ONE, Bus::Memory, [index, 0, 0].map(BaseElement::from));
        sum.add(-BaseElement::ONE, Bus::Memory, [index, register.value, register.time].map(BaseElement::from));
    }
    for (address, value) in statement.initial_words() {
        let address = BaseElement::new(WORD) + BaseElement::from(address);
        sum.add(BaseElement::ONE, Bus::Memory, [address, BaseElement::from(value), BaseElement::ZERO]);
    }
    for word in statement.output_words() {
        sum.add(-BaseElement::ONE, Bus::Output, <[u32; 2]>::from(word).map(BaseElement::from));
    }
    for ((kind, byte), (signs, shifts)) in PublicTables::kinds().zip(tables.signs.iter().zip(&tables.shifts)) {
        let key = [kind, byte].map(BaseElement::from);
        let [kind_element, byte_element] = key;
        let sign = BaseElement::from(u32::from(tables::sign(kind, byte)));
        let shift = BaseElement::new(tables::shift(kind, byte));
        sum.add(times(*signs), Bus::Sign, [kind_element, byte_element, sign]);
        sum.add(times(*shifts), Bus::Shift, [kind_element, byte_element, shift]);
    }
    for (pair, count) in (0..=u8::MAX).zip(&tables.nibbles) {
        let (x, y) = (pair & 15, pair >> 4);
        sum.add(times(*count), Bus::Nibble, [x, y, x & y].map(BaseElement::from));
    }
    sum.add(times(tables.last_range), Bus::Range, [BaseElement::from(u16::MAX)]);
    sum.add(times(tables.last_and), Bus::And, [BaseElement::from(u8::MAX); 3]);
    sum.finish()
}

/// Fractions in the making, inverted by the chunk.
struct Sum<'a, E> {
    challenges: &'a Challenges<'a, E>,
    total: E,
    pending: Vec<(BaseElement, E)>,
    products: Vec<E>,
}

impl<E: FieldElement<BaseField = BaseElement>> Sum<'_, E> {
    fn add<const N: usize>(&mut self, times: BaseElement, bus: Bus, fields: [BaseElement; N]) {
        if times == BaseElement::ZERO {
            return;
        }
        self.pending.push((times, self.challenges.fingerprint(bus, fields)));
        if self.pending.len() >= CHUNK {
            self.settle();
        }
    }

    /// Adds what is pending: one inversion, by products of all denominators before each. A fingerprint of zero has no
    /// reciprocal, and its chunk adds nothing; the soundness argument counts its probability.
    #[expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
    fn settle(&mut self) {
        let mut product = E::ONE;
        self.products.clear();
        for (_, denominator) in &self.pending {
            self.products.push(product);
            product *= *denominator;
        }
        let mut inverse = product.inv();
        while let (Some((times, denominator)), Some(before)) = (self.pending.pop(), self.products.pop()) {
            self.total += (inverse * before).mul_base(times);
            inverse *= denominator;
        }
    }

    fn finish(mut self) -> E {
        self.settle();
        self.total
    }
}
