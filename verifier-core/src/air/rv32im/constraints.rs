//! The transition constraints of the main segment (spec: `docs/spec/rv32im.md`, "Constraints" and "Soundness").
//!
//! Each is a polynomial in one row and the next that is zero on every row of an honest trace. The numbers are those of
//! the specification.

#![expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]

use super::columns::*;
use super::ring::Ring;

/// Degree of each constraint.
pub const DEGREES: [u8; 32] =
    [1, 3, 2, 2, 2, 2, 2, 4, 4, 4, 3, 2, 4, 3, 4, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 2, 2, 2, 2];

/// Columns of the next row that constraints read; those of the buses included.
pub const NEXT_COLUMNS: [usize; 3] = [PC, CLK, MA];

/// Byte i weighs 2^(8 ((i + R0 + 2 R1) mod 4)).
#[inline(always)]
fn rotation_weights<E: Ring>(r0: E, r1: E) -> [E; 4] {
    let both = r0 * r1;
    let [is_0, is_1, is_2, is_3] = [r0.number(1) - r0 - r1 + both, r0 - both, r1 - both, both];
    let [two_8, two_16, two_24] = [r0.number(1 << 8), r0.number(1 << 16), r0.number(1 << 24)];
    [
        is_0 + is_1 * two_8 + is_2 * two_16 + is_3 * two_24,
        is_0 * two_8 + is_1 * two_16 + is_2 * two_24 + is_3,
        is_0 * two_16 + is_1 * two_24 + is_2 + is_3 * two_8,
        is_0 * two_24 + is_1 + is_2 * two_8 + is_3 * two_16,
    ]
}

/// The word of four bytes.
#[inline(always)]
fn natural<E: Ring>(bytes: [E; 4]) -> E {
    let two_8 = bytes[0].number(1 << 8);
    bytes[0] + two_8 * (bytes[1] + two_8 * (bytes[2] + two_8 * bytes[3]))
}

/// Zero for a bit.
#[inline(always)]
fn boolean<E: Ring>(bit: E) -> E {
    bit * (bit - bit.number(1))
}

/// 2^32.
#[inline(always)]
pub(super) fn word_base<E: Ring>(like: E) -> E {
    let half = like.number(1 << 31);
    half + half
}

/// Evaluates every constraint. Of the next row, [`NEXT_COLUMNS`] are read.
///
/// No closures and no iterators: a prover that evaluates this on vectors needs all of it inlined.
#[inline(always)]
pub fn evaluate<E: Ring>(row: &[E; WIDTH], next: &[E; WIDTH]) -> [E; DEGREES.len()] {
    let one = row[CLK].number(1);
    let [two_8, two_16] = [one.number(1 << 8), one.number(1 << 16)];
    let word = word_base(one);
    let [v1, v2, vd, dp] = [row[V1], row[V2], row[VD], row[DP]];
    let [sp, slt, seq, smul, ssh, sdiv, sld, sst] =
        [row[SP], row[SLT], row[SEQ], row[SMUL], row[SSH], row[SDIV], row[SLD], row[SST]];
    let [sb, shf, sjr] = [row[SB], row[SHF], row[SJR]];
    let [k, r0, r1, inv, sa, uo] = [row[K], row[R0], row[R1], row[INV], row[SA], row[UO]];
    let [x0, x1, x2, x3] = [row[X0], row[X1], row[X2], row[X3]];
    let b = v2 + row[IMM];
    let x = natural([x0, x1, x2, x3]);
    let z = natural([row[Z0], row[Z1], row[Z2], row[Z3]]);
    let [w0, w1, w2, w3] = rotation_weights(r0, r1);
    let rotated = x0 * w0 + x1 * w1 + x2 * w2 + x3 * w3;
    let low = row[P0] + two_16 * row[P1];
    let high = row[P2] + two_16 * row[P3];
    let linear = one - smul - ssh - sdiv - sld - sst;
    let wide = smul + ssh;
    let both = r0 * r1;
    // Where in its word the access lies.
    let offset = sb * (one.number(3) - (r0 + r0 + r0) - (r1 + r1) + one.number(4) * both) + shf * (one + one - r1 - r1);
    let address = v1 + row[OFF] - word * k;
    let memory = word + (address - offset) * quarter(one);
    let [y0, y1] = [row[Y0], row[Y1]];
    let half_weight = two_16 - one.number(65_535) * r1;
    [
        next[CLK] - row[CLK] - one,
        next[PC] - row[NEXT] - (slt + seq) * k * row[OFF] - sjr * (v1 + row[OFF] - word * r0 - r1 - row[NEXT]),
        boolean(k),
        boolean(r0),
        boolean(r1),
        r0 * (one - sb - sjr),
        r1 * (one - sb - shf - sjr),
        row[AB] - row[RS2] - sld * memory,
        row[AC] - row[RD] - sst * memory,
        (one - sdiv) * (rotated - v1 - sld * (v2 - v1) - sst * (dp - v1)),
        linear * vd - row[SIG] * row[SIG] * v1 - row[SIG] * b - row[WK] * k - row[WZ] * z,
        sp * (vd - low),
        wide * (one - sp) * (vd - high - sa * (word - uo)),
        v1 * (smul * b + ssh * uo) - wide * (low + word * high),
        wide * low * ((word - one - high) * inv - one),
        ssh * (row[UI] - y0),
        slt * (row[UI] - super::bus::fourth_byte(row)),
        slt * (low - v1 + b - word * (k - sa + uo)),
        seq * ((v1 - b) * inv - one + k),
        seq * k * (v1 - b),
        sdiv * (b * x + low - v1),
        sdiv * (b * inv - one + k),
        sdiv * k * b,
        sdiv * (one - k) * (b - one - low - high),
        sdiv * k * (x - word + one),
        sdiv * (one - sp) * (vd - x),
        sld * (vd - v2 + sb * (v2 - x3 - sa * (word - two_8)) + shf * (v2 - x2 - two_8 * x3 - sa * (word - two_16))),
        sst * ((one - sb - shf) * (vd - v2)
            + sb * (vd - dp - w3 * (y0 - x3))
            + shf * (vd - dp - half_weight * (y0 + two_8 * y1 - x2 - two_8 * x3))),
        sjr * (k - one),
        row[S13] * (dp - v1),
        row[S23] * (dp - v2),
        boolean(row[FI]),
    ]
}

/// 4^-1 = -(2^96 / 4) = -2^94 = -(2^64 2^30) = 2^30 - 2^62.
#[inline(always)]
fn quarter<E: Ring>(like: E) -> E {
    let two_30 = like.number(1 << 30);
    two_30 - two_30 * word_base(like)
}
