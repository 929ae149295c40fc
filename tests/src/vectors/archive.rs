//! Archives that are not those committed to, and entries that nothing accounts for.

use verifier_core::{
    Digest, ReasonCode,
    capsule::entry,
    cbor::{Item, Value},
};

use super::{Bases, Rejects, another_digest, text};
use crate::{
    receipt::Receipt,
    reseal::{Layer, Layers},
};

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    unexpected(bases, rejects);
    missing(bases, rejects);
    exchanged(bases, rejects);
    lengths(bases, rejects);
    commitments(bases, rejects);
    encodings(bases, rejects);
}

/// The first artifact of a receipt: its entry's name.
fn first_artifact(receipt: &Receipt) -> String {
    let digest = Digest::from_value(receipt.value("payload.artifacts.0.digest")).expect("a digest");
    entry::artifact(&digest)
}

fn unexpected(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::EntryUnexpected;
    let stray = entry::artifact(&Digest::of_content(b"stray"));
    let entries: [(&str, &str, &[u8]); 9] = [
        ("artifact", &stray, b"stray"),
        ("artifact-of-other-content", &stray, b"other"),
        ("manifest", "manifests/cpu.json", b"{}"),
        ("proof", "proof/geom_v2.bin", b"proof"),
        ("policy", "policy.json", b"{}"),
        ("signature", "signatures/author.cose", b"\x84"),
        ("encoding-header", "da/header.bin", b""),
        ("encoding-sketch", "da/sketch.bin", b""),
        ("availability-data", "da/challenge", b"0"),
    ];
    for (kind, receipt) in [("process", &bases.typical), ("geom", &bases.geom)] {
        // What is checked alike for every backend is shown once.
        let entries = if kind == "geom" { &entries[..3] } else { &entries[..] };
        for &(name, path, content) in entries {
            rejects.change(code, &format!("{kind}-{name}"), (receipt, Layers::ALL), |receipt| {
                receipt.entries.insert(path.to_owned(), content.to_vec());
            });
        }
    }
    let log = bases.typical.entries[entry::EVENTS].clone();
    rejects.change(code, "geom-event-log-unanchored", (&bases.geom, Layers::ALL), |receipt| {
        receipt.entries.insert(entry::EVENTS.to_owned(), log.clone());
    });
    rejects.change(
        code,
        "detached-artifact-that-is-said-to-lie-elsewhere",
        (&bases.detached, Layers::ALL),
        |receipt| {
            receipt.set("payload.artifacts.0.embedded", Value::Bool(false));
        },
    );
    rejects.change(code, "detached-availability-data", (&bases.detached, Layers::ALL), |receipt| {
        receipt.entries.insert("da/row-1".to_owned(), vec![0; 8]);
    });
}

fn missing(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::RowArchiveMissing;
    // The entry is gone; nothing that follows from the contents is recomputed, so that the capsule still names it.
    let kept = Layers::ALL.without(Layer::Index).without(Layer::Archive);
    for (kind, receipt) in [("process", &bases.typical), ("geom", &bases.geom), ("detached", &bases.detached)] {
        let name = first_artifact(receipt);
        rejects.change(code, &format!("{kind}-artifact-missing"), (receipt, kept), |receipt| {
            receipt.entries.remove(&name);
        });
    }
    let kept = (&bases.typical, kept);
    rejects.change(code, "manifest-missing", kept, |receipt| {
        receipt.entries.remove(&entry::manifest("os"));
    });
    rejects.change(code, "manifest-renamed", kept, |r| r.set("payload.manifests.0.name", text("hardware")));
    rejects.change(code, "manifest-name-of-no-entry", kept, |r| r.set("payload.manifests.0.name", text("../os")));
    rejects.change(code, "artifact-not-embedded-and-there", kept, |receipt| {
        receipt.set("payload.artifacts.0.embedded", Value::Bool(false));
    });
    let name = first_artifact(&bases.typical);
    rejects.change(code, "artifact-not-embedded-and-missing", kept, |receipt| {
        receipt.set("payload.artifacts.0.embedded", Value::Bool(false));
        receipt.entries.remove(&name);
    });
    for (name, part) in [("header", entry::ROW_CHECK_HEADER), ("sketch", entry::ROW_CHECK_SKETCH)] {
        rejects.change(code, &format!("encoding-{name}-missing"), (&bases.detached, Layers::ALL), |receipt| {
            receipt.entries.remove(part);
        });
    }
    rejects.change(code, "pointer-without-an-encoding", (&bases.typical, Layers::ALL), |receipt| {
        receipt.set("payload.row_index_ref.pointer", another_digest());
        receipt.set("payload.row_index_ref.sketch", another_digest());
    });
}

