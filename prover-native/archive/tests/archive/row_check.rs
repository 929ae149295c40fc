//! Encoding, checking and rebuilding of archives, from one end to the other.

use std::io::Cursor;

use capseal_archive::commit::{EncodeError, Encoding, RebuildError, RowStore, encode, rebuild, shape_for};
use proptest::prelude::*;
use proptest::sample::subsequence;
use verifier_core::Digest;
use verifier_core::row_check::{
    Challenge, CheckedRow, EncodedSketch, RowCheckHeader, RowCheckShape, RowError, Sketch, UnpackError,
};

fn content(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

struct Provider {
    encoding: Encoding,
    rows: Vec<Vec<u8>>,
    sketch: EncodedSketch,
}

impl Provider {
    fn new(content: &[u8], shape: RowCheckShape) -> Self {
        let mut store = RowStore::new(tempfile::tempfile().unwrap(), &shape);
        let encoding = encode(Cursor::new(content), shape, Some(&mut store)).unwrap();
        let rows = (0..shape.extended_rows()).map(|index| store.row(index).unwrap()).collect();
        assert!(store.row(shape.extended_rows()).is_err());
        let sketch = Sketch::parse(&encoding.header, &encoding.sketch).unwrap().encode();
        Self { encoding, rows, sketch }
    }

    fn checked(&self, indices: &[usize]) -> Vec<CheckedRow<'_>> {
        let check = |index: &usize| {
            let path = self.encoding.tree.open(*index as u64).unwrap();
            self.sketch.check_row(*index as u64, &self.rows[*index], &path).unwrap()
        };
        indices.iter().map(check).collect()
    }
}

fn cases() -> impl Strategy<Value = (Vec<u8>, RowCheckShape, Vec<usize>)> {
    (0..3000usize, 1..=6u32, 1..=2u8).prop_flat_map(|(len, log_rows, log_blowup)| {
        let shape = RowCheckShape::new(len as u64, 1 << log_rows, log_blowup).unwrap();
        let all: Vec<usize> = (0..shape.extended_rows() as usize).collect();
        let rows = shape.rows() as usize;
        (Just(content(len)), Just(shape), subsequence(all, rows..=rows + 3.min(rows)).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_rows_enough_rebuild_the_archive((content, shape, indices) in cases()) {
        let provider = Provider::new(&content, shape);
        let header = &provider.encoding.header;
        prop_assert_eq!(header.content(), &Digest::of_content(&content));
        let every: Vec<usize> = (0..provider.rows.len()).collect();
        prop_assert_eq!(provider.checked(&every).len(), every.len());
        prop_assert_eq!(rebuild(header, &provider.checked(&indices)), Ok(content));
        let need = shape.rows() as usize;
        let few = provider.checked(&indices[..need - 1]);
        prop_assert_eq!(rebuild(header, &few), Err(RebuildError::TooFewRows { have: need - 1, need }));
        let repeated = [&few[..], &few[..1]].concat();
        prop_assert_eq!(rebuild(header, &repeated), Err(RebuildError::TooFewRows { have: need - 1, need }));
    }
}

#[test]
fn an_archive_of_the_usual_kind_survives_the_loss_of_all_systematic_rows() {
    let content = content(300_000);
    let shape = shape_for(content.len() as u64).unwrap();
    assert_eq!(shape.log_blowup(), 2);
    let provider = Provider::new(&content, shape);
    let rows = shape.rows() as usize;
    let parity: Vec<usize> = (0..4 * rows).filter(|index| !index.is_multiple_of(4)).take(rows).collect();
    assert_eq!(rebuild(&provider.encoding.header, &provider.checked(&parity)), Ok(content));
}

#[test]
fn a_stated_content_that_the_rows_do_not_hold_is_found_by_rebuilding() {
    let content = content(1000);
    let shape = RowCheckShape::new(1000, 8, 1).unwrap();
    let provider = Provider::new(&content, shape);
    let honest = &provider.encoding;
    // Every row passes under the lying header's own sketch: only the whole shows the lie.
    let lying = RowCheckHeader::new(shape, *honest.header.root(), Digest::of_content(b"another"));
    let challenge = Challenge::draw(&lying);
    let elements = |row: &Vec<u8>| row.as_chunks().0.iter().map(|e| u64::from_le_bytes(*e)).collect::<Vec<_>>();
    let systematic = provider.rows.iter().step_by(2).map(elements);
    let sketch: Vec<u8> = systematic.flat_map(|row| challenge.sketch(row.into_iter())).collect();
    let sketch = Sketch::parse(&lying, &sketch).unwrap().encode();
    let checked: Vec<CheckedRow<'_>> = (0..)
        .zip(&provider.rows)
        .map(|(index, row)| sketch.check_row(index, row, &honest.tree.open(index).unwrap()).unwrap())
        .collect();
    let found = RebuildError::Unpack(UnpackError::Content(Digest::of_content(&content)));
    assert_eq!(rebuild(&lying, &checked), Err(found));
}

#[test]
fn a_corrupted_row_is_refused() {
    let provider = Provider::new(&content(2000), RowCheckShape::new(2000, 16, 2).unwrap());
    for (index, row) in (0..).zip(&provider.rows) {
        let mut row = row.clone();
        let at = index as usize % row.len();
        row[at] ^= 1;
        let path = provider.encoding.tree.open(index).unwrap();
        assert!(matches!(provider.sketch.check_row(index, &row, &path), Err(RowError::Opening(_))));
    }
}

#[test]
fn rows_of_another_archive_are_refused() {
    let small = Provider::new(&content(100), RowCheckShape::new(100, 8, 1).unwrap());
    let large = Provider::new(&content(2000), RowCheckShape::new(2000, 8, 1).unwrap());
    let rows = large.checked(&[0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(rebuild(&small.encoding.header, &rows), Err(RebuildError::OtherShape { index: 0 }));
}

#[test]
fn an_archive_of_another_length_is_refused() {
    let shape = RowCheckShape::new(100, 8, 1).unwrap();
    for len in [0, 99, 101] {
        let refused = encode(Cursor::new(content(len)), shape, None).unwrap_err();
        assert!(matches!(refused, EncodeError::Length { len: found, expected: 100 } if found == len as u64));
    }
}
