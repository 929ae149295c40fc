//! The row-check encoding of an archive: root, header, sketch, and on demand the rows.
//!
//! Three passes: the content's digest; then blocks of columns, each extended and absorbed into one hash state per row, so
//! that the extended archive never exists as a whole; then, with the root fixed, the sketch. Memory depends on the block
//! size and on n, not on the archive: under 700 MiB for the largest shape.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use verifier_core::field::BaseElement;
use verifier_core::row_check::{
    Challenge, ELEMENT_LEN, FRAME_LEN, HeaderError, PACKED_LEN, RowCheckHeader, RowCheckShape, SKETCH_ELEMENT_LEN, pack,
};
use verifier_core::stc::Tree;
use verifier_core::{Digest, Tag};

use super::columns::{Extension, LANES, Lanes, zero_rows};
use super::{ContentReader, RowStore, build_tree};
use capseal_host::artifacts::is_zero;

/// Elements of extended columns that are held at once: 128 MiB, and as much again as bytes.
const BLOCK_ELEMENTS: usize = 1 << 24;

/// Bytes that the sequential passes read at once.
const READ_LEN: usize = 8 << 20;

/// Archives up to this length are extended to four times their size, larger ones to twice.
///
/// # Units
/// Bytes.
const QUARTER_RATE_MAX: u64 = 100_000_000;

/// The shape for an archive of a length: the one of which 80 bits' worth of samples and the sketch are fewest bytes.
///
/// # Errors
/// [`HeaderError`]; the longest archive has 15 GB.
pub fn shape_for(byte_len: u64) -> Result<RowCheckShape, HeaderError> {
    // Samples k with ((1 + rho) / 2)^k <= 2^-80.
    let (log_blowup, samples) = if byte_len <= QUARTER_RATE_MAX { (2, 118) } else { (1, 193) };
    let fetched = |shape: &RowCheckShape| shape.sketch_len() + samples * shape.row_len();
    (1..=RowCheckShape::MAX_ROWS.ilog2())
        .filter_map(|log_rows| RowCheckShape::new(byte_len, 1 << log_rows, log_blowup).ok())
        .min_by_key(fetched)
        .ok_or(HeaderError::TooLong(byte_len))
}

/// An encoded archive.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// The header, which a capsule commits to.
    pub header: RowCheckHeader,
    /// The sketch, made after the root.
    pub sketch: Vec<u8>,
    /// The tree over the extended rows, from which rows are opened.
    pub tree: Tree,
}

/// Encodes an archive; writes the extended rows to `store` if there is one.
///
/// The archive is read more than once and must not change meanwhile.
///
/// # Errors
/// [`EncodeError`].
pub fn encode<R: Read + Seek>(
    archive: R,
    shape: RowCheckShape,
    store: Option<&mut RowStore>,
) -> Result<Encoding, EncodeError> {
    let block_columns = BLOCK_ELEMENTS as u64 / shape.extended_rows() / LANES as u64 * LANES as u64;
    encode_in_blocks(archive, shape, store, block_columns as usize)
}

/// As [`encode`], that many columns at a time.
fn encode_in_blocks<R: Read + Seek>(
    archive: R,
    shape: RowCheckShape,
    mut store: Option<&mut RowStore>,
    block_columns: usize,
) -> Result<Encoding, EncodeError> {
    let mut archive = PackedStream { archive, byte_len: shape.byte_len() };
    let content = archive.content()?;
    let leaves = hash_extended_rows(&mut archive, &shape, &mut store, block_columns)?;
    let tree = build_tree(RowCheckShape::ARITY, leaves);
    let header = RowCheckHeader::new(shape, tree.root(), content);
    let sketch = sketch(&mut archive, &header)?;
    Ok(Encoding { header, sketch, tree })
}

