//! The tree over a log: the vectors of an independent implementation, a second implementation, and properties.

use std::fs;

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use proptest::prelude::*;
use serde_json::Value;
use sha2::Sha256;
use verifier_core::{
    Digest,
    pcap::tree::{ProofBuilder, Range, empty_root, leaf, root, verify_consistency, verify_inclusion},
};

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/pcap/rfc9162.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn digests(list: &Value) -> Vec<Digest> {
    list.as_array().unwrap().iter().map(|hex| Digest::from_hex(hex.as_str().unwrap()).unwrap()).collect()
}

fn proof(builder: Option<ProofBuilder>, leaves: &[Digest]) -> Vec<Digest> {
    let mut builder = builder.unwrap();
    leaves.iter().for_each(|leaf| builder.push(*leaf).unwrap());
    builder.finish().unwrap()
}

#[test]
fn roots_and_proofs_are_those_of_an_independent_implementation() {
    let vectors = vectors();
    let leaves: Vec<Digest> =
        vectors["leaves_hex"].as_array().unwrap().iter().map(|hex| leaf(&unhex(hex.as_str().unwrap()))).collect();
    let expected = |size: usize| Digest::from_hex(vectors["roots"][size.to_string()].as_str().unwrap()).unwrap();
    for size in 0..=leaves.len() {
        assert_eq!(root(&leaves[..size]).unwrap(), expected(size));
    }
    for case in vectors["inclusion"].as_array().unwrap() {
        let (index, size) = (case["index"].as_u64().unwrap(), case["size"].as_u64().unwrap());
        let path = digests(&case["path"]);
        assert_eq!(proof(ProofBuilder::inclusion(index, size), &leaves), path);
        verify_inclusion(&leaves[index as usize], index, size, &path, &expected(size as usize)).unwrap();
    }
    for case in vectors["consistency"].as_array().unwrap() {
        let (from, to) = (case["from"].as_u64().unwrap(), case["to"].as_u64().unwrap());
        let path = digests(&case["proof"]);
        assert_eq!(proof(ProofBuilder::consistency(from, to), &leaves), path);
        verify_consistency((from, &expected(from as usize)), (to, &expected(to as usize)), &path).unwrap();
    }
}

#[test]
fn a_second_implementation_agrees() {
    let mut tree = MemoryBackedTree::<Sha256, [u8; 8]>::new();
    let mut leaves = Vec::new();
    let mut roots = vec![empty_root()];
    for size in 1..=130u64 {
        let entry = size.to_le_bytes();
        tree.push(entry);
        leaves.push(leaf(&entry));
        let ours = root(&leaves).unwrap();
        roots.push(ours);
        assert_eq!(ours.as_bytes()[..], tree.root().as_bytes()[..]);
        for index in [0, size / 3, size / 2, size - 1] {
            let path = proof(ProofBuilder::inclusion(index, size), &leaves);
            assert_eq!(path.concat_bytes(), tree.prove_inclusion(index as usize).as_bytes());
            let theirs = InclusionProof::<Sha256>::try_from_bytes(path.concat_bytes()).unwrap();
            tree.root().verify_inclusion(&(index + 1).to_le_bytes(), index, &theirs).unwrap();
        }
        for from in [1, size / 3 + 1, size / 2 + 1, size] {
            let path = proof(ProofBuilder::consistency(from, size), &leaves);
            assert_eq!(path.concat_bytes(), tree.prove_consistency((size - from) as usize).as_bytes());
            let theirs = ConsistencyProof::<Sha256>::try_from_bytes(path.concat_bytes()).unwrap();
            let old = RootHash::<Sha256>::new((*roots[from as usize].as_bytes()).into(), from);
            if from < size {
                tree.root().verify_consistency(&old, &theirs).unwrap();
            }
        }
    }
}

trait ConcatBytes {
    fn concat_bytes(&self) -> Vec<u8>;
}

impl ConcatBytes for Vec<Digest> {
    fn concat_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|digest| *digest.as_bytes()).collect()
    }
}

fn some_leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|i| leaf(&i.to_le_bytes())).collect()
}

proptest! {
    #[test]
    fn ranges_made_apart_are_the_tree(count in 0u64..200, cuts in proptest::collection::vec(0u64..200, 0..6)) {
        let leaves = some_leaves(count);
        let mut cuts: Vec<u64> = cuts.into_iter().map(|cut| cut.min(count)).chain([0, count]).collect();
        cuts.sort_unstable();
        let mut whole = Range::default();
        for pair in cuts.windows(2) {
            let mut part = Range::starting_at(pair[0]);
            leaves[pair[0] as usize..pair[1] as usize].iter().for_each(|leaf| part.push(*leaf).unwrap());
            whole.append(&part).unwrap();
        }
        prop_assert_eq!(whole.root(), root(&leaves).unwrap());
        prop_assert_eq!(whole.end(), count);
        prop_assert!(whole.append(&Range::starting_at(count + 1)).is_err());
    }

    #[test]
    fn a_spoilt_proof_is_refused(size in 2u64..150, at in any::<u64>(), other in any::<u64>(), bit in 0usize..8) {
        let (index, from) = (at % size, 1 + at % (size - 1));
        let leaves = some_leaves(size);
        let new = root(&leaves).unwrap();
        let old = root(&leaves[..from as usize]).unwrap();
        let mut path = proof(ProofBuilder::inclusion(index, size), &leaves);
        verify_inclusion(&leaves[index as usize], index, size, &path, &new).unwrap();
        prop_assert!(verify_inclusion(&leaves[index as usize], (index + 1) % size, size, &path, &new).is_err());
        path.push(new);
        prop_assert!(verify_inclusion(&leaves[index as usize], index, size, &path, &new).is_err());
        path.truncate(path.len() - 2);
        prop_assert!(verify_inclusion(&leaves[index as usize], index, size, &path, &new).is_err());

        let mut path = proof(ProofBuilder::consistency(from, size), &leaves);
        verify_consistency((from, &old), (size, &new), &path).unwrap();
        prop_assert!(verify_consistency((from, &new), (size, &new), &path).is_err());
        prop_assert!(verify_consistency((from, &old), (size, &old), &path).is_err());
        if !path.is_empty() {
            let place = (other % path.len() as u64) as usize;
            let mut bytes = *path[place].as_bytes();
            bytes[0] ^= 1 << bit;
            path[place] = Digest::new(bytes);
            prop_assert!(verify_consistency((from, &old), (size, &new), &path).is_err());
        }
    }

    #[test]
    fn any_proof_is_answered(index in any::<u64>(), size in any::<u64>(), from in any::<u64>(), len in 0usize..140) {
        let digest = leaf(b"");
        let path = vec![digest; len];
        let _ = verify_inclusion(&digest, index, size, &path, &digest);
        let _ = verify_consistency((from, &digest), (size, &digest), &path);
    }
}
