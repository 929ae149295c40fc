//! Receipts of `geom_v1` whose proof is missing, another one, of another form, or no proof of the statement.

use std::ops::Range;

use verifier_core::{
    Digest, ReasonCode, VerifyOptions,
    backend::geom,
    capsule::{ArtifactRef, PublicInput, PublicValue, entry},
    cbor::{Item, Value},
    verify,
};

use super::{Bases, Rejects, another_digest, record, text};
use crate::{
    hostile::{
        self,
        proof::{Part, parts},
    },
    receipt::Receipt,
    reseal::{Layer, Layers},
};

/// The entry that holds the proof.
pub(crate) const PROOF: &str = "proof/geom_v1.bin";

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    missing(bases, rejects);
    another(bases, rejects);
    malformed(bases, rejects);
    wrong(bases, rejects);
    false_statements(bases, rejects);
    mutants(bases, rejects);
}

/// The proof of a receipt and its trace root.
///
/// # Panics
/// When the receipt has none.
pub(crate) fn proof_of(receipt: &Receipt) -> (Vec<u8>, [u8; 32]) {
    let root = Digest::from_value(receipt.value("payload.statement.trace_root")).expect("a trace root");
    (receipt.entries[PROOF].clone(), *root.as_bytes())
}

/// The receipt with another proof, all hashes made to agree with it.
pub(crate) fn with_proof(receipt: &Receipt, proof: &[u8]) -> Receipt {
    receipt.changed(Layers::ALL, |receipt| {
        receipt.entries.insert(PROOF.to_owned(), proof.to_vec());
    })
}

fn missing(bases: &Bases, rejects: &mut Rejects) {
    let all = (&bases.geom, Layers::ALL);
    let code = ReasonCode::ProofMissing;
    rejects.change(code, "proof-not-named", all, |receipt| receipt.remove("payload.proof"));
    rejects.change(code, "proof-neither-named-nor-there", all, |receipt| {
        receipt.remove("payload.proof");
        receipt.entries.remove(PROOF);
    });
    rejects.change(code, "proof-not-there", all, |receipt| drop(receipt.entries.remove(PROOF)));
    rejects.change(code, "proof-under-another-name", all, |receipt| {
        if let Some(proof) = receipt.entries.remove(PROOF) {
            receipt.entries.insert("proof/stark.bin".to_owned(), proof);
        }
    });
    let code = ReasonCode::ProofFormatMissing;
    rejects.change(code, "proof-format-missing", all, |receipt| receipt.remove("payload.proof.format"));
    for (name, format) in [("unknown", "winterfell_0_12_v1"), ("empty", "")] {
        rejects.change(code, &format!("proof-format-{name}"), all, |receipt| {
            receipt.set("payload.proof.format", text(format));
        });
    }
}

fn another(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ProofHashMismatch;
    let stale = (&bases.geom, Layers::ALL.without(Layer::Index));
    let (other, _) = proof_of(&bases.geom_128);
    rejects.change(code, "proof-of-another-receipt-unsaid", stale, |receipt| {
        receipt.entries.insert(PROOF.to_owned(), other.clone());
    });
    rejects.change(code, "proof-with-a-byte-flipped", stale, |receipt| {
        receipt.edit(PROOF, |proof| proof[1000] = !bases.geom.entries[PROOF][1000]);
    });
    rejects.change(code, "proof-cut-by-one", stale, |receipt| {
        receipt.edit(PROOF, |proof| proof.truncate(bases.geom.entries[PROOF].len() - 1));
    });
    rejects.change(code, "proof-emptied", stale, |receipt| receipt.edit(PROOF, Vec::clear));
    let all = (&bases.geom, Layers::ALL);
    rejects.change(code, "proof-digest-other", all, |r| r.set("payload.proof.digest", another_digest()));
    rejects.change(code, "proof-size-2-to-the-60", all, |r| r.set("payload.proof.size", Value::Uint(1 << 60)));
}

