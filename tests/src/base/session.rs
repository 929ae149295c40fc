//! The log of an agent's session, written by hand, and the contents that it speaks of.

use serde_json::{Map, Value, json};
use verifier_core::{
    Digest,
    pcap::{Log, Writer, log::HEADER},
};

/// What the session wrote.
pub(crate) const REPORT: &str = "3 tests, 3 passed\n";

/// Every line at its own second.
fn time(second: usize) -> String {
    format!("2026-01-31T12:34:{second:02}.000Z")
}

/// Lines of the session: types and fields.
pub(crate) fn entries() -> Vec<(&'static str, Value)> {
    let subject = Digest::of_content(b"the change under test").to_string();
    let report = Digest::of_content(REPORT.as_bytes()).to_string();
    let check = |invariant: &str, level: &str, proof_ref: &str| {
        let obligation = json!({
            "policy_id": "ci", "invariant_id": invariant, "result": "verified", "proof_ref": proof_ref,
        });
        json!({ "obligation": obligation, "subject": subject, "level": level })
    };
    vec![
        (HEADER, json!({ "v": 2, "run_id": "session", "tool": "capseal" })),
        ("action", json!({ "action": "edit", "actor": "agent", "level": "S0", "path": "src/main.rs" })),
        ("action", json!({ "action": "test", "actor": "agent", "level": "S1" })),
        ("obligation", check("tests_pass", "S1", &format!("sha256:{report}"))),
        ("obligation", check("reviewed", "S0", "psp:review-17")),
    ]
}

/// The closed log of these entries.
///
/// # Panics
/// When an entry breaks a rule of the log.
pub(crate) fn closed(entries: &[(&'static str, Value)]) -> Vec<u8> {
    let mut log = open(entries);
    let mut read = Log::default();
    read.read(&log).expect("lines that were just written");
    log.extend(read.seal(&time(entries.len()), Map::new()).expect("an open log").line.into_bytes());
    log.push(b'\n');
    log
}

/// The log of these entries, without a line that closes it.
///
/// # Panics
/// When an entry breaks a rule of the log.
pub(crate) fn open(entries: &[(&'static str, Value)]) -> Vec<u8> {
    let mut writer = Writer::default();
    for (second, (kind, fields)) in entries.iter().enumerate() {
        let fields = fields.as_object().cloned().unwrap_or_default();
        writer.append(&time(second), kind, fields).expect("an entry");
    }
    writer.finish()
}
