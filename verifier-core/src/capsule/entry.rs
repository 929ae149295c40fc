//! Names of a receipt's entries (spec: `docs/spec/container.md`).

use alloc::{format, string::String};

use crate::digest::Digest;

/// The media type.
pub const MIMETYPE: &str = "mimetype";
/// The capsule.
pub const CAPSULE: &str = "capsule.cbor";
/// The event log.
pub const EVENTS: &str = "events.jsonl";
/// Header of an encoded archive.
pub const ROW_CHECK_HEADER: &str = "da/header.bin";
/// Sketch column of an encoded archive.
pub const ROW_CHECK_SKETCH: &str = "da/sketch.bin";

/// An artifact.
pub fn artifact(digest: &Digest) -> String {
    format!("artifacts/sha256/{digest}")
}

/// A manifest.
pub fn manifest(name: &str) -> String {
    format!("manifests/{name}.json")
}

/// A proof.
pub fn proof(system: &str) -> String {
    format!("proof/{system}.bin")
}
