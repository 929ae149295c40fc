//! Number-theoretic transforms of a strip's columns at a time.
//!
//! Values are in the order of the domain, coefficients in bit-reversed order: interpolation decimates in frequency (DIF) and
//! evaluation in time (DIT), so that neither has to permute anything. A transform goes over memory twice (Bailey, "FFTs in
//! external or hierarchical memory", 1989), in blocks that fit the caches: with n = n1 n2, once in n2 blocks of n1 rows,
//! once in blocks of every n1-th row, a few neighbours at a time. Two layers of butterflies are done in one pass over a
//! block (radix 4), since a pass costs as much in loads and stores as in arithmetic.

use verifier_core::field::BaseElement;
use winter_prover::math::{FieldElement, StarkField};

use super::lanes::{Kernel, Lanes, broadcast, run};
use super::matrix::{Cells, STRIP};

/// Neighbouring rows that are handled together where a block has gaps.
const GROUP: usize = 8;

/// Rows that fit the first-level cache.
const CACHED_ROWS: usize = 512;

/// The twiddle factors of one domain. Those of the butterflies at distance h are at h to 2 h: for the j-th pair the
/// (n / 2 h)-th power of the j-th point.
pub(crate) struct Twiddles(Vec<u64>);

impl Twiddles {
    /// Those that evaluate on the points `shift g^j`, g the generator of the domain of `length` points.
    pub(super) fn forward(length: usize, shift: BaseElement) -> Self {
        Self::of(length, shift, BaseElement::get_root_of_unity(length.ilog2()))
    }

    /// Those that interpolate from there.
    pub(super) fn inverse(length: usize, shift: BaseElement) -> Self {
        Self::of(length, shift.inv(), BaseElement::get_root_of_unity(length.ilog2()).inv())
    }

    fn of(length: usize, shift: BaseElement, root: BaseElement) -> Self {
        let mut twiddles = vec![BaseElement::ZERO; length];
        let mut power = shift;
        for twiddle in &mut twiddles[length / 2..] {
            *twiddle = power;
            power *= root;
        }
        for place in (1..length / 2).rev() {
            // Place h + j; at twice the distance it is 2 h + j.
            let h = 1 << place.ilog2();
            twiddles[place] = twiddles[place + h].square();
        }
        Self(twiddles.iter().map(BaseElement::inner).collect())
    }

    const fn length(&self) -> usize {
        self.0.len()
    }
}

/// Where a block's rows are in the whole.
#[derive(Clone, Copy)]
struct Block {
    /// Neighbours that are handled together.
    group: usize,
    /// Distance of the rows.
    step: usize,
    /// The first row.
    first: usize,
}

/// n1: rows of a block without gaps.
const fn block_rows(length: usize) -> usize {
    1 << length.ilog2().div_ceil(2)
}

/// Values of a strip's first columns, `width` of them, to coefficients. `gather` fills in rows of values, from a row on.
pub(super) fn interpolate(
    twiddles: &Twiddles,
    width: usize,
    coefficients: &mut [Cells],
    gather: impl Fn(usize, &mut [Cells]),
) {
    let length = twiddles.length();
    let scale = BaseElement::new(length as u64).inv();
    let near = block_rows(length);
    let group = GROUP.min(near);
    let mut buffer = vec![[0; STRIP]; length / near * group];
    for first in (0..near).step_by(group) {
        for (place, rows) in buffer.chunks_exact_mut(group).enumerate() {
            gather(place * near + first, rows);
        }
        let block = Block { group, step: near, first };
        run(Dif { rows: &mut buffer, width, twiddles: &twiddles.0, block, scale: Some(scale) });
        for (place, rows) in buffer.chunks_exact(group).enumerate() {
            coefficients[place * near + first..][..group].copy_from_slice(rows);
        }
    }
    for rows in coefficients.chunks_exact_mut(near) {
        let block = Block { group: 1, step: 1, first: 0 };
        run(Dif { rows, width, twiddles: &twiddles.0, block, scale: None });
    }
}

/// Coefficients of a strip's first columns, `width` of them, to values.
pub(super) fn evaluate(twiddles: &Twiddles, width: usize, coefficients: &[Cells], values: &mut [Cells]) {
    let length = twiddles.length();
    let near = block_rows(length);
    for (rows, coefficients) in values.chunks_exact_mut(near).zip(coefficients.chunks_exact(near)) {
        rows.copy_from_slice(coefficients);
        run(Dit { rows, width, twiddles: &twiddles.0, block: Block { group: 1, step: 1, first: 0 } });
    }
    let group = GROUP.min(near);
    let mut buffer = vec![[0; STRIP]; length / near * group];
    for first in (0..near).step_by(group) {
        for (place, rows) in buffer.chunks_exact_mut(group).enumerate() {
            rows.copy_from_slice(&values[place * near + first..][..group]);
        }
        run(Dit { rows: &mut buffer, width, twiddles: &twiddles.0, block: Block { group, step: near, first } });
        for (place, rows) in buffer.chunks_exact(group).enumerate() {
            values[place * near + first..][..group].copy_from_slice(rows);
        }
    }
}

