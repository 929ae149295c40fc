//! Check 8: the event log.

use alloc::{format, string::String};

use serde_json::{Map, Value};

use super::Found;
use crate::{
    backend::process,
    capsule::{Anchor, Capsule, Run, entry},
    container::Container,
    event_log::{self, Summary},
    limits::Limits,
    reason::ReasonCode,
    refusal::Refusal,
};

pub(super) fn check(container: &Container<'_>, capsule: &Capsule, anchor: &Anchor, limits: &Limits) -> Found<()> {
    let log = container.get(entry::EVENTS).ok_or_else(|| mismatch("the event log is missing"))?;
    let summary = event_log::check(log, limits).map_err(|error| Refusal::new(error.code(), error))?;
    let Summary { lines, head, root, hash, first, last } = summary;
    if hash != anchor.events_log_hash || lines != anchor.events_log_len || head != anchor.event_chain_head {
        return Err(mismatch("the event log is not the one that the header commits to"));
    }
    let statement = &capsule.payload.statement;
    if root != statement.trace_root {
        return Err(mismatch("the event log is not the trace that the statement is about"));
    }
    if !capsule.payload.run.as_ref().is_some_and(|run| begins(&first, run)) {
        return Err(mismatch("the event log's first line does not agree with the circumstances of the run"));
    }
    let finished = process::finished_fields(&statement.public_inputs);
    let agrees = last.get("type").and_then(Value::as_str) == Some(process::FINISHED)
        && finished.iter().all(|(name, value)| last.get(name) == Some(value));
    if !agrees {
        return Err(mismatch("the event log's last line does not agree with the claim"));
    }
    Ok(((), format!("{lines} events, chained, ending as claimed")))
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