/// The leaves of the extended rows.
fn hash_extended_rows<R: Read + Seek>(
    archive: &mut PackedStream<R>,
    shape: &RowCheckShape,
    store: &mut Option<&mut RowStore>,
    block_columns: usize,
) -> Result<Vec<Digest>, EncodeError> {
    let (rows, columns) = (shape.rows() as usize, shape.columns() as usize);
    let extended_rows = rows << shape.log_blowup();
    let extension = Extension::new(rows, shape.log_blowup().into());
    let mut states: Vec<Sha256> = vec![Tag::STC_ROW.hasher(); extended_rows];
    for first in (0..columns).step_by(block_columns) {
        let width = block_columns.min(columns - first);
        let packed = archive.read_columns(shape, first, width)?;
        let pieces = extend_block(&extension, &packed, width, extended_rows);
        let piece_len = width * ELEMENT_LEN;
        states.par_iter_mut().zip(pieces.par_chunks(piece_len)).for_each(|(state, piece)| state.update(piece));
        if let Some(store) = store {
            store.write_columns(first, &pieces, piece_len).map_err(EncodeError::Store)?;
        }
    }
    Ok(states.into_par_iter().map(|state| Digest::new(state.finalize().into())).collect())
}

/// The extended rows of `width` columns, as bytes, row after row; `packed` holds the archive's bytes of each row. Columns of zeros
/// are extended by zeros, and cost nothing: a disk image is mostly that.
fn extend_block(extension: &Extension, packed: &[u8], width: usize, extended_rows: usize) -> Vec<u8> {
    if is_zero(packed) {
        return vec![0; extended_rows * width * ELEMENT_LEN];
    }
    let packed_len = width * PACKED_LEN;
    let group_len = LANES * PACKED_LEN;
    let groups: Vec<Option<Vec<Vec<Lanes>>>> = (0..width.div_ceil(LANES))
        .into_par_iter()
        .map(|group| {
            let start = group * group_len;
            let end = (start + group_len).min(packed_len);
            if packed.chunks(packed_len).all(|bytes| is_zero(&bytes[start..end])) {
                return None;
            }
            let mut message = zero_rows(packed.len() / packed_len);
            for (row, bytes) in message.iter_mut().zip(packed.chunks(packed_len)) {
                let elements = pack(&bytes[group * LANES * PACKED_LEN..]).map(BaseElement::new);
                row.iter_mut().zip(elements).for_each(|(place, element)| *place = element);
            }
            Some(extension.extend(message))
        })
        .collect();
    let mut pieces = vec![0; extended_rows * width * ELEMENT_LEN];
    pieces.par_chunks_mut(width * ELEMENT_LEN).enumerate().for_each(|(row, piece)| {
        for (bytes, cosets) in piece.chunks_mut(LANES * ELEMENT_LEN).zip(&groups) {
            let Some(cosets) = cosets else { continue };
            let lanes = &cosets[row % cosets.len()][row / cosets.len()];
            for (place, element) in bytes.as_chunks_mut().0.iter_mut().zip(lanes) {
                *place = element.as_int().to_le_bytes();
            }
        }
    });
    pieces
}

/// One extension element per systematic row, under the challenge of the header.
fn sketch<R: Read + Seek>(archive: &mut PackedStream<R>, header: &RowCheckHeader) -> Result<Vec<u8>, EncodeError> {
    let shape = header.shape();
    let challenge = Challenge::draw(header);
    let row_len = shape.packed_row_len();
    let rows_at_once = (READ_LEN / row_len).max(1);
    let mut sketch = vec![0; shape.sketch_len()];
    let mut packed = vec![0; rows_at_once * row_len];
    let mut position = 0;
    for elements in sketch.chunks_mut(rows_at_once * SKETCH_ELEMENT_LEN) {
        let packed = &mut packed[..elements.len() / SKETCH_ELEMENT_LEN * row_len];
        archive.read_at(position, packed)?;
        position += packed.len() as u64;
        let rows = packed.par_chunks(row_len);
        let places = elements.par_chunks_mut(SKETCH_ELEMENT_LEN);
        // A row of zeros has the element zero.
        let rows = places.zip(rows).filter(|(_, row)| !is_zero(row));
        rows.for_each(|(place, row)| place.copy_from_slice(&challenge.sketch(pack(row))));
    }
    Ok(sketch)
}

/// The packed stream of the spec: the archive with its length in front and zeros behind.
struct PackedStream<R> {
    archive: R,
    byte_len: u64,
}

