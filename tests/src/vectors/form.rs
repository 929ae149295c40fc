//! Capsules that are not canonical CBOR of this version's schema.

use verifier_core::{
    ReasonCode,
    capsule::entry,
    cbor::{MAX_DEPTH, Value},
};

use super::{Bases, Rejects, text};
use crate::{receipt::Receipt, reseal::Layers};

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    let receipt = &bases.minimal;
    foreign_types(receipt, rejects);
    unreadable(receipt, rejects);
    spellings(receipt, rejects);
    schemas(bases, rejects);
    keys(bases, rejects);
    deep(receipt, rejects);
}

/// Stands where raw bytes go.
const MARK: &str = "\u{1}mark\u{1}";

/// The receipt with raw bytes in the place of the value at a path, key or no key.
pub(crate) fn spliced(receipt: &Receipt, path: &str, raw: &[u8]) -> Vec<u8> {
    let mut marked = receipt.clone();
    marked.set(path, text(MARK));
    let mark = text(MARK).encode();
    let capsule = marked.capsule.encode();
    let at = capsule.windows(mark.len()).position(|window| window == mark).expect("the mark is in the capsule");
    receipt.bytes_with(&[&capsule[..at], raw, &capsule[at + mark.len()..]].concat())
}

fn foreign_types(receipt: &Receipt, rejects: &mut Rejects) {
    let code = ReasonCode::UnsupportedEncoding;
    let values: [(&str, &[u8]); 12] = [
        ("negative", &[0x20]),
        ("null", &[0xf6]),
        ("undefined", &[0xf7]),
        ("simple", &[0xe0]),
        ("simple-long", &[0xf8, 0xff]),
        ("float-16", &[0xf9, 0x3c, 0]),
        ("float-32", &[0xfa, 0x3f, 0x80, 0, 0]),
        ("float-64", &[0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]),
        ("float-nan", &[0xf9, 0x7e, 0]),
        ("tag-date", &[0xc1, 0]),
        ("tag-bignum", &[0xc2, 0x41, 1]),
        ("tag-self-described", &[0xd9, 0xd9, 0xf7, 0]),
    ];
    for (name, raw) in values {
        rejects.add(code, &format!("cbor-{name}"), spliced(receipt, "payload.run.duration_ms", raw));
    }
    for (name, raw) in [("number", &[0xa1, 0, 0][..]), ("bytes", &[0xa1, 0x41, 0, 0]), ("array", &[0xa1, 0x80, 0])] {
        rejects.add(code, &format!("cbor-key-that-is-{name}"), spliced(receipt, "payload.run", raw));
    }
}

fn unreadable(receipt: &Receipt, rejects: &mut Rejects) {
    let code = ReasonCode::ParseFailed;
    let whole = receipt.capsule.encode();
    let mut missing = receipt.zip();
    let place = missing.entries.iter().position(|part| part.name == entry::CAPSULE.as_bytes()).expect("a capsule");
    missing.entries.remove(place);
    missing.directory.remove(place);
    rejects.add(code, "capsule-missing", missing.linked().bytes());
    rejects.add(code, "cbor-empty", receipt.bytes_with(b""));
    rejects.add(code, "cbor-cut", receipt.bytes_with(&whole[..whole.len() / 2]));
    rejects.add(code, "cbor-cut-by-one", receipt.bytes_with(&whole[..whole.len() - 1]));
    rejects.add(code, "cbor-trailing-byte", receipt.bytes_with(&[&whole[..], &[0]].concat()));
    rejects.add(code, "cbor-twice", receipt.bytes_with(&[&whole[..], &whole[..]].concat()));
    let values: [(&str, &[u8]); 7] = [
        ("text-not-utf-8", &[0x62, 0xc3, 0x28]),
        ("text-overlong-utf-8", &[0x62, 0xc0, 0xaf]),
        ("text-surrogate", &[0x63, 0xed, 0xa0, 0x80]),
        ("break", &[0xff]),
        ("reserved-length", &[0x1c]),
        ("reserved-length-of-text", &[0x7d]),
        ("reserved-length-of-map", &[0xbe]),
    ];
    for (name, raw) in values {
        rejects.add(code, &format!("cbor-{name}"), spliced(receipt, "payload.run.duration_ms", raw));
    }
    for (name, first) in [("bytes", 0x5b_u8), ("text", 0x7b), ("array", 0x9b), ("map", 0xbb)] {
        for (size, length) in [("2-to-the-60", 1_u64 << 60), ("2-to-the-64-less-1", u64::MAX), ("2-to-the-32", 1 << 32)]
        {
            let raw = [&[first], &length.to_be_bytes()[..]].concat();
            rejects.add(code, &format!("cbor-{name}-of-{size}"), spliced(receipt, "payload.run.duration_ms", &raw));
        }
    }
}

