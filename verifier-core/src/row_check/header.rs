//! Shape and header of an encoded archive: every number that a check depends on, in one fixed-length encoding.
//!
//! A shape within the limits keeps each product below 2^40 and each allocation of a verifier below 64 MiB; checked before
//! anything is allocated. Nothing about a shape ever comes from whoever serves the rows.

use core::fmt;

use super::{ELEMENT_LEN, FRAME_LEN, PACKED_LEN, SKETCH_ELEMENT_LEN};
use crate::stc::{Arity, Root};
use crate::{Digest, ReasonCode, Tag};

/// How an archive of a length is laid out.
///
/// # Shape
/// K = `rows` systematic rows of W = `columns` elements, extended to n = K * 2^`log_blowup` rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCheckShape {
    byte_len: u64,
    rows: u32,
    columns: u32,
    log_blowup: u8,
}

impl RowCheckShape {
    /// The fewest systematic rows.
    pub const MIN_ROWS: u32 = 2;
    /// The most systematic rows: the sketch is then 6 MiB, and its encoding at most 24 MiB.
    pub const MAX_ROWS: u32 = 1 << 18;
    /// The most columns: a row is then 64 KiB.
    pub const MAX_COLUMNS: u32 = 8192;
    /// Arity of the tree over the extended rows: the shortest paths.
    pub const ARITY: Arity = Arity::BINARY;

    /// Lays out `byte_len` bytes in `rows` rows: as few columns as hold them.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn new(byte_len: u64, rows: u32, log_blowup: u8) -> Result<Self, HeaderError> {
        if !rows.is_power_of_two() || rows < Self::MIN_ROWS {
            return Err(HeaderError::Rows(rows));
        }
        if rows > Self::MAX_ROWS {
            return Err(HeaderError::TooManyRows(rows));
        }
        if !matches!(log_blowup, 1 | 2) {
            return Err(HeaderError::Blowup(log_blowup));
        }
        let framed = byte_len.checked_add(FRAME_LEN as u64).ok_or(HeaderError::TooLong(byte_len))?;
        let columns = framed.div_ceil(PACKED_LEN as u64).div_ceil(u64::from(rows));
        let columns = u32::try_from(columns).ok().filter(|columns| *columns <= Self::MAX_COLUMNS);
        Ok(Self { byte_len, rows, columns: columns.ok_or(HeaderError::TooLong(byte_len))?, log_blowup })
    }

    /// As [`Self::new`], for a stated number of columns.
    ///
    /// # Errors
    /// [`HeaderError`]; [`HeaderError::Columns`] when another number of columns is stated than the one that there is.
    pub fn checked(byte_len: u64, rows: u32, columns: u32, log_blowup: u8) -> Result<Self, HeaderError> {
        let shape = Self::new(byte_len, rows, log_blowup)?;
        if shape.columns == columns {
            Ok(shape)
        } else {
            Err(HeaderError::Columns { columns, expected: shape.columns })
        }
    }

    /// Length of the archive.
    ///
    /// # Units
    /// Bytes.
    pub const fn byte_len(&self) -> u64 {
        self.byte_len
    }

    /// K, the systematic rows, a power of two.
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// W, the elements of a row.
    pub const fn columns(&self) -> u32 {
        self.columns
    }

    /// The binary logarithm of n / K: 1 or 2.
    pub const fn log_blowup(&self) -> u8 {
        self.log_blowup
    }

    /// n, the rows of the code.
    pub const fn extended_rows(&self) -> u64 {
        (self.rows as u64) << self.log_blowup
    }

    /// Length of a row on the wire.
    ///
    /// # Units
    /// Bytes.
    pub const fn row_len(&self) -> usize {
        (self.columns as usize).saturating_mul(ELEMENT_LEN)
    }

    /// Archive bytes in a systematic row.
    ///
    /// # Units
    /// Bytes.
    pub const fn packed_row_len(&self) -> usize {
        (self.columns as usize).saturating_mul(PACKED_LEN)
    }

    /// Length of the sketch.
    ///
    /// # Units
    /// Bytes.
    pub const fn sketch_len(&self) -> usize {
        (self.rows as usize).saturating_mul(SKETCH_ELEMENT_LEN)
    }
}

