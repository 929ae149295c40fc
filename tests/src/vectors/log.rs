//! Sealed action logs that are not closed, not those of their statement, or not all that they claim.

use serde_json::{Value as Json, json};
use verifier_core::{
    Digest, ReasonCode,
    capsule::{Exit, FileRef, Run, entry},
    cbor::Value,
};

use super::{Bases, Rejects, another_digest, text};
use crate::{
    base::session,
    governed::{Governed, Verifier},
    receipt::Receipt,
    reseal::{Layer, Layers},
};

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    statements(bases, rejects);
    claims(bases, rejects);
    logs(bases, rejects);
    obligations(bases, rejects);
}

/// What the statement says of the log and of the contents.
fn statements(bases: &Bases, rejects: &mut Rejects) {
    // Whoever recomputes everything else leaves the statement as he changed it.
    let layers = Layers::ALL.without(Layer::Inputs);
    for (at, name) in ["log-id", "size", "root", "obligations"].into_iter().enumerate() {
        let path = format!("payload.statement.public_inputs.{at}.value");
        let other = if name == "size" { Value::Uint(5) } else { another_digest() };
        let name = format!("sealed-log-{name}-other");
        rejects.change(ReasonCode::EventLogMismatch, &name, (&bases.log, layers), |receipt| {
            receipt.set(&path, other.clone());
        });
    }
    let contents = "payload.statement.public_inputs.4.value";
    rejects.change(ReasonCode::ClaimMismatch, "sealed-log-contents-other", (&bases.log, layers), |receipt| {
        receipt.set(contents, another_digest());
    });
    rejects.change(ReasonCode::EventLogMismatch, "sealed-log-input-renamed", (&bases.log, layers), |receipt| {
        receipt.set("payload.statement.public_inputs.0.name", text("log"));
    });
}

/// Claims of more than contents.
fn claims(bases: &Bases, rejects: &mut Rejects) {
    let (code, all) = (ReasonCode::ClaimMismatch, (&bases.log, Layers::ALL));
    let report = FileRef {
        path: "report.txt".to_owned(),
        digest: Digest::of_content(session::REPORT.as_bytes()),
        size: session::REPORT.len() as u64,
    };
    for section in ["code", "inputs", "config.files"] {
        let name = format!("sealed-log-with-{}", section.replace('.', "-"));
        let path = format!("payload.claim.{section}");
        rejects.change(code, &name, all, |receipt| receipt.set_item(&path, &vec![report.clone()]));
    }
    rejects.change(code, "sealed-log-with-arguments", all, |receipt| {
        receipt.set_item("payload.claim.config.arguments", &vec!["--fast".to_owned()]);
    });
    rejects.change(code, "sealed-log-with-an-exit", all, |receipt| {
        receipt.set_item("payload.claim.exit", &Exit { code: Some(0), signal: None });
    });
    let run = Run {
        command: vec!["agent".to_owned()],
        directory: "/".to_owned(),
        started_at_ms: 1_769_862_840_000,
        duration_ms: 1,
        capture: "declared".to_owned(),
    };
    rejects.change(code, "sealed-log-with-a-run", all, |receipt| receipt.set_item("payload.run", &run));
}

fn with_log(receipt: &Receipt, log: &[u8]) -> Receipt {
    receipt.changed(Layers::ALL, |receipt| {
        receipt.entries.insert(entry::EVENTS.to_owned(), log.to_vec());
    })
}

/// Logs that are none, or not closed by a line that says so.
fn logs(bases: &Bases, rejects: &mut Rejects) {
    let entries = session::entries();
    let open = with_log(&bases.log, &session::open(&entries));
    rejects.add(ReasonCode::LogNotSealed, "sealed-log-not-closed", open.bytes());
    let mut run_over = entries.clone();
    run_over.push(("run_finished", json!({})));
    let run_over = with_log(&bases.log, &session::open(&run_over));
    rejects.add(ReasonCode::LogNotSealed, "sealed-log-closed-as-a-run", run_over.bytes());
    let closed = String::from_utf8(session::closed(&entries)).expect("a log is text");
    let other_size = closed.replacen("\"size\":5", "\"size\":4", 1);
    let other_size = with_log(&bases.log, other_size.as_bytes());
    rejects.add(ReasonCode::EventLogMismatch, "sealed-log-closing-line-of-another-size", other_size.bytes());
    let mut malformed = entries;
    if let Some((_, fields)) = malformed.last_mut() {
        fields["obligation"]["result"] = "passed".into();
    }
    let malformed = with_log(&bases.log, &session::closed(&malformed));
    rejects.add(ReasonCode::ObligationMalformed, "sealed-log-obligation-of-another-result", malformed.bytes());
}

/// Policies that require checks which the log does not show to have passed.
fn obligations(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::PolicyObligationUnmet;
    let mut add = |name: &str, receipt: &Receipt, rule: Json| {
        let governed = Governed::by(&json!({ "obligations": [rule] }));
        let document = governed.policy.clone().unwrap_or_default();
        rejects.governed(code, &format!("rule-{name}"), &governed.seal(receipt), &Verifier::pinning(&document));
    };
    let check = |invariant: &str| json!({ "policy_id": "ci", "invariant_id": invariant });
    add("obligation-not-recorded", &bases.log, check("signed_off"));
    add("obligation-with-a-proof-kept-elsewhere", &bases.log, check("reviewed"));
    let mut higher = check("tests_pass");
    higher["level"] = "S2".into();
    add("obligation-of-a-lower-level", &bases.log, higher);
    let mut another = check("tests_pass");
    another["subject"] = Digest::of_content(b"another change").to_string().into();
    add("obligation-of-another-subject", &bases.log, another);
    add("obligation-of-a-run", &bases.typical, check("tests_pass"));
    let mut failed = session::entries();
    let (kind, mut fields) = failed[3].clone();
    fields["obligation"]["result"] = "failed".into();
    failed.insert(3, (kind, fields));
    add("obligation-that-failed-before", &with_log(&bases.log, &session::closed(&failed)), check("tests_pass"));
    let without_report = bases.log.changed(Layers::ALL, |receipt| {
        receipt.entries.retain(|name, _| !name.starts_with("artifacts/"));
        receipt.set("payload.artifacts", Value::Array(Vec::new()));
        receipt.set("payload.claim.outputs", Value::Array(Vec::new()));
    });
    add("obligation-whose-proof-does-not-travel", &without_report, check("tests_pass"));
}