fn spellings(receipt: &Receipt, rejects: &mut Rejects) {
    let code = ReasonCode::CanonicalizationFailed;
    let duration = "payload.run.duration_ms";
    let spelled: [(&str, &str, &[u8]); 14] = [
        ("false-in-two-bytes", duration, &[0xf8, 0x14]),
        ("number-in-two-bytes", duration, &[0x18, 1]),
        ("number-in-three-bytes", duration, &[0x19, 0, 0xff]),
        ("number-in-five-bytes", duration, &[0x1a, 0, 0, 0xff, 0xff]),
        ("number-in-nine-bytes", duration, &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
        ("text-length-in-two-bytes", "payload.run.directory", &[0x78, 1, b'/']),
        ("text-indefinite", "payload.run.directory", &[0x7f, 0x61, b'/', 0xff]),
        ("bytes-indefinite", "header.payload_hash", &[0x5f, 0xff]),
        ("array-length-in-two-bytes", "payload.run.command", &[0x98, 0]),
        ("array-indefinite", "payload.run.command", &[0x9f, 0xff]),
        ("map-indefinite", "payload.run", &[0xbf, 0xff]),
        ("map-length-in-two-bytes", "payload.claim.exit", &[0xb8, 1, 0x64, b'c', b'o', b'd', b'e', 0]),
        ("keys-unsorted", "payload.run", &[0xa2, 0x61, b'b', 0, 0x61, b'a', 0]),
        ("keys-by-alphabet-not-length", "payload.run", &[0xa2, 0x62, b'a', b'a', 0, 0x61, b'b', 0]),
    ];
    for (name, path, raw) in spelled {
        rejects.add(code, &format!("cbor-{name}"), spliced(receipt, path, raw));
    }
    let twice = [0xa2, 0x64, b'c', b'o', b'd', b'e', 0, 0x64, b'c', b'o', b'd', b'e', 1];
    rejects.add(code, "cbor-key-twice", spliced(receipt, "payload.claim.exit", &twice));
}

fn schemas(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::SchemaUnsupported;
    let all = (&bases.typical, Layers::ALL);
    rejects.change(code, "capsule-of-another-version", all, |r| r.set("schema", text("capseal/capsule/v2")));
    rejects.change(code, "capsule-without-a-version", all, |r| r.remove("schema"));
    rejects.change(code, "header-of-another-version", all, |r| r.set("header.schema", text("capseal/header/v2")));
    rejects.change(code, "profile-unknown", all, |r| r.set("header.verification_profile", text("Proof-Only")));
    rejects.change(code, "profile-unknown-geom", (&bases.geom, Layers::ALL), |r| {
        r.set("header.verification_profile", text("replay"));
    });
    rejects.change(code, "capture-unknown", all, |r| r.set("payload.run.capture", text("sworn")));
    rejects.add(code, "capsule-that-is-an-array", bases.typical.bytes_with(&[0x80]));
    rejects.add(code, "capsule-that-is-a-number", bases.typical.bytes_with(&[0x00]));
    rejects.add(code, "capsule-that-is-empty", bases.typical.bytes_with(&[0xa0]));
    let types: [(&str, &str, Value); 8] = [
        ("text-where-a-number-belongs", "payload.run.duration_ms", text("1234")),
        ("number-where-a-text-belongs", "payload.run.directory", Value::Uint(1)),
        ("bytes-where-a-text-belongs", "header.trace_id", Value::Bytes(vec![0; 32])),
        ("text-where-a-digest-belongs", "header.payload_hash", text(&"0".repeat(64))),
        ("digest-of-31-bytes", "header.payload_hash", Value::Bytes(vec![0; 31])),
        ("digest-of-33-bytes", "header.instance_hash", Value::Bytes(vec![0; 33])),
        ("map-where-an-array-belongs", "payload.claim.inputs", Value::Map(Vec::new())),
        ("number-where-a-truth-belongs", "payload.artifacts.0.embedded", Value::Uint(1)),
    ];
    for (name, path, value) in types {
        rejects.change(code, name, all, |receipt| receipt.set(path, value.clone()));
    }
}

/// In each kind of record a key that is unknown, and in some one that is missing.
fn keys(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::SchemaUnsupported;
    let process: [(&str, &str); 20] = [
        ("", "payload"),
        ("header", "vm_id"),
        ("header.anchor", ""),
        ("header.proof_system", "vk_hash"),
        ("payload", "claim"),
        ("payload.artifacts.0", "size"),
        ("payload.chunk_meta", ""),
        ("payload.claim", "inputs"),
        ("payload.claim.code.0", "path"),
        ("payload.claim.config", ""),
        ("payload.claim.environment", ""),
        ("payload.claim.environment.variables.0", "name"),
        ("payload.claim.exit", ""),
        ("payload.manifests.0", ""),
        ("payload.row_index_ref", "tree_arity"),
        ("payload.run", "capture"),
        ("payload.statement", "trace_root"),
        ("payload.statement.anchors.0", ""),
        ("payload.statement.public_inputs.0", "value"),
        ("payload.trace_spec", ""),
    ];
    let geom = [("payload.proof", "")];
    let of = |receipt, places: Vec<(&'static str, &'static str)>| places.into_iter().map(move |place| (receipt, place));
    for (receipt, (place, key)) in of(&bases.typical, process.into()).chain(of(&bases.geom, geom.into())) {
        let name = if place.is_empty() { "capsule" } else { &place.replace(['.', '_'], "-") };
        let path = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        rejects.change(code, &format!("key-unknown-in-{name}"), (receipt, Layers::ALL), |receipt| {
            receipt.set(&path("note"), text("what else there is to say"));
        });
        if !key.is_empty() {
            rejects.change(code, &format!("key-missing-in-{name}"), (receipt, Layers::ALL), |receipt| {
                receipt.remove(&path(key));
            });
        }
    }
    let all = (&bases.typical, Layers::ALL);
    rejects.change(ReasonCode::CapsuleHashMissing, "capsule-hash-missing", all, |r| r.remove("capsule_hash"));
    let geom = (&bases.geom, Layers::ALL);
    rejects.change(ReasonCode::CapsuleHashMissing, "capsule-hash-missing-geom", geom, |r| r.remove("capsule_hash"));
    rejects.change(ReasonCode::CapsuleHeaderMissing, "header-missing", all, |r| r.remove("header"));
    rejects.change(ReasonCode::CapsuleHeaderMissing, "header-missing-geom", geom, |r| r.remove("header"));
    let missing = ReasonCode::RowIndexCommitmentMissing;
    rejects.change(missing, "commitment-missing", all, |r| r.remove("payload.row_index_ref.commitment"));
    rejects.change(missing, "commitment-missing-geom", geom, |r| r.remove("payload.row_index_ref.commitment"));
}

fn deep(receipt: &Receipt, rejects: &mut Rejects) {
    let code = ReasonCode::LimitExceeded;
    let nested = |levels: usize, open: &[u8]| [open.repeat(levels), vec![0]].concat();
    // The value stands below payload and run, in the capsule: three levels.
    let most = MAX_DEPTH - 3;
    for (name, raw) in [
        ("arrays", nested(most, &[0x81])),
        ("maps", nested(most, &[0xa1, 0x60])),
        ("arrays-deeper-still", nested(10_000, &[0x81])),
        ("maps-deeper-still", nested(10_000, &[0xa1, 0x60])),
    ] {
        rejects.add(code, &format!("cbor-deep-{name}"), spliced(receipt, "payload.run.duration_ms", &raw));
    }
}
