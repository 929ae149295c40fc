//! The event log of a receipt (spec: `docs/spec/event-log.md`): a [`log`](mod@crate::pcap::log) of version 2, within limits, whole in memory.
//!
//! What a log is, is defined there. Here are its commitments in a receipt: the hash of its bytes, and the root over its lines that
//! is the trace of a recorded run. Nobody authenticates the log in a receipt without a signature.

use alloc::{format, string::String, vec::Vec};

use serde_json::{Map, Value};
use sha2::Digest as _;

use crate::{
    digest::{Digest, Tag},
    limits::Limits,
    pcap::{
        log,
        obligation::{Ledger, OBLIGATION, ObligationError, Record},
    },
    stc::{self, Arity},
};

pub use crate::pcap::{
    log::{HEADER, LogError as EventLogError, Writer},
    millis,
    tree::leaf,
};

/// Arity of the tree over the lines: openings are smallest with two children.
pub const ARITY: Arity = Arity::BINARY;

/// The keys and types of a line, as the trace spec names them.
pub const SCHEMA: &str = include_str!("event_log/schema.cddl");

/// What a checked log comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Number of lines.
    pub lines: u64,
    /// Leaf hash of the last line.
    pub head: Digest,
    /// STC root over the lines, without their line feeds.
    pub root: Digest,
    /// Hash of the log's bytes.
    pub hash: Digest,
    /// The log's identity: leaf hash of the first line.
    pub log_id: Digest,
    /// Root of the tree that checkpoints are about.
    pub tree_root: Digest,
    /// Hash of the lines that record obligations, in order, each with its line feed.
    pub obligations: Digest,
    /// The first line, the run's header.
    pub first: Map<String, Value>,
    /// The last line.
    pub last: Map<String, Value>,
}

/// Checks form, order and chain of a log.
///
/// # Errors
/// The first line that breaks a rule, by its index.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<Summary, EventLogError> {
    let mut rows = stc::Builder::new(ARITY);
    let mut log = log::Log::default();
    let (mut first, mut last): (&[u8], &[u8]) = (&[], &[]);
    let mut obligations = Tag::OBLIGATIONS.hasher();
    for line in lines(bytes, limits)? {
        rows.push_row(line).map_err(|_| EventLogError::TooLong)?;
        if log.follow(line)?.is_obligation() {
            obligations.update(line);
            obligations.update(b"\n");
        }
        first = if log.chain().lines() == 1 { line } else { first };
        last = line;
    }
    let root = rows.finish().map_err(|_| EventLogError::TooLong)?;
    Ok(Summary {
        lines: log.chain().lines(),
        head: log.chain().head(),
        root: *root.digest(),
        hash: Tag::EVENT_LOG.digest(&[bytes]),
        log_id: log.chain().log_id().unwrap_or_default(),
        tree_root: log.root(),
        obligations: Digest::new(obligations.finalize().into()),
        first: log::event(first).unwrap_or_default(),
        last: log::event(last).unwrap_or_default(),
    })
}

/// The events of a log that was checked.
pub fn events(log: &[u8]) -> Vec<Map<String, Value>> {
    log.split(|byte| *byte == b'\n').filter_map(log::event).collect()
}

/// Identity of a log that was checked.
pub fn identity(log: &[u8]) -> Digest {
    leaf(log.split(|byte| *byte == b'\n').next().unwrap_or_default())
}

/// The obligations of a log that was checked.
///
/// # Errors
/// A line of type `obligation` that records none, or too many of them.
pub fn ledger(log: &[u8]) -> Result<Ledger, ObligationError> {
    let mut ledger = Ledger::default();
    let recorded = |event: &Map<String, Value>| event.get("type").and_then(Value::as_str) == Some(OBLIGATION);
    for (seq, event) in (0..).zip(log.split(|byte| *byte == b'\n').filter_map(log::event)) {
        if recorded(&event) {
            ledger.record(seq, Record::from_event(&event)?)?;
        }
    }
    Ok(ledger)
}

fn lines<'a>(log: &'a [u8], limits: &Limits) -> Result<impl Iterator<Item = &'a [u8]>, EventLogError> {
    let mut read = log::whole_lines(log)?.take(limits.event_log_lines.saturating_add(1));
    let within = log.len() <= limits.event_log_bytes
        && read.all(|line| line.len() <= limits.event_line_bytes)
        && log::whole_lines(log)?.nth(limits.event_log_lines).is_none();
    if within { log::whole_lines(log) } else { Err(EventLogError::TooLong) }
}

/// `sha256:` and the digest of a text that describes a record.
pub fn schema_ref(schema: &str) -> String {
    format!("sha256:{}", Digest::of_content(schema.as_bytes()))
}

#[cfg(test)]
mod tests;
