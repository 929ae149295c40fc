//! Streaming commitment against the tree in memory.

use std::io::{self, Read};

use capseal_archive::commit::{CommitError, ContentReader, build_tree, commit_rows};
use proptest::prelude::*;
use verifier_core::Digest;
use verifier_core::stc::{ARCHIVE_ARITY, ARCHIVE_CHUNK_LEN, ARCHIVE_ROW_SIZE, Arity, Tree, leaf};

fn content(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Yields a few bytes at a time, and an interruption now and then.
struct Trickle<'a> {
    bytes: &'a [u8],
    turn: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(7) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = buf.len().min(self.turn * 31 % 977 + 1);
        self.bytes.read(&mut buf[..len])
    }
}

proptest! {
    #[test]
    fn streaming_gives_the_root_of_the_tree(
        len in 0..40_000usize, row_size in 1..300usize, children in 2..=64u8, height in 0..3u32,
    ) {
        let (arity, content) = (Arity::new(children).unwrap(), content(len));
        let chunk_len = arity.chunk_len(height).unwrap();
        let commitment = commit_rows(Trickle { bytes: &content, turn: 0 }, row_size, arity, chunk_len).unwrap();
        let tree = Tree::build(arity, content.chunks(row_size).map(leaf).collect());
        prop_assert_eq!(commitment.root, tree.root());
        prop_assert_eq!((commitment.rows, commitment.bytes), (tree.rows(), len as u64));
    }
}

#[test]
fn several_batches_give_the_root_of_the_tree() {
    // Around the 16 MiB that one batch holds, and beyond two of them.
    for len in [(16 << 20) - 1, 16 << 20, (16 << 20) + 1, (33 << 20) + 5000] {
        let content = content(len);
        let mut reader = ContentReader::new(&content[..]);
        let commitment = commit_rows(&mut reader, ARCHIVE_ROW_SIZE, ARCHIVE_ARITY, ARCHIVE_CHUNK_LEN).unwrap();
        let leaves: Vec<Digest> = content.chunks(ARCHIVE_ROW_SIZE).map(leaf).collect();
        assert_eq!(commitment.root, Tree::build(ARCHIVE_ARITY, leaves).root());
        assert_eq!(commitment.bytes, len as u64);
        assert_eq!(reader.finish(), (Digest::of_content(&content), len as u64));
    }
}

#[test]
fn it_works_within_a_pool_of_one_thread() {
    let content = content(18 << 20);
    let expected = commit_rows(&content[..], 4096, ARCHIVE_ARITY, 256).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| commit_rows(&content[..], 4096, ARCHIVE_ARITY, 256)).unwrap(), expected);
}

#[test]
fn the_parallel_tree_is_the_tree() {
    for rows in [0, 1, 2, 1023, 2048, 2049, 70_000u64] {
        for children in [2, 3, 16] {
            let arity = Arity::new(children).unwrap();
            let leaves: Vec<Digest> = (0..rows).map(|i| leaf(&i.to_le_bytes())).collect();
            let (parallel, serial) = (build_tree(arity, leaves.clone()), Tree::build(arity, leaves));
            assert_eq!(parallel.root(), serial.root());
            for index in [0, rows / 2, rows.saturating_sub(1)] {
                assert_eq!(parallel.open(index), serial.open(index));
            }
        }
    }
}

#[test]
fn misuse_and_failing_readers_are_reported() {
    let commit = |row_size, chunk_len| commit_rows(&[0u8; 10][..], row_size, ARCHIVE_ARITY, chunk_len);
    assert!(matches!(commit(0, 256), Err(CommitError::RowSize)));
    assert!(matches!(commit(1, 100), Err(CommitError::ChunkLen { chunk_len: 100, .. })));
    assert!(matches!(commit(1 << 20, 256), Err(CommitError::ChunkTooLarge { .. })));
    assert!(matches!(commit(usize::MAX, 256), Err(CommitError::ChunkTooLarge { .. })));

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let start = content(17 << 20);
    let result = commit_rows((&start[..]).chain(Broken), 4096, ARCHIVE_ARITY, 256);
    assert!(matches!(result, Err(CommitError::Read(error)) if error.kind() == io::ErrorKind::BrokenPipe));
}
