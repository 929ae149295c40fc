//! The transition constraints of the main segment (spec: `docs/spec/rv32im.md`, "Constraints" and "Soundness").
//!
//! Each is a polynomial in one row and the next that is zero on every row of an honest trace. The numbers are those of
//! the specification.

use winter_math::FieldElement;

use super::columns::*;

/// Degree of each constraint.
pub const DEGREES: [u8; 32] =
    [1, 3, 2, 2, 2, 2, 2, 4, 4, 4, 3, 2, 4, 3, 4, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 2, 2, 2, 2];

/// What a byte's rotation puts where: weights of the four bytes, and of the accessed part.
struct Rotation<E> {
    weights: [E; 4],
}

impl<E: FieldElement> Rotation<E> {
    /// Byte i weighs 2^(8 ((i + R0 + 2 R1) mod 4)).
    #[inline(always)]
    fn new(r0: E, r1: E) -> Self {
        let both = r0 * r1;
        let is = [E::ONE - r0 - r1 + both, r0 - both, r1 - both, both];
        let natural = [E::ONE, E::from(1_u32 << 8), E::from(1_u32 << 16), E::from(1_u32 << 24)];
        let weights = core::array::from_fn(|byte| {
            (0..4).fold(E::ZERO, |sum, rotation| sum + is[rotation] * natural[(byte + rotation) % 4])
        });
        Self { weights }
    }
}

/// Evaluates every constraint.
#[inline(always)]
pub fn evaluate<E: FieldElement>(row: &[E; WIDTH], next: &[E; WIDTH]) -> [E; DEGREES.len()] {
    let one = E::ONE;
    let [two_8, two_16] = [E::from(1_u32 << 8), E::from(1_u32 << 16)];
    let word = E::from(1_u32 << 31).double();
    let [v1, v2, vd, dp] = [row[V1], row[V2], row[VD], row[DP]];
    let [sp, slt, seq, smul, ssh, sdiv, sld, sst] =
        [row[SP], row[SLT], row[SEQ], row[SMUL], row[SSH], row[SDIV], row[SLD], row[SST]];
    let [sb, shf, sjr] = [row[SB], row[SHF], row[SJR]];
    let [k, r0, r1, inv, sa, uo] = [row[K], row[R0], row[R1], row[INV], row[SA], row[UO]];
    let [x0, x1, x2, x3] = [row[X0], row[X1], row[X2], row[X3]];
    let b = v2 + row[IMM];
    let natural = |bytes: [E; 4]| bytes[0] + two_8 * (bytes[1] + two_8 * (bytes[2] + two_8 * bytes[3]));
    let x = natural([x0, x1, x2, x3]);
    let z = natural([row[Z0], row[Z1], row[Z2], row[Z3]]);
    let rotation = Rotation::new(r0, r1);
    let [w0, w1, w2, w3] = rotation.weights;
    let rotated = x0 * w0 + x1 * w1 + x2 * w2 + x3 * w3;
    let low = row[P0] + two_16 * row[P1];
    let high = row[P2] + two_16 * row[P3];
    let linear = one - smul - ssh - sdiv - sld - sst;
    let wide = smul + ssh;
    let both = r0 * r1;
    // Where in its word the access lies.
    let offset = sb * (E::from(3_u32) - (r0 + r0 + r0) - r1.double() + both.double().double())
        + shf * (one.double() - r1.double());
    let address = v1 + row[OFF] - word * k;
    let memory = word + (address - offset) * quarter();
    let boolean = |bit: E| bit * (bit - one);
    let [y0, y1] = [row[Y0], row[Y1]];
    let half_weight = two_16 - E::from(65_535_u32) * r1;
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
        linear * vd - row[SIG].square() * v1 - row[SIG] * b - row[WK] * k - row[WZ] * z,
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
fn quarter<E: FieldElement>() -> E {
    let two_30 = E::from(1_u32 << 30);
    two_30 - two_30 * E::from(1_u32 << 31).double()
}
