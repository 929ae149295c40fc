//! Answers: an opening for each position, or nothing.
//!
//! # Shape
//! An answer is the row (8 * W bytes) and its path (32 bytes for each of log2(n) levels, lowest first); nothing in it says how
//! long it is, as the header does.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    Digest, ReasonCode,
    row_check::{CheckedRow, EncodedSketch, RowCheckHeader, RowError},
    stc::Path,
};

/// Length of every answer of an archive.
///
/// # Units
/// Bytes.
pub fn answer_len(header: &RowCheckHeader) -> usize {
    let levels = header.shape().extended_rows().checked_ilog2().unwrap_or_default();
    let path = usize::try_from(levels).unwrap_or_default().saturating_mul(Digest::LEN);
    header.shape().row_len().saturating_add(path)
}

/// Checks the answers of all positions; `None` is one that could not be had.
///
/// # Errors
/// [`AnswerError`]: an answer that does not hold before one that is missing, as it is evidence and the other is not.
pub fn check_answers(
    sketch: &EncodedSketch,
    positions: &[u64],
    answers: &[Option<Vec<u8>>],
) -> Result<(), AnswerError> {
    if positions.len() != answers.len() {
        return Err(AnswerError::Count { answers: answers.len(), positions: positions.len() });
    }
    let mut missing = Vec::new();
    for (position, answer) in positions.iter().zip(answers) {
        match answer {
            Some(answer) => check_answer(sketch, *position, answer).map(drop).map_err(AnswerError::Row)?,
            None => missing.push(*position),
        }
    }
    match missing.first() {
        Some(first) => Err(AnswerError::Missing { first: *first, missing: missing.len(), positions: positions.len() }),
        None => Ok(()),
    }
}

/// Checks the answer for one position.
///
/// # Errors
/// [`RowError`]; an answer of another length by the length of the whole.
pub fn check_answer<'a>(sketch: &EncodedSketch, index: u64, answer: &'a [u8]) -> Result<CheckedRow<'a>, RowError> {
    let header = sketch.header();
    let (len, expected) = (answer.len(), answer_len(header));
    let wrong_length = RowError::Length { index, len, expected };
    if len != expected {
        return Err(wrong_length);
    }
    let (row, path) = answer.split_at_checked(header.shape().row_len()).ok_or(wrong_length)?;
    let digests = path.as_chunks().0.iter().map(|digest| Digest::new(*digest)).collect();
    sketch.check_row(index, row, &Path::new(digests))
}

/// Why answers do not show that an archive is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// Not one answer for each position.
    Count {
        /// Answers there are.
        answers: usize,
        /// Positions there are.
        positions: usize,
    },
    /// Answers that could not be had.
    Missing {
        /// The first position without an answer.
        first: u64,
        /// How many have none.
        missing: usize,
        /// How many there are.
        positions: usize,
    },
    /// An answer that does not hold.
    Row(RowError),
}

impl AnswerError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Count { .. } | Self::Missing { .. } => ReasonCode::AvailabilityFailed,
            Self::Row(error) => error.code(),
        }
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { answers, positions } => write!(f, "{answers} answers for {positions} sampled rows"),
            Self::Missing { first, missing, positions } => {
                write!(f, "{missing} of {positions} sampled rows could not be had, row {first} first")
            }
            Self::Row(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AnswerError {}
