//! Receipts of `geom_v1` whose proof is missing, another one, of another form, or no proof of the statement.

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
    let (other, _) = proof_of(&bases.geom_other);
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
    for (name, size) in [("0", 0), ("2-to-the-60", 1 << 60)] {
        rejects.change(code, &format!("proof-size-{name}"), all, |r| r.set("payload.proof.size", Value::Uint(size)));
    }
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
    add("cut-in-half", proof[..proof.len() / 2].to_vec());
    add("without-its-last-byte", proof[..proof.len() - 1].to_vec());
    add("with-a-byte-more", [&proof[..], &[0]].concat());
    add("twice", proof.repeat(2));
    let (of_128, _) = proof_of(&bases.geom_128);
    add("of-another-parameter-set", of_128);
    // Every count and length, one more and as much as there is room for.
    let mut seen = Vec::new();
    for Part { name, place } in &parts {
        let is_count = name.starts_with("length") || name.starts_with("number") || *name == "partitions";
        if !is_count || seen.contains(name) {
            continue;
        }
        seen.push(name);
        let hyphened = name.replace(' ', "-");
        let mut more = proof.clone();
        more[place.start] = more[place.start].wrapping_add(1);
        add(&format!("{hyphened}-other"), more);
        let mut most = proof.clone();
        most[place.clone()].fill(0xff);
        add(&format!("{hyphened}-of-all-ones"), most);
    }
    for (name, at) in [("trace-width", 0), ("trace-length", 3), ("options", parts[0].place.end - 2)] {
        let mut other = proof.clone();
        other[at] = other[at].wrapping_add(1);
        add(&format!("context-{name}-other"), other);
    }
    let surplus = parts.iter().find(|part| part.name == "trace siblings").map(|part| part.place.end).unwrap_or_default();
    add("with-a-digest-more", [&proof[..surplus], &[0; 32], &proof[surplus..]].concat());
}

/// Proofs of the one form, with a value changed.
fn wrong(bases: &Bases, rejects: &mut Rejects) {
    let (proof, root) = proof_of(&bases.geom);
    let parts = parts(&proof, &root);
    let places = |name: &str| parts.iter().filter(|part| part.name == name).map(|part| part.place.clone()).collect::<Vec<_>>();
    let changed = |at: usize| {
        let mut changed = proof.clone();
        changed[at] ^= 1;
        with_proof(&bases.geom, &changed).bytes()
    };
    let code = ReasonCode::ProofRemainderMismatch;
    let [last] = &places("last polynomial")[..] else { panic!("one last polynomial") };
    for (name, at) in [("first", last.start), ("middle", last.start + last.len() / 2 / 8 * 8), ("last", last.end - 8)] {
        rejects.add(code, &format!("last-polynomial-{name}-coefficient-changed"), changed(at));
    }
    let commitments = places("commitment");
    if let [first, middle @ .., remainder] = &commitments[..] {
        rejects.add(code, "last-polynomial-commitment-changed", changed(remainder.start));
        rejects.add(ReasonCode::ProofTraceRootMismatch, "trace-commitment-changed", changed(first.start));
        for (at, commitment) in middle.iter().enumerate() {
            rejects.add(ReasonCode::ProofVerificationFailed, &format!("commitment-{at}-changed"), changed(commitment.start));
        }
    }
    let code = ReasonCode::ProofVerificationFailed;
    for (name, hyphened) in [
        ("trace values", "trace-value"),
        ("constraint values", "constraint-value"),
        ("out-of-domain values", "out-of-domain-value"),
        ("layer values", "layer-value"),
    ] {
        for (at, place) in places(name).into_iter().enumerate() {
            // The first byte of the out-of-domain values is their number.
            rejects.add(code, &format!("{hyphened}-{at}-changed"), changed(place.start + 8));
        }
    }
    for name in ["trace siblings", "constraint siblings", "layer siblings"] {
        let hyphened = name.replace(' ', "-");
        // The first byte is the depth.
        rejects.add(code, &format!("{hyphened}-changed"), changed(places(name)[0].start + 1));
    }
    rejects.add(code, "nonce-changed", changed(proof.len() - 8));
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
    let names = ["initial-x1", "initial-x2", "matrix-11", "matrix-12", "matrix-21", "matrix-22"];
    let outputs = ["final-cnt", "acc", "x1", "x2", "m11", "m12", "m22"];
    for (at, name) in (1..).zip(names.into_iter().chain(outputs)) {
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
    for (name, root) in [
        ("other", another_digest()),
        ("of-another-receipt", bases.geom_other.value("payload.statement.trace_root")),
        ("of-the-other-set", bases.geom_128.value("payload.statement.trace_root")),
    ] {
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
    for (number, bytes) in hostile::mutants(bases, 24).enumerate() {
        let verdict = verify(&bytes, &VerifyOptions::default());
        let code = verdict.reason.unwrap_or_else(|| panic!("mutant {number} is accepted"));
        rejects.add(code, &format!("proof-mutant-{number:02}"), bytes);
    }
}
