//! Row-check through its public API, against an encoder that works by Lagrange interpolation and not by FFT.

use proptest::prelude::*;
use proptest::sample::Index;
use verifier_core::field::BaseElement;
use verifier_core::row_check::{
    CheckedRow, EncodedSketch, HeaderError, MODULUS, NotCanonical, RowCheckHeader, RowCheckShape, RowError, Sketch,
    SketchError, UnpackError, Unpacker, pack, sketch_digest,
};
use verifier_core::stc::{MultiOpening, OpeningError, Root, Tree, leaf};
use verifier_core::{Digest, ReasonCode, Tag};
use winter_math::{FieldElement, StarkField, polynom};

/// An archive, encoded the slow way.
struct Encoded {
    header: RowCheckHeader,
    tree: Tree,
    rows: Vec<Vec<u8>>,
    sketch: Vec<u8>,
}

fn shape(byte_len: usize, rows: u32, log_blowup: u8) -> RowCheckShape {
    RowCheckShape::new(byte_len as u64, rows, log_blowup).unwrap()
}

/// The packed stream, cut into rows of elements.
fn systematic(content: &[u8], shape: &RowCheckShape) -> Vec<Vec<u64>> {
    let mut packed = (content.len() as u64).to_le_bytes().to_vec();
    packed.extend_from_slice(content);
    packed.resize(shape.packed_row_len() * shape.rows() as usize, 0);
    packed.chunks(shape.packed_row_len()).map(|row| pack(row).collect()).collect()
}

/// The n rows: each column is the polynomial through its K values on 7 * <w_K>, evaluated on 7 * <w_n>.
fn extend(systematic: &[Vec<u64>], log_blowup: u8) -> Vec<Vec<u64>> {
    let points = |count: usize| -> Vec<BaseElement> {
        let root = BaseElement::get_root_of_unity(count.ilog2());
        (0..count as u64).map(|i| BaseElement::new(7) * root.exp(i)).collect()
    };
    let known = points(systematic.len());
    let all = points(systematic.len() << log_blowup);
    let mut rows = vec![Vec::new(); all.len()];
    for column in 0..systematic[0].len() {
        let values: Vec<BaseElement> = systematic.iter().map(|row| BaseElement::new(row[column])).collect();
        let polynomial = polynom::interpolate(&known, &values, false);
        for (row, x) in rows.iter_mut().zip(&all) {
            row.push(polynom::eval(&polynomial, *x).as_int());
        }
    }
    rows
}

fn to_bytes(row: &[u64]) -> Vec<u8> {
    row.iter().flat_map(|element| element.to_le_bytes()).collect()
}

fn commit(shape: RowCheckShape, content: Digest, systematic: &[Vec<u64>], rows: Vec<Vec<u8>>) -> Encoded {
    let tree = Tree::build(RowCheckShape::ARITY, rows.iter().map(|row| leaf(row)).collect());
    let header = RowCheckHeader::new(shape, tree.root(), content);
    let challenge = verifier_core::row_check::Challenge::draw(&header);
    let sketch = systematic.iter().flat_map(|row| challenge.sketch(row.iter().copied())).collect();
    Encoded { header, tree, rows, sketch }
}

fn encode(content: &[u8], rows: u32, log_blowup: u8) -> Encoded {
    let shape = shape(content.len(), rows, log_blowup);
    let systematic = systematic(content, &shape);
    let rows = extend(&systematic, log_blowup).iter().map(|row| to_bytes(row)).collect();
    commit(shape, Digest::of_content(content), &systematic, rows)
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * i + 3 * i + 255) as u8).collect()
}

impl Encoded {
    fn sketch(&self) -> EncodedSketch {
        Sketch::parse(&self.header, &self.sketch).unwrap().encode()
    }

    fn check(&self, sketch: &EncodedSketch, index: u64) -> Result<(), RowError> {
        sketch.check_row(index, &self.rows[index as usize], &self.tree.open(index).unwrap()).map(|_| ())
    }
}

