//! A log of version 2 (spec: `docs/spec/pcap.md`): JSON lines whose bytes are authoritative, chained and hashed into a tree.
//!
//! A line's leaf is the RFC 9162 leaf hash of its bytes; each line names the leaf of the one before, its own number and its time.
//! Line 0 is the header and leaf 0; its leaf is the log's identity. Checking covers form, order, chain and closing. It does not show
//! that what was logged happened, nor that nothing was cut off the end: for that a [checkpoint](super::checkpoint) is needed.

mod error;

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use super::{
    line::{self, Fields},
    obligation::OBLIGATION,
    time::millis,
    tree::{self, Range},
};
use crate::digest::Digest;

pub use error::LogError;

/// The format's version, which line 0 states as `v`.
pub const VERSION: u64 = 2;
/// The type of line 0, and of no other.
pub const HEADER: &str = "run_header";
/// The types that close a log: of an action log, and of the record of a run. No line follows.
pub const CLOSING: [&str; 2] = [SEAL, RUN_FINISHED];
/// The type of the line that closes an action log.
pub const SEAL: &str = "seal";
/// The type of the line that closes the record of a run.
pub const RUN_FINISHED: &str = "run_finished";
/// Bytes of a line at most, without its line feed.
pub const MAX_LINE: usize = 1 << 20;

/// Where a log stands after some lines.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Chain {
    lines: u64,
    /// Zero before the first line.
    head: Digest,
    log_id: Option<Digest>,
    time: [u8; TIME_LEN],
    closed: bool,
}

const TIME_LEN: usize = 24;

impl Chain {
    /// Where a log stands after a line, taken on trust: what lies before the line is not known.
    ///
    /// # Errors
    /// When the line breaks a rule that concerns it alone.
    pub fn after(line: &[u8]) -> Result<Self, LogError> {
        let mut chain = Self::before(line)?;
        chain.follow(line)?;
        Ok(chain)
    }

    /// The state that a line says it follows.
    fn before(line: &[u8]) -> Result<Self, LogError> {
        let fields = line::read(line).ok_or(LogError::NotCanonical { line: 0 })?;
        let lines = fields.seq().ok_or(LogError::OutOfOrder { line: 0 })?;
        let head = fields.prev().ok_or(LogError::ChainBroken { line: lines })?;
        Ok(Self { lines, head, ..Self::default() })
    }