impl<R: Read + Seek> PackedStream<R> {
    /// The archive's digest; checks its length.
    fn content(&mut self) -> Result<Digest, EncodeError> {
        self.archive.seek(SeekFrom::Start(0)).map_err(EncodeError::Read)?;
        let mut reader = ContentReader::new(&mut self.archive);
        let mut buffer = vec![0; READ_LEN];
        while reader.read(&mut buffer).map_err(EncodeError::Read)? > 0 {}
        let (digest, len) = reader.finish();
        if len == self.byte_len { Ok(digest) } else { Err(EncodeError::Length { len, expected: self.byte_len }) }
    }

    /// The packed bytes of columns `first..first + width`, row after row.
    fn read_columns(&mut self, shape: &RowCheckShape, first: usize, width: usize) -> Result<Vec<u8>, EncodeError> {
        let mut packed = vec![0; shape.rows() as usize * width * PACKED_LEN];
        if width == shape.columns() as usize {
            self.read_at(0, &mut packed)?;
            return Ok(packed);
        }
        for (row, piece) in (0u64..).zip(packed.chunks_mut(width * PACKED_LEN)) {
            self.read_at(row * shape.packed_row_len() as u64 + (first * PACKED_LEN) as u64, piece)?;
        }
        Ok(packed)
    }

    /// Fills `buffer` from `position` of the packed stream on.
    fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> Result<(), EncodeError> {
        let frame = self.byte_len.to_le_bytes();
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(FRAME_LEN);
        let (head, rest) = buffer.split_at_mut(buffer.len().min(FRAME_LEN - start));
        head.copy_from_slice(&frame[start..start + head.len()]);
        let offset = position.saturating_sub(FRAME_LEN as u64);
        let left = self.byte_len.saturating_sub(offset);
        let content_len = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let (content, padding) = rest.split_at_mut(content_len);
        padding.fill(0);
        if content.is_empty() {
            return Ok(());
        }
        self.archive.seek(SeekFrom::Start(offset)).map_err(EncodeError::Read)?;
        self.archive.read_exact(content).map_err(EncodeError::Read)
    }
}

/// Why an archive could not be encoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// The archive could not be read.
    Read(io::Error),
    /// The rows could not be stored.
    Store(io::Error),
    /// The archive has another length than the shape.
    Length {
        /// Bytes there are.
        len: u64,
        /// Bytes of the shape.
        expected: u64,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("cannot read the archive"),
            Self::Store(_) => f.write_str("cannot store the extended rows"),
            Self::Length { len, expected } => write!(f, "the archive has {len} bytes instead of {expected}"),
        }
    }
}

impl std::error::Error for EncodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(inner) | Self::Store(inner) => Some(inner),
            Self::Length { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn blocks_change_the_work_and_not_the_encoding() {
        let content: Vec<u8> = (0..20_000u32).map(|i| ((i * i) >> 5) as u8).collect();
        for (rows, log_blowup) in [(16, 2), (64, 1)] {
            let shape = RowCheckShape::new(content.len() as u64, rows, log_blowup).unwrap();
            let encode = |block_columns| {
                let mut store = RowStore::new(tempfile::tempfile().unwrap(), &shape);
                let encoding = encode_in_blocks(Cursor::new(&content), shape, Some(&mut store), block_columns).unwrap();
                let rows: Vec<Vec<u8>> = (0..shape.extended_rows()).map(|i| store.row(i).unwrap()).collect();
                (encoding.header, encoding.sketch, rows)
            };
            let whole = encode(1 << 20);
            assert_eq!(encode(8), whole);
            assert_eq!(encode(40), whole);
        }
    }

    #[test]
    fn the_rule_gives_the_shapes_of_the_spec() {
        let shape = |byte_len| {
            let shape = shape_for(byte_len).unwrap();
            (shape.rows(), shape.columns(), shape.log_blowup())
        };
        assert_eq!(shape(0), (2, 1, 2));
        assert_eq!(shape(1_000_000), (2048, 70, 2));
        assert_eq!(shape(100_000_000), (32_768, 436, 2));
        assert_eq!(shape(1 << 30), (131_072, 1171, 1));
        assert!(shape_for(15_032_385_536 - 8).is_ok() && shape_for(15_032_385_536 - 7).is_err());
    }
}
