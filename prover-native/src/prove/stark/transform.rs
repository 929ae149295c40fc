//! Number-theoretic transforms of eight columns at a time.
//!
//! Values are in the order of the domain, coefficients in bit-reversed order: then neither way has to permute anything. A
//! transform goes over memory twice, in blocks that fit the caches: with n = n1 n2, once in n2 blocks of n1 rows, once in
//! blocks of every n1-th row, a few neighbours at a time.

use verifier_core::field::BaseElement;
use winter_prover::math::{FieldElement, StarkField};

use super::lanes::{Cells, Kernel, LANES, Lanes, run, splat};

/// Neighbouring rows that are handled together where a block has gaps.
const GROUP: usize = 8;

/// Rows that fit the first-level cache.
const NEAR: usize = 512;

/// Factors of the butterflies for one domain, of each distance h at h to 2 h: for the j-th pair the (n / 2 h)-th power of
/// the j-th point.
pub(in crate::prove) struct Factors(Vec<u64>);

impl Factors {
    /// Those that evaluate on the points `shift g^j`, g the generator of the domain of `length` points.
    pub(super) fn forward(length: usize, shift: BaseElement) -> Self {
        Self::of(length, shift, BaseElement::get_root_of_unity(length.ilog2()))
    }

    /// Those that interpolate from there.
    pub(super) fn inverse(length: usize, shift: BaseElement) -> Self {
        Self::of(length, shift.inv(), BaseElement::get_root_of_unity(length.ilog2()).inv())
    }

    fn of(length: usize, shift: BaseElement, root: BaseElement) -> Self {
        let mut factors = vec![BaseElement::ZERO; length];
        let mut power = shift;
        for factor in &mut factors[length / 2..] {
            *factor = power;
            power *= root;
        }
        for place in (1..length / 2).rev() {
            // Place h + j; at twice the distance it is 2 h + j.
            let h = 1 << place.ilog2();
            factors[place] = factors[place + h].square();
        }
        Self(factors.iter().map(BaseElement::inner).collect())
    }

    const fn length(&self) -> usize {
        self.0.len()
    }
}

/// Where a block's rows lie.
#[derive(Clone, Copy)]
struct Block {
    /// Neighbours that are handled together.
    group: usize,
    /// Distance of the rows.
    step: usize,
    /// The first row.
    first: usize,
}

/// n1: rows without gaps.
const fn near_rows(length: usize) -> usize {
    1 << length.ilog2().div_ceil(2)
}

/// Values to coefficients. `gather` fills in rows of values, from a row on.
pub(super) fn interpolate(factors: &Factors, coefficients: &mut [Cells], gather: impl Fn(usize, &mut [Cells])) {
    let length = factors.length();
    let scale = BaseElement::new(length as u64).inv();
    let near = near_rows(length);
    let group = GROUP.min(near);
    let mut buffer = vec![[0; LANES]; length / near * group];
    for first in (0..near).step_by(group) {
        for (place, rows) in buffer.chunks_exact_mut(group).enumerate() {
            gather(place * near + first, rows);
        }
        let block = Block { group, step: near, first };
        run(Down { rows: &mut buffer, factors: &factors.0, block, scale: Some(scale) });
        for (place, rows) in buffer.chunks_exact(group).enumerate() {
            coefficients[place * near + first..][..group].copy_from_slice(rows);
        }
    }
    for rows in coefficients.chunks_exact_mut(near) {
        let block = Block { group: 1, step: 1, first: 0 };
        run(Down { rows, factors: &factors.0, block, scale: None });
    }
}

/// Coefficients to values.
pub(super) fn evaluate(factors: &Factors, coefficients: &[Cells], values: &mut [Cells]) {
    let length = factors.length();
    let near = near_rows(length);
    for (rows, coefficients) in values.chunks_exact_mut(near).zip(coefficients.chunks_exact(near)) {
        rows.copy_from_slice(coefficients);
        run(Up { rows, factors: &factors.0, block: Block { group: 1, step: 1, first: 0 } });
    }
    let group = GROUP.min(near);
    let mut buffer = vec![[0; LANES]; length / near * group];
    for first in (0..near).step_by(group) {
        for (place, rows) in buffer.chunks_exact_mut(group).enumerate() {
            rows.copy_from_slice(&values[place * near + first..][..group]);
        }
        run(Up { rows: &mut buffer, factors: &factors.0, block: Block { group, step: near, first } });
        for (place, rows) in buffer.chunks_exact(group).enumerate() {
            values[place * near + first..][..group].copy_from_slice(rows);
        }
    }
}

