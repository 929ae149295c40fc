//! STC through its public API: the tree against its recursive definition, openings and every way to spoil them,
//! streaming and chunks against the tree in memory.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use verifier_core::stc::{
    Arity, BuildError, Builder, ChunkRoot, MultiOpening, OpeningError, Path, Root, Tree, leaf, node, opening_len,
    path_len, verify, verify_many,
};
use verifier_core::{Digest, ReasonCode, Tag};

fn arity(children: u8) -> Arity {
    Arity::new(children).unwrap()
}

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|i| leaf(&i.to_le_bytes())).collect()
}

/// The definition, word for word: group, hash, repeat; shape and top under the root's tag.
fn naive_root(children: u8, leaves: &[Digest]) -> Root {
    fn top(children: usize, level: &[Digest]) -> Digest {
        if let [top] = level {
            return *top;
        }
        let parents: Vec<Digest> = level
            .chunks(children)
            .map(|group| {
                Tag::STC_NODE.digest(&[group.iter().flat_map(|d| *d.as_bytes()).collect::<Vec<u8>>().as_slice()])
            })
            .collect();
        top(children, &parents)
    }
    let rows = (leaves.len() as u64).to_le_bytes();
    let top = (!leaves.is_empty()).then(|| top(usize::from(children), leaves));
    Root::new(Tag::STC_ROOT.digest(&[&[children], &rows, top.as_ref().map_or(&[][..], |d| d.as_bytes())]))
}

fn shapes() -> impl Strategy<Value = (u8, u64)> {
    (prop_oneof![Just(2), Just(3), Just(4), Just(16), 2..=64u8], prop_oneof![0..20u64, 0..600u64])
}

fn some_shapes() -> impl Strategy<Value = (u8, u64)> {
    shapes().prop_filter("a row to open", |(_, rows)| *rows > 0)
}

