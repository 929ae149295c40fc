//! Receipts whose container is in order and whose parts cost, or claim, more than a verifier should spend.

use verifier_core::{
    Digest, ReasonCode,
    capsule::{PublicValue, entry},
    cbor::{Item, MAX_ITEMS, Value},
    event_log::{HEADER, Writer},
};

use super::Case;
use crate::{
    receipt::Receipt,
    reseal::{Layer, Layers},
    vectors::{Bases, restated},
};

/// Small cases, which are vectors.
pub fn cases(bases: &Bases) -> Vec<Case> {
    let receipt = &bases.typical;
    let log = |lines: &str| {
        let layers = Layers::ALL.without(Layer::Log);
        let changed = receipt.changed(layers, |receipt| {
            receipt.entries.insert(entry::EVENTS.to_owned(), lines.as_bytes().to_vec());
        });
        changed.bytes()
    };
    vec![
        case("log-of-open-brackets", ReasonCode::EventLogMismatch, log(&format!("{}\n", "[".repeat(20_000)))),
        case("log-of-open-braces", ReasonCode::EventLogMismatch, log(&format!("{}\n", "{\"a\":".repeat(5_000)))),
        case("log-of-digits", ReasonCode::EventLogMismatch, log(&format!("{}\n", "9".repeat(20_000)))),
        case("log-of-empty-lines", ReasonCode::EventLogMismatch, log(&"\n".repeat(20_000))),
        case("proof-of-one-mebibyte-claimed", ReasonCode::ProofMalformed, claiming_proof(bases)),
        case("proof-of-a-million-steps-claimed", ReasonCode::ProofMalformed, {
            let changed = bases.geom.changed(Layers::ALL, |receipt| {
                restated(receipt, |inputs| inputs[0].value = PublicValue::Number(1 << 20));
            });
            changed.bytes()
        }),
    ]
}

/// Cases of many megabytes, made when they are needed.
pub fn large_cases(bases: &Bases) -> Vec<Case> {
    let receipt = &bases.typical;
    let limit = ReasonCode::LimitExceeded;
    vec![
        case("capsule-of-too-many-items", limit, receipt.bytes_with(&array_of(MAX_ITEMS, &[0]))),
        case("capsule-of-20-mib-of-numbers", limit, receipt.bytes_with(&array_of(20_000_000, &[0]))),
        case("capsule-of-20-mib-of-empty-arrays", limit, receipt.bytes_with(&array_of(20_000_000, &[0x80]))),
        case("capsule-of-20-mib-of-open-arrays", limit, receipt.bytes_with(&[0x81].repeat(20_000_000))),
        case("capsule-of-as-many-items-as-may-be", ReasonCode::SchemaUnsupported, as_many_items(receipt)),
        case("capsule-of-20-mib-of-short-texts", ReasonCode::SchemaUnsupported, {
            let mut capsule = receipt.clone();
            capsule.set("note", Value::Array(vec![Value::Text("1234567".to_owned()); 2_610_000]));
            capsule.bytes()
        }),
        case("log-of-too-many-lines", limit, with_log(receipt, b"{}\n".repeat(200_001))),
        case(
            "log-of-as-many-lines-as-may-be",
            ReasonCode::EventLogMismatch,
            with_log(receipt, b"{}\n".repeat(200_000)),
        ),
        case("log-of-100000-good-lines", ReasonCode::EventLogMismatch, with_log(receipt, good_lines(100_000))),
        case("log-of-a-line-of-2-mib", limit, with_log(receipt, [&b"0".repeat(2 << 20)[..], b"\n"].concat())),
        case("log-of-a-line-of-open-brackets", ReasonCode::EventLogMismatch, {
            with_log(receipt, [&b"[".repeat(1 << 20)[..], b"\n"].concat())
        }),
        case("log-of-a-line-of-numbers", ReasonCode::EventLogMismatch, {
            with_log(receipt, format!("[{}0]\n", "0,".repeat((1 << 19) - 2)).into_bytes())
        }),
        case("proof-of-2-mib-of-zeros", ReasonCode::ProofMalformed, with_proof(bases, vec![0; 2 << 20])),
        case("proof-of-2-mib-of-an-honest-beginning", ReasonCode::ProofMalformed, {
            let mut proof = bases.geom.entries[PROOF].clone();
            proof.resize(2 << 20, 0xff);
            with_proof(bases, proof)
        }),
        case("entries-to-the-limit-unaccounted-for", ReasonCode::EntryUnexpected, strays(receipt)),
        case("artifact-of-44-mib-unaccounted-for", ReasonCode::EntryUnexpected, {
            stray(receipt, "da/rows", vec![0x5a; 44 << 20])
        }),
        case("archive-of-44-mib-under-another-root", ReasonCode::ChunkRootsDigestMismatch, large_archive(receipt)),
        case("claim-of-19000-files-under-another-log", ReasonCode::EventLogMismatch, many_files(receipt)),
        case("sketch-of-24-mib", ReasonCode::ChunkLengthInvalid, {
            let mut changed = bases.detached.clone();
            changed.entries.insert(entry::ROW_CHECK_SKETCH.to_owned(), vec![0; 24 << 20]);
            changed.bytes()
        }),
    ]
}

