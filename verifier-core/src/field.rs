//! The field of all proofs, sketches and archives: p = 2^64 - 2^32 + 1 and its cubic extension (spec: `docs/spec/proof.md`,
//! "Field and hash").
//!
//! Multiplication, inversion and the encoding are winter-math's. Its `double` is not: winter-math 0.13.1 leaves the result
//! unreduced, other operations take reduced operands for granted, and so `CubeExtension::square` is wrong for elements that
//! a prover can search for. The products and squares of both extensions call `double`, so they are written out here over
//! one that is reduced. No other module names winter-math's type (`clippy.toml`).

#![expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
#![expect(clippy::disallowed_types, reason = "the one place that wraps the type that is disallowed elsewhere")]

use alloc::vec::Vec;
use core::fmt;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use winter_math::fields::{CubeExtension, f64};
use winter_math::{ExtensibleField, FieldElement, StarkField};
use winter_utils::{AsBytes, ByteReader, ByteWriter, Deserializable, DeserializationError, Randomizable, Serializable};
use zerocopy::{Immutable, IntoBytes};

/// The field that challenges are drawn from: `F[x]/(x^3 - x - 1)`.
pub type Extension = CubeExtension<BaseElement>;

/// An element of the field.
///
/// # Shape
/// In memory x 2^64 mod p (Montgomery form), always below p: every operation keeps that, and needs it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Immutable, IntoBytes)]
#[repr(transparent)]
pub struct BaseElement(u64);

impl BaseElement {
    /// The residue of `value`, which may be p or more.
    pub const fn new(value: u64) -> Self {
        Self::of(f64::BaseElement::new(value))
    }

    /// The element that is `raw` in Montgomery form.
    ///
    /// # Security
    /// `raw` is below p. Nothing that was read may come in here.
    pub const fn from_mont(raw: u64) -> Self {
        debug_assert!(raw < Self::MODULUS, "elements are reduced");
        Self(raw)
    }

    /// The element in Montgomery form, below p.
    pub const fn inner(&self) -> u64 {
        self.0
    }

    /// The integer from 0 to p - 1.
    #[inline(always)]
    pub const fn as_int(&self) -> u64 {
        self.winter().as_int()
    }

    const fn of(element: f64::BaseElement) -> Self {
        Self(element.inner())
    }

    const fn winter(self) -> f64::BaseElement {
        f64::BaseElement::from_mont(self.0)
    }
}

impl FieldElement for BaseElement {
    type PositiveInteger = u64;
    type BaseField = Self;

    const EXTENSION_DEGREE: usize = 1;
    const ELEMENT_BYTES: usize = size_of::<u64>();
    const IS_CANONICAL: bool = false;
    const ZERO: Self = Self::new(0);
    const ONE: Self = Self::new(1);

    #[inline(always)]
    fn double(self) -> Self {
        self + self
    }

    fn exp(self, power: u64) -> Self {
        Self::of(self.winter().exp(power))
    }

    fn inv(self) -> Self {
        Self::of(self.winter().inv())
    }

    fn conjugate(&self) -> Self {
        *self
    }

    fn base_element(&self, i: usize) -> Self {
        Self::of(self.winter().base_element(i))
    }

    fn slice_as_base_elements(elements: &[Self]) -> &[Self] {
        elements
    }

    fn slice_from_base_elements(elements: &[Self]) -> &[Self] {
        elements
    }

    fn elements_as_bytes(elements: &[Self]) -> &[u8] {
        IntoBytes::as_bytes(elements)
    }

    /// Refuses: elements come from canonical bytes, through [`Deserializable`].
    #[expect(unsafe_code, reason = "the trait declares it unsafe; nothing unsafe is done")]
    unsafe fn bytes_as_elements(_: &[u8]) -> Result<&[Self], DeserializationError> {
        Err(DeserializationError::InvalidValue("elements are not read in Montgomery form".into()))
    }
}

impl StarkField for BaseElement {
    const MODULUS: u64 = f64::BaseElement::MODULUS;
    const MODULUS_BITS: u32 = f64::BaseElement::MODULUS_BITS;
    const GENERATOR: Self = Self::of(f64::BaseElement::GENERATOR);
    const TWO_ADICITY: u32 = f64::BaseElement::TWO_ADICITY;
    const TWO_ADIC_ROOT_OF_UNITY: Self = Self::of(f64::BaseElement::TWO_ADIC_ROOT_OF_UNITY);

    fn get_modulus_le_bytes() -> Vec<u8> {
        f64::BaseElement::get_modulus_le_bytes()
    }

    #[inline(always)]
    fn as_int(&self) -> u64 {
        self.winter().as_int()
    }
}

/// `F[x]/(x^2 - x + 2)`. No parameter set uses it; Winterfell's traits ask for it.
impl ExtensibleField<2> for BaseElement {
    #[inline(always)]
    fn mul([a0, a1]: [Self; 2], [b0, b1]: [Self; 2]) -> [Self; 2] {
        let p00 = a0 * b0;
        [p00 - (a1 * b1).double(), (a0 + a1) * (b0 + b1) - p00]
    }

