//! One line of a log in canonical form (spec: `docs/spec/pcap.md`), read in one pass without allocating.
//!
//! A line has one spelling: keys sorted and of `[a-z0-9_]+`, none twice, no white space, strings escaped only where JSON demands it,
//! integers within 2^53 - 1, no floats, no null, at most 127 levels. What is read are the four fields that order a log; the
//! others are checked for form only. Reading it into a map gives the same answer (`tests.rs` holds the two to each other).

use alloc::string::String;
use core::str;

use serde_json::{Map, Value};

use crate::digest::Digest;

/// Levels of arrays and objects, the line's own object included.
const MAX_DEPTH: usize = 127;
/// 2^53 - 1: beyond it JavaScript reads another number.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The fields that order a log, each as it is spelled; `None` when the line does not have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    seq: Option<&'a [u8]>,
    prev: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// Index of the line.
    pub(super) fn seq(&self) -> Option<u64> {
        self.seq.and_then(unsigned)
    }

    /// Leaf hash of the line before.
    pub(super) fn prev(&self) -> Option<Digest> {
        Digest::from_hex(str::from_utf8(self.prev.and_then(unquoted)?).ok()?)
    }

    /// Whether the line follows the one with this leaf hash. Writing a digest is cheaper than reading one.
    pub(super) fn follows(&self, leaf: &Digest) -> bool {
        self.prev.and_then(unquoted) == Some(leaf.to_hex().as_slice())
    }

    /// The time's text, whatever it says.
    pub(super) fn time(&self) -> Option<&'a str> {
        str::from_utf8(self.time.and_then(unquoted)?).ok()
    }

    /// The type, with its escapes.
    pub(super) fn kind(&self) -> Option<&'a [u8]> {
        self.kind.and_then(unquoted)
    }

    /// The format's version, which line 0 states.
    pub(super) fn version(&self) -> Option<u64> {
        self.version.and_then(unsigned)
    }
}

/// A number of decimal digits; `None` for anything else.
fn unsigned(number: &[u8]) -> Option<u64> {
    if number.is_empty() {
        return None;
    }
    number.iter().try_fold(0u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit & 0x0f))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

fn unquoted(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// Reads a line; `None` when it is not a canonical object.
pub(super) fn read(line: &[u8]) -> Option<Fields<'_>> {
    str::from_utf8(line).ok()?;
    let mut scanner = Scanner { line, at: 0, fields: Fields::default() };
    if scanner.peek() != Some(b'{') {
        return None;
    }
    scanner.value(0)?;
    (scanner.at == line.len()).then_some(scanner.fields)
}

/// The whole line as a map; `None` when it is not a canonical object.
pub(super) fn parse(line: &[u8]) -> Option<Map<String, Value>> {
    read(line)?;
    serde_json::from_slice(line).ok()
}

struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
    fields: Fields<'a>,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.skip(1))
    }

    fn literal(&mut self, expected: &[u8]) -> Option<()> {
        self.line.get(self.at..)?.starts_with(expected).then(|| self.skip(expected.len()))
    }

    /// `depth` counts the arrays and objects around the value.
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.skip(1);
        if self.take(b'}').is_some() {
            return Some(());
        }
        let mut before: &[u8] = &[];
        loop {
            let key = self.key()?;
            // Mostly the first bytes differ, and no call is needed to see it.
            if key.first() <= before.first() && key <= before {
                return None;
            }
            before = key;
            self.take(b':')?;
            let from = self.at;
            self.value(depth.saturating_add(1))?;
            if depth == 0 {
                self.note(key, from);
            }
            match self.peek()? {
                b',' => self.skip(1),
                b'}' => {
                    self.skip(1);
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn note(&mut self, key: &[u8], from: usize) {
        let place = match key {
            b"seq" => &mut self.fields.seq,
            b"prev" => &mut self.fields.prev,
            b"time" => &mut self.fields.time,
            b"type" => &mut self.fields.kind,
            b"v" => &mut self.fields.version,
            _ => return,
        };
        *place = self.line.get(from..self.at);
    }

    /// ASCII keys, so that every rule for sorting keys gives one order.
    fn key(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let rest = self.line.get(self.at..)?;
        let len = rest.iter().position(|byte| !OF_KEYS.get(usize::from(*byte)).is_some_and(|of_keys| *of_keys))?;
        let key = rest.get(..len).filter(|key| !key.is_empty())?;
        self.skip(len);
        self.take(b'"')?;
        Some(key)
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.skip(1);
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth.saturating_add(1))?;
            match self.peek()? {
                b',' => self.skip(1),
                b']' => {
                    self.skip(1);
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Option<()> {
        self.skip(1);
        loop {
            self.skip(plain(self.line.get(self.at..)?));
            match self.peek()? {
                b'"' => {
                    self.skip(1);
                    return Some(());
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// An escape that JSON demands, in its shortest form.
    fn escape(&mut self) -> Option<()> {
        match self.line.get(self.at.checked_add(1)?)? {
            b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r' => self.skip(2),
            b'u' => {
                let from = self.at.checked_add(2)?;
                let digits = self.line.get(from..from.checked_add(4)?)?;
                let short = matches!(digits, b"0008" | b"0009" | b"000a" | b"000c" | b"000d");
                let [b'0', b'0', b'0' | b'1', b'0'..=b'9' | b'a'..=b'f'] = digits else { return None };
                if short {
                    return None;
                }
                self.skip(6);
            }
            _ => return None,
        }
        Some(())
    }

    #[inline]
    fn number(&mut self) -> Option<()> {
        let negative = self.take(b'-').is_some();
        let rest = self.line.get(self.at..)?;
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest.get(..digits)?;
        let zero = number.first()? == &b'0';
        if zero && (digits > 1 || negative) || unsigned(number)? > MAX_INTEGER {
            return None;
        }
        self.skip(digits);
        Some(())
    }
}

/// How many bytes stand for themselves in a string: neither a control character, nor a quote, nor a backslash.
fn plain(bytes: &[u8]) -> usize {
    // Four words of eight bytes at once, then one, at the end a byte.
    let (words, _) = bytes.as_chunks();
    let (blocks, _) = words.as_chunks::<4>();
    let ends = |block: &&[[u8; 8]; 4]| block.iter().fold(0, |ends, word| ends | ends_of(u64::from_le_bytes(*word)));
    let blocks = blocks.iter().take_while(|block| ends(block) == 0).count();
    let mut whole = blocks.saturating_mul(32);
    for word in words.iter().skip(blocks.saturating_mul(4)) {
        let ends = ends_of(u64::from_le_bytes(*word));
        if ends != 0 {
            return whole.saturating_add((ends.trailing_zeros() / 8) as usize);
        }
        whole = whole.saturating_add(8);
    }
    let rest = bytes.get(whole..).unwrap_or_default();
    whole.saturating_add(rest.iter().position(|byte| !stands_for_itself(*byte)).unwrap_or(rest.len()))
}

/// Sets the highest bit of the first byte that does not stand for itself; those of bytes above it may be set wrongly.
const fn ends_of(word: u64) -> u64 {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    const fn below(word: u64, byte: u64) -> u64 {
        word.wrapping_sub(EACH.wrapping_mul(byte)) & !word & HIGH
    }
    below(word, 0x20)
        | below(word ^ EACH.wrapping_mul(b'"' as u64), 1)
        | below(word ^ EACH.wrapping_mul(b'\\' as u64), 1)
}

const fn stands_for_itself(byte: u8) -> bool {
    (byte >= 0x20) & (byte != b'"') & (byte != b'\\')
}

/// What keys are spelled with, by byte: a look-up is cheaper than the comparisons.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const OF_KEYS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 0x80 {
        table[byte as usize] = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        byte += 1;
    }
    table
};