fn malformed(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ProofMalformed;
    let (proof, root) = proof_of(&bases.geom);
    let parts = parts(&proof, &root);
    let mut add = |name: &str, proof: Vec<u8>| {
        rejects.add(code, &format!("proof-{name}"), with_proof(&bases.geom, &proof).bytes());
    };
    add("empty", Vec::new());
    add("of-one-byte", vec![0]);
    add("of-zeros", vec![0; 1000]);
    add("without-its-last-byte", proof[..proof.len() - 1].to_vec());
    add("with-a-byte-more", [&proof[..], &[0]].concat());
    let (of_128, _) = proof_of(&bases.geom_128);
    add("of-another-parameter-set", of_128);
    // Every count and length, one more; some as much as there is room for.
    let mut seen = Vec::new();
    for Part { name, place } in &parts {
        let is_count = name.starts_with("length") || name.starts_with("number") || *name == "partitions";
        // The constraints' openings have the form of the trace's.
        if !is_count || name.contains("constraint") || seen.contains(name) {
            continue;
        }
        seen.push(name);
        let hyphened = name.replace(' ', "-");
        let mut more = proof.clone();
        more[place.start] = more[place.start].wrapping_add(1);
        add(&format!("{hyphened}-other"), more);
    }
    for name in ["length of the commitments", "length of trace values", "length of the last polynomial"] {
        let mut most = proof.clone();
        let place = parts.iter().find(|part| part.name == name).map(|part| part.place.clone()).unwrap_or_default();
        most[place].fill(0xff);
        add(&format!("{}-of-all-ones", name.replace(' ', "-")), most);
    }
    for (name, at) in [("trace-width", 0), ("options", parts[0].place.end - 2)] {
        let mut other = proof.clone();
        other[at] = other[at].wrapping_add(1);
        add(&format!("context-{name}-other"), other);
    }
    let surplus =
        parts.iter().find(|part| part.name == "trace siblings").map(|part| part.place.end).unwrap_or_default();
    add("with-a-digest-more", [&proof[..surplus], &[0; 32], &proof[surplus..]].concat());
}

/// Proofs of the one form, with a bit of a value changed.
fn wrong(bases: &Bases, rejects: &mut Rejects) {
    let proof = Proof::of(&bases.geom);
    let code = ReasonCode::ProofRemainderMismatch;
    let [last] = &proof.places("last polynomial")[..] else { panic!("one last polynomial") };
    for (name, at) in [("first", last.start), ("middle", last.start + last.len() / 16 * 8), ("last", last.end - 8)] {
        rejects.add(code, &format!("last-polynomial-{name}-coefficient-changed"), proof.changed(at));
    }
    let [first, constraints, remainder] = &proof.places("commitment")[..] else { panic!("three commitments") };
    rejects.add(code, "last-polynomial-commitment-changed", proof.changed(remainder.start));
    rejects.add(ReasonCode::ProofTraceRootMismatch, "trace-commitment-changed", proof.changed(first.start));
    let code = ReasonCode::ProofVerificationFailed;
    rejects.add(code, "constraint-commitment-changed", proof.changed(constraints.start));
    for name in ["trace values", "constraint values", "out-of-domain values"] {
        for (at, place) in proof.places(name).into_iter().enumerate() {
            // The first byte of the out-of-domain values is their number.
            let name = name.trim_end_matches('s').replace(' ', "-");
            rejects.add(code, &format!("{name}-{at}-changed"), proof.changed(place.start + 8));
        }
    }
    for name in ["trace siblings", "constraint siblings"] {
        let hyphened = name.replace(' ', "-");
        // The first byte is the depth.
        rejects.add(code, &format!("{hyphened}-changed"), proof.changed(proof.places(name)[0].start + 1));
    }
    rejects.add(code, "nonce-changed", proof.changed(proof.bytes.len() - 8));
    // A longer trace has layers.
    let proof = Proof::of(&bases.geom_other);
    for (at, values) in proof.places("layer values").into_iter().enumerate() {
        rejects.add(code, &format!("layer-{at}-value-changed"), proof.changed(values.start));
    }
}

/// A receipt's proof, with the places of its parts.
struct Proof<'a> {
    receipt: &'a Receipt,
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

impl<'a> Proof<'a> {
    fn of(receipt: &'a Receipt) -> Self {
        let (bytes, root) = proof_of(receipt);
        Self { receipt, parts: parts(&bytes, &root), bytes }
    }

    fn places(&self, name: &str) -> Vec<Range<usize>> {
        self.parts.iter().filter(|part| part.name == name).map(|part| part.place.clone()).collect()
    }

    /// The receipt with the lowest bit of a byte of its proof flipped.
    fn changed(&self, at: usize) -> Vec<u8> {
        let mut changed = self.bytes.clone();
        changed[at] ^= 1;
        with_proof(self.receipt, &changed).bytes()
    }
}

