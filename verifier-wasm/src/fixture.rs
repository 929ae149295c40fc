//! Stand-in for the core's verdict while it is being written.

use std::format;
use std::string::String;
use std::vec::Vec;

use serde::{Deserialize, Serialize};
use verifier_core::{Digest, ReasonCode};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyOptions {
    #[serde(default)]
    level: Option<String>,
    #[serde(default)]
    expected_capsule_hash: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Verdict {
    schema: &'static str,
    status: &'static str,
    claim_class: Option<&'static str>,
    level: String,
    reason: Option<ReasonCode>,
    exit_code: u8,
    capsule_hash: Option<Digest>,
    backend: Option<&'static str>,
    security_bits: Option<u32>,
    checks: Vec<Check>,
    not_proven: Vec<&'static str>,
}

#[derive(Serialize)]
struct Check {
    id: &'static str,
    outcome: &'static str,
    code: Option<ReasonCode>,
    detail: String,
}

const IDS: [&str; 11] = [
    "container",
    "capsule",
    "hashes",
    "statement",
    "instance",
    "proof",
    "archive",
    "event_log",
    "authorship",
    "policy",
    "availability",
];

pub(crate) fn verify(bytes: &[u8], options: &VerifyOptions) -> Verdict {
    let digest = Digest::of_content(bytes);
    let mut reason = None;
    if !bytes.starts_with(b"PK\x03\x04") {
        reason = Some(ReasonCode::ParseFailed);
    } else if options.expected_capsule_hash.as_ref().is_some_and(|hash| *hash != format!("{digest}")) {
        reason = Some(ReasonCode::CapsuleHashMismatch);
    }
    if bytes.starts_with(b"PANIC") {
        core::hint::black_box(&bytes[bytes.len()..])[0];
    }
    let checks = IDS
        .iter()
        .enumerate()
        .map(|(i, id)| match (reason, i) {
            (Some(code), 0) => Check { id, outcome: "failed", code: Some(code), detail: code.meaning().into() },
            (Some(_), _) => Check { id, outcome: "skipped", code: None, detail: "Not reached.".into() },
            (None, 8..) => Check { id, outcome: "skipped", code: None, detail: "Not asked for at this level.".into() },
            (None, _) => Check { id, outcome: "passed", code: None, detail: "Holds.".into() },
        })
        .collect();
    Verdict {
        schema: "capseal/verdict/v1",
        status: if reason.is_some() { "REJECTED" } else { "PROOF_ONLY" },
        claim_class: reason.is_none().then_some("witnessed"),
        level: options.level.clone().unwrap_or_else(|| "proof-only".into()),
        reason,
        exit_code: reason.map_or(0, |code| code.exit_code().number()),
        capsule_hash: reason.is_none().then_some(digest),
        backend: reason.is_none().then_some("process_v1"),
        security_bits: None,
        checks,
        not_proven: Vec::from(["That the program did what its author meant."]),
    }
}

pub(crate) fn inspect(bytes: &[u8]) -> Result<serde_json::Value, ReasonCode> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(ReasonCode::ParseFailed);
    }
    let d = |text: &str| format!("{}", Digest::of_content(text.as_bytes()));
    Ok(serde_json::json!({
        "schema": "capseal/inspection/v1", "capsule_hash": format!("{}", Digest::of_content(bytes)), "backend": "process_v1",
        "claim_class": "witnessed", "created_at": "2026-11-22T14:03:21Z", "command": ["python3", "./strategy.py", "--window", "20"],
        "claim": {
            "code": [{"path": "strategy.py", "digest": d(CODE), "size": CODE.len()}],
            "inputs": [{"path": "prices.csv", "digest": d(CSV), "size": CSV.len()}, {"path": "data/weights.bin", "digest": d("\u{0}"), "size": 1}],
            "config": [{"path": "config.json", "digest": d("c"), "size": 120}],
            "environment": [{"name": "TZ", "value": "UTC"}],
            "outputs": [{"path": "signals.csv", "digest": d("s"), "size": 5120}, {"path": "<stdout>", "digest": d(OUT), "size": OUT.len()}]
        },
        "exit": {"code": 0, "signal": null, "duration_ms": 2143}, "capture": "observed",
        "public_inputs": [{"name": "exit_code", "value": "0"}], "trace_root": d("t"), "instance_hash": d("i"),
        "archive": {"mode": "embedded", "size": 6000, "artifacts": [{"digest": d(CODE), "size": CODE.len()}, {"digest": d(CSV), "size": CSV.len()}, {"digest": d(OUT), "size": OUT.len()}, {"digest": d("\u{0}"), "size": 1}]},
        "manifests": [{"name": "os.json", "digest": d("os")}, {"name": "hardware.json", "digest": d("hw")}],
        "events": [
            {"seq": 0, "time": "2026-11-22T14:03:19Z", "type": "run_started", "argv": "python3 ./strategy.py --window 20"},
            {"seq": 1, "time": "2026-11-22T14:03:19Z", "type": "file_read", "path": "strategy.py", "digest": d(CODE)},
            {"seq": 2, "time": "2026-11-22T14:03:20Z", "type": "file_read", "path": "prices.csv", "digest": d(CSV)},
            {"seq": 3, "time": "2026-11-22T14:03:21Z", "type": "file_written", "path": "signals.csv", "digest": d("s")},
            {"seq": 4, "time": "2026-11-22T14:03:21Z", "type": "run_ended", "exit_code": 0}
        ],
        "proof": null, "not_proven": ["That the program did what its author meant."]
    }))
}

pub(crate) fn artifact(bytes: &[u8], digest: &str) -> Option<&'static [u8]> {
    let _ = bytes;
    [CODE, CSV, OUT, "\u{0}"]
        .into_iter()
        .map(str::as_bytes)
        .find(|content| format!("{}", Digest::of_content(content)) == digest)
}

const CODE: &str = "import csv, sys\n\nrows = list(csv.DictReader(open('prices.csv')))\nprint(len(rows), 'rows')\n";
const CSV: &str = "date,close\n2026-01-02,101.5\n2026-01-03,102.25\n<script>alert(1)</script>,1\n";
const OUT: &str = "2 rows\n";
