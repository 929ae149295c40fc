//! The archive from any K rows that passed their check.
//!
//! Columns are recovered eight at a time by transforms: O(n log n) each, after O(n log^2 n) for the locator of the missing
//! rows. Everything is in memory: the rows given, and about twice the archive beside them.

use std::fmt;

use rayon::prelude::*;
use verifier_core::field::BaseElement;
use verifier_core::row_check::{CheckedRow, ELEMENT_LEN, RowCheckHeader, UnpackError, Unpacker};

use super::columns::{LANES, Lanes, Recovery, zero_rows};

/// Rebuilds the archive, whose SHA-256 is then the header's. Of more than K rows all are used.
///
/// # Errors
/// [`RebuildError`]. When K rows that passed do not make the content, whoever made the commitment is at fault.
pub fn rebuild(header: &RowCheckHeader, rows: &[CheckedRow<'_>]) -> Result<Vec<u8>, RebuildError> {
    let shape = header.shape();
    let (count, columns) = (shape.rows() as usize, shape.columns() as usize);
    let extended_rows = count << shape.log_blowup();
    let placed = place_rows(header, rows)?;
    let missing: Vec<usize> = (0..extended_rows).filter(|index| placed[*index].is_none()).collect();
    let recovery = Recovery::new(count, extended_rows, &missing);
    let groups: Vec<Vec<Lanes>> = (0..columns.div_ceil(LANES))
        .into_par_iter()
        .map(|group| {
            let mut values = zero_rows(extended_rows);
            for (lanes, row) in values.iter_mut().zip(&placed) {
                let row = row.map(|row| &row.bytes()[group * LANES * ELEMENT_LEN..]).unwrap_or_default();
                let elements = row.as_chunks().0.iter().map(|element| BaseElement::new(u64::from_le_bytes(*element)));
                lanes.iter_mut().zip(elements).for_each(|(place, element)| *place = element);
            }
            recovery.recover(values)
        })
        .collect();

    let mut content = Vec::new();
    let mut unpacker = Unpacker::new(header);
    for index in 0..count {
        let row = groups.iter().flat_map(|group| group[index]).take(columns);
        unpacker.push_row(row.map(|element| element.as_int()), &mut content)?;
    }
    unpacker.finish()?;
    Ok(content)
}

/// The rows by index.
fn place_rows<'a>(
    header: &RowCheckHeader,
    rows: &[CheckedRow<'a>],
) -> Result<Vec<Option<CheckedRow<'a>>>, RebuildError> {
    let shape = header.shape();
    let need = shape.rows() as usize;
    let mut places = vec![None; need << shape.log_blowup()];
    for row in rows {
        let place = usize::try_from(row.index()).ok().and_then(|index| places.get_mut(index));
        let Some(place) = place.filter(|_| row.bytes().len() == shape.row_len()) else {
            return Err(RebuildError::OtherShape { index: row.index() });
        };
        *place = Some(*row);
    }
    let have = places.iter().flatten().count();
    if have < need { Err(RebuildError::TooFewRows { have, need }) } else { Ok(places) }
}

/// Why an archive could not be rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RebuildError {
    /// Fewer distinct rows than K.
    TooFewRows {
        /// Distinct rows there are.
        have: usize,
        /// K.
        need: usize,
    },
    /// A row that was checked against another header.
    OtherShape {
        /// Its index.
        index: u64,
    },
    /// The rows do not unpack to the content of the header.
    Unpack(UnpackError),
}

impl fmt::Display for RebuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewRows { have, need } => write!(f, "{have} distinct rows where {need} are needed"),
            Self::OtherShape { index } => write!(f, "row {index} belongs to another archive"),
            Self::Unpack(inner) => inner.fmt(f),
        }
    }
}

impl std::error::Error for RebuildError {}

impl From<UnpackError> for RebuildError {
    fn from(error: UnpackError) -> Self {
        Self::Unpack(error)
    }
}