/// Butterflies from neighbours to the greatest distance.
struct Up<'a> {
    rows: &'a mut [Cells],
    factors: &'a [u64],
    block: Block,
}

/// Butterflies from the greatest distance to neighbours.
struct Down<'a> {
    rows: &'a mut [Cells],
    factors: &'a [u64],
    block: Block,
    /// What values are multiplied by first.
    scale: Option<BaseElement>,
}

impl Kernel for Up<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, proof: L::Proof) {
        let Self { rows, factors, block } = self;
        let all = rows.len() / block.group;
        let few = (NEAR / block.group).min(all);
        for rows in rows.chunks_exact_mut(few * block.group) {
            up::<L>(proof, rows, factors, block, 1, few);
        }
        up::<L>(proof, rows, factors, block, few, all);
    }
}

impl Kernel for Down<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, proof: L::Proof) {
        let Self { rows, factors, block, scale } = self;
        if let Some(scale) = scale {
            let scale = splat::<L>(proof, scale);
            for row in rows.iter_mut() {
                *row = (L::load(proof, *row) * scale).store();
            }
        }
        let all = rows.len() / block.group;
        let few = (NEAR / block.group).min(all);
        down::<L>(proof, rows, factors, block, all, few);
        for rows in rows.chunks_exact_mut(few * block.group) {
            down::<L>(proof, rows, factors, block, few, 1);
        }
    }
}

/// Distances from `distance` up to below `end`, two at a time.
#[inline(always)]
fn up<L: Lanes>(proof: L::Proof, rows: &mut [Cells], factors: &[u64], block: Block, mut distance: usize, end: usize) {
    if distance < end && (end / distance).ilog2() % 2 == 1 {
        let half = distance * block.group;
        for rows in rows.chunks_exact_mut(2 * half) {
            let (low, high) = rows.split_at_mut(half);
            for place in 0..distance {
                for (index, number) in block.factors(factors, distance + place).iter().enumerate() {
                    let at = place * block.group + index;
                    let (a, b) = (L::load(proof, low[at]), L::load(proof, high[at]) * factor::<L>(proof, *number));
                    (low[at], high[at]) = ((a + b).store(), (a - b).store());
                }
            }
        }
        distance *= 2;
    }
    while distance < end {
        let quarter = distance * block.group;
        for rows in rows.chunks_exact_mut(4 * quarter) {
            let (low, high) = rows.split_at_mut(2 * quarter);
            let ((rows_0, rows_1), (rows_2, rows_3)) = (low.split_at_mut(quarter), high.split_at_mut(quarter));
            for place in 0..distance {
                let near = block.factors(factors, distance + place);
                let far = block.factors(factors, 2 * distance + place);
                let other = block.factors(factors, 3 * distance + place);
                for index in 0..block.group {
                    let at = place * block.group + index;
                    let near = factor::<L>(proof, near[index]);
                    let (a, b) = (L::load(proof, rows_0[at]), L::load(proof, rows_1[at]) * near);
                    let (c, d) = (L::load(proof, rows_2[at]), L::load(proof, rows_3[at]) * near);
                    let (a, b, c, d) = (a + b, a - b, c + d, c - d);
                    let c = c * factor::<L>(proof, far[index]);
                    let d = d * factor::<L>(proof, other[index]);
                    (rows_0[at], rows_2[at]) = ((a + c).store(), (a - c).store());
                    (rows_1[at], rows_3[at]) = ((b + d).store(), (b - d).store());
                }
            }
        }
        distance *= 4;
    }
}

