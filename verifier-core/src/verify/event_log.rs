//! Check 8: the event log.

use alloc::string::String;

use serde_json::{Map, Value};

use super::Found;
use crate::{
    backend::{Backend, log, process},
    capsule::{Anchor, Capsule, Run, entry},
    container::Container,
    event_log::{self, Summary},
    limits::Limits,
    pcap::log::SEAL,
    reason::ReasonCode,
    refusal::Refusal,
    sentence::{self, Counted},
};

pub(super) fn check(
    container: &Container<'_>,
    capsule: &Capsule,
    backend: Backend,
    anchor: &Anchor,
    limits: &Limits,
) -> Found<()> {
    let log = container.get(entry::EVENTS).ok_or_else(|| mismatch("the event log is missing"))?;
    let summary = event_log::check(log, limits).map_err(|error| Refusal::new(error.code(), error))?;
    let Summary { lines, head, root, hash, .. } = &summary;
    if (hash, lines, head) != (&anchor.events_log_hash, &anchor.events_log_len, &anchor.event_chain_head) {
        return Err(mismatch("the event log is not the one that the header commits to"));
    }
    if *root != capsule.payload.statement.trace_root {
        return Err(mismatch("the event log is not the trace that the statement is about"));
    }
    match backend {
        Backend::LogV1 => sealed(log, capsule, &summary),
        _ => recorded(capsule, &summary),
    }
}

/// The log of a recorded run: it begins and ends as the capsule tells.
fn recorded(capsule: &Capsule, Summary { lines, first, last, .. }: &Summary) -> Found<()> {
    if !capsule.payload.run.as_ref().is_some_and(|run| begins(first, run)) {
        return Err(mismatch("the event log's first line does not agree with the circumstances of the run"));
    }
    let finished = process::finished_fields(&capsule.payload.statement.public_inputs);
    let agrees =
        kind(last) == Some(process::FINISHED) && finished.iter().all(|(name, value)| last.get(name) == Some(value));
    if !agrees {
        return Err(mismatch("the event log's last line does not agree with the claim"));
    }
    Ok(((), sentence::log_agrees(Counted(*lines, "event"))))
}

/// A sealed action log: it is closed, its obligations are of their schema, and it is the one that the statement is about.
fn sealed(bytes: &[u8], capsule: &Capsule, summary: &Summary) -> Found<()> {
    if kind(&summary.last) != Some(SEAL) {
        return Err(Refusal::new(ReasonCode::LogNotSealed, "the log's last line does not close it"));
    }
    let ledger = event_log::ledger(bytes).map_err(|error| Refusal::new(error.code(), error))?;
    if capsule.payload.statement.public_inputs != log::public_inputs(summary, &capsule.payload.claim) {
        return Err(mismatch("the statement is about another log"));
    }
    let (lines, records) = (summary.lines, ledger.records());
    Ok(((), sentence::log_closed(Counted(lines, "entry"), Counted(records as u64, "obligation"))))
}

fn kind(event: &Map<String, Value>) -> Option<&str> {
    event.get("type").and_then(Value::as_str)
}

/// Whether a log's first line tells the run that the capsule tells.
fn begins(first: &Map<String, Value>, run: &Run) -> bool {
    let time = first.get("time").and_then(Value::as_str).and_then(event_log::millis);
    time == Some(run.started_at_ms)
        && process::header_fields(run).iter().all(|(name, value)| first.get(name) == Some(value))
}

fn mismatch(detail: &str) -> Refusal {
    Refusal::new(ReasonCode::EventLogMismatch, detail)
}