fn exchanged(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ArtifactHashMismatch;
    for (kind, receipt) in [("process", &bases.typical), ("geom", &bases.geom), ("detached", &bases.detached)] {
        let name = first_artifact(receipt);
        let original = receipt.entries[&name].clone();
        rejects.change(code, &format!("{kind}-artifact-changed"), (receipt, Layers::NONE), |receipt| {
            receipt.entries.insert(name.clone(), [&original[..], b" "].concat());
        });
        rejects.change(code, &format!("{kind}-artifact-emptied"), (receipt, Layers::NONE), |receipt| {
            receipt.entries.insert(name.clone(), Vec::new());
        });
        let (mut swapped, names) = (receipt.clone(), receipt.entries.keys().cloned().collect::<Vec<_>>());
        let (one, two) = (swapped.entries[&names[0]].clone(), swapped.entries[&names[1]].clone());
        swapped.entries.insert(names[0].clone(), two);
        swapped.entries.insert(names[1].clone(), one);
        rejects.add(code, &format!("{kind}-artifacts-swapped"), swapped.bytes());
    }
    let none = (&bases.typical, Layers::NONE);
    rejects.change(code, "manifest-of-another-receipt", none, |receipt| {
        receipt.entries.insert(entry::manifest("os"), bases.other.entries[&entry::manifest("os")].clone());
    });
    rejects.change(code, "manifest-spelled-otherwise", none, |receipt| {
        receipt.edit(&entry::manifest("os"), |content| content.retain(|byte| !byte.is_ascii_whitespace()));
    });
    let kept = (&bases.typical, Layers::ALL.without(Layer::Index));
    rejects.change(code, "manifest-digest-other", kept, |receipt| {
        receipt.set("payload.manifests.0.digest", another_digest());
    });
}

fn lengths(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ChunkLengthInvalid;
    for (kind, receipt) in [("process", &bases.typical), ("detached", &bases.detached)] {
        for (name, bytes) in [("0", 0), ("2-to-the-60", 1 << 60)] {
            rejects.change(code, &format!("{kind}-data-length-{name}"), (receipt, Layers::ALL), |receipt| {
                receipt.set("payload.chunk_meta.data_length_bytes", Value::Uint(bytes));
            });
        }
    }
    // Claim and index agree on a size that the content does not have.
    let kept = Layers::ALL.without(Layer::Index);
    for (kind, receipt) in [("process", &bases.typical), ("detached", &bases.detached)] {
        for (name, size) in [("0", 0), ("2-to-the-60", 1 << 60), ("2-to-the-64-less-1", u64::MAX)] {
            rejects.change(code, &format!("{kind}-size-{name}"), (receipt, kept), |receipt| resize(receipt, size));
        }
    }
    let detached = (&bases.detached, Layers::ALL);
    let sketch = bases.detached.entries[entry::ROW_CHECK_SKETCH].clone();
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("cut-by-one", sketch[..sketch.len() - 1].to_vec()),
        ("cut-by-an-element", sketch[..sketch.len() - 24].to_vec()),
        ("longer", [&sketch[..], &[0; 24]].concat()),
    ] {
        rejects.change(code, &format!("encoding-sketch-{name}"), detached, |receipt| {
            receipt.entries.insert(entry::ROW_CHECK_SKETCH.to_owned(), bytes.clone());
        });
    }
    rejects.change(code, "encoding-of-an-archive-of-another-length", detached, |receipt| {
        // One byte less has the same shape.
        receipt
            .edit(entry::ROW_CHECK_HEADER, |header| header[0] = bases.detached.entries[entry::ROW_CHECK_HEADER][0] ^ 1);
    });
}

