//! The buses: every consistency that spans rows, as one sum of fractions (spec: `docs/spec/rv32im.md`, "Buses").
//!
//! A tuple's fingerprint is `alpha + g0 bus + g1 field1 + …` with independent challenges. Providing a tuple adds the
//! reciprocal of its fingerprint, consuming it subtracts it; if the sum over all rows and the verifier's share is zero,
//! what was consumed is what was provided, but for a probability that the specification adds up.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "arithmetic of a field, which is modular; a bus has a base, and the fetch tuple is the first columns of a row"
)]

use super::columns::*;
use super::constraints::word_base;
use super::ring::{Over, Ring};

/// Challenges: `alpha`, the bus's factor, and one for each field of the longest tuple.
pub const CHALLENGES: usize = 2 + FETCH_FIELDS;

/// A bus. Its number is part of every tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// Micro-ops: the fetch tuple.
    Fetch,
    /// Registers and memory: address, value, time.
    Memory,
    /// Times: one that is less than the number of rows.
    Clock,
    /// Numbers of 16 bits.
    Range,
    /// Bytes and their conjunction.
    And,
    /// Kind, byte, sign.
    Sign,
    /// Kind, byte, answer.
    Shift,
    /// Nibbles and their conjunction.
    Nibble,
    /// Output: word address, value.
    Output,
}

/// Number of buses.
const BUSES: usize = 9;

/// The word's base, 2^32: where the addresses of memory words begin on the memory bus.
pub const WORD: u64 = 1 << 32;

/// The challenges of a sum.
#[derive(Clone, Copy, Debug)]
pub struct Challenges<'a, E> {
    /// `alpha + g0 bus` for each bus.
    bases: [E; BUSES],
    fields: &'a [E; FETCH_FIELDS],
}

impl<'a, E: Ring> Challenges<'a, E> {
    /// Takes [`CHALLENGES`] elements; `None` for another number.
    pub fn new(elements: &'a [E]) -> Option<Self> {
        let ([alpha, factor], fields) = elements.split_first_chunk()?;
        let mut base = *alpha;
        let bases = core::array::from_fn(|_| {
            let this = base;
            base = base + *factor;
            this
        });
        Some(Self { bases, fields: fields.try_into().ok()? })
    }

    #[inline(always)]
    fn base(&self, bus: Bus) -> E {
        self.bases[bus as usize]
    }

    /// The fingerprint of a tuple.
    #[inline(always)]
    pub fn fingerprint<F, const N: usize>(&self, bus: Bus, fields: [F; N]) -> E
    where
        F: Ring,
        E: Over<F>,
    {
        let mut sum = self.base(bus);
        for (factor, field) in self.fields.iter().zip(fields) {
            sum = sum + factor.scaled(field);
        }
        sum
    }

    #[inline(always)]
    fn clock<F: Ring>(&self, value: F) -> E
    where
        E: Over<F>,
    {
        self.fingerprint(Bus::Clock, [value])
    }

    #[inline(always)]
    fn range<F: Ring>(&self, value: F) -> E
    where
        E: Over<F>,
    {
        self.fingerprint(Bus::Range, [value])
    }

    #[inline(always)]
    fn and<F: Ring>(&self, x: F, y: F, z: F) -> E
    where
        E: Over<F>,
    {
        self.fingerprint(Bus::And, [x, y, z])
    }
}

/// A sum of fractions over one denominator.
#[derive(Clone, Copy, Debug)]
pub struct Fraction<E> {
    /// The numerator.
    pub numerator: E,
    /// The product of the denominators.
    pub denominator: E,
}

impl<E: Ring> Fraction<E> {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self {
            numerator: self.numerator * other.denominator + other.numerator * self.denominator,
            denominator: self.denominator * other.denominator,
        }
    }

    /// Consumes one tuple and provides another.
    #[inline(always)]
    fn settled(consumed: E, provided: E) -> Self {
        Self { numerator: consumed - provided, denominator: consumed * provided }
    }

    /// Consumes two tuples.
    #[inline(always)]
    fn consumed(first: E, second: E) -> Self {
        Self { numerator: -(first + second), denominator: first * second }
    }

    /// Provides two tuples so and so often.
    #[inline(always)]
    fn provided<F>((first_times, first): (F, E), (second_times, second): (F, E)) -> Self
    where
        F: Ring,
        E: Over<F>,
    {
        Self { numerator: first.scaled(second_times) + second.scaled(first_times), denominator: first * second }
    }

    /// Provides a tuple so and so often, and consumes another.
    #[inline(always)]
    fn balanced<F>((times, provided): (F, E), consumed: E) -> Self
    where
        F: Ring,
        E: Over<F>,
    {
        Self { numerator: consumed.scaled(times) - provided, denominator: provided * consumed }
    }
}

