//! Frozen receipts: what this version accepted once, every later one accepts, with the same verdict.

use std::{fs, io, path::Path};

use serde_json::Value;
use verifier_core::{VerifyOptions, verify};

/// Base receipts of which `v1/` holds the first that there was.
pub const FROZEN: [&str; 6] =
    ["process-typical", "process-run", "process-detached", "geom-100", "geom-128", "geom-other"];

/// Puts base receipts into `v1/`, with their verdicts. What is there already stays as it is.
///
/// # Errors
/// When a receipt cannot be read or written.
pub fn freeze(folder: &Path) -> io::Result<Vec<&'static str>> {
    fs::create_dir_all(folder.join("v1"))?;
    let mut frozen = Vec::new();
    for name in FROZEN {
        let place = folder.join(format!("v1/{name}.cap"));
        if place.exists() {
            continue;
        }
        let bytes = fs::read(folder.join(format!("accept/{name}.cap")))?;
        let verdict = verify(&bytes, &VerifyOptions::default()).to_json();
        fs::write(folder.join(format!("v1/{name}.verdict.json")), format!("{verdict}\n"))?;
        fs::write(place, bytes)?;
        frozen.push(name);
    }
    Ok(frozen)
}

/// The part of a verdict that never changes: the conclusion and each check's outcome, without the sentences for people.
pub fn stable(verdict: &str) -> Option<Value> {
    let mut verdict: Value = serde_json::from_str(verdict).ok()?;
    let verdict = verdict.as_object_mut()?;
    verdict.retain(|key, _| KEPT.contains(&key.as_str()));
    for check in verdict.get_mut("checks")?.as_array_mut()? {
        check.as_object_mut()?.remove("detail");
    }
    Some(Value::Object(verdict.clone()))
}

/// Keys of frozen verdicts that every later version has as well.
const KEPT: [&str; 9] =
    ["schema", "status", "claim_class", "level", "reason", "capsule_hash", "backend", "security_bits", "checks"];
