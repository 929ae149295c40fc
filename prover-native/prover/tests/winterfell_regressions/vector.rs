//! Group 10: the vector commitment keeps Winterfell's contract, and refuses what the stock tree lets pass.

use proptest::prelude::*;
use verifier_core::Digest;
use verifier_core::stark::{Opening, StcVector, TaggedSha256};
use winter_crypto::{MerkleTree, VectorCommitment};
use winter_utils::{Deserializable, Serializable};

type Stock = MerkleTree<TaggedSha256>;

fn leaves(depth: u32) -> Vec<Digest> {
    (0..1_u32 << depth).map(|index| Digest::of_content(&index.to_le_bytes())).collect()
}

/// A depth, and distinct indices in any order.
fn indices() -> impl Strategy<Value = (u32, Vec<usize>)> {
    (1..9_u32).prop_flat_map(|depth| {
        let all: Vec<usize> = (0..1 << depth).collect();
        let most = all.len().min(40);
        (Just(depth), proptest::sample::subsequence(all, 1..=most).prop_shuffle())
    })
}

fn opened(depth: u32, indices: &[usize]) -> (Digest, Vec<Digest>, Opening) {
    let tree = StcVector::<verifier_core::stark::InOrder>::new(leaves(depth)).unwrap();
    let (items, opening) = tree.open_many(indices).unwrap();
    (tree.commitment(), items, opening)
}

fn accepts(root: Digest, indices: &[usize], items: &[Digest], opening: &Opening) -> bool {
    StcVector::<verifier_core::stark::InOrder>::verify_many(root, indices, items, opening).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn honest_openings_agree_with_the_stock_tree((depth, indices) in indices()) {
        let (root, items, opening) = opened(depth, &indices);
        prop_assert!(accepts(root, &indices, &items, &opening));
        let stock = Stock::new(leaves(depth)).unwrap();
        let (stock_items, stock_opening) = <Stock as VectorCommitment<_>>::open_many(&stock, &indices).unwrap();
        prop_assert_eq!(&stock_items, &items);
        let stock_root = VectorCommitment::commitment(&stock);
        let stock_verdict = <Stock as VectorCommitment<_>>::verify_many(stock_root, &indices, &items, &stock_opening);
        prop_assert!(stock_verdict.is_ok());
        prop_assert_eq!(Opening::read_from_bytes(&opening.to_bytes()).unwrap(), opening);
    }

    #[test]
    fn any_change_is_refused((depth, indices) in indices(), place in any::<prop::sample::Index>()) {
        let (root, items, opening) = opened(depth, &indices);
        let at = place.index(indices.len());

        let mut other = items.clone();
        other[at] = Digest::of_content(b"other");
        prop_assert!(!accepts(root, &indices, &other, &opening));

        let mut other = indices.clone();
        other[at] = 1 << depth;
        prop_assert!(!accepts(root, &other, &items, &opening));
        other[at] = usize::MAX;
        prop_assert!(!accepts(root, &other, &items, &opening));

        let (mut twice, mut twice_items) = (indices.clone(), items.clone());
        twice.push(indices[at]);
        twice_items.push(items[at]);
        prop_assert!(!accepts(root, &twice, &twice_items, &opening));
        prop_assert!(!accepts(root, &twice, &items, &opening));
        prop_assert!(!accepts(root, &indices, &twice_items, &opening));
        prop_assert!(!accepts(root, &indices, &items[1..], &opening));
        prop_assert!(!accepts(root, &[], &[], &opening));
        prop_assert!(!accepts(Digest::of_content(b"root"), &indices, &items, &opening));

        if indices.len() > 1 {
            let mut swapped = items.clone();
            swapped.swap(at, (at + 1) % indices.len());
            prop_assert!(!accepts(root, &indices, &swapped, &opening));
        }

        let bytes = opening.to_bytes();
        let surplus = Opening::read_from_bytes(&[&bytes[..], &[0; 32]].concat()).unwrap();
        prop_assert!(!accepts(root, &indices, &items, &surplus));
        if bytes.len() > 32 {
            let short = Opening::read_from_bytes(&bytes[..bytes.len() - 32]).unwrap();
            prop_assert!(!accepts(root, &indices, &items, &short));
        }
        for other_depth in [depth - 1, depth + 1, 31] {
            let mut other = bytes.clone();
            other[0] = u8::try_from(other_depth).unwrap();
            let refused = Opening::read_from_bytes(&other).map(|opening| accepts(root, &indices, &items, &opening));
            prop_assert!(!refused.unwrap_or(false));
        }
    }
}

#[test]
fn openings_are_read_in_bounds() {
    for depth in [0, 32, 63, 64, 255] {
        assert!(Opening::read_from_bytes(&[depth]).is_err());
    }
    assert!(Opening::read_from_bytes(&[]).is_err());
    assert!(Opening::read_from_bytes(&[3; 40]).is_err());
}

#[test]
fn vectors_have_a_power_of_two_of_items() {
    for items in [0, 1, 3, 6, 1023] {
        assert!(StcVector::<verifier_core::stark::InOrder>::new(vec![Digest::default(); items]).is_err());
    }
}
