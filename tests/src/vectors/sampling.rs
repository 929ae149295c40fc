//! Sampled rows of archives that are kept elsewhere: answers that show that they can be had, and answers that do not.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use capseal_archive::commit::{Encoding, RowStore, encode};
use serde_json::{Value as Json, json};
use verifier_core::{
    Digest, Limits, ReasonCode,
    capsule::entry,
    cbor::{Item, Value},
    row_check::RowCheckHeader,
    sampling::{Seed, positions},
    verify::{Plan, plan},
};

use super::{Bases, Rejects, Vector};
use crate::{
    governed::{Governed, Verifier},
    receipt::Receipt,
    reseal::Layers,
};

/// An archive that is kept elsewhere, and whoever has it.
pub(super) struct Provider {
    encoding: Encoding,
    rows: Vec<Vec<u8>>,
}

impl Provider {
    /// Encodes the archive of a receipt that carries it as well.
    pub(super) fn of(detached: &Receipt) -> Self {
        let artifacts = detached.clone().items("payload.artifacts").len();
        let name = |at: usize| {
            let digest = Digest::from_value(detached.value(&format!("payload.artifacts.{at}.digest")));
            entry::artifact(&digest.expect("a digest"))
        };
        let archive: Vec<u8> = (0..artifacts).flat_map(|at| detached.entries[&name(at)].clone()).collect();
        let header = RowCheckHeader::from_bytes(&detached.entries[entry::ROW_CHECK_HEADER]).expect("a header");
        let shape = *header.shape();
        let mut store = RowStore::new(tempfile::tempfile().expect("a file"), &shape);
        let encoding = encode(Cursor::new(archive), shape, Some(&mut store)).expect("an archive");
        let rows = (0..shape.extended_rows()).map(|index| store.row(index).expect("a row")).collect();
        Self { encoding, rows }
    }

    pub(super) fn answer(&self, index: u64) -> Vec<u8> {
        let path = self.encoding.tree.open(index).expect("a row");
        let row = &self.rows[usize::try_from(index).expect("an index")];
        path.digests().iter().fold(row.clone(), |mut answer, digest| {
            answer.extend_from_slice(digest.as_bytes());
            answer
        })
    }

    fn answers(&self, plan: &Plan) -> Vec<Option<Vec<u8>>> {
        plan.positions.iter().map(|index| Some(self.answer(*index))).collect()
    }
}

fn nonce() -> Digest {
    Digest::of_content(b"a nonce that everybody knows: good for tests, and for nothing else")
}

const BITS: u32 = 4;

fn asked(receipt: &Receipt, bits: u32) -> Plan {
    let plan = plan(&receipt.bytes(), &nonce(), bits, &Limits::DEFAULT).expect("a receipt");
    plan.expect("an archive that is kept elsewhere")
}

fn samples(bits: u32, answers: &[Option<Vec<u8>>]) -> Json {
    let answers: Vec<Option<String>> =
        answers.iter().map(|answer| answer.as_ref().map(|answer| BASE64.encode(answer))).collect();
    json!({ "nonce": nonce().to_string(), "bits": bits, "answers": answers })
}

/// Without its artifacts, so that rows have to be sampled.
pub(super) fn bare(receipt: &mut Receipt) {
    receipt.entries.retain(|name, _| !name.starts_with("artifacts/"));
    for at in 0..receipt.items("payload.artifacts").len() {
        receipt.set(&format!("payload.artifacts.{at}.embedded"), Value::Bool(false));
    }
}

pub(super) fn accepted(bases: &Bases) -> Vec<Vector> {
    let provider = Provider::of(&bases.detached);
    let elsewhere = bases.detached.changed(Layers::ALL, bare);
    let vector = |name: &str, receipt: &Receipt, options: String| Vector {
        path: format!("accept/{name}"),
        bytes: receipt.bytes(),
        options: Some(format!("{options}\n")),
    };
    let of = |receipt: &Receipt, bits: u32| samples(bits, &provider.answers(&asked(receipt, bits)));
    let governed = Governed::default();
    let document = governed.policy.clone().unwrap_or_default();
    let full = Verifier { level: "full", ..Verifier::pinning(&document) };
    let (whole, sampled) = (governed.seal(&bases.minimal), governed.seal(&elsewhere));
    vec![
        vector("sampled-few", &elsewhere, json!({ "samples": of(&elsewhere, BITS) }).to_string()),
        vector("sampled-at-100-bits", &elsewhere, json!({ "samples": of(&elsewhere, 100) }).to_string()),
        vector("full-complete", &whole, full.options()),
        vector("full-sampled", &sampled, full.and("samples", of(&sampled, 80)).options()),
    ]
}

