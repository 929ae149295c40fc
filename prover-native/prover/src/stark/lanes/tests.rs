//! Every set of lanes that this processor has, beside schoolbook arithmetic in 128 bits.

use proptest::prelude::*;
use winter_prover::math::FieldElement;

use super::*;
use crate::Extension;
use crate::stark::{Cubic, STRIP, batch_inverse};

const P: u128 = MODULUS as u128;

/// Cells at which carries, borrows and reductions change.
const CORNERS: [u64; 20] = [
    0,
    1,
    2,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0x7fff_ffff_7fff_ffff,
    0x7fff_ffff_8000_0000,
    0x7fff_ffff_8000_0001,
    0x7fff_ffff_c000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_ffff_ffff,
    0xffff_fffe_ffff_ffff,
    0xffff_fffe_0000_0001,
    0xffff_fffe_0000_0002,
    0xffff_ffff_0000_0000,
    0xffff_fffe_ffff_fffe,
    0xffff_fffe_8000_0000,
];

/// Sums, differences, products, negatives and canonical forms of pairs of cells, by lanes.
struct Arithmetic<'a>(&'a [(u64, u64)]);

impl Kernel for Arithmetic<'_> {
    type Output = Vec<[u64; 5]>;

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) -> Self::Output {
        let mut results = Vec::new();
        for pairs in self.0.chunks_exact(STRIP) {
            for first in (0..STRIP).step_by(L::WIDTH) {
                let a = L::gather(simd, |lane| pairs[first + lane].0);
                let b = L::gather(simd, |lane| pairs[first + lane].1);
                let mut cells = [[0; STRIP]; 5];
                (a + b).store(&mut cells[0]);
                (a - b).store(&mut cells[1]);
                (a * b).store(&mut cells[2]);
                (-a).store(&mut cells[3]);
                a.canonical().store(&mut cells[4]);
                results.extend((0..L::WIDTH).map(|lane| cells.map(|cells| cells[lane])));
            }
        }
        results
    }
}

/// By definition: a cell is its number times 2^64.
fn schoolbook(a: u64, b: u64) -> [u64; 5] {
    // (2^64)^-1: 2^192 = 1, and 2^128 = (2^32 - 1)^2 = -2^32.
    const INVERSE: u128 = P - (1 << 32);
    let (a, b) = (u128::from(a), u128::from(b));
    [(a + b) % P, (P + a - b) % P, a * b % P * INVERSE % P, (P - a) % P, a * INVERSE % P].map(|number| number as u64)
}

fn available() -> impl Iterator<Item = LaneSet> {
    LaneSet::ALL.into_iter().filter(|set| set.is_available())
}

fn check(pairs: &[(u64, u64)]) {
    let expected: Vec<_> = pairs.iter().map(|(a, b)| schoolbook(*a, *b)).collect();
    for set in available() {
        for ((results, expected), pair) in run_with(set, Arithmetic(pairs)).iter().zip(&expected).zip(pairs) {
            assert_eq!(results, expected, "{set}: {pair:x?}");
        }
    }
}

#[test]
fn lanes_are_the_field_at_corners() {
    let pairs: Vec<_> = CORNERS.iter().flat_map(|a| CORNERS.map(|b| (*a, b))).collect();
    assert_eq!(pairs.len() % STRIP, 0);
    assert!(CORNERS.iter().all(|cell| *cell < MODULUS));
    check(&pairs);
}

proptest! {
    #[test]
    fn lanes_are_the_field(pairs in prop::collection::vec((0..MODULUS, 0..MODULUS), 8 * STRIP)) {
        check(&pairs);
    }

    #[test]
    fn packed_elements_are_the_extension(cells in prop::collection::vec([0..MODULUS, 0..MODULUS, 0..MODULUS], 4 * STRIP)) {
        let element = |[a, b, c]: [u64; 3]| {
            Extension::new(BaseElement::from_mont(a), BaseElement::from_mont(b), BaseElement::from_mont(c))
        };
        let elements: Vec<Extension> = cells.into_iter().map(element).collect();
        let (left, right) = elements.split_at(elements.len() / 2);
        let expected: Vec<_> = left.iter().zip(right).map(|(a, b)| [*a + *b, *a - *b, *a * *b, -*a, b.inv()]).collect();
        for set in available() {
            prop_assert_eq!(&run_with(set, ExtensionArithmetic(left, right)), &expected, "{}", set);
        }
    }

    #[test]
    fn constants_are_in_montgomery_form(constant: u32) {
        prop_assert_eq!(montgomery(constant), BaseElement::from(constant).inner());
    }
}

/// The same of pairs of elements of the extension, and the inverses of the second ones.
struct ExtensionArithmetic<'a>(&'a [Extension], &'a [Extension]);

impl Kernel for ExtensionArithmetic<'_> {
    type Output = Vec<[Extension; 5]>;

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) -> Self::Output {
        let mut right = Vec::new();
        for elements in self.1.chunks_exact(L::WIDTH) {
            right.push(Cubic::<L>::load(simd, elements));
        }
        let inverses = batch_inverse::<L, Cubic<L>>(simd, &right);
        let mut results = Vec::new();
        for ((left, b), inverse) in self.0.chunks_exact(L::WIDTH).zip(right).zip(inverses) {
            let a = Cubic::<L>::load(simd, left);
            let mut elements = [[Extension::ZERO; STRIP]; 5];
            (a + b).store(&mut elements[0]);
            (a - b).store(&mut elements[1]);
            (a * b).store(&mut elements[2]);
            (-a).store(&mut elements[3]);
            inverse.store(&mut elements[4]);
            results.extend((0..L::WIDTH).map(|lane| elements.map(|elements| elements[lane])));
        }
        results
    }
}

#[test]
fn a_set_that_the_processor_lacks_is_not_forced() {
    for set in LaneSet::ALL.into_iter().filter(|set| !set.is_available()) {
        assert_eq!(set.force(), Err(UnavailableLanes(set)));
    }
    assert!(LaneSet::current().is_available());
}