    #[inline(always)]
    fn mul_base([a0, a1]: [Self; 2], b: Self) -> [Self; 2] {
        [a0 * b, a1 * b]
    }

    #[inline(always)]
    fn frobenius([a0, a1]: [Self; 2]) -> [Self; 2] {
        [a0 + a1, -a1]
    }
}

/// `F[x]/(x^3 - x - 1)`.
impl ExtensibleField<3> for BaseElement {
    /// Karatsuba's way: six products. x^3 = x + 1 and x^4 = x^2 + x bring the upper two coefficients down.
    #[inline(always)]
    fn mul([a0, a1, a2]: [Self; 3], [b0, b1, b2]: [Self; 3]) -> [Self; 3] {
        let (p00, p11, p22) = (a0 * b0, a1 * b1, a2 * b2);
        let s01 = (a0 + a1) * (b0 + b1);
        let s02 = (a0 + a2) * (b0 + b2);
        let s12 = (a1 + a2) * (b1 + b2);
        let difference = p00 - p11;
        [s12 + difference - p22, s01 + s12 - p11.double() - p00, s02 - difference]
    }

    #[inline(always)]
    fn square([a0, a1, a2]: [Self; 3]) -> [Self; 3] {
        let (p12, p22) = (a1 * a2, a2 * a2);
        [a0 * a0 + p12.double(), (a0 * a1 + p12).double() + p22, (a0 * a2).double() + a1 * a1 + p22]
    }

    #[inline(always)]
    fn mul_base([a0, a1, a2]: [Self; 3], b: Self) -> [Self; 3] {
        [a0 * b, a1 * b, a2 * b]
    }

    #[inline(always)]
    fn frobenius(element: [Self; 3]) -> [Self; 3] {
        <f64::BaseElement as ExtensibleField<3>>::frobenius(element.map(Self::winter)).map(Self::of)
    }
}

impl Add for BaseElement {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::of(self.winter() + other.winter())
    }
}

impl Sub for BaseElement {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::of(self.winter() - other.winter())
    }
}

impl Mul for BaseElement {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::of(self.winter() * other.winter())
    }
}

impl Div for BaseElement {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        Self::of(self.winter() / other.winter())
    }
}

impl Neg for BaseElement {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::of(-self.winter())
    }
}

impl AddAssign for BaseElement {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for BaseElement {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for BaseElement {
    #[inline(always)]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl DivAssign for BaseElement {
    fn div_assign(&mut self, other: Self) {
        *self = *self / other;
    }
}

impl From<u8> for BaseElement {
    fn from(value: u8) -> Self {
        Self::new(value.into())
    }
}

impl From<u16> for BaseElement {
    fn from(value: u16) -> Self {
        Self::new(value.into())
    }
}

impl From<u32> for BaseElement {
    fn from(value: u32) -> Self {
        Self::new(value.into())
    }
}

/// Refuses what is not below p.
impl TryFrom<u64> for BaseElement {
    type Error = <f64::BaseElement as TryFrom<u64>>::Error;

    fn try_from(value: u64) -> Result<Self, Self::Error> {
        f64::BaseElement::try_from(value).map(Self::of)
    }
}

/// Refuses what is not below p.
impl TryFrom<u128> for BaseElement {
    type Error = <f64::BaseElement as TryFrom<u128>>::Error;

    fn try_from(value: u128) -> Result<Self, Self::Error> {
        f64::BaseElement::try_from(value).map(Self::of)
    }
}

/// From eight bytes, little-endian; refuses what is not below p.
impl<'a> TryFrom<&'a [u8]> for BaseElement {
    type Error = DeserializationError;

    fn try_from(bytes: &'a [u8]) -> Result<Self, Self::Error> {
        f64::BaseElement::try_from(bytes).map(Self::of)
    }
}

impl Randomizable for BaseElement {
    const VALUE_SIZE: usize = Self::ELEMENT_BYTES;

    fn from_random_bytes(bytes: &[u8]) -> Option<Self> {
        Self::try_from(bytes).ok()
    }
}

impl AsBytes for BaseElement {
    fn as_bytes(&self) -> &[u8] {
        IntoBytes::as_bytes(self)
    }
}

impl Serializable for BaseElement {
    fn write_into<W: ByteWriter>(&self, target: &mut W) {
        self.winter().write_into(target);
    }

    fn get_size_hint(&self) -> usize {
        Self::ELEMENT_BYTES
    }
}

impl Deserializable for BaseElement {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        f64::BaseElement::read_from(source).map(Self::of)
    }
}

impl fmt::Debug for BaseElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.winter(), f)
    }
}

impl fmt::Display for BaseElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.winter(), f)
    }
}