#[test]
fn every_honest_row_passes() {
    for (len, rows, log_blowup) in [(0, 2, 1), (1, 2, 2), (600, 8, 1), (600, 16, 2), (6, 64, 2)] {
        let encoded = encode(&content(len), rows, log_blowup);
        let sketch = encoded.sketch();
        let indices: Vec<u64> = (0..encoded.header.shape().extended_rows()).collect();
        for index in &indices {
            assert_eq!(encoded.check(&sketch, *index), Ok(()), "row {index} of {len} bytes");
        }
        let items: Vec<(u64, &[u8])> = indices.iter().map(|i| (*i, &encoded.rows[*i as usize][..])).collect();
        assert_eq!(sketch.check_rows(&items, &MultiOpening::default()).unwrap().len(), items.len());
    }
}

#[test]
fn systematic_rows_unpack_to_the_archive() {
    let content = content(601);
    let encoded = encode(&content, 8, 2);
    let rows: Vec<Vec<u64>> = systematic(&content, encoded.header.shape());
    let mut out = Vec::new();
    let mut unpacker = Unpacker::new(&encoded.header);
    for row in &rows {
        unpacker.push_row(row.iter().copied(), &mut out).unwrap();
    }
    assert_eq!(unpacker.finish(), Ok(()));
    assert_eq!(out, content);

    let unpack = |header: &RowCheckHeader, rows: &[Vec<u64>]| {
        let mut unpacker = Unpacker::new(header);
        rows.iter().try_for_each(|row| unpacker.push_row(row.iter().copied(), &mut Vec::new()))?;
        unpacker.finish()
    };
    let spoilt = |at: (usize, usize), element: u64| {
        let mut other = rows.clone();
        other[at.0][at.1] = element;
        unpack(&encoded.header, &other)
    };
    assert_eq!(spoilt((0, 0), rows[0][0] + 1), Err(UnpackError::FrameLength));
    assert_eq!(spoilt((0, 1), rows[0][1] + 1), Err(UnpackError::FrameLength));
    assert_eq!(spoilt((3, 3), 1 << 56), Err(UnpackError::ElementTooLarge(1 << 56)));
    assert!(matches!(spoilt((3, 3), rows[3][3] ^ 1), Err(UnpackError::Content(_))));
    assert_eq!(spoilt((7, 10), 1 << 48), Err(UnpackError::Padding(615)));
    assert_eq!(unpack(&encoded.header, &rows[..7]), Err(UnpackError::RowCount(7)));
    let one_more = [&rows[..], &[vec![0; 11]]].concat();
    assert_eq!(unpack(&encoded.header, &one_more), Err(UnpackError::RowCount(9)));
    assert_eq!(unpack(&encoded.header, &[rows[0][1..].to_vec()]), Err(UnpackError::FrameLength));
    assert_eq!(unpack(&encoded.header, &[rows[0][..5].to_vec()]), Err(UnpackError::RowLength(5)));
}

proptest! {
    #[test]
    fn a_changed_row_is_refused(index in 0..64u64, at in any::<Index>(), delta in 1..MODULUS) {
        let encoded = encode(&content(700), 16, 2);
        let sketch = encoded.sketch();
        let row = &encoded.rows[index as usize];
        let path = encoded.tree.open(index).unwrap();
        let mut elements: Vec<u64> = row.chunks(8).map(|e| u64::from_le_bytes(e.try_into().unwrap())).collect();
        let which = at.index(elements.len());
        elements[which] = ((u128::from(elements[which]) + u128::from(delta)) % u128::from(MODULUS)) as u64;
        let changed = to_bytes(&elements);
        let refused = sketch.check_row(index, &changed, &path);
        prop_assert_eq!(refused, Err(RowError::Opening(OpeningError::RootMismatch)));
    }

    #[test]
    fn a_row_committed_wrong_is_refused_and_no_other(index in 0..64u64, at in any::<Index>(), delta in 1..MODULUS) {
        let content = content(700);
        let honest = encode(&content, 16, 2);
        let systematic = systematic(&content, honest.header.shape());
        let mut rows = honest.rows;
        let mut elements: Vec<u64> = rows[index as usize].chunks(8).map(|e| u64::from_le_bytes(e.try_into().unwrap())).collect();
        let which = at.index(elements.len());
        elements[which] = ((u128::from(elements[which]) + u128::from(delta)) % u128::from(MODULUS)) as u64;
        rows[index as usize] = to_bytes(&elements);
        let forged = commit(*honest.header.shape(), *honest.header.content(), &systematic, rows);
        let sketch = forged.sketch();
        for other in 0..64 {
            let expected = if other == index { Err(RowError::Mismatch { index }) } else { Ok(()) };
            prop_assert_eq!(forged.check(&sketch, other), expected);
        }
    }

    #[test]
    fn shapes_are_checked_before_anything_is_allocated(byte_len: u64, rows: u32, columns: u32, log_blowup: u8) {
        if let Ok(shape) = RowCheckShape::checked(byte_len, rows, columns, log_blowup) {
            prop_assert!(shape.extended_rows() <= 1 << 20);
            prop_assert!(shape.row_len() <= 64 << 10);
            prop_assert!(shape.sketch_len() <= 6_300_000);
        }
    }

    #[test]
    fn a_shape_holds_its_archive_and_no_wider_one(byte_len in 0..1u64 << 34, log_rows in 1..=18u32, log_blowup in 1..=2u8) {
        if let Ok(shape) = RowCheckShape::new(byte_len, 1 << log_rows, log_blowup) {
            let capacity = |columns: u64| 7 * columns * u64::from(shape.rows());
            prop_assert!(capacity(shape.columns().into()) >= byte_len + 8);
            prop_assert!(capacity(u64::from(shape.columns()) - 1) < byte_len + 8);
            prop_assert!(RowCheckShape::checked(byte_len, shape.rows(), shape.columns(), log_blowup).is_ok());
            let wider = RowCheckShape::checked(byte_len, shape.rows(), shape.columns() + 1, log_blowup);
            prop_assert_eq!(wider.unwrap_err().code(), ReasonCode::RowIndexCommitmentInvalidFormat);
        }
    }
}

