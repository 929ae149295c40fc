//! The buses: every consistency that spans rows, as one sum of fractions (spec: `docs/spec/rv32im.md`, "Buses").
//!
//! A tuple's fingerprint is `alpha + g0 bus + g1 field1 + …` with independent challenges. Providing a tuple adds the
//! reciprocal of its fingerprint, consuming it subtracts it; if the sum over all rows and the verifier's share is zero,
//! what was consumed is what was provided, but for a probability that the specification adds up.

use winter_math::{ExtensionOf, FieldElement};

use super::columns::*;

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

impl<'a, E: FieldElement> Challenges<'a, E> {
    /// Takes [`CHALLENGES`] elements; `None` for another number.
    pub fn new(elements: &'a [E]) -> Option<Self> {
        let ([alpha, factor], fields) = elements.split_first_chunk()?;
        let mut base = *alpha;
        let bases = core::array::from_fn(|_| {
            let this = base;
            base += *factor;
            this
        });
        Some(Self { bases, fields: fields.try_into().ok()? })
    }

    fn base(&self, bus: Bus) -> E {
        self.bases[bus as usize]
    }

    /// The fingerprint of a tuple.
    #[inline(always)]
    pub fn fingerprint<F, const N: usize>(&self, bus: Bus, fields: [F; N]) -> E
    where
        F: FieldElement,
        E: ExtensionOf<F>,
    {
        let terms = self.fields.iter().zip(fields);
        terms.fold(self.base(bus), |sum, (factor, field)| sum + <E as ExtensionOf<F>>::mul_base(*factor, field))
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

impl<E: FieldElement> Fraction<E> {
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
        F: FieldElement,
        E: ExtensionOf<F>,
    {
        let numerator =
            <E as ExtensionOf<F>>::mul_base(first, second_times) + <E as ExtensionOf<F>>::mul_base(second, first_times);
        Self { numerator, denominator: first * second }
    }

    /// Provides a tuple so and so often, and consumes another.
    #[inline(always)]
    fn balanced<F>((times, provided): (F, E), consumed: E) -> Self
    where
        F: FieldElement,
        E: ExtensionOf<F>,
    {
        let numerator = <E as ExtensionOf<F>>::mul_base(consumed, times) - provided;
        Self { numerator, denominator: provided * consumed }
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
    F: FieldElement,
    E: FieldElement + ExtensionOf<F>,
{
    let scale = |factor: &E, by: F| <E as ExtensionOf<F>>::mul_base(*factor, by);
    let [g_address, g_value, g_time, ..] = challenges.fields;
    let word = F::from(1_u32 << 31).double();
    let memory = challenges.base(Bus::Memory);
    let clock = row[CLK];
    let time = scale(g_time, clock);
    // Consumed at `clock - 1 - ago`, provided at `clock`.
    let ago = |difference: F| scale(g_time, difference + F::ONE);
    let slot_a = memory + scale(g_address, row[RS1]) + scale(g_value, row[V1]) + time;
    let slot_b = memory + scale(g_address, row[AB]) + scale(g_value, row[V2]) + time;
    let slot_c = memory + scale(g_address, row[AC]) + time;
    let old_c = slot_c + scale(g_value, row[DP]) - ago(row[DC] - row[S13] - row[S23]);
    let clock_tuple = |value: F| challenges.fingerprint(Bus::Clock, [value]);
    let range = |value: F| challenges.fingerprint(Bus::Range, [value]);
    let and = |x: F, y: F, z: F| challenges.fingerprint(Bus::And, [x, y, z]);
    let fetch: [F; FETCH_FIELDS] = core::array::from_fn(|field| row[field]);
    let y3 = fourth_byte(row);
    let [x_low, y_low, z_low] = *periodic;
    let sixteen = F::from(16_u32);
    let [x, y, z] = [sixteen * row[XH] + x_low, sixteen * row[YH] + y_low, sixteen * row[ZH] + z_low];
    let word_address = word + row[MA];
    let zero_word = memory + scale(g_address, word_address);
    let final_word = zero_word + scale(g_value, row[MF]) + scale(g_time, row[MT]);
    [
        Fraction::settled(slot_a - ago(row[DA]), slot_a).plus(Fraction::settled(slot_b - ago(row[DB]), slot_b)),
        Fraction::settled(old_c, slot_c + scale(g_value, row[VD]))
            .plus(Fraction::consumed(clock_tuple(row[DA]), clock_tuple(row[DB]))),
        Fraction::consumed(clock_tuple(row[DC]), challenges.fingerprint(Bus::Fetch, fetch)).plus(Fraction::balanced(
            (row[MCLK], clock_tuple(clock - F::ONE)),
            challenges.fingerprint(Bus::Nibble, [row[XH], row[YH], row[ZH]]),
        )),
        Fraction::consumed(range(row[P0]), range(row[P1])).plus(Fraction::consumed(range(row[P2]), range(row[P3]))),
        Fraction::consumed(and(row[X0], row[Y0], row[Z0]), and(row[X1], row[Y1], row[Z1]))
            .plus(Fraction::consumed(and(row[X2], row[Y2], row[Z2]), and(row[X3], y3, row[Z3]))),
        Fraction::consumed(
            challenges.fingerprint(Bus::Sign, [row[KK], row[X3], row[SA]]),
            challenges.fingerprint(Bus::Shift, [row[KK], row[UI], row[UO]]),
        )
        .plus(Fraction::provided((row[MAND], and(x, y, z)), (row[MRNG], range(x + F::from(256_u32) * y)))),
        Fraction::balanced((F::ONE - row[FI], zero_word), final_word).plus(Fraction::balanced(
            (row[FO], challenges.fingerprint(Bus::Output, [row[MA], row[MF]])),
            range(next_address - row[MA] - F::ONE),
        )),
    ]
}

/// The fourth byte of the second operand: what is left of it, over 2^24.
#[inline(always)]
pub fn fourth_byte<F: FieldElement>(row: &[F; WIDTH]) -> F {
    let low = row[Y0] + F::from(1_u32 << 8) * row[Y1] + F::from(1_u32 << 16) * row[Y2];
    (row[V2] + row[IMM] - low) * inverse_of_2_to_the_24()
}

/// (2^24)^-1: 2^24 * 2^168 = 2^192 = 1, since 2^96 = -1.
#[inline(always)]
fn inverse_of_2_to_the_24<F: FieldElement>() -> F {
    // 2^168 = 2^96 * 2^72 = -(2^72) = -(2^64 * 2^8) = -((2^32 - 1) * 2^8).
    F::from(256_u32) - F::from(1_u32 << 31).double() * F::from(256_u32)
}
