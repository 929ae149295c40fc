//! Names of a receipt's entries (spec: `docs/spec/container.md`).

use alloc::{format, string::String};

use crate::{
    digest::Digest,
    signature::{PublicKey, Purpose},
};

/// The media type.
pub const MIMETYPE: &str = "mimetype";
/// The capsule.
pub const CAPSULE: &str = "capsule.cbor";
/// The event log.
pub const EVENTS: &str = "events.jsonl";
/// The policy document.
pub const POLICY: &str = "policy.json";
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

/// A signature: one of each key for each purpose.
pub fn signature(purpose: Purpose, key: &PublicKey) -> String {
    format!("signatures/{}.{}.cose", purpose.name(), key.id())
}

/// Reads the token of a signature's name: the purpose, and the identity of the key.
pub fn read_signature(token: &str) -> Option<(Purpose, Digest)> {
    let (purpose, key_id) = token.split_once('.')?;
    let purpose = Purpose::from_name(purpose).filter(|purpose| Purpose::OF_RECEIPTS.contains(purpose))?;
    Some((purpose, Digest::from_hex(key_id)?))
}