/// The header of an encoded archive: shape, commitment, and the address of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCheckHeader {
    shape: RowCheckShape,
    root: Root,
    content: Digest,
}

impl RowCheckHeader {
    /// Length of [`Self::to_bytes`].
    pub const LEN: usize = 8 + 4 + 4 + 1 + Digest::LEN + Digest::LEN;

    /// Puts a header together. `content` is the plain SHA-256 of the archive.
    pub const fn new(shape: RowCheckShape, root: Root, content: Digest) -> Self {
        Self { shape, root, content }
    }

    /// Reads a header.
    ///
    /// # Shape
    /// As [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        let length = HeaderError::Length(bytes.len());
        let (byte_len, rest) = bytes.split_first_chunk().ok_or(length)?;
        let (rows, rest) = rest.split_first_chunk().ok_or(length)?;
        let (columns, rest) = rest.split_first_chunk().ok_or(length)?;
        let ([log_blowup], rest) = rest.split_first_chunk().ok_or(length)?;
        let (root, content) = rest.split_first_chunk().ok_or(length)?;
        let content = Digest::from_slice(content).ok_or(length)?;
        let shape = RowCheckShape::checked(
            u64::from_le_bytes(*byte_len),
            u32::from_le_bytes(*rows),
            u32::from_le_bytes(*columns),
            *log_blowup,
        )?;
        Ok(Self { shape, root: Root::new(Digest::new(*root)), content })
    }

    /// The shape.
    pub const fn shape(&self) -> &RowCheckShape {
        &self.shape
    }

    /// The root of the tree over the extended rows.
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// The plain SHA-256 of the archive.
    pub const fn content(&self) -> &Digest {
        &self.content
    }

    /// The bytes that the header's digest and the challenge absorb.
    ///
    /// # Shape
    /// 81 bytes: `byte_len` le64, `rows` le32, `columns` le32, `log_blowup` 1, root 32, content 32.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let shape = &self.shape;
        let fields: [&[u8]; 6] = [
            &shape.byte_len.to_le_bytes(),
            &shape.rows.to_le_bytes(),
            &shape.columns.to_le_bytes(),
            &[shape.log_blowup],
            self.root.digest().as_bytes(),
            self.content.as_bytes(),
        ];
        let mut bytes = [0; Self::LEN];
        for (place, byte) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *place = *byte;
        }
        bytes
    }

    /// The digest under which a capsule commits to the header.
    pub fn digest(&self) -> Digest {
        Tag::ROW_CHECK_HEADER.digest(&[&self.to_bytes()])
    }
}

/// Why a header or a shape was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// Another number of bytes than a header has.
    Length(usize),
    /// A number of rows that is no power of two, or below the least.
    Rows(u32),
    /// More rows than the limit.
    TooManyRows(u32),
    /// A blowup that the format does not have.
    Blowup(u8),
    /// More bytes than the rows hold at the largest width.
    TooLong(u64),
    /// Another width than the length calls for.
    Columns {
        /// The stated width.
        columns: u32,
        /// The width that the length calls for.
        expected: u32,
    },
}

impl HeaderError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Length(_) | Self::Rows(_) | Self::Blowup(_) | Self::Columns { .. } => {
                ReasonCode::RowIndexCommitmentInvalidFormat
            }
            Self::TooManyRows(_) | Self::TooLong(_) => ReasonCode::LimitExceeded,
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(len) => write!(f, "a header of {len} bytes instead of {}", RowCheckHeader::LEN),
            Self::Rows(rows) => write!(f, "{rows} rows: not a power of two from 2 on"),
            Self::TooManyRows(rows) => write!(f, "{rows} rows: more than {}", RowCheckShape::MAX_ROWS),
            Self::Blowup(log) => write!(f, "blowup 2^{log}: neither 2 nor 4"),
            Self::TooLong(len) => write!(f, "{len} bytes do not fit in rows of {} columns", RowCheckShape::MAX_COLUMNS),
            Self::Columns { columns, expected } => write!(f, "{columns} columns where {expected} hold the archive"),
        }
    }
}

impl core::error::Error for HeaderError {}