/// States another size for the first artifact, in the index and in the claim.
fn resize(receipt: &mut Receipt, size: u64) {
    receipt.set("payload.artifacts.0.size", Value::Uint(size));
    let digest = receipt.value("payload.artifacts.0.digest");
    for section in ["code", "inputs", "config.files", "outputs"] {
        for at in 0..receipt.items(&format!("payload.claim.{section}")).len() {
            let file = format!("payload.claim.{section}.{at}");
            if receipt.value(&format!("{file}.digest")) == digest {
                receipt.set(&format!("{file}.size"), Value::Uint(size));
            }
        }
    }
}

fn commitments(bases: &Bases, rejects: &mut Rejects) {
    for (kind, receipt) in [("process", &bases.typical), ("detached", &bases.detached)] {
        let all = (receipt, Layers::ALL);
        rejects.change(ReasonCode::ChunkRootsDigestMismatch, &format!("{kind}-root-other"), all, |receipt| {
            receipt.set("payload.row_index_ref.commitment", another_digest());
        });
        rejects.change(
            ReasonCode::ChunkRootsDigestMismatch,
            &format!("{kind}-root-of-another-receipt"),
            all,
            |receipt| {
                receipt.set("payload.row_index_ref.commitment", bases.other.value("payload.row_index_ref.commitment"));
            },
        );
        for (name, chunks) in [("0", 0), ("2", 2), ("2-to-the-60", 1 << 60)] {
            rejects.change(ReasonCode::ChunkCardinalityMismatch, &format!("{kind}-chunks-{name}"), all, |receipt| {
                receipt.set("payload.chunk_meta.num_chunks", Value::Uint(chunks));
            });
        }
        let code = ReasonCode::RowIndexCommitmentInvalidFormat;
        for (name, path, value) in [
            ("chunk-length-other", "payload.chunk_meta.chunk_len", Value::Uint(2)),
            ("chunk-size-other", "payload.chunk_meta.chunk_size_bytes", Value::Uint(4096)),
            ("chunking-rule-unknown", "payload.chunk_meta.chunking_rule_id", text("rows_4096_v2")),
            ("commitment-type-unknown", "payload.row_index_ref.commitment_type", text("merkle")),
            ("arity-0", "payload.row_index_ref.tree_arity", Value::Uint(0)),
            ("arity-3", "payload.row_index_ref.tree_arity", Value::Uint(3)),
            ("fetch-rule-unknown", "payload.row_index_ref.proof_fetch_rule_id", text("https")),
            ("sketch-other", "payload.row_index_ref.sketch", another_digest()),
        ] {
            rejects.change(code, &format!("{kind}-{name}"), all, |receipt| receipt.set(path, value.clone()));
        }
    }
    let code = ReasonCode::RowIndexCommitmentInvalidFormat;
    let detached = (&bases.detached, Layers::ALL);
    rejects.change(code, "sketch-not-named", detached, |receipt| receipt.remove("payload.row_index_ref.sketch"));
    rejects.change(code, "pointer-other", detached, |r| r.set("payload.row_index_ref.pointer", another_digest()));
    // All contents travel, and the capsule says that the archive does; the encoding is still called what it is.
    rejects.change(code, "cut-of-a-detached-archive", (&bases.typical, Layers::ALL), |receipt| {
        for key in ["chunk_len", "chunk_size_bytes", "chunking_rule_id"] {
            let path = format!("payload.chunk_meta.{key}");
            receipt.set(&path, bases.detached.value(&path));
        }
    });
}

