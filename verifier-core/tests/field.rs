//! The field against schoolbook arithmetic on integers: elements, both extensions, powers, transforms, encodings.
//!
//! Operands are given by what is in memory (Montgomery form), so that the corners of the reductions are hit and not only those of
//! the integers that elements stand for. Tests are built with overflow checks: an operand that is not reduced may also panic.

#![allow(missing_docs, reason = "tests")]

use proptest::prelude::*;
use proptest::sample::select;
use verifier_core::field::{BaseElement, Extension};
use winter_math::fields::QuadExtension;
use winter_math::{ExtensionOf, FieldElement, StarkField, batch_inversion, fft, get_power_series_with_offset};
use winter_utils::{AsBytes, Deserializable, Randomizable, Serializable, SliceReader};

const P: u64 = 0xffff_ffff_0000_0001;
const EPSILON: u64 = 0xffff_ffff;
const HALF: u64 = P / 2;

/// What is in memory where a carry, a borrow or a reduction is about to happen.
const CORNERS: [u64; 31] = [
    0,
    1,
    2,
    EPSILON - 1,
    EPSILON,
    EPSILON + 1,
    EPSILON + 2,
    1 << 33,
    (1 << 62) - 1,
    1 << 62,
    HALF - EPSILON,
    HALF - 1,
    HALF,
    HALF + 1,
    HALF + 2,
    HALF + (EPSILON >> 2),
    0x7fff_ffff_c000_0000,
    (1 << 63) - 1,
    1 << 63,
    (1 << 63) + 1,
    HALF + EPSILON,
    0xffff_fffe_0000_0000,
    0xffff_fffe_0000_0001,
    // The square of this one is 0x7fff_ffff_c000_0003.
    0xe47b_8fa4_9dfc_b71b,
    P - EPSILON - 1,
    P - EPSILON,
    P - EPSILON + 1,
    P - (1 << 31),
    P - 3,
    P - 2,
    P - 1,
];

/// Integers modulo p, as taught in school.
mod school {
    use super::P;

    const MODULUS: u128 = P as u128;

    pub(super) fn add(a: u64, b: u64) -> u64 {
        ((u128::from(a) + u128::from(b)) % MODULUS) as u64
    }

    pub(super) fn sub(a: u64, b: u64) -> u64 {
        ((u128::from(a) + MODULUS - u128::from(b)) % MODULUS) as u64
    }

    pub(super) fn mul(a: u64, b: u64) -> u64 {
        (u128::from(a) * u128::from(b) % MODULUS) as u64
    }

    pub(super) fn pow(base: u64, exponent: u64) -> u64 {
        (0..64).rev().fold(1, |power, bit| {
            let square = mul(power, power);
            if exponent >> bit & 1 == 1 { mul(square, base) } else { square }
        })
    }

    /// Product of polynomials modulo x^N - `tail`.
    pub(super) fn product<const N: usize>(a: [u64; N], b: [u64; N], tail: [u64; N]) -> [u64; N] {
        let mut product = vec![0; 2 * N - 1];
        for (i, a) in a.into_iter().enumerate() {
            for (j, b) in b.into_iter().enumerate() {
                product[i + j] = add(product[i + j], mul(a, b));
            }
        }
        for top in (N..2 * N - 1).rev() {
            let coefficient = product.remove(top);
            for (k, t) in tail.into_iter().enumerate() {
                product[top - N + k] = add(product[top - N + k], mul(coefficient, t));
            }
        }
        product.try_into().unwrap()
    }
}

/// The integer that is `raw` in Montgomery form: raw 2^-64.
fn integer(raw: u64) -> u64 {
    school::mul(raw, school::pow(EPSILON, P - 2))
}

fn element(raw: u64) -> BaseElement {
    BaseElement::from_mont(raw)
}

/// An extension of the field, for the tests: coordinates, and what x^N is.
trait Extended<const N: usize>:
    FieldElement<BaseField = BaseElement, PositiveInteger = u64> + ExtensionOf<BaseElement>
{
    const TAIL: [u64; N];

    fn of(coordinates: [BaseElement; N]) -> Self;
    fn coordinates(self) -> [BaseElement; N];

    fn of_raw(raw: [u64; N]) -> Self {
        Self::of(raw.map(element))
    }
}

impl Extended<1> for BaseElement {
    const TAIL: [u64; 1] = [0];

    fn of([element]: [BaseElement; 1]) -> Self {
        element
    }