/// The 28 fractions of a row in [`AUX_WIDTH`] batches of four. `next_address` is the next row's [`MA`]; `periodic` are
/// the low nibbles x and y of the row's number and their conjunction.
#[inline(always)]
pub fn batches<F, E>(
    row: &[F; WIDTH],
    next_address: F,
    periodic: &[F; 3],
    challenges: &Challenges<'_, E>,
) -> [Fraction<E>; AUX_WIDTH]
where
    F: Ring,
    E: Over<F>,
{
    let [g_address, g_value, g_time, ..] = *challenges.fields;
    let one = row[CLK].number(1);
    let word = word_base(one);
    let memory = challenges.base(Bus::Memory);
    let clock = row[CLK];
    let time = g_time.scaled(clock);
    // Consumed at `clock - 1 - ago`, provided at `clock`.
    let old_a = g_time.scaled(row[DA] + one);
    let old_b = g_time.scaled(row[DB] + one);
    let older_c = g_time.scaled(row[DC] - row[S13] - row[S23] + one);
    let slot_a = memory + g_address.scaled(row[RS1]) + g_value.scaled(row[V1]) + time;
    let slot_b = memory + g_address.scaled(row[AB]) + g_value.scaled(row[V2]) + time;
    let slot_c = memory + g_address.scaled(row[AC]) + time;
    let old_c = slot_c + g_value.scaled(row[DP]) - older_c;
    let fetch: [F; FETCH_FIELDS] = core::array::from_fn(|field| row[field]);
    let y3 = fourth_byte(row);
    let [x_low, y_low, z_low] = *periodic;
    let sixteen = one.number(16);
    let [x, y, z] = [sixteen * row[XH] + x_low, sixteen * row[YH] + y_low, sixteen * row[ZH] + z_low];
    let word_address = word + row[MA];
    let zero_word = memory + g_address.scaled(word_address);
    let final_word = zero_word + g_value.scaled(row[MF]) + g_time.scaled(row[MT]);
    [
        Fraction::settled(slot_a - old_a, slot_a).plus(Fraction::settled(slot_b - old_b, slot_b)),
        Fraction::settled(old_c, slot_c + g_value.scaled(row[VD]))
            .plus(Fraction::consumed(challenges.clock(row[DA]), challenges.clock(row[DB]))),
        Fraction::consumed(challenges.clock(row[DC]), challenges.fingerprint(Bus::Fetch, fetch)).plus(
            Fraction::balanced(
                (row[MCLK], challenges.clock(clock - one)),
                challenges.fingerprint(Bus::Nibble, [row[XH], row[YH], row[ZH]]),
            ),
        ),
        Fraction::consumed(challenges.range(row[P0]), challenges.range(row[P1]))
            .plus(Fraction::consumed(challenges.range(row[P2]), challenges.range(row[P3]))),
        Fraction::consumed(challenges.and(row[X0], row[Y0], row[Z0]), challenges.and(row[X1], row[Y1], row[Z1]))
            .plus(Fraction::consumed(challenges.and(row[X2], row[Y2], row[Z2]), challenges.and(row[X3], y3, row[Z3]))),
        Fraction::consumed(
            challenges.fingerprint(Bus::Sign, [row[KK], row[X3], row[SA]]),
            challenges.fingerprint(Bus::Shift, [row[KK], row[UI], row[UO]]),
        )
        .plus(Fraction::provided(
            (row[MAND], challenges.and(x, y, z)),
            (row[MRNG], challenges.range(x + one.number(256) * y)),
        )),
        Fraction::balanced((one - row[FI], zero_word), final_word).plus(Fraction::balanced(
            (row[FO], challenges.fingerprint(Bus::Output, [row[MA], row[MF]])),
            challenges.range(next_address - row[MA] - one),
        )),
    ]
}

/// The fourth byte of the second operand: what is left of it, over 2^24.
#[inline(always)]
pub fn fourth_byte<F: Ring>(row: &[F; WIDTH]) -> F {
    let low = row[Y0] + row[Y0].number(1 << 8) * row[Y1] + row[Y0].number(1 << 16) * row[Y2];
    (row[V2] + row[IMM] - low) * inverse_of_2_to_the_24(low)
}

/// (2^24)^-1: 2^24 * 2^168 = 2^192 = 1, since 2^96 = -1.
#[inline(always)]
fn inverse_of_2_to_the_24<F: Ring>(like: F) -> F {
    // 2^168 = 2^96 * 2^72 = -(2^72) = -(2^64 * 2^8) = -((2^32 - 1) * 2^8).
    like.number(256) - word_base(like) * like.number(256)
}