fn shapes_with_indices() -> impl Strategy<Value = (u8, u64, Vec<u64>)> {
    some_shapes().prop_flat_map(|(children, rows)| {
        let all: Vec<u64> = (0..rows).collect();
        let most = all.len().min(40);
        (Just(children), Just(rows), subsequence(all, 1..=most).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn tree_and_builder_follow_the_definition((children, rows) in shapes()) {
        let leaves = leaves(rows);
        let expected = naive_root(children, &leaves);
        prop_assert_eq!(Tree::build(arity(children), leaves.clone()).root(), expected);
        let mut builder = Builder::new(arity(children));
        for leaf in leaves {
            builder.push_leaf(leaf).unwrap();
        }
        prop_assert_eq!(builder.rows(), rows);
        prop_assert_eq!(builder.finish(), Ok(expected));
    }

    #[test]
    fn chunks_change_the_work_and_not_the_root((children, rows) in shapes(), height in 0..4u32) {
        let (arity, leaves) = (arity(children), leaves(rows));
        let chunk_len = arity.chunk_len(height).unwrap();
        prop_assert_eq!(arity.chunk_height(chunk_len), Some(height));
        let mut builder = Builder::new(arity);
        for chunk in leaves.chunks(usize::try_from(chunk_len).unwrap()) {
            builder.push_chunk_root(&ChunkRoot::of_leaves(arity, height, chunk.to_vec()).unwrap()).unwrap();
        }
        let expected = if rows > 0 && arity.depth(rows) < height {
            Err(BuildError::ChunkAboveTop { rows, height })
        } else {
            Ok(naive_root(children, &leaves))
        };
        prop_assert_eq!(builder.finish(), expected);
    }

    #[test]
    fn chunks_of_mixed_heights_make_the_same_tree((children, rows) in shapes(), choices in prop::collection::vec(any::<Index>(), 600)) {
        let (arity, leaves) = (arity(children), leaves(rows));
        let mut builder = Builder::new(arity);
        let mut rest = &leaves[..];
        let mut choices = choices.iter();
        while !rest.is_empty() {
            let start = builder.rows();
            let fits = |h: &u32| arity.chunk_len(*h).is_some_and(|len| start.is_multiple_of(len) && len <= rest.len() as u64);
            let heights: Vec<u32> = (0..=4).filter(fits).collect();
            let height = *choices.next().unwrap().get(&heights);
            let (chunk, after) = rest.split_at(usize::try_from(arity.chunk_len(height).unwrap()).unwrap());
            builder.push_chunk_root(&ChunkRoot::of_leaves(arity, height, chunk.to_vec()).unwrap()).unwrap();
            rest = after;
        }
        prop_assert_eq!(builder.finish(), Ok(naive_root(children, &leaves)));
    }

    #[test]
    fn openings_verify_in_any_order((children, rows, indices) in shapes_with_indices()) {
        let arity = arity(children);
        let tree = Tree::build(arity, leaves(rows));
        let root = tree.root();
        let opening = tree.open_many(&indices).unwrap();
        let items: Vec<(u64, Digest)> = indices.iter().map(|i| (*i, *tree.leaf(*i).unwrap())).collect();
        prop_assert_eq!(verify_many(&root, arity, rows, &items, &opening), Ok(()));
        prop_assert_eq!(opening_len(arity, rows, &indices), Ok(opening.digests().len()));

        let mut sorted = indices.clone();
        sorted.sort_unstable();
        prop_assert_eq!(&tree.open_many(&sorted).unwrap(), &opening);
        let mut paths = 0;
        for (index, leaf) in items {
            let path = tree.open(index).unwrap();
            prop_assert_eq!(path_len(arity, rows, index), Ok(path.digests().len()));
            prop_assert_eq!(verify(&root, arity, rows, index, leaf, &path), Ok(()));
            prop_assert_eq!(&tree.open_many(&[index]).unwrap().into_digests()[..], path.digests());
            paths += path.digests().len();
        }
        prop_assert!(opening.digests().len() <= paths);
    }

    #[test]
    fn every_spoilt_opening_is_refused((children, rows, indices) in shapes_with_indices(), at in any::<Index>(), bit in 0..256usize) {
        let arity = arity(children);
        let tree = Tree::build(arity, leaves(rows));
        let root = tree.root();
        let opening = tree.open_many(&indices).unwrap().into_digests();
        let items: Vec<(u64, Digest)> = indices.iter().map(|i| (*i, *tree.leaf(*i).unwrap())).collect();
        let check = |items: &[(u64, Digest)], digests: Vec<Digest>| {
            verify_many(&root, arity, rows, items, &MultiOpening::new(digests))
        };
        let flip = |digest: Digest| {
            let mut bytes = *digest.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            Digest::new(bytes)
        };
        let refused = Err(OpeningError::RootMismatch);

        // The rows.
        let which = at.index(items.len());
        let mut other = items.clone();
        other[which].1 = flip(other[which].1);
        prop_assert_eq!(check(&other, opening.clone()), refused);
        let mut other = items.clone();
        other[which].0 = rows;
        prop_assert_eq!(check(&other, opening.clone()), Err(OpeningError::IndexOutOfRange { index: rows, rows }));
        let mut other = items.clone();
        other.push(items[which]);
        prop_assert_eq!(check(&other, opening.clone()), Err(OpeningError::DuplicateIndex { index: items[which].0 }));
        prop_assert_eq!(check(&[], opening.clone()), Err(OpeningError::NoIndices));
        if items.len() > 1 {
            let mut other = items.clone();
            other.remove(which);
            prop_assert!(check(&other, opening.clone()).is_err());
            let mut other = items.clone();
            let next = (which + 1) % items.len();
            (other[which].1, other[next].1) = (items[next].1, items[which].1);
            prop_assert_eq!(check(&other, opening.clone()), refused);
        }
        for index in (0..rows).filter(|i| !indices.contains(i)) {
            let mut other = items.clone();
            other[which].0 = index;
            prop_assert!(check(&other, opening.clone()).is_err());
        }

        // The siblings.
        let mut other = opening.clone();
        other.push(root.digest().to_owned());
        prop_assert_eq!(check(&items, other), Err(OpeningError::TooLong { surplus: 1 }));
        if !opening.is_empty() {
            let which = at.index(opening.len());
            let mut other = opening.clone();
            other[which] = flip(other[which]);
            prop_assert_eq!(check(&items, other), refused);
            let mut other = opening.clone();
            other.remove(which);
            prop_assert_eq!(check(&items, other), Err(OpeningError::TooShort));
            let mut other = opening.clone();
            other.insert(which, opening[which]);
            prop_assert_eq!(check(&items, other), Err(OpeningError::TooLong { surplus: 1 }));
            if which > 0 && opening[which] != opening[which - 1] {
                let mut other = opening.clone();
                other.swap(which, which - 1);
                prop_assert_eq!(check(&items, other), refused);
            }
        }

        // The shape.
        for (other_arity, other_rows) in [(arity, rows + 1), (arity, rows - 1), (Arity::new(children ^ 1).unwrap_or(Arity::BINARY), rows)] {
            if (other_arity, other_rows) != (arity, rows) {
                let result = verify_many(&root, other_arity, other_rows, &items, &MultiOpening::new(opening.clone()));
                prop_assert!(result.is_err());
            }
        }
    }

    #[test]
    fn hostile_shapes_end_soon(children in 2..=64u8, rows: u64, indices in prop::collection::vec(any::<u64>(), 0..50), digests in 0..200usize) {
        let items: Vec<(u64, Digest)> = indices.into_iter().map(|i| (i, Digest::default())).collect();
        let opening = MultiOpening::new(vec![Digest::default(); digests]);
        prop_assert!(verify_many(&Root::new(Digest::default()), arity(children), rows, &items, &opening).is_err());
    }
}

#[test]
fn equal_content_in_another_shape_is_another_root() {
    let [a, b, c] = [leaf(b"a"), leaf(b"b"), leaf(b"c")];
    let root = |children: u8, leaves: &[Digest]| Tree::build(arity(children), leaves.to_vec()).root();
    assert_ne!(root(2, &[a, b, c]), root(2, &[a, b, c, c]));
    assert_ne!(root(2, &[a, b]), root(3, &[a, b]));
    assert_ne!(root(2, &[a]), root(2, &[node(&[a])]));
    assert_ne!(root(2, &[]), root(3, &[]));
    assert_ne!(root(2, &[node(&[a, b]), node(&[c])]), root(2, &[a, b, c]));
}

#[test]
fn a_row_is_no_node_and_no_root() {
    let (a, b) = (leaf(b"a"), leaf(b"b"));
    let row: Vec<u8> = [a, b].iter().flat_map(|d| *d.as_bytes()).collect();
    assert_ne!(leaf(&row), node(&[a, b]));
    assert_ne!(Tree::build(Arity::BINARY, vec![a]).root().digest(), &a);
}

#[test]
fn the_empty_tree_opens_nothing() {
    let tree = Tree::build(Arity::BINARY, vec![]);
    assert_eq!(tree.root(), Builder::new(Arity::BINARY).finish().unwrap());
    assert_eq!(tree.open(0), Err(OpeningError::IndexOutOfRange { index: 0, rows: 0 }));
    assert_eq!(tree.open_many(&[]), Err(OpeningError::NoIndices));
    let refused = verify(&tree.root(), Arity::BINARY, 0, 0, Digest::default(), &Path::default());
    assert_eq!(refused, Err(OpeningError::IndexOutOfRange { index: 0, rows: 0 }));
    assert_eq!(refused.unwrap_err().code(), ReasonCode::MerkleProofInvalid);
}

#[test]
fn one_row_has_an_empty_path() {
    let tree = Tree::build(arity(16), leaves(1));
    let path = tree.open(0).unwrap();
    assert!(path.digests().is_empty());
    assert_eq!(verify(&tree.root(), arity(16), 1, 0, leaf(&0u64.to_le_bytes()), &path), Ok(()));
}

#[test]
fn arities_have_two_ends() {
    assert_eq!(Arity::new(1).unwrap_err().code(), ReasonCode::RowIndexCommitmentInvalidFormat);
    assert!(Arity::new(2).is_ok() && Arity::new(64).is_ok());
    assert!(Arity::new(0).is_err() && Arity::new(65).is_err());
    assert_eq!(arity(16).chunk_height(255), None);
    assert_eq!(arity(16).chunk_height(0), None);
    assert_eq!(arity(16).chunk_len(16), None);
    assert_eq!(arity(2).depth(u64::MAX), 64);
}

#[test]
fn the_builder_refuses_what_is_out_of_place() {
    let arity = arity(4);
    let chunk = |rows| ChunkRoot::of_leaves(arity, 1, leaves(rows)).unwrap();
    assert_eq!(ChunkRoot::of_leaves(arity, 1, vec![]), Err(BuildError::ChunkLength { rows: 0, height: 1 }));
    assert_eq!(ChunkRoot::of_leaves(arity, 1, leaves(5)), Err(BuildError::ChunkLength { rows: 5, height: 1 }));
    assert_eq!(ChunkRoot::of_leaves(arity, 32, leaves(5)), Err(BuildError::ChunkLength { rows: 5, height: 32 }));

    let other = ChunkRoot::of_leaves(Arity::BINARY, 1, leaves(2)).unwrap();
    assert_eq!(Builder::new(arity).push_chunk_root(&other), Err(BuildError::OtherArity));

    let mut builder = Builder::new(arity);
    builder.push_leaf(leaf(b"x")).unwrap();
    assert_eq!(builder.push_chunk_root(&chunk(4)), Err(BuildError::Misaligned { rows: 1, height: 1 }));

    let mut builder = Builder::new(arity);
    builder.push_chunk_root(&chunk(4)).unwrap();
    builder.push_chunk_root(&chunk(3)).unwrap();
    assert_eq!(builder.push_leaf(leaf(b"x")), Err(BuildError::AfterShortChunk));
    assert_eq!(builder.push_chunk_root(&chunk(4)), Err(BuildError::AfterShortChunk));
    assert_eq!(builder.rows(), 7);
}
