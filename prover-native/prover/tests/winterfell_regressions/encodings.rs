//! Group 7: a proof has one encoding. Some of these bare Winterfell accepts even over our tree.

use verifier_core::Digest;
use verifier_core::stark::ProofError;
use verifier_core::stark::testing::{Opened, Pieces, of_size, shortest};

use super::fibonacci::{bare, fri, honest, pin, strict, true_inputs};

const LENGTH: usize = 1024;

struct Honest {
    pieces: Pieces,
    root: Digest,
}

impl Honest {
    fn new() -> Self {
        pin(fri(28, 8, 0, 4, 31));
        let (proof, root) = honest(LENGTH);
        assert_eq!(strict(&proof, true_inputs(LENGTH), &root), Ok(()));
        assert_eq!(Pieces::of(&proof).to_bytes(), proof);
        Self { pieces: Pieces::of(&proof), root }
    }

    fn is_refused(&self, what: &str, proof: &[u8]) {
        let refused = strict(proof, true_inputs(LENGTH), &self.root).expect_err(what);
        assert!(matches!(refused, ProofError::Shape { .. } | ProofError::Rejected), "{what}: {refused:?}");
    }

    fn changed(&self, what: &str, change: impl FnOnce(&mut Pieces)) -> Vec<u8> {
        let mut pieces = self.pieces.clone();
        change(&mut pieces);
        let proof = pieces.to_bytes();
        self.is_refused(what, &proof);
        proof
    }
}

#[test]
fn surplus_rows() {
    let honest = Honest::new();
    honest.changed("one more row in all openings, counted", |pieces| {
        pieces.opened += 1;
        pieces.trace.rows.extend([0; 16]);
        pieces.constraints.rows.extend([0; 24]);
    });
    honest.changed("one less row in all openings, counted", |pieces| {
        pieces.opened -= 1;
        pieces.trace.rows.truncate(pieces.trace.rows.len() - 16);
        pieces.constraints.rows.truncate(pieces.constraints.rows.len() - 24);
    });
    for count in [0, 1, 29, 254, 255] {
        honest.changed("another count", |pieces| pieces.opened = count);
    }
    for index in 0..honest.pieces.layers.len() {
        for rows in [1, 1000] {
            honest.changed("surplus rows in a layer", |pieces| {
                pieces.layers[index].rows.extend(vec![0; 96 * rows]);
            });
        }
        honest.changed("no rows in a layer", |pieces| pieces.layers[index].rows.clear());
        honest.changed("part of a row in a layer", |pieces| pieces.layers[index].rows.extend([0; 8]));
    }
}

#[test]
fn surplus_and_missing_siblings() {
    let honest = Honest::new();
    for index in 0..honest.pieces.layers.len() + 2 {
        let edit = |what: &str, change: &dyn Fn(&mut Opened)| {
            honest.changed(what, |pieces| change(pieces.openings_mut().nth(index).unwrap()));
        };
        edit("one digest more", &|opened| opened.opening.extend([7; 32]));
        edit("the last digest again", &|opened| {
            let last = opened.opening.last_chunk::<32>().copied().unwrap_or_default();
            opened.opening.extend(last);
        });
        edit("one digest less", &|opened| {
            let length = opened.opening.len();
            opened.opening.truncate(length.saturating_sub(32));
        });
        edit("part of a digest", &|opened| opened.opening.push(0));
        edit("nothing", &|opened| opened.opening.clear());
        edit("only the depth", &|opened| opened.opening.truncate(1));
        for depth in [0, 1, 5, 9, 30, 31, 32, 63, 64, 255] {
            edit("another depth", &|opened| opened.opening[0] = if opened.opening[0] == depth { 2 } else { depth });
        }
    }
}

#[test]
fn surplus_and_missing_layers() {
    let honest = Honest::new();
    let proof = honest.changed("a layer more", |pieces| {
        let mut surplus = pieces.layers.last().cloned().unwrap();
        surplus.opening[0] -= 2;
        pieces.layers.push(surplus);
    });
    assert_eq!(bare(&proof, true_inputs(LENGTH)), Ok(()), "canary: surplus layers");
    honest.changed("a layer less", |pieces| drop(pieces.layers.pop()));
    honest.changed("no layers", |pieces| pieces.layers.clear());
    honest.changed("a commitment more", |pieces| pieces.commitments.extend([0; 32]));
    honest.changed("a commitment less", |pieces| pieces.commitments.truncate(pieces.commitments.len() - 32));
}

#[test]
fn lengths_in_longer_forms() {
    let honest = Honest::new();
    for index in 0..4 {
        for size in 2..=9 {
            let write = |length, at| if at == index { of_size(length, size) } else { shortest(length) };
            let proof = honest.pieces.to_bytes_with(write);
            if proof != honest.pieces.to_bytes() {
                honest.is_refused("a longer form", &proof);
            }
        }
        let write = |length, at| if at == index { of_size(length, 9) } else { shortest(length) };
        let proof = honest.pieces.to_bytes_with(write);
        assert_eq!(bare(&proof, true_inputs(LENGTH)), Ok(()), "canary: a length of nine bytes");
    }
}

#[test]
fn bytes_behind_the_end() {
    let honest = Honest::new();
    for surplus in [vec![0], vec![1; 8], vec![0; 4096]] {
        let proof = honest.changed("trailing bytes", |pieces| pieces.tail.extend(&surplus));
        assert_eq!(bare(&proof, true_inputs(LENGTH)), Ok(()), "canary: trailing bytes");
    }
    for keep in 0..8 {
        honest.changed("a short nonce", |pieces| pieces.tail.truncate(keep));
    }
}