const PROOF: &str = "proof/geom_v1.bin";

fn case(name: &str, code: ReasonCode, bytes: Vec<u8>) -> Case {
    Case { name: name.to_owned(), code, bytes }
}

/// An array of copies of one encoded item.
fn array_of(count: usize, item: &[u8]) -> Vec<u8> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    [&[0x9a], &count.to_be_bytes()[..], &item.repeat(count as usize)].concat()
}

/// Decodes, and then is no capsule: unknown keys, one item for each that a decoder allows.
fn as_many_items(receipt: &Receipt) -> Vec<u8> {
    let mut capsule = receipt.clone();
    capsule.set("note", Value::Array(vec![Value::Array(Vec::new()); MAX_ITEMS - 2_000]));
    capsule.bytes()
}

fn with_log(receipt: &Receipt, log: Vec<u8>) -> Vec<u8> {
    let mut changed = receipt.clone();
    changed.entries.insert(entry::EVENTS.to_owned(), log);
    changed.bytes()
}

fn with_proof(bases: &Bases, proof: Vec<u8>) -> Vec<u8> {
    crate::vectors::with_proof(&bases.geom, &proof).bytes()
}

/// The context of an honest proof, and then a length of 2^28 - 1 where the first openings stand.
fn claiming_proof(bases: &Bases) -> Vec<u8> {
    let (mut proof, root) = crate::vectors::proof_of(&bases.geom);
    let parts = super::proof::parts(&proof, &root);
    let first = parts.iter().find(|part| part.name == "length of trace values").map(|part| part.place.clone());
    let first = first.unwrap_or_default();
    proof.splice(first, [0xf8, 0xff, 0xff, 0xff]);
    with_proof(bases, proof)
}

/// Everything but the root is as it should be, so that all of it is hashed twice.
fn large_archive(receipt: &Receipt) -> Vec<u8> {
    let content = vec![0x5a; 44 << 20];
    let old = receipt.entries.keys().find(|name| name.starts_with("artifacts/")).cloned().unwrap_or_default();
    let root = Digest::of_content(b"another root").to_value();
    let changed = receipt.changed(Layers::ALL, |receipt| {
        // Once renamed after its content, the entry stays.
        receipt.edit(&old, |artifact| artifact.clone_from(&content));
        receipt.set("payload.row_index_ref.commitment", root.clone());
    });
    changed.bytes()
}

/// A claim as long as a verifier reads, in good order, with everything but the log.
fn many_files(receipt: &Receipt) -> Vec<u8> {
    let file = receipt.value("payload.claim.inputs.0");
    let files = (0..19_000).map(|number| {
        let Value::Map(mut entries) = file.clone() else { return Value::Map(Vec::new()) };
        entries.retain(|(key, _)| key != "path");
        entries.push(("path".to_owned(), Value::Text(format!("{number:05}"))));
        Value::map(entries)
    });
    let files = Value::Array(files.collect());
    receipt
        .changed(Layers::ALL.without(Layer::Log), |receipt| receipt.set("payload.claim.inputs", files.clone()))
        .bytes()
}

/// A log in good order that no capsule anchors.
fn good_lines(count: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    for number in 0..count {
        let kind = if number == 0 { HEADER } else { "tick" };
        // The writer refuses nothing here: times are equal, fields there are none.
        let _ = writer.append("2026-01-31T12:34:56.789Z", kind, serde_json::Map::new());
    }
    writer.finish()
}

fn stray(receipt: &Receipt, name: &str, content: Vec<u8>) -> Vec<u8> {
    let mut changed = receipt.clone();
    changed.entries.insert(name.to_owned(), content);
    changed.bytes()
}

/// As many entries as a verifier reads, all but a few of them strays.
fn strays(receipt: &Receipt) -> Vec<u8> {
    let mut changed = receipt.clone();
    // `mimetype` and the capsule are entries too.
    for number in changed.entries.len() + 2..20_000 {
        changed.entries.insert(format!("da/{number:05}"), Vec::new());
    }
    changed.bytes()
}