#[test]
fn shapes_outside_the_limits_are_refused() {
    assert_eq!(RowCheckShape::new(1, 0, 1), Err(HeaderError::Rows(0)));
    assert_eq!(RowCheckShape::new(1, 1, 1), Err(HeaderError::Rows(1)));
    assert_eq!(RowCheckShape::new(1, 3, 1), Err(HeaderError::Rows(3)));
    assert_eq!(RowCheckShape::new(1, 1 << 19, 1), Err(HeaderError::TooManyRows(1 << 19)));
    assert_eq!(RowCheckShape::new(1, 2, 0), Err(HeaderError::Blowup(0)));
    assert_eq!(RowCheckShape::new(1, 2, 3), Err(HeaderError::Blowup(3)));
    assert_eq!(RowCheckShape::new(u64::MAX, 2, 1), Err(HeaderError::TooLong(u64::MAX)));
    let most = 7 * 8192 * (1 << 18) - 8;
    assert_eq!(RowCheckShape::new(most, 1 << 18, 2).unwrap().columns(), 8192);
    let refused = RowCheckShape::new(most + 1, 1 << 18, 2).unwrap_err();
    assert_eq!((refused, refused.code()), (HeaderError::TooLong(most + 1), ReasonCode::LimitExceeded));
}

#[test]
fn non_canonical_elements_are_refused() {
    let shape = shape(100, 4, 1);
    // A row committed with p in place of 0, and an honest row of zeros beside it: the same element twice spelt.
    let columns = shape.columns() as usize;
    let mut rows = vec![vec![0; columns]; 8];
    rows[3][columns - 1] = MODULUS;
    let rows = rows.iter().map(|row| to_bytes(row)).collect();
    let committed = commit(shape, Digest::default(), &vec![vec![0; columns]; 4], rows);
    let sketch = committed.sketch();
    assert_eq!(committed.check(&sketch, 2), Ok(()));
    let inner = NotCanonical { position: columns - 1 };
    let refused = committed.check(&sketch, 3).unwrap_err();
    assert_eq!(
        (refused, refused.code()),
        (RowError::NotCanonical { index: 3, inner }, ReasonCode::CanonicalizationFailed)
    );

    for element in [MODULUS, u64::MAX] {
        let mut bytes = committed.sketch.clone();
        bytes[40..48].copy_from_slice(&element.to_le_bytes());
        let refused = Sketch::parse(&committed.header, &bytes).unwrap_err();
        assert_eq!(refused, SketchError::NotCanonical(NotCanonical { position: 5 }));
        assert_eq!(refused.code(), ReasonCode::CanonicalizationFailed);
    }
}