/// Distances from below `start` down to `end`, two at a time.
#[inline(always)]
fn down<L: Lanes>(proof: L::Proof, rows: &mut [Cells], factors: &[u64], block: Block, mut start: usize, end: usize) {
    while start >= 4 * end {
        let distance = start / 4;
        let quarter = distance * block.group;
        for rows in rows.chunks_exact_mut(4 * quarter) {
            let (low, high) = rows.split_at_mut(2 * quarter);
            let ((rows_0, rows_1), (rows_2, rows_3)) = (low.split_at_mut(quarter), high.split_at_mut(quarter));
            for place in 0..distance {
                let near = block.factors(factors, distance + place);
                let far = block.factors(factors, 2 * distance + place);
                let other = block.factors(factors, 3 * distance + place);
                for index in 0..block.group {
                    let at = place * block.group + index;
                    let (a, b) = (L::load(proof, rows_0[at]), L::load(proof, rows_1[at]));
                    let (c, d) = (L::load(proof, rows_2[at]), L::load(proof, rows_3[at]));
                    let (a, c) = (a + c, (a - c) * factor::<L>(proof, far[index]));
                    let (b, d) = (b + d, (b - d) * factor::<L>(proof, other[index]));
                    let near = factor::<L>(proof, near[index]);
                    (rows_0[at], rows_1[at]) = ((a + b).store(), ((a - b) * near).store());
                    (rows_2[at], rows_3[at]) = ((c + d).store(), ((c - d) * near).store());
                }
            }
        }
        start = distance;
    }
    if start >= 2 * end {
        let distance = start / 2;
        let half = distance * block.group;
        for rows in rows.chunks_exact_mut(2 * half) {
            let (low, high) = rows.split_at_mut(half);
            for place in 0..distance {
                for (index, number) in block.factors(factors, distance + place).iter().enumerate() {
                    let at = place * block.group + index;
                    let (a, b) = (L::load(proof, low[at]), L::load(proof, high[at]));
                    (low[at], high[at]) = ((a + b).store(), ((a - b) * factor::<L>(proof, *number)).store());
                }
            }
        }
    }
}

#[inline(always)]
fn factor<L: Lanes>(proof: L::Proof, factor: u64) -> L {
    L::load(proof, [factor; LANES])
}

impl Block {
    /// The factors of a group, at a place of the block's own.
    #[inline(always)]
    fn factors(self, factors: &[u64], place: usize) -> &[u64] {
        &factors[self.step * place + self.first..][..self.group]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In Montgomery form: any number, and every third one where a carry, a borrow or a reduction is about to happen.
    fn coefficient(row: usize, lane: usize) -> u64 {
        const P: u64 = BaseElement::MODULUS;
        const CORNERS: [u64; 9] = [0, 1, 0xffff_ffff, 1 << 32, P / 2, P / 2 + 1, 1 << 63, P - (1 << 32), P - 1];
        let index = row * LANES + lane;
        match index % 3 {
            0 => CORNERS[index / 3 % CORNERS.len()],
            _ => (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % P,
        }
    }

    #[test]
    fn values_and_coefficients_are_each_others() {
        for log in [3, 4, 5, 7, 11, 12] {
            let length = 1 << log;
            let shift = BaseElement::new(7);
            let mut coefficients = vec![[0; LANES]; length];
            for (place, cells) in coefficients.iter_mut().enumerate() {
                let row = place.reverse_bits() >> (usize::BITS - log);
                *cells = std::array::from_fn(|lane| coefficient(row, lane));
            }
            let mut values = coefficients.clone();
            evaluate(&Factors::forward(length, shift), &coefficients, &mut values);
            let root = BaseElement::get_root_of_unity(log);
            for row in [0, 1, length / 2 + 1, length - 1] {
                let x = shift * root.exp(row as u64);
                for lane in [0, 7] {
                    let number = |raw| u128::from(BaseElement::from_mont(raw).as_int());
                    let value = (0..length).rev().fold(0, |sum, k| {
                        (sum * u128::from(x.as_int()) + number(coefficient(k, lane))) % u128::from(BaseElement::MODULUS)
                    });
                    assert_eq!(number(values[row][lane]), value, "2^{log}, row {row}");
                }
            }
            let mut back = vec![[0; LANES]; length];
            interpolate(&Factors::inverse(length, shift), &mut back, |row, rows| {
                rows.copy_from_slice(&values[row..][..rows.len()]);
            });
            assert!(back == coefficients, "2^{log}");
        }
    }
}