/// Decimation in time: butterflies from neighbours to the greatest distance.
struct Dit<'a> {
    rows: &'a mut [Cells],
    width: usize,
    twiddles: &'a [u64],
    block: Block,
}

/// Decimation in frequency: butterflies from the greatest distance to neighbours.
struct Dif<'a> {
    rows: &'a mut [Cells],
    width: usize,
    twiddles: &'a [u64],
    block: Block,
    /// What values are multiplied by first.
    scale: Option<BaseElement>,
}

impl Kernel for Dit<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        let Self { rows, width, twiddles, block } = self;
        let all = rows.len() / block.group;
        let few = (CACHED_ROWS / block.group).min(all);
        // While pairs are near, part by part: what one layer wrote, the next finds in the cache.
        for rows in rows.chunks_exact_mut(few * block.group) {
            dit::<L>(simd, rows, width, twiddles, block, 1, few);
        }
        dit::<L>(simd, rows, width, twiddles, block, few, all);
    }
}

impl Kernel for Dif<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        let Self { rows, width, twiddles, block, scale } = self;
        if let Some(scale) = scale {
            let scale = broadcast::<L>(simd, scale);
            for row in rows.iter_mut() {
                for column in columns::<L>(width) {
                    (L::load(simd, &row[column..]) * scale).store(&mut row[column..]);
                }
            }
        }
        let all = rows.len() / block.group;
        let few = (CACHED_ROWS / block.group).min(all);
        dif::<L>(simd, rows, width, twiddles, block, all, few);
        // As above, the other way around.
        for rows in rows.chunks_exact_mut(few * block.group) {
            dif::<L>(simd, rows, width, twiddles, block, few, 1);
        }
    }
}

/// The first column of each packed value that a row's first `width` columns take.
#[inline(always)]
fn columns<L: Lanes>(width: usize) -> impl Iterator<Item = usize> {
    // At most eight, as is known when this is compiled, which spares the bounds checks.
    (0..STRIP).step_by(L::WIDTH).take_while(move |column| *column < width)
}

/// The rows of four blocks in a row: those that two layers of butterflies take together.
#[inline(always)]
fn quarters(rows: &mut [Cells]) -> [&mut [Cells]; 4] {
    let (low, high) = rows.split_at_mut(rows.len() / 2);
    let ((a, b), (c, d)) = (low.split_at_mut(low.len() / 2), high.split_at_mut(high.len() / 2));
    [a, b, c, d]
}

/// Layers from the one at `distance` up to below `end`, two at a time. A pair (a, b) becomes (a + w b, a - w b): the values at
/// w and at -w of the polynomial of which a and b are the even and the odd part.
#[inline(always)]
fn dit<L: Lanes>(
    simd: L::Simd,
    rows: &mut [Cells],
    width: usize,
    twiddles: &[u64],
    block: Block,
    mut distance: usize,
    end: usize,
) {
    // A layer alone first, if their number is odd.
    if distance < end && (end / distance).ilog2() % 2 == 1 {
        let half = distance * block.group;
        for rows in rows.chunks_exact_mut(2 * half) {
            let (low, high) = rows.split_at_mut(half);
            for place in 0..distance {
                for (index, twiddle) in block.twiddles(twiddles, distance + place).iter().enumerate() {
                    let (twiddle, at) = (L::broadcast(simd, *twiddle), place * block.group + index);
                    let (low, high) = (&mut low[at], &mut high[at]);
                    for column in columns::<L>(width) {
                        let (low, high) = (&mut low[column..], &mut high[column..]);
                        let (a, b) = (L::load(simd, low), L::load(simd, high) * twiddle);
                        (a + b).store(low);
                        (a - b).store(high);
                    }
                }
            }
        }
        distance *= 2;
    }
    while distance < end {
        for rows in rows.chunks_exact_mut(4 * distance * block.group) {
            let [rows_0, rows_1, rows_2, rows_3] = quarters(rows);
            for place in 0..distance {
                // Of the nearer layer, whose two pairs have the same twiddle, and of the farther one.
                let nearer = block.twiddles(twiddles, distance + place);
                let farther = block.twiddles(twiddles, 2 * distance + place);
                let farther_odd = block.twiddles(twiddles, 3 * distance + place);
                for index in 0..block.group {
                    let at = place * block.group + index;
                    let nearer = L::broadcast(simd, nearer[index]);
                    let farther = L::broadcast(simd, farther[index]);
                    let farther_odd = L::broadcast(simd, farther_odd[index]);
                    let (row_0, row_1) = (&mut rows_0[at], &mut rows_1[at]);
                    let (row_2, row_3) = (&mut rows_2[at], &mut rows_3[at]);
                    for column in columns::<L>(width) {
                        let (a, b) = (L::load(simd, &row_0[column..]), L::load(simd, &row_1[column..]) * nearer);
                        let (c, d) = (L::load(simd, &row_2[column..]), L::load(simd, &row_3[column..]) * nearer);
                        let (a, b, c, d) = (a + b, a - b, (c + d) * farther, (c - d) * farther_odd);
                        (a + c).store(&mut row_0[column..]);
                        (a - c).store(&mut row_2[column..]);
                        (b + d).store(&mut row_1[column..]);
                        (b - d).store(&mut row_3[column..]);
                    }
                }
            }
        }
        distance *= 4;
    }
}

