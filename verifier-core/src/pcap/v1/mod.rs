//! Logs of version 1 (spec: `docs/spec/pcap-v1.md`), read only: what their maker's tool answers, and what it does not see.
//!
//! A line's hash covers its value, not its bytes; the header is outside the chain; nothing tells how long the log was or who wrote
//! it. [`Reader`] gives the original's answers for both dialects, and a list of findings for the stricter answer of [`Report`].

pub mod json;
mod merkle;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use sha2::{Digest as _, Sha256};

use self::json::{Dialect, Object, Parsed, Value, parse, write, write_without};
use crate::digest::Digest;

pub use merkle::root;

/// Bytes of a line at most.
pub const MAX_LINE: usize = 4 << 20;
/// Findings that a report lists at most; it counts the others.
pub const MAX_FINDINGS: usize = 100;

/// What the original answers to `pcap verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It sees nothing wrong.
    Ok,
    /// A line's hash is not that of its value.
    HashMismatch,
    /// A line does not name the hash of the line before.
    ChainBroken,
    /// It ends with an exception: a line is not an object, or cannot be read, or cannot be written.
    Malformed,
}

impl Answer {
    /// The word that the original answers with; where it crashes, `malformed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::HashMismatch => "hash_mismatch",
            Self::ChainBroken => "chain_broken",
            Self::Malformed => "malformed",
        }
    }
}

/// What the original answers to `pcap merkle`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merkle {
    /// There is no action: an empty answer.
    Empty,
    /// The root, as text: hexadecimal digits, or the claimed hash itself when there is one action.
    Root(String),
    /// It ends with an exception.
    Malformed,
}

/// Something that the original does not see, or does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Number of the line, from 1; 0 for the log as a whole.
    pub line: u64,
    /// What was found.
    pub kind: FindingKind,
}

macro_rules! findings {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $meaning:literal;)*) => {
        /// Kinds of findings. Each makes the stricter answer a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum FindingKind {
            $(#[doc = $meaning] $variant,)*
        }

        impl FindingKind {
            /// A stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One plain sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

findings! {
    Empty "empty" "The log holds nothing.";
    HeaderMissing "header_missing" "The log has no header.";
    HeaderMisplaced "header_misplaced" "The header is not the first line.";
    HeaderTwice "header_twice" "There is another header, from which a new chain starts.";
    TypeUnknown "type_unknown" "A line's type is unknown: the original passes over it.";
    KeyTwice "key_twice" "An object has a key twice: the original sees the last only.";
    NotCanonical "not_canonical" "A line is not spelled as the original writes it: its hash does not cover the spelling.";
    HashNotHex "hash_not_hex" "A claimed hash is not 64 lower-case hexadecimal digits.";
    TornTail "torn_tail" "The last line does not end with a line feed.";
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.kind.name(), self.kind.meaning()),
            line => write!(f, "line {line}: {}: {}", self.kind.name(), self.kind.meaning()),
        }
    }
}

/// What a log of version 1 comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What the original answers, with the library version that the log was written with.
    pub answer: Answer,
    /// The line that decided it, from 1; 0 when nothing is wrong.
    pub line: u64,
    /// The dialect that the log fits, or fits furthest.
    pub dialect: Dialect,
    /// The original's answers with either dialect, in the order of [`Dialect::ALL`].
    pub by_dialect: [Answer; 2],
    /// The original's root.
    pub merkle: Merkle,
    /// Number of actions.
    pub actions: u64,
    /// What else was found, as far as it is listed.
    pub findings: Vec<Finding>,
    /// Findings that are not listed.
    pub more_findings: u64,
}

impl Report {
    /// The stricter answer: the original sees nothing wrong, and nothing was found.
    pub fn is_accepted(&self) -> bool {
        self.answer == Answer::Ok && self.findings.is_empty()
    }
}

/// Reads a log line by line.
#[derive(Clone, Debug)]
pub struct Reader {
    line: u64,
    chains: [Chain; 2],
    /// The claimed hashes of the actions; `None` when one is missing or no text, or a line cannot be read.
    leaves: Option<Vec<String>>,
    actions: u64,
    headers: u64,
    torn: bool,
    findings: Vec<Finding>,
    more_findings: u64,
}

/// The chain as one dialect sees it.
#[derive(Clone, Debug)]
struct Chain {
    dialect: Dialect,
    last: Option<String>,
    stopped: Option<(Answer, u64)>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            line: 0,
            chains: Dialect::ALL.map(|dialect| Chain { dialect, last: None, stopped: None }),
            leaves: Some(Vec::new()),
            actions: 0,
            headers: 0,
            torn: false,
            findings: Vec::new(),
            more_findings: 0,
        }
    }
}

/// Reads a whole log.
pub fn check(log: &[u8]) -> Report {
    let mut reader = Reader::default();
    log.split_inclusive(|byte| *byte == b'\n').for_each(|line| reader.read(line));
    reader.finish()
}

