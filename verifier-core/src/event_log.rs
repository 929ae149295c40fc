//! The event log (spec: `docs/spec/event-log.md`): what happened during a run, line by line, hash-chained.
//!
//! One JSON object a line, in canonical form: keys sorted, no spaces, integers only. The bytes are authoritative: a line's
//! leaf is the RFC 9162 leaf hash of its bytes, and each line names the leaf of the one before. The check covers form, order
//! and chain. It does not show that the maker logged what happened: nobody authenticates the log in a receipt without a
//! signature.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    fmt,
    ops::{Range, RangeInclusive},
};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::{
    digest::{Digest, Tag},
    limits::Limits,
    reason::ReasonCode,
    stc::{self, Arity},
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
    /// The first line, the run's header.
    pub first: Map<String, Value>,
    /// The last line.
    pub last: Map<String, Value>,
}

/// Checks form, order and chain of a log.
///
/// # Errors
/// The first line that breaks a rule, by its index.
pub fn check(log: &[u8], limits: &Limits) -> Result<Summary, EventLogError> {
    let mut builder = stc::Builder::new(ARITY);
    let mut chain = Chain::default();
    let (mut first, mut last) = (Map::new(), Map::new());
    for line in lines(log, limits)? {
        let index = chain.lines;
        builder.push_row(line).map_err(|_| EventLogError::TooLong)?;
        last = parse_line(line).ok_or(EventLogError::NotCanonical { line: index })?;
        chain.follow(line, &last)?;
        if index == 0 {
            first.clone_from(&last);
        }
    }
    let root = builder.finish().map_err(|_| EventLogError::TooLong)?;
    Ok(Summary {
        lines: chain.lines,
        head: chain.head,
        root: *root.digest(),
        hash: Tag::EVENT_LOG.digest(&[log]),
        first,
        last,
    })
}

/// The events of a log that was checked.
pub fn events(log: &[u8]) -> Vec<Map<String, Value>> {
    log.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

/// The RFC 9162 leaf hash of a line (without its line feed).
pub fn leaf(line: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update([RFC9162_LEAF]).chain_update(line).finalize();
    Digest::new(hash.into())
}

/// Writes a log, line by line.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    log: Vec<u8>,
    chain: Chain,
}

impl Writer {
    /// Appends an event.
    ///
    /// # Shape
    /// `time` is UTC with milliseconds, `2026-01-31T12:34:56.789Z`, and not before the last event's. `fields` are
    /// strings, integers, booleans, arrays and objects.
    ///
    /// # Errors
    /// When the line would break a rule of the log.
    pub fn append(&mut self, time: &str, kind: &str, fields: Map<String, Value>) -> Result<(), EventLogError> {
        let mut event = fields;
        event.insert("seq".to_owned(), self.chain.lines.into());
        event.insert("prev".to_owned(), self.chain.head.to_string().into());
        event.insert("time".to_owned(), time.into());
        event.insert("type".to_owned(), kind.into());
        let line = Value::Object(event).to_string();
        let event = parse_line(line.as_bytes()).ok_or(EventLogError::NotCanonical { line: self.chain.lines })?;
        self.chain.follow(line.as_bytes(), &event)?;
        self.log.extend_from_slice(line.as_bytes());
        self.log.push(b'\n');
        Ok(())
    }

    /// The log's bytes.
    pub fn finish(self) -> Vec<u8> {
        self.log
    }
}

/// Where a log stands after some lines.
#[derive(Clone, Debug, Default)]
struct Chain {
    lines: u64,
    /// Zero before the first line.
    head: Digest,
    time: String,
}

impl Chain {
    fn follow(&mut self, line: &[u8], event: &Map<String, Value>) -> Result<(), EventLogError> {
        let index = self.lines;
        let text = |key: &str| event.get(key).and_then(Value::as_str);
        if event.get("seq").and_then(Value::as_u64) != Some(index) {
            return Err(EventLogError::OutOfOrder { line: index });
        }
        if text("prev").and_then(Digest::from_hex) != Some(self.head) {
            return Err(EventLogError::ChainBroken { line: index });
        }
        let not_canonical = EventLogError::NotCanonical { line: index };
        let time = text("time").filter(|time| millis(time).is_some()).ok_or(not_canonical)?;
        if *time < *self.time {
            return Err(EventLogError::OutOfOrder { line: index });
        }
        let kind = text("type").ok_or(EventLogError::NotCanonical { line: index })?;
        if (index == 0) != (kind == HEADER) {
            return Err(EventLogError::HeaderMisplaced { line: index });
        }
        self.time = time.to_owned();
        self.head = leaf(line);
        self.lines = index.saturating_add(1);
        Ok(())
    }
}

/// The type of line 0, and of no other.
pub const HEADER: &str = "run_header";