/// Layers from the one below `start` down to `end`, two at a time. A pair (a, b) becomes (a + b, (a - b) w): what [`dit`] does, undone,
/// but for the factor of two, which is in the scale.
#[inline(always)]
fn dif<L: Lanes>(
    simd: L::Simd,
    rows: &mut [Cells],
    width: usize,
    twiddles: &[u64],
    block: Block,
    mut start: usize,
    end: usize,
) {
    while start >= 4 * end {
        let distance = start / 4;
        for rows in rows.chunks_exact_mut(4 * distance * block.group) {
            let [rows_0, rows_1, rows_2, rows_3] = quarters(rows);
            for place in 0..distance {
                let nearer = block.twiddles(twiddles, distance + place);
                let farther = block.twiddles(twiddles, 2 * distance + place);
                let farther_odd = block.twiddles(twiddles, 3 * distance + place);
                for index in 0..block.group {
                    let at = place * block.group + index;
                    let nearer = L::broadcast(simd, nearer[index]);
                    let farther = L::broadcast(simd, farther[index]);
                    let farther_odd = L::broadcast(simd, farther_odd[index]);
                    let (row_0, row_1) = (&mut rows_0[at], &mut rows_1[at]);
                    let (row_2, row_3) = (&mut rows_2[at], &mut rows_3[at]);
                    for column in columns::<L>(width) {
                        let (a, b) = (L::load(simd, &row_0[column..]), L::load(simd, &row_1[column..]));
                        let (c, d) = (L::load(simd, &row_2[column..]), L::load(simd, &row_3[column..]));
                        let (a, c) = (a + c, (a - c) * farther);
                        let (b, d) = (b + d, (b - d) * farther_odd);
                        (a + b).store(&mut row_0[column..]);
                        ((a - b) * nearer).store(&mut row_1[column..]);
                        (c + d).store(&mut row_2[column..]);
                        ((c - d) * nearer).store(&mut row_3[column..]);
                    }
                }
            }
        }
        start = distance;
    }
    // A layer alone last, if their number is odd.
    if start >= 2 * end {
        let distance = start / 2;
        let half = distance * block.group;
        for rows in rows.chunks_exact_mut(2 * half) {
            let (low, high) = rows.split_at_mut(half);
            for place in 0..distance {
                for (index, twiddle) in block.twiddles(twiddles, distance + place).iter().enumerate() {
                    let (twiddle, at) = (L::broadcast(simd, *twiddle), place * block.group + index);
                    let (low, high) = (&mut low[at], &mut high[at]);
                    for column in columns::<L>(width) {
                        let (low, high) = (&mut low[column..], &mut high[column..]);
                        let (a, b) = (L::load(simd, low), L::load(simd, high));
                        (a + b).store(low);
                        ((a - b) * twiddle).store(high);
                    }
                }
            }
        }
    }
}

impl Block {
    /// The twiddles of a group, at a place of the block's own.
    #[inline(always)]
    fn twiddles(self, twiddles: &[u64], place: usize) -> &[u64] {
        &twiddles[self.step * place + self.first..][..self.group]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In Montgomery form: any number, and every third one where a carry, a borrow or a reduction is about to happen.
    fn coefficient(row: usize, lane: usize) -> u64 {
        const P: u64 = BaseElement::MODULUS;
        const CORNERS: [u64; 9] = [0, 1, 0xffff_ffff, 1 << 32, P / 2, P / 2 + 1, 1 << 63, P - (1 << 32), P - 1];
        let index = row * STRIP + lane;
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
            let mut coefficients = vec![[0; STRIP]; length];
            for (place, cells) in coefficients.iter_mut().enumerate() {
                let row = place.reverse_bits() >> (usize::BITS - log);
                *cells = std::array::from_fn(|lane| coefficient(row, lane));
            }
            let mut values = coefficients.clone();
            evaluate(&Twiddles::forward(length, shift), STRIP, &coefficients, &mut values);
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
            let mut back = vec![[0; STRIP]; length];
            interpolate(&Twiddles::inverse(length, shift), STRIP, &mut back, |row, rows| {
                rows.copy_from_slice(&values[row..][..rows.len()]);
            });
            assert!(back == coefficients, "2^{log}");
        }
    }
}