#[test]
fn lengths_and_places_are_checked() {
    let encoded = encode(&content(300), 8, 1);
    let sketch = encoded.sketch();
    let (row, path) = (&encoded.rows[5], encoded.tree.open(5).unwrap());
    let len = row.len();
    for other in [&row[..len - 8], &[&row[..], &[0; 8]].concat()] {
        let refused = sketch.check_row(5, other, &path).unwrap_err();
        assert_eq!(refused, RowError::Length { index: 5, len: other.len(), expected: len });
        assert_eq!(refused.code(), ReasonCode::ChunkLengthInvalid);
    }
    assert_eq!(sketch.check_row(4, row, &path), Err(RowError::Opening(OpeningError::RootMismatch)));
    let out_of_range = OpeningError::IndexOutOfRange { index: 16, rows: 16 };
    assert_eq!(sketch.check_row(16, row, &path), Err(RowError::Opening(out_of_range)));
    assert_eq!(sketch.check_rows(&[], &MultiOpening::default()), Err(RowError::Opening(OpeningError::NoIndices)));

    for len in [0, encoded.sketch.len() - 24, encoded.sketch.len() - 1] {
        let expected = encoded.sketch.len();
        assert_eq!(
            Sketch::parse(&encoded.header, &encoded.sketch[..len]).map(|_| ()),
            Err(SketchError::Length { len, expected })
        );
    }
}

#[test]
fn rows_are_checked_together() {
    let encoded = encode(&content(300), 8, 2);
    let sketch = encoded.sketch();
    let indices = [17, 3, 30];
    let opening = encoded.tree.open_many(&indices).unwrap();
    let items: Vec<(u64, &[u8])> = indices.iter().map(|i| (*i, &encoded.rows[*i as usize][..])).collect();
    let checked = sketch.check_rows(&items, &opening).unwrap();
    assert_eq!(checked.iter().map(CheckedRow::index).collect::<Vec<_>>(), indices);
    assert_eq!(checked[1].bytes(), encoded.rows[3]);
    let swapped = [(17, items[1].1), (3, items[0].1), items[2]];
    assert_eq!(sketch.check_rows(&swapped, &opening), Err(RowError::Opening(OpeningError::RootMismatch)));
}

#[test]
fn another_sketch_or_header_passes_no_row() {
    let encoded = encode(&content(300), 8, 2);
    let mut other = encoded.sketch.clone();
    other[0] ^= 1;
    assert_ne!(sketch_digest(&other), sketch_digest(&encoded.sketch));
    let sketch = Sketch::parse(&encoded.header, &other).unwrap().encode();
    let passing = (0..32).filter(|index| encoded.check(&sketch, *index).is_ok()).count();
    // Two codewords of degree below 8 agree in at most 7 places; here they differ in one systematic row.
    assert!(passing <= 7);

    // The header's other fields enter the challenge too.
    let header = RowCheckHeader::new(*encoded.header.shape(), *encoded.header.root(), Digest::default());
    let sketch = Sketch::parse(&header, &encoded.sketch).unwrap().encode();
    assert!((0..32).all(|index| encoded.check(&sketch, index) == Err(RowError::Mismatch { index })));
}

#[test]
fn the_header_has_one_encoding() {
    let shape = RowCheckShape::new(1000, 16, 2).unwrap();
    let (root, content) = (Tag::STC_ROOT.digest(&[b"r"]), Tag::STC_ROW.digest(&[b"c"]));
    let header = RowCheckHeader::new(shape, Root::new(root), content);
    let mut expected = vec![0xe8, 3, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 9, 0, 0, 0, 2];
    expected.extend_from_slice(root.as_bytes());
    expected.extend_from_slice(content.as_bytes());
    assert_eq!(header.to_bytes().to_vec(), expected);
    assert_eq!(header.digest(), Tag::ROW_CHECK_HEADER.digest(&[&expected]));
    assert_eq!(RowCheckHeader::from_bytes(&expected), Ok(header));

    for len in (0..expected.len()).chain([expected.len() + 1]) {
        let mut other = expected.clone();
        other.resize(len, 0);
        let refused = RowCheckHeader::from_bytes(&other).unwrap_err();
        assert_eq!((refused, refused.code()), (HeaderError::Length(len), ReasonCode::RowIndexCommitmentInvalidFormat));
    }
    for (at, byte) in (0..17).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
        let mut other = expected.clone();
        other[at] = byte;
        if let Ok(header) = RowCheckHeader::from_bytes(&other) {
            assert_eq!(header.to_bytes().to_vec(), other);
        }
    }
}