fn lines<'a>(log: &'a [u8], limits: &Limits) -> Result<impl Iterator<Item = &'a [u8]>, EventLogError> {
    let body = log.strip_suffix(b"\n").ok_or(EventLogError::TornTail)?;
    if log.len() > limits.event_log_bytes {
        return Err(EventLogError::TooLong);
    }
    let lines = || body.split(|byte| *byte == b'\n');
    if lines().count() > limits.event_log_lines || lines().any(|line| line.len() > limits.event_line_bytes) {
        return Err(EventLogError::TooLong);
    }
    Ok(lines())
}

/// A line in canonical form: parsing and writing gives the same bytes, so key order, spacing, escapes, number spelling and
/// duplicate keys are all settled. Floats and nulls are outside the profile.
fn parse_line(line: &[u8]) -> Option<Map<String, Value>> {
    let value: Value = serde_json::from_slice(line).ok()?;
    if !is_plain(&value) || value.to_string().as_bytes() != line {
        return None;
    }
    match value {
        Value::Object(event) => Some(event),
        _ => None,
    }
}

/// serde_json bounds the depth at 128 when it parses.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => {
            number.as_u64().is_some_and(|n| n <= MAX_INTEGER)
                || number.as_i64().is_some_and(|n| n < 0 && n.unsigned_abs() <= MAX_INTEGER)
        }
        Value::Array(items) => items.iter().all(is_plain),
        Value::Object(entries) => entries.iter().all(|(key, value)| is_key(key) && is_plain(value)),
    }
}

/// ASCII keys, so that every rule for sorting keys gives one order.
fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Milliseconds since the Unix epoch of a line's time, `2026-01-31T12:34:56.789Z`: a moment of the Gregorian calendar from 1970
/// on, without leap seconds. The width is fixed, so that text order is time order.
pub fn millis(time: &str) -> Option<u64> {
    let shaped = time.len() == TIME_SHAPE.len()
        && time.bytes().zip(TIME_SHAPE.bytes()).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    let field = |place: Range<usize>, within: RangeInclusive<u64>| {
        time.get(place)?.parse().ok().filter(|value| shaped && within.contains(value))
    };
    // Fields are bounded, so that nothing below overflows.
    let (year, month) = (field(0..4, 1970..=9999)?, field(5..7, 1..=12)?);
    let days = days_before(year, month) + field(8..10, 1..=days_of_month(year, month))? - 1;
    let (hour, minute, second) = (field(11..13, 0..=23)?, field(14..16, 0..=59)?, field(17..19, 0..=59)?);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + field(20..23, 0..=999)?)
}

/// Days from the epoch to the first of a month.
fn days_before(year: u64, month: u64) -> u64 {
    let leap_days = |until: u64| until / 4 - until / 100 + until / 400;
    let months = (1..month).map(|month| days_of_month(year, month)).sum::<u64>();
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) + months
}

const fn days_of_month(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const TIME_SHAPE: &str = "0000-00-00T00:00:00.000Z";
const RFC9162_LEAF: u8 = 0;
/// 2^53 - 1: beyond it JavaScript reads another number.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Refusal of an event log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventLogError {
    /// Over a limit for bytes, lines, or the length of a line.
    TooLong,
    /// The last line has no line feed, or there is no line.
    TornTail,
    /// A line is not a canonical event.
    NotCanonical {
        /// Index of the line.
        line: u64,
    },
    /// A line's number or time does not follow the line before.
    OutOfOrder {
        /// Index of the line.
        line: u64,
    },
    /// A line does not name the leaf of the line before.
    ChainBroken {
        /// Index of the line.
        line: u64,
    },
    /// The header is not the first line, or not the only one of its type.
    HeaderMisplaced {
        /// Index of the line.
        line: u64,
    },
}

impl EventLogError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::TooLong => ReasonCode::LimitExceeded,
            Self::TornTail
            | Self::NotCanonical { .. }
            | Self::OutOfOrder { .. }
            | Self::ChainBroken { .. }
            | Self::HeaderMisplaced { .. } => ReasonCode::EventLogMismatch,
        }
    }
}

impl fmt::Display for EventLogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the event log is over a limit"),
            Self::TornTail => f.write_str("the event log does not end with a whole line"),
            Self::NotCanonical { line } => write!(f, "event {line} is not in canonical form"),
            Self::OutOfOrder { line } => write!(f, "event {line} does not follow the one before"),
            Self::ChainBroken { line } => write!(f, "event {line} does not name the event before it"),
            Self::HeaderMisplaced { line } => {
                write!(f, "event {line}: the header must be the first event, and only it")
            }
        }
    }
}

impl core::error::Error for EventLogError {}

/// `sha256:` and the digest of a text that describes a record.
pub fn schema_ref(schema: &str) -> String {
    format!("sha256:{}", Digest::of_content(schema.as_bytes()))
}

#[cfg(test)]
mod tests;