impl Reader {
    /// Takes the next line with its line feed, which only the last one may lack.
    pub fn read(&mut self, line: &[u8]) {
        self.line = self.line.saturating_add(1);
        self.torn = !line.ends_with(b"\n");
        let stripped = strip(line);
        if stripped.is_empty() {
            return self.find(FindingKind::NotCanonical);
        }
        let parsed = if line.len() <= MAX_LINE { parse(stripped) } else { None };
        match parsed {
            Some(Parsed { value: Value::Object(object), key_twice }) => {
                if key_twice {
                    self.find(FindingKind::KeyTwice);
                }
                self.object(object, line);
            }
            _ => self.stop(Answer::Malformed),
        }
    }

    fn object(&mut self, object: Object, line: &[u8]) {
        let kind = match object.get("type") {
            Some(Value::Text(kind)) => kind.as_str(),
            _ => "",
        };
        match kind {
            "run_header" => self.header(),
            "action" => self.action(&object),
            _ => self.find(FindingKind::TypeUnknown),
        }
        let value = Value::Object(object);
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let canonical = |dialect| write(&value, dialect).is_some_and(|written| written.text.as_bytes() == body);
        if !Dialect::ALL.into_iter().any(canonical) {
            self.find(FindingKind::NotCanonical);
        }
    }

    fn header(&mut self) {
        self.headers = self.headers.saturating_add(1);
        if self.headers > 1 {
            self.find(FindingKind::HeaderTwice);
        } else if self.line > 1 {
            self.find(FindingKind::HeaderMisplaced);
        }
        self.chains.iter_mut().for_each(|chain| chain.last = None);
    }

    fn action(&mut self, action: &Object) {
        self.actions = self.actions.saturating_add(1);
        let hash = match action.get("hash") {
            Some(Value::Text(hash)) => Some(hash.as_str()),
            _ => None,
        };
        if hash.and_then(Digest::from_hex).is_none() {
            self.find(FindingKind::HashNotHex);
        }
        self.leaves = self.leaves.take().zip(hash).map(|(mut leaves, hash)| {
            leaves.push(hash.to_string());
            leaves
        });
        let mut shared = None;
        for chain in &mut self.chains {
            // The dialects agree on all but large floats.
            let payload_hash = match &shared {
                Some(hash) => Some(*hash),
                None => write_without(action, "hash", chain.dialect).map(|written| {
                    let hash = Digest::new(Sha256::digest(written.text.as_bytes()).into());
                    shared = (!written.differs).then_some(hash);
                    hash
                }),
            };
            chain.follow(action, hash, payload_hash, self.line);
        }
    }

    fn stop(&mut self, answer: Answer) {
        let line = self.line;
        self.leaves = None;
        self.chains.iter_mut().for_each(|chain| chain.stop(answer, line));
    }

    fn find(&mut self, kind: FindingKind) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding { line: self.line, kind });
        } else {
            self.more_findings = self.more_findings.saturating_add(1);
        }
    }

    /// What the log comes to.
    pub fn finish(mut self) -> Report {
        if self.torn {
            self.find(FindingKind::TornTail);
        }
        let whole = if self.line == 0 { Some(FindingKind::Empty) } else { None };
        self.line = 0;
        if let Some(kind) = whole.or((self.headers == 0).then_some(FindingKind::HeaderMissing)) {
            self.find(kind);
        }
        let by_dialect = self.chains.each_ref().map(|chain| chain.stopped.map_or(Answer::Ok, |(answer, _)| answer));
        let [newer, older] = &self.chains;
        let reach = |chain: &Chain| chain.stopped.map_or(u64::MAX, |(_, line)| line);
        let best = if reach(older) > reach(newer) { older } else { newer };
        let (answer, line) = best.stopped.unwrap_or((Answer::Ok, 0));
        Report {
            answer,
            line,
            dialect: best.dialect,
            by_dialect,
            merkle: self.leaves.map_or(Merkle::Malformed, |leaves| root(leaves).map_or(Merkle::Empty, Merkle::Root)),
            actions: self.actions,
            findings: self.findings,
            more_findings: self.more_findings,
        }
    }
}

impl Chain {
    fn stop(&mut self, answer: Answer, line: u64) {
        self.stopped.get_or_insert((answer, line));
    }

    fn follow(&mut self, action: &Object, hash: Option<&str>, payload_hash: Option<Digest>, line: u64) {
        let Some(payload_hash) = payload_hash else { return self.stop(Answer::Malformed, line) };
        if hash.and_then(Digest::from_hex) != Some(payload_hash) {
            return self.stop(Answer::HashMismatch, line);
        }
        let prev = match action.get("prev_hash") {
            None | Some(Value::Null) => Some(None),
            Some(Value::Text(prev)) => Some(Some(prev)),
            Some(_) => None,
        };
        if prev != Some(self.last.as_ref()) {
            return self.stop(Answer::ChainBroken, line);
        }
        self.last = hash.map(str::to_string);
    }
}

/// Without the white space at both ends that the original takes off.
fn strip(line: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let from = line.iter().position(|byte| !is_space(byte)).unwrap_or(line.len());
    let to = line.iter().rposition(|byte| !is_space(byte)).map_or(from, |last| last.saturating_add(1));
    line.get(from..to).unwrap_or_default()
}