/// `sampling.json`: every row of the archive of `accept/sampled-few.cap`, and the positions that nonces give.
pub(super) fn file(bases: &Bases) -> String {
    let provider = Provider::of(&bases.detached);
    let elsewhere = bases.detached.changed(Layers::ALL, bare);
    let plan_of = |nonce: u8, bits: u32| {
        let nonce = Digest::of_content(&[nonce]);
        let plan = plan(&elsewhere.bytes(), &nonce, bits, &Limits::DEFAULT).ok().flatten().expect("a plan");
        json!({ "nonce": nonce.to_string(), "bits": bits, "positions": plan.positions })
    };
    let rows = 0..provider.encoding.header.shape().extended_rows();
    let drawn = [(1_u64 << 20, 241), (257, 100), (3, 2), (5, 5), (4, 9), (9, 0)].into_iter().map(|(rows, samples)| {
        let seed = Seed::live(&nonce(), &nonce(), rows, samples, &nonce());
        json!({ "rows": rows, "samples": samples, "positions": positions(&seed, rows, samples) })
    });
    let file = json!({
        "receipt": "accept/sampled-few.cap",
        "rows": rows.map(|index| BASE64.encode(provider.answer(index))).collect::<Vec<_>>(),
        "plans": [plan_of(0, 1), plan_of(0, BITS), plan_of(1, BITS), plan_of(2, 100)],
        "positions": drawn.collect::<Vec<_>>(),
        "all_of_these_are": nonce().to_string(),
    });
    format!("{file:#}\n")
}

/// What was answered for each row drawn.
type Answers = Vec<Option<Vec<u8>>>;

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    let provider = Provider::of(&bases.detached);
    let elsewhere = bases.detached.changed(Layers::ALL, bare);
    let plan = asked(&elsewhere, BITS);
    let honest = provider.answers(&plan);
    let mut answers = |code, name: &str, change: &dyn Fn(&mut Answers)| {
        let mut answers = honest.clone();
        change(&mut answers);
        let options = json!({ "samples": samples(BITS, &answers) });
        rejects.add_with(code, name, elsewhere.bytes(), &options.to_string());
    };
    let missing = ReasonCode::AvailabilityFailed;
    answers(missing, "a-row-that-could-not-be-had", &|answers| answers[0] = None);
    answers(missing, "no-row-could-be-had", &|answers| answers.fill(None));
    answers(missing, "an-answer-too-few", &|answers| drop(answers.pop()));
    answers(missing, "an-answer-too-many", &|answers| answers.push(None));
    answers(ReasonCode::MerkleProofInvalid, "a-row-in-the-place-of-another", &|answers| answers.swap(0, 1));
    let edit =
        |change: fn(&mut Vec<u8>)| move |answers: &mut Answers| answers.iter_mut().flatten().take(1).for_each(change);
    answers(ReasonCode::MerkleProofInvalid, "a-row-with-a-bit-changed", &edit(|row| row[0] ^= 1));
    answers(ReasonCode::MerkleProofInvalid, "a-path-with-a-bit-changed", &edit(|row| *row.last_mut().unwrap() ^= 1));
    answers(ReasonCode::ChunkLengthInvalid, "a-row-cut-short", &edit(|row| row.truncate(row.len() - 1)));
    answers(ReasonCode::ChunkLengthInvalid, "a-row-that-is-longer", &edit(|row| row.push(0)));
    answers(ReasonCode::ChunkLengthInvalid, "an-empty-answer", &edit(Vec::clear));
    answers(ReasonCode::MerkleProofInvalid, "an-invalid-row-beside-a-missing-one", &|answers| {
        answers.swap(0, 1);
        *answers.last_mut().expect("an answer") = None;
    });

    // The rows are under the root, and the capsule commits to another sketch than theirs.
    let mut sketch = bases.detached.entries[entry::ROW_CHECK_SKETCH].clone();
    sketch[0] ^= 1;
    let lying = bases.detached.changed(Layers::ALL, |receipt| {
        bare(receipt);
        receipt.entries.insert(entry::ROW_CHECK_SKETCH.to_owned(), sketch.clone());
    });
    let answered = samples(BITS, &provider.answers(&asked(&lying, BITS)));
    let options = json!({ "samples": answered });
    rejects.add_with(ReasonCode::RowCheckMismatch, "rows-of-another-sketch", lying.bytes(), &options.to_string());

    // Another receipt of the same archive has other positions.
    let other = elsewhere.changed(Layers::ALL, |receipt| receipt.set("header.trace_id", super::text("another")));
    assert_ne!(asked(&other, BITS).positions, plan.positions, "choose another trace_id");
    let options = json!({ "samples": samples(BITS, &honest) });
    rejects.add_with(
        ReasonCode::MerkleProofInvalid,
        "answers-for-another-receipt",
        other.bytes(),
        &options.to_string(),
    );

    let governed = Governed::default().seal(&elsewhere);
    let document = Governed::default().policy.unwrap_or_default();
    let full = Verifier { level: "full", ..Verifier::pinning(&document) };
    let code = ReasonCode::VerificationProfileUnsatisfied;
    rejects.add_with(code, "full-without-samples", governed.bytes(), &full.options());
}