    fn coordinates(self) -> [BaseElement; 1] {
        [self]
    }
}

impl Extended<2> for QuadExtension<BaseElement> {
    const TAIL: [u64; 2] = [P - 2, 1];

    fn of([a, b]: [BaseElement; 2]) -> Self {
        Self::new(a, b)
    }

    fn coordinates(self) -> [BaseElement; 2] {
        self.to_base_elements()
    }
}

impl Extended<3> for Extension {
    const TAIL: [u64; 3] = [1, 1, 0];

    fn of([a, b, c]: [BaseElement; 3]) -> Self {
        Self::new(a, b, c)
    }

    fn coordinates(self) -> [BaseElement; 3] {
        self.to_base_elements()
    }
}

/// The integers of an element, all of which have to be reduced in memory.
fn integers<const N: usize, E: Extended<N>>(element: E) -> [u64; N] {
    element.coordinates().map(|coordinate| {
        assert!(coordinate.inner() < P, "{:#x} is not reduced", coordinate.inner());
        assert_eq!(coordinate.as_int(), integer(coordinate.inner()));
        coordinate.as_int()
    })
}

/// Every operation on two elements, in one field.
fn check_operations<const N: usize, E: Extended<N>>(raw_a: [u64; N], raw_b: [u64; N]) {
    let (a, b) = (E::of_raw(raw_a), E::of_raw(raw_b));
    let (ints_a, ints_b) = (raw_a.map(integer), raw_b.map(integer));
    let both = |f: fn(u64, u64) -> u64| std::array::from_fn::<u64, N, _>(|i| f(ints_a[i], ints_b[i]));
    assert_eq!(integers(a), ints_a);
    assert_eq!(a == b, raw_a == raw_b);
    assert_eq!(integers(a + b), both(school::add), "{raw_a:x?} + {raw_b:x?}");
    assert_eq!(integers(a - b), both(school::sub), "{raw_a:x?} - {raw_b:x?}");
    assert_eq!(integers(-a), ints_a.map(|a| school::sub(0, a)), "-{raw_a:x?}");
    assert_eq!(integers(a * b), school::product(ints_a, ints_b, E::TAIL), "{raw_a:x?} * {raw_b:x?}");
    let square = school::product(ints_a, ints_a, E::TAIL);
    assert_eq!(integers(a.double()), ints_a.map(|a| school::add(a, a)), "2 * {raw_a:x?}");
    assert_eq!(integers(a.square()), square, "{raw_a:x?} squared");
    assert_eq!(integers(a.cube()), school::product(square, ints_a, E::TAIL), "{raw_a:x?} cubed");
    assert_eq!(integers(a.mul_base(element(raw_b[0]))), ints_a.map(|a| school::mul(a, ints_b[0])));
    let mut changed = a;
    changed += b;
    changed -= a;
    changed *= a;
    assert_eq!(changed, a * b);
}

/// Inverse, quotient and conjugate: each by what it has to fulfil.
fn check_inverse<const N: usize, E: Extended<N>>(raw: [u64; N], other: [u64; N]) {
    let (a, b) = (E::of_raw(raw), E::of_raw(other));
    if raw == [0; N] {
        assert_eq!(a.inv(), E::ZERO);
        return;
    }
    let one: [u64; N] = std::array::from_fn(|i| u64::from(i == 0));
    assert_eq!(school::product(integers(a.inv()), raw.map(integer), E::TAIL), one, "1 / {raw:x?}");
    assert_eq!(school::product(integers(b / a), raw.map(integer), E::TAIL), other.map(integer), "quotient by {raw:x?}");
    let mut changed = b;
    changed /= a;
    assert_eq!(changed, b / a);
    // The Frobenius automorphism is the p-th power.
    assert_eq!(integers(a.conjugate()), integers(a.exp_vartime(P)), "conjugate of {raw:x?}");
}

/// z^(2^k) by squares, as the verifier takes powers of the out-of-domain point, and other powers.
fn check_powers<const N: usize, E: Extended<N>>(raw: [u64; N], exponent: u64) {
    let a = E::of_raw(raw);
    let ints = raw.map(integer);
    let one: [u64; N] = std::array::from_fn(|i| u64::from(i == 0));
    let mut power = ints;
    for log in 0..24 {
        assert_eq!(integers(a.exp_vartime(1 << log)), power, "{raw:x?} to 2^{log}");
        power = school::product(power, power, E::TAIL);
    }
    let expected = (0..64).rev().fold(one, |power, bit| {
        let square = school::product(power, power, E::TAIL);
        if exponent >> bit & 1 == 1 { school::product(square, ints, E::TAIL) } else { square }
    });
    assert_eq!(integers(a.exp(exponent)), expected, "{raw:x?} to {exponent}");
    assert_eq!(integers(a.exp_vartime(exponent)), expected, "{raw:x?} to {exponent}, variable time");
}