    /// Takes the next line, without its line feed.
    ///
    /// # Errors
    /// The rule that the line breaks; the chain then stands where it stood.
    pub fn follow<'a>(&mut self, line: &'a [u8]) -> Result<Entry<'a>, LogError> {
        if line.len() > MAX_LINE {
            return Err(LogError::TooLong);
        }
        let index = self.lines;
        let fields = line::read(line).ok_or(LogError::NotCanonical { line: index })?;
        if fields.seq() != Some(index) {
            return Err(LogError::OutOfOrder { line: index });
        }
        if !fields.follows(&self.head) {
            return Err(LogError::ChainBroken { line: index });
        }
        let time = self.next_time(&fields)?;
        let kind = fields.kind().ok_or(LogError::NotCanonical { line: index })?;
        if (index == 0) != (kind == HEADER.as_bytes()) {
            return Err(LogError::HeaderMisplaced { line: index });
        }
        if index == 0 && fields.version() != Some(VERSION) {
            return Err(LogError::VersionUnknown);
        }
        if self.closed {
            return Err(LogError::AfterClosing { line: index });
        }
        let lines = index.checked_add(1).ok_or(LogError::TooLong)?;
        let leaf = tree::leaf(line);
        let log_id = if index == 0 { Some(leaf) } else { self.log_id };
        let closed = CLOSING.iter().any(|closing| kind == closing.as_bytes());
        *self = Self { lines, head: leaf, log_id, time, closed };
        Ok(Entry { leaf, kind })
    }

    fn next_time(&self, fields: &Fields<'_>) -> Result<[u8; TIME_LEN], LogError> {
        let not_canonical = LogError::NotCanonical { line: self.lines };
        let text = fields.time().ok_or(not_canonical.clone())?;
        let time = text.as_bytes().try_into().map_err(|_| not_canonical.clone())?;
        if time != self.time && millis(text).is_none() {
            return Err(not_canonical);
        }
        if time < self.time {
            return Err(LogError::OutOfOrder { line: self.lines });
        }
        Ok(time)
    }

    /// Makes the next line, without its line feed, and takes it.
    ///
    /// # Shape
    /// `time` is UTC with milliseconds, `2026-01-31T12:34:56.789Z`, and not before the last line's. `fields` are strings,
    /// integers, booleans, arrays and objects.
    ///
    /// # Errors
    /// When the line would break a rule of the log; the chain then stands where it stood.
    pub fn write(&mut self, time: &str, kind: &str, fields: Map<String, Value>) -> Result<Written, LogError> {
        let mut event = fields;
        event.insert("seq".to_owned(), self.lines.into());
        event.insert("prev".to_owned(), self.head.to_string().into());
        event.insert("time".to_owned(), time.into());
        event.insert("type".to_owned(), kind.into());
        let line = Value::Object(event).to_string();
        let leaf = self.follow(line.as_bytes())?.leaf;
        Ok(Written { line, leaf })
    }

    /// Number of lines.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// Leaf hash of the last line; zero before the first.
    pub const fn head(&self) -> Digest {
        self.head
    }

    /// Leaf hash of the header, where it was seen.
    pub const fn log_id(&self) -> Option<Digest> {
        self.log_id
    }

    /// Time of the last line; `None` before the first.
    pub fn time(&self) -> Option<&str> {
        core::str::from_utf8(&self.time).ok().filter(|_| self.lines > 0)
    }

    /// Whether the log is closed.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }
}

/// A line that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The line, without its line feed.
    pub line: String,
    /// Its leaf hash.
    pub leaf: Digest,
}

/// A line that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its leaf hash.
    pub leaf: Digest,
    kind: &'a [u8],
}

impl Entry<'_> {
    /// Whether the line records an obligation.
    pub fn is_obligation(&self) -> bool {
        self.kind == OBLIGATION.as_bytes()
    }

    fn is_seal(&self) -> bool {
        self.kind == SEAL.as_bytes()
    }
}

/// A log as far as it was read: the chain and the tree. Its size does not depend on the log's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    chain: Chain,
    tree: Range,
}

impl Log {
    /// Takes the next line, without its line feed.
    ///
    /// # Errors
    /// As [`Chain::follow`], and [`LogError::SealMismatch`].
    pub fn follow<'a>(&mut self, line: &'a [u8]) -> Result<Entry<'a>, LogError> {
        let size = self.chain.lines;
        let entry = self.chain.follow(line)?;
        if entry.is_seal() && !seals(line, size, &self.tree.root()) {
            return Err(LogError::SealMismatch { line: size });
        }
        self.tree.push(entry.leaf)?;
        Ok(entry)
    }

    /// Makes the line that closes the log, and takes it. `fields` are as for [`Chain::write`].
    ///
    /// # Errors
    /// When the line would break a rule of the log.
    pub fn seal(&mut self, time: &str, fields: Map<String, Value>) -> Result<Written, LogError> {
        let mut fields = fields;
        fields.insert("root".to_owned(), self.tree.root().to_string().into());
        fields.insert("size".to_owned(), self.chain.lines.into());
        let written = self.chain.write(time, SEAL, fields)?;
        self.tree.push(written.leaf)?;
        Ok(written)
    }

    /// Takes lines, each ended by a line feed.
    ///
    /// # Errors
    /// The first line that breaks a rule, or a last line without a line feed.
    pub fn read(&mut self, lines: &[u8]) -> Result<(), LogError> {
        whole_lines(lines)?.try_for_each(|line| self.follow(line).map(|_| ()))
    }

    /// Takes a part that was checked apart.
    ///
    /// # Errors
    /// When the part does not follow. Read its lines then: they say which rule is broken.
    pub fn join(&mut self, part: &Part) -> Result<(), LogError> {
        let Part { before, first_time, log: Self { chain: after, tree }, .. } = part;
        let follows = (before.lines, before.head) == (self.chain.lines, self.chain.head)
            && *first_time >= self.chain.time
            && !self.chain.closed;
        if !follows {
            return Err(LogError::ChainBroken { line: self.chain.lines });
        }
        self.tree.append(tree)?;
        self.chain = Chain { log_id: self.chain.log_id.or(after.log_id), ..after.clone() };
        Ok(())
    }

    /// Where the chain stands.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Root of the tree over the lines.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }
}

