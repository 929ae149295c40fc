//! Several rows in one answer: the rows, then the siblings that they do not yield themselves.
//!
//! # Shape
//! Request: canonical CBOR `{"indices": [* uint]}`, ascending, none twice, at most [`MAX_INDICES`]. Answer: the rows in that order, 8 * W
//! bytes each, then the digests of a `MultiOpening`.

use std::io;

use verifier_core::{Digest, cbor::Value, row_check::RowCheckShape};

use super::Folder;
use crate::http::Problem;

/// Rows of one answer.
pub(super) const MAX_INDICES: usize = 1024;
/// Bytes of a request.
pub(super) const MAX_BODY: usize = 16 << 10;

/// Reads a request.
pub(super) fn indices(body: &[u8], shape: &RowCheckShape) -> Result<Vec<u64>, Problem> {
    let Ok(Value::Map(fields)) = Value::decode(body) else { return Err(Problem::Malformed) };
    let [(key, Value::Array(items))] = &fields[..] else { return Err(Problem::Malformed) };
    if items.len() > MAX_INDICES {
        return Err(Problem::TooManyIndices);
    }
    let indices: Option<Vec<u64>> =
        items.iter().map(|item| if let Value::Uint(index) = item { Some(*index) } else { None }).collect();
    let indices = indices.filter(|indices| key == "indices" && !indices.is_empty()).ok_or(Problem::Malformed)?;
    if !indices.is_sorted_by(|a, b| a < b) {
        return Err(Problem::Malformed);
    }
    if indices.last().is_some_and(|last| *last >= shape.extended_rows()) {
        return Err(Problem::IndexOutOfRange);
    }
    Ok(indices)
}

/// Puts the answer together from the rows' own files.
pub(super) fn answer(
    folder: &Folder,
    da_hash: &Digest,
    shape: &RowCheckShape,
    indices: &[u64],
) -> Result<Vec<u8>, Problem> {
    let levels = shape.extended_rows().ilog2() as usize;
    let file_len = shape.row_len() + levels * Digest::LEN;
    let read = |index: &u64| -> Result<Vec<u8>, Problem> {
        let file = folder.read(&folder.row(da_hash, *index)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Problem::NotFound,
            _ => Problem::Internal,
        })?;
        if file.len() == file_len { Ok(file) } else { Err(Problem::Internal) }
    };
    let files: Vec<Vec<u8>> = indices.iter().map(read).collect::<Result<_, _>>()?;
    let mut answer: Vec<u8> = files.iter().flat_map(|file| &file[..shape.row_len()]).copied().collect();
    // A node of the level is named by its position; any row below it knows its sibling.
    let mut known: Vec<(u64, usize)> = indices.iter().copied().zip(0..).collect();
    for level in 0..levels {
        let start = shape.row_len() + level * Digest::LEN;
        let mut parents: Vec<(u64, usize)> = Vec::with_capacity(known.len());
        for (position, row) in &known {
            let sibling = position ^ 1;
            if known.binary_search_by_key(&sibling, |(position, _)| *position).is_err() {
                answer.extend_from_slice(&files[*row][start..start + Digest::LEN]);
            }
            if parents.last().is_none_or(|(parent, _)| *parent != position / 2) {
                parents.push((position / 2, *row));
            }
        }
        known = parents;
    }
    Ok(answer)
}
