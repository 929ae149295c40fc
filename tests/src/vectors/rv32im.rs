//! Receipts of `rv32im_v1` that say of a run what its proof does not, or lack what the proof is about.
//!
//! Few, since each carries a proof of a quarter of a megabyte.

use verifier_core::{
    Digest, ReasonCode,
    air::rv32im::MIN_TRACE_LENGTH,
    backend::rv32im::{self, Stated},
    capsule::{ArtifactRef, entry},
    cbor::Value,
    rv32im::{ProgramImage, Segment},
};

use super::{Bases, Rejects};
use crate::{hostile::Case, receipt::Receipt, reseal::Layers};

/// The entry that holds the proof.
pub(crate) const PROOF: &str = "proof/rv32im_v1.bin";

/// Places of the documents in the statement: program, input, output, public tables.
pub(crate) const PROGRAM: usize = 0;
const INPUT: usize = 1;
const OUTPUT: usize = 2;
pub(crate) const TABLES: usize = 3;

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    let all = (&bases.rv32im, Layers::ALL);
    let (stated, documents) = documents_of(&bases.rv32im).expect("the statement of a program's run");
    let mut change = |code, name, change: &dyn Fn(&mut Stated, &mut [Vec<u8>; 4])| {
        let (mut stated, mut documents) = (stated, documents.clone());
        change(&mut stated, &mut documents);
        rejects.change(code, name, all, |receipt| restate(receipt, stated, &documents));
    };
    let code = ReasonCode::ProofVerificationFailed;
    change(code, "rv32im-output-other", &|_, documents| documents[OUTPUT][4] ^= 1);
    // Behind eight bytes and the end of memory: value and time of x0, x1 and so on.
    change(code, "rv32im-final-register-other", &|_, documents| documents[TABLES][8 + 4 + 8 * 5] ^= 1);
    change(ReasonCode::ProofStatementMismatch, "rv32im-cycles-other", &|stated, _| stated.cycles += 1);
    rejects.change(ReasonCode::ProofStatementMismatch, "rv32im-segments", all, |receipt| {
        receipt.set("payload.statement.public_inputs.7.value", Value::Uint(2));
    });
    for case in statements_that_cost(&bases.rv32im, 1) {
        rejects.add(case.code, &format!("rv32im-{}", case.name), case.bytes);
    }
    let tables = entry::artifact(&stated.documents[TABLES]);
    rejects.change(ReasonCode::RowArchiveMissing, "rv32im-tables-not-there", all, |receipt| {
        receipt.entries.remove(&tables);
    });
}

/// Statements that are false whatever the trace, and would cost a verifier much. A byte stands for the proof, which is not
/// looked at. `scale` makes them larger.
pub(crate) fn statements_that_cost(receipt: &Receipt, scale: usize) -> Vec<Case> {
    let (stated, documents) = documents_of(receipt).expect("the statement of a program's run");
    let case = |name: &str, code, change: &dyn Fn(&mut Stated, &mut [Vec<u8>; 4])| {
        let (mut stated, mut documents) = (stated, documents.clone());
        change(&mut stated, &mut documents);
        let changed = receipt.changed(Layers::ALL, |receipt| {
            receipt.entries.insert(PROOF.to_owned(), vec![0]);
            restate(receipt, stated, &documents);
        });
        Case { name: name.to_owned(), code, bytes: changed.bytes() }
    };
    let of_words = |word: u32, count: usize| {
        let words = std::iter::repeat_n(word.to_le_bytes(), count).flatten().collect();
        ProgramImage::new(0, vec![Segment::new(0, true, words)]).expect("an image").encode()
    };
    const DIVISION: u32 = 0x02c5_c533;
    vec![
        case("more-words-than-rows", ReasonCode::ProofStatementMismatch, &|stated, documents| {
            stated.trace_length = MIN_TRACE_LENGTH * scale as u32;
            documents[INPUT] = vec![1; stated.trace_length as usize * 4];
        }),
        // Twelve micro-ops come of each word, and the tables list none of them.
        case("tables-of-fewer-micro-ops", ReasonCode::ProofStatementMismatch, &|_, documents| {
            documents[PROGRAM] = of_words(DIVISION, 1000 * scale);
        }),
        case("tables-of-more-micro-ops", ReasonCode::ProofStatementMismatch, &|_, documents| {
            let length = documents[TABLES].len();
            documents[TABLES].resize(length + 4 * scale, 0);
        }),
    ]
}

pub(crate) fn documents_of(receipt: &Receipt) -> Option<(Stated, [Vec<u8>; 4])> {
    let stated = rv32im::read_stated(&receipt.record()?.payload.statement.public_inputs).ok()?;
    let documents = stated.documents.map(|digest| receipt.entries.get(&entry::artifact(&digest)).cloned());
    Some((stated, documents.map(Option::unwrap_or_default)))
}

/// Gives the receipt another statement and other documents, with digests, lengths and the index that go with them.
pub(crate) fn restate(receipt: &mut Receipt, mut stated: Stated, documents: &[Vec<u8>; 4]) {
    let Some(capsule) = receipt.record() else { return };
    stated.documents = documents.each_ref().map(|document| Digest::of_content(document));
    let sizes = documents.each_ref().map(|document| document.len() as u64);
    receipt.set_item("payload.statement.public_inputs", &rv32im::public_inputs(&stated));
    receipt.set_item("payload.claim", &rv32im::claim(&stated, sizes, capsule.payload.manifest_hash()));
    receipt.entries.retain(|name, _| !name.starts_with("artifacts/"));
    let mut index = Vec::new();
    for (digest, document) in stated.documents.into_iter().zip(documents) {
        index.push(ArtifactRef { digest, size: document.len() as u64, embedded: true });
        receipt.entries.insert(entry::artifact(&digest), document.clone());
    }
    index.sort_by_key(|artifact| artifact.digest);
    receipt.set_item("payload.artifacts", &index);
}