/// Winterfell's transforms, by Horner's rule.
fn check_transforms<const N: usize, E: Extended<N>>(raw: &[[u64; N]], shift: u64) {
    let coefficients: Vec<E> = raw.iter().map(|raw| E::of_raw(*raw)).collect();
    let length = coefficients.len();
    let offset = element(shift);
    let values = fft::evaluate_poly_with_offset(&coefficients, &fft::get_twiddles(length), offset, 4);
    let root = BaseElement::get_root_of_unity((4 * length).ilog2()).as_int();
    for (row, value) in values.iter().enumerate() {
        let x = school::mul(integer(shift), school::pow(root, row as u64));
        let expected = raw.iter().rev().fold([0; N], |sum, coefficient| {
            std::array::from_fn(|i| school::add(school::mul(sum[i], x), integer(coefficient[i])))
        });
        assert_eq!(integers(*value), expected, "row {row} of {raw:x?}");
    }
    let mut back: Vec<E> = values.into_iter().step_by(4).collect();
    fft::interpolate_poly_with_offset(&mut back, &fft::get_inv_twiddles(length), offset);
    assert!(back == coefficients, "{raw:x?}");
    assert_eq!(batch_inversion(&coefficients), coefficients.iter().map(|c| c.inv()).collect::<Vec<_>>());
}

/// All tuples of corners, as the digits of a counter.
fn corner_tuples<const N: usize>() -> impl Iterator<Item = [u64; N]> {
    (0..CORNERS.len().pow(N as u32)).map(|mut index| {
        std::array::from_fn(|_| {
            let corner = CORNERS[index % CORNERS.len()];
            index /= CORNERS.len();
            corner
        })
    })
}

/// A partner for the tuple of that index, elsewhere among the tuples.
fn partner<const N: usize>(index: usize) -> [u64; N] {
    std::array::from_fn(|i| CORNERS[(index * (7 + 4 * i) + 11 * i + index / CORNERS.len()) % CORNERS.len()])
}

#[test]
fn elements_are_integers_modulo_p() {
    for [a, b] in corner_tuples() {
        check_operations::<1, BaseElement>([a], [b]);
        check_inverse::<1, BaseElement>([a], [b]);
    }
    for value in CORNERS.into_iter().chain([P, P + 1, u64::MAX - 1, u64::MAX]) {
        assert_eq!(BaseElement::new(value).as_int(), value % P);
        assert!(BaseElement::new(value).inner() < P);
    }
}

#[test]
fn the_quadratic_extension_is_polynomials_modulo_its_own() {
    for (index, a) in corner_tuples().enumerate() {
        check_operations::<2, QuadExtension<BaseElement>>(a, partner(index));
        check_inverse::<2, QuadExtension<BaseElement>>(a, partner(index));
    }
}

#[test]
fn the_cubic_extension_is_polynomials_modulo_its_own() {
    for (index, a) in corner_tuples().enumerate() {
        check_operations::<3, Extension>(a, partner(index));
        if index % 16 == 0 {
            check_inverse::<3, Extension>(a, partner(index));
        }
    }
}

#[test]
fn powers_are_products() {
    for (index, raw) in corner_tuples().enumerate() {
        check_powers::<1, BaseElement>(raw, CORNERS[index]);
    }
    for (index, raw) in corner_tuples().enumerate().step_by(131) {
        check_powers::<3, Extension>(raw, CORNERS[index % CORNERS.len()]);
    }
    // The product of the upper two coordinates is one whose double winter-math does not reduce.
    let one = BaseElement::ONE.inner();
    check_powers::<3, Extension>([BaseElement::new(5).inner(), 0x7fff_ffff_c000_0000, one], 1 << 16);
    check_powers::<2, QuadExtension<BaseElement>>([0x7fff_ffff_c000_0000, one], 1 << 16);
}

