//! Archive commitments (spec: `docs/spec/archive.md`): how the bytes of an archive become a root.
//!
//! An archive is the artifacts' contents, one after the other, in the order of their digests. One that travels in its
//! receipt is cut into rows and committed to by STC; one that is kept elsewhere is Reed-Solomon-encoded first
//! ([`row_check`](crate::row_check)), so that samples of rows say something about all of it.

use alloc::{borrow::ToOwned, vec::Vec};

use crate::{
    capsule::{ChunkMeta, RowIndexRef},
    digest::Digest,
    row_check::RowCheckHeader,
    stc::{ARCHIVE_ARITY, ARCHIVE_CHUNK_LEN, ARCHIVE_ROW_SIZE, Arity, BuildError, Builder, Root},
};

/// Bytes up to which an archive travels in its receipt unless the maker says otherwise.
pub const EMBED_LIMIT: u64 = 8 << 20;

/// The commitment to an archive that travels, from its contents in the order of the index.
///
/// # Errors
/// When the contents are longer than a tree can count.
pub fn embedded(contents: &[&[u8]]) -> Result<(ChunkMeta, RowIndexRef), BuildError> {
    let mut builder = Builder::new(ARCHIVE_ARITY);
    let mut row = Vec::with_capacity(ARCHIVE_ROW_SIZE);
    let mut len = 0u64;
    for content in contents {
        let mut rest = *content;
        while !rest.is_empty() {
            let room = ARCHIVE_ROW_SIZE.saturating_sub(row.len());
            let (taken, left) = rest.split_at(room.min(rest.len()));
            row.extend_from_slice(taken);
            rest = left;
            if row.len() == ARCHIVE_ROW_SIZE {
                builder.push_row(&row)?;
                row.clear();
            }
        }
        len = len.saturating_add(content.len() as u64);
    }
    if !row.is_empty() {
        builder.push_row(&row)?;
    }
    Ok(stc_refs(len, builder.finish()?))
}

/// What a capsule says of an archive that travels.
pub fn stc_refs(len: u64, root: Root) -> (ChunkMeta, RowIndexRef) {
    let chunk_size = ARCHIVE_CHUNK_LEN.saturating_mul(ARCHIVE_ROW_SIZE as u64);
    let chunk_meta = ChunkMeta {
        chunk_len: ARCHIVE_CHUNK_LEN,
        num_chunks: len.div_ceil(chunk_size),
        chunk_size_bytes: chunk_size,
        data_length_bytes: len,
        chunking_rule_id: "rows_4096_v1".to_owned(),
    };
    let row_index_ref = RowIndexRef {
        commitment_type: "stc_v1".to_owned(),
        commitment: *root.digest(),
        tree_arity: u64::from(ARCHIVE_ARITY.get()),
        proof_fetch_rule_id: "embedded_v1".to_owned(),
        pointer: None,
        sketch: None,
    };
    (chunk_meta, row_index_ref)
}

/// What a capsule says of an archive that is kept elsewhere.
pub fn row_check_refs(header: &RowCheckHeader, sketch: Digest) -> (ChunkMeta, RowIndexRef) {
    let shape = header.shape();
    let chunk_meta = ChunkMeta {
        chunk_len: 1,
        num_chunks: shape.extended_rows(),
        chunk_size_bytes: shape.row_len() as u64,
        data_length_bytes: shape.byte_len(),
        chunking_rule_id: "row_check_v1".to_owned(),
    };
    let row_index_ref = RowIndexRef {
        commitment_type: "row_check_v1".to_owned(),
        commitment: *header.root().digest(),
        tree_arity: u64::from(Arity::BINARY.get()),
        proof_fetch_rule_id: "rows_v1".to_owned(),
        pointer: Some(header.digest()),
        sketch: Some(sketch),
    };
    (chunk_meta, row_index_ref)
}