/// The receipt under another statement, with the documents and the claim that go with it.
pub(crate) fn restated(receipt: &mut Receipt, change: impl Fn(&mut Vec<PublicInput>)) {
    let Some(mut capsule) = receipt.record() else { return };
    change(&mut capsule.payload.statement.public_inputs);
    let Ok(statement) = geom::read_statement(&capsule.payload.statement.public_inputs) else { return };
    receipt.set_item("payload.statement.public_inputs", &capsule.payload.statement.public_inputs);
    receipt.set_item("payload.claim", &geom::claim(&statement, capsule.payload.manifest_hash()));
    receipt.entries.retain(|name, _| !name.starts_with("artifacts/"));
    let mut index = Vec::new();
    for (_, document) in geom::documents(&statement) {
        let digest = Digest::of_content(document.as_bytes());
        index.push(ArtifactRef { digest, size: document.len() as u64, embedded: true });
        receipt.entries.insert(entry::artifact(&digest), document.into_bytes());
    }
    index.sort_by_key(|artifact| artifact.digest);
    receipt.set_item("payload.artifacts", &index);
}

/// Statements that the proof does not show, everything else made to agree with them.
fn false_statements(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ProofVerificationFailed;
    let all = (&bases.geom, Layers::ALL);
    for (at, name) in [(1, "initial-x1"), (3, "matrix-11"), (7, "final-cnt"), (8, "acc"), (9, "x1"), (13, "m22")] {
        let path = format!("payload.statement.public_inputs.{at}.value");
        let Value::Uint(honest) = bases.geom.value(&path) else { panic!("{name} is a number") };
        rejects.change(code, &format!("false-{name}"), all, |receipt| {
            restated(receipt, |inputs| inputs[at].value = PublicValue::Number(honest ^ 1));
        });
    }
    // One step less is a trace of the same length.
    rejects.change(code, "false-steps", all, |receipt| {
        restated(receipt, |inputs| inputs[0].value = PublicValue::Number(63));
    });
    let other = bases.geom_other.record().expect("a capsule").payload.statement.public_inputs;
    // Another length of trace is another form of proof.
    rejects.change(ReasonCode::ProofMalformed, "statement-of-another-receipt", all, |receipt| {
        restated(receipt, |inputs| inputs.clone_from(&other));
    });
    let (of_other, _) = proof_of(&bases.geom_other);
    rejects.change(ReasonCode::ProofMalformed, "proof-of-another-receipt", all, |receipt| {
        receipt.entries.insert(PROOF.to_owned(), of_other.clone());
    });
    for (name, root) in
        [("other", another_digest()), ("of-another-receipt", bases.geom_other.value("payload.statement.trace_root"))]
    {
        rejects.change(ReasonCode::ProofTraceRootMismatch, &format!("trace-root-{name}"), all, |receipt| {
            receipt.set("payload.statement.trace_root", root.clone());
        });
    }
    instance(bases, rejects);
}

/// Changes outside the proof that only the instance hash, which the proof absorbed, gives away.
fn instance(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ProofVerificationFailed;
    let all = (&bases.geom, Layers::ALL);
    let manifest = b"{}\n".to_vec();
    rejects.change(code, "manifest-added", all, |receipt| {
        let digest = Value::Bytes(Digest::of_content(&manifest).as_bytes().to_vec());
        let reference = record([("name", text("os")), ("digest", digest)]);
        receipt.set("payload.manifests", Value::Array(vec![reference]));
        receipt.entries.insert(entry::manifest("os"), manifest.clone());
    });
    let policy = record([
        ("policy_id", text("house-rules")),
        ("policy_version", text("2")),
        ("policy_hash", another_digest()),
        ("track_id", text("main")),
    ]);
    rejects.change(code, "policy-added", all, |receipt| receipt.set("header.policy_ref", policy.clone()));
    rejects.change(code, "root-exchanged", all, |receipt| {
        receipt.set("payload.row_index_ref.commitment", bases.geom_other.value("payload.row_index_ref.commitment"));
    });
    rejects.change(code, "cut-exchanged", all, |r| r.set("payload.chunk_meta.chunk_len", Value::Uint(1)));
    rejects.change(code, "arity-exchanged", all, |r| r.set("payload.row_index_ref.tree_arity", Value::Uint(2)));
}

/// A sample of the mutants that `hostile` runs by the thousand. Which code each has is no promise; that none is accepted is
/// one, and that the code is the same everywhere.
fn mutants(bases: &Bases, rejects: &mut Rejects) {
    for (number, bytes) in hostile::mutants(&bases.geom, 6).enumerate() {
        let verdict = verify(&bytes, &VerifyOptions::default());
        let code = verdict.reason.unwrap_or_else(|| panic!("mutant {number} is accepted"));
        rejects.add(code, &format!("proof-mutant-{number:02}"), bytes);
    }
}