#[test]
fn transforms_are_values_of_polynomials() {
    for log in 1..7 {
        let start = 5 * log;
        let at = |place: usize| CORNERS[(start + place) % CORNERS.len()];
        let columns: Vec<[u64; 1]> = (0..1 << log).map(|row| [at(row * 13)]).collect();
        let extended: Vec<[u64; 3]> = (0..1 << log).map(|row| [at(row), at(row * 7 + 1), at(row * 11 + 2)]).collect();
        for shift in [BaseElement::GENERATOR.inner(), P - 1, HALF + 1] {
            check_transforms::<1, BaseElement>(&columns, shift);
            check_transforms::<3, Extension>(&extended, shift);
        }
    }
}

#[test]
fn roots_of_unity_have_their_order() {
    for log in 1..=BaseElement::TWO_ADICITY {
        let root = BaseElement::get_root_of_unity(log).as_int();
        assert_eq!(school::pow(root, 1 << (log - 1)), P - 1, "2^{log}");
    }
    assert_eq!(BaseElement::MODULUS, P);
    assert_eq!(BaseElement::get_modulus_le_bytes(), P.to_le_bytes());
    let powers = get_power_series_with_offset(element(HALF), element(HALF + 1), 33);
    for (exponent, power) in powers.into_iter().enumerate() {
        let expected = school::mul(integer(HALF + 1), school::pow(integer(HALF), exponent as u64));
        assert_eq!(power.as_int(), expected);
    }
}

#[test]
fn only_integers_below_p_are_read() {
    for value in CORNERS.into_iter().chain([P, P + 1, u64::MAX]) {
        let bytes = value.to_le_bytes();
        let read = [
            BaseElement::try_from(value).ok(),
            BaseElement::try_from(u128::from(value)).ok(),
            BaseElement::try_from(&bytes[..]).ok(),
            BaseElement::from_random_bytes(&bytes),
            BaseElement::read_from(&mut SliceReader::new(&bytes)).ok(),
        ];
        assert_eq!(read, [(value < P).then(|| BaseElement::new(value)); 5], "{value:#x}");
        let Some(element) = read[0] else { continue };
        assert_eq!(element.to_bytes(), bytes);
        assert_eq!(AsBytes::as_bytes(&element), element.inner().to_ne_bytes());
        let view = BaseElement::elements_as_bytes(&[element, BaseElement::ONE]).to_vec();
        assert_eq!(view, [element.inner(), EPSILON].map(u64::to_ne_bytes).concat());
        assert_eq!(format!("{element}, {element:?}"), format!("{value}, {value}"));
    }
    assert!(BaseElement::try_from(u128::MAX).is_err());
    assert!(BaseElement::try_from(&[0; 7][..]).is_err() && BaseElement::try_from(&[0; 9][..]).is_err());
    assert_eq!(
        [BaseElement::from(255_u8), BaseElement::from(u16::MAX), BaseElement::from(u32::MAX)].map(|e| e.as_int()),
        [255, 65_535, EPSILON]
    );
}

/// When this fails, winter-math reduces what it doubles, and `verifier_core::field` may shrink to a name for its type.
#[test]
#[expect(clippy::disallowed_types, reason = "this is about the type that is disallowed")]
fn winter_math_does_not_reduce_what_it_doubles() {
    let x = winter_math::fields::f64::BaseElement::from_mont(0x7fff_ffff_c000_0000);
    assert_ne!(x.double(), x + x);
}

fn raw() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..P, 1 => select(&CORNERS[..]), 1 => (HALF - EPSILON)..(HALF + EPSILON)]
}

proptest! {
    #[test]
    fn random_elements_are_integers_modulo_p(a in raw(), b in raw(), exponent: u64) {
        check_operations::<1, BaseElement>([a], [b]);
        check_inverse::<1, BaseElement>([a], [b]);
        check_powers::<1, BaseElement>([a], exponent);
    }

    #[test]
    fn random_elements_of_the_extensions_are_polynomials(a in [raw(), raw(), raw()], b in [raw(), raw(), raw()]) {
        check_operations::<2, QuadExtension<BaseElement>>([a[0], a[1]], [b[0], b[1]]);
        check_inverse::<2, QuadExtension<BaseElement>>([a[0], a[1]], [b[0], b[1]]);
        check_operations::<3, Extension>(a, b);
        check_inverse::<3, Extension>(a, b);
        check_powers::<3, Extension>(a, b[0]);
    }

    #[test]
    fn random_polynomials_are_evaluated(columns in prop::collection::vec([raw(), raw(), raw()], 8), shift in 1..P) {
        check_transforms::<3, Extension>(&columns, shift);
    }
}