/// Headers and sketches of detached archives that are none.
fn encodings(bases: &Bases, rejects: &mut Rejects) {
    let detached = (&bases.detached, Layers::ALL);
    let header = bases.detached.entries[entry::ROW_CHECK_HEADER].clone();
    // Rows, columns, blowup, digest of the archive: where each begins.
    const ROWS: usize = 8;
    const COLUMNS: usize = 12;
    const BLOWUP: usize = 16;
    const CONTENT: usize = 49;
    let with = |at: usize, bytes: &[u8]| {
        let mut other = header.clone();
        other[at..at + bytes.len()].copy_from_slice(bytes);
        other
    };
    let invalid = ReasonCode::RowIndexCommitmentInvalidFormat;
    let limit = ReasonCode::LimitExceeded;
    for (name, code, bytes) in [
        ("empty", invalid, Vec::new()),
        ("short", invalid, header[..80].to_vec()),
        ("long", invalid, [&header[..], &[0]].concat()),
        ("rows-0", invalid, with(ROWS, &0_u32.to_le_bytes())),
        ("rows-1", invalid, with(ROWS, &1_u32.to_le_bytes())),
        ("rows-3", invalid, with(ROWS, &3_u32.to_le_bytes())),
        ("rows-2-to-the-31", limit, with(ROWS, &(1_u32 << 31).to_le_bytes())),
        ("columns-0", invalid, with(COLUMNS, &0_u32.to_le_bytes())),
        ("columns-of-all-ones", invalid, with(COLUMNS, &u32::MAX.to_le_bytes())),
        ("blowup-0", invalid, with(BLOWUP, &[0])),
        ("blowup-of-all-ones", invalid, with(BLOWUP, &[0xff])),
        ("bytes-2-to-the-60", limit, with(0, &(1_u64 << 60).to_le_bytes())),
        ("bytes-2-to-the-64-less-1", limit, with(0, &u64::MAX.to_le_bytes())),
    ] {
        rejects.change(code, &format!("encoding-header-{name}"), detached, |receipt| {
            receipt.entries.insert(entry::ROW_CHECK_HEADER.to_owned(), bytes.clone());
        });
    }
    // The capsule still points at the header that was there.
    rejects.change(invalid, "encoding-header-exchanged", (&bases.detached, Layers::NONE), |receipt| {
        receipt.entries.insert(entry::ROW_CHECK_HEADER.to_owned(), with(BLOWUP + 1, &[0; 32]));
    });
    // Every artifact travels, and the header names another archive.
    rejects.change(ReasonCode::ChunkRootsDigestMismatch, "encoding-header-content-other", detached, |receipt| {
        let artifacts = bases.typical.entries.iter().filter(|(name, _)| name.starts_with("artifacts/"));
        receipt.entries.extend(artifacts.map(|(name, content)| (name.clone(), content.clone())));
        receipt.entries.insert(entry::ROW_CHECK_HEADER.to_owned(), with(CONTENT, &[0; 32]));
        for index in 0..receipt.entries.keys().filter(|name| name.starts_with("artifacts/")).count() {
            receipt.set(&format!("payload.artifacts.{index}.embedded"), Value::Bool(true));
        }
    });
    let mut sketch = bases.detached.entries[entry::ROW_CHECK_SKETCH].clone();
    sketch[..8].copy_from_slice(&0xffff_ffff_0000_0001_u64.to_le_bytes());
    rejects.change(ReasonCode::CanonicalizationFailed, "encoding-sketch-element-of-p", detached, |receipt| {
        receipt.entries.insert(entry::ROW_CHECK_SKETCH.to_owned(), sketch.clone());
    });
    rejects.change(invalid, "encoding-sketch-exchanged", (&bases.detached, Layers::NONE), |receipt| {
        receipt
            .edit(entry::ROW_CHECK_SKETCH, |bytes| bytes[0] = bases.detached.entries[entry::ROW_CHECK_SKETCH][0] ^ 1);
    });
}