/// Lines of a log, checked before what comes before them: what lets a log be checked by many processors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    before: Chain,
    first_time: [u8; TIME_LEN],
    log: Log,
    obligations: Vec<Vec<u8>>,
}

impl Part {
    /// Checks lines, each ended by a line feed, against the state that the first of them says it follows.
    ///
    /// # Errors
    /// The first rule that is broken. Only the whole log tells which line that is.
    pub fn read(lines: &[u8]) -> Result<Self, LogError> {
        let first = whole_lines(lines)?.next().ok_or(LogError::TornTail)?;
        let before = Chain::before(first)?;
        let log = Log { tree: Range::starting_at(before.lines), chain: before.clone() };
        let mut part = Self { before, first_time: [0; TIME_LEN], log, obligations: Vec::new() };
        for line in whole_lines(lines)? {
            let entry = part.log.chain.follow(line)?;
            if entry.is_seal() {
                // What is sealed lies before this part.
                return Err(LogError::SealMismatch { line: part.log.chain.lines });
            }
            if entry.is_obligation() {
                part.obligations.push(line.to_vec());
            }
            part.log.tree.push(entry.leaf)?;
            if part.first_time == [0; TIME_LEN] {
                part.first_time = part.log.chain.time;
            }
        }
        Ok(part)
    }

    /// Whether the log reaches a size within this part.
    pub(super) fn contains(&self, size: u64) -> bool {
        self.log.tree.begin() < size && size <= self.log.tree.end()
    }

    /// The lines that record obligations.
    pub(super) fn obligations(&self) -> &[Vec<u8>] {
        &self.obligations
    }
}

/// Whether a closing line states the size and the root of what lies before it.
fn seals(line: &[u8], size: u64, root: &Digest) -> bool {
    event(line).is_some_and(|event| {
        event.get("size").and_then(Value::as_u64) == Some(size)
            && event.get("root").and_then(Value::as_str).and_then(Digest::from_hex) == Some(*root)
    })
}

/// The lines of a text that ends with a line feed, without their line feeds.
///
/// # Errors
/// [`LogError::TornTail`] when it does not end so, or is empty.
pub fn whole_lines(text: &[u8]) -> Result<impl Iterator<Item = &[u8]>, LogError> {
    let mut rest = Some(text.strip_suffix(b"\n").ok_or(LogError::TornTail)?);
    Ok(core::iter::from_fn(move || {
        let text = rest?;
        let feed = memchr::memchr(b'\n', text);
        let (line, after) =
            feed.map_or((text, None), |feed| (text.get(..feed).unwrap_or(text), text.get(feed.saturating_add(1)..)));
        rest = after;
        Some(line)
    }))
}

/// A line as a map; `None` when it is not in canonical form.
pub fn event(line: &[u8]) -> Option<Map<String, Value>> {
    line::parse(line)
}

/// Writes a log, line by line.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    log: Vec<u8>,
    chain: Chain,
}

impl Writer {
    /// Appends an event. Shape and errors are those of [`Chain::write`].
    ///
    /// # Errors
    /// When the line would break a rule of the log.
    pub fn append(&mut self, time: &str, kind: &str, fields: Map<String, Value>) -> Result<(), LogError> {
        let Written { line, .. } = self.chain.write(time, kind, fields)?;
        self.log.extend_from_slice(line.as_bytes());
        self.log.push(b'\n');
        Ok(())
    }

    /// The log's bytes.
    pub fn finish(self) -> Vec<u8> {
        self.log
    }
}
