//! The JSON of version 1 (spec: `docs/spec/pcap-v1.md`): read as its writers read it, written as they wrote it.
//!
//! Keys are sorted by their UTF-8 bytes, of a key that comes twice the last value counts, integers within -2^63 and 2^64 - 1 stay
//! integers and others become floats, `-0` is the integer 0. Floats have two spellings, one for each [`Dialect`].

mod write;

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::{iter, str};

pub use write::{Written, write, write_without};

/// Levels that a text may have when it is read.
const MAX_DEPTH: usize = 1024;

/// How the exponent of a large float is spelled: it changed with a version of the library that wrote the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `1e+16`: newer versions.
    Zmij,
    /// `1e16`: older versions.
    Ryu,
}

impl Dialect {
    /// Both, the newer first.
    pub const ALL: [Self; 2] = [Self::Zmij, Self::Ryu];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zmij => "zmij",
            Self::Ryu => "ryu",
        }
    }
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer from -2^63 to 2^64 - 1.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

/// An object; the order is that in which it is written.
pub type Object = BTreeMap<String, Value>;

/// A value as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The value.
    pub value: Value,
    /// Whether some object had a key twice.
    pub key_twice: bool,
}

/// Reads a JSON text; `None` when it is none.
pub fn parse(text: &[u8]) -> Option<Parsed> {
    let mut parser = Parser { text: str::from_utf8(text).ok()?, at: 0, key_twice: false };
    parser.space();
    let value = parser.value(0)?;
    parser.space();
    (parser.at == text.len()).then_some(Parsed { value, key_twice: parser.key_twice })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    key_twice: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.skip(1))
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.skip(1);
        }
    }

    fn literal(&mut self, text: &str, value: Value) -> Option<Value> {
        self.text.get(self.at..)?.starts_with(text).then(|| self.skip(text.len()))?;
        Some(value)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            b'"' => self.string().map(Value::Text),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'n' => self.literal("null", Value::Null),
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut object = Object::new();
        self.open(depth)?;
        if self.take(b'}').is_some() {
            return Some(Value::Object(object));
        }
        loop {
            let key = self.string()?;
            self.space();
            self.take(b':')?;
            self.space();
            let value = self.value(depth.saturating_add(1))?;
            self.key_twice |= object.insert(key, value).is_some();
            if !self.more(b'}')? {
                return Some(Value::Object(object));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.open(depth)?;
        if self.take(b']').is_some() {
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.value(depth.saturating_add(1))?);
            if !self.more(b']')? {
                return Some(Value::Array(items));
            }
        }
    }

    fn open(&mut self, depth: usize) -> Option<()> {
        (depth < MAX_DEPTH).then(|| self.skip(1))?;
        self.space();
        Some(())
    }

    /// Whether another item follows.
    fn more(&mut self, close: u8) -> Option<bool> {
        self.space();
        if self.take(close).is_some() {
            return Some(false);
        }
        self.take(b',')?;
        self.space();
        Some(true)
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..)?;
            let plain = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))?;
            text.push_str(rest.get(..plain)?);
            self.skip(plain);
            match self.peek()? {
                b'"' => {
                    self.skip(1);
                    return Some(text);
                }
                b'\\' => text.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        self.skip(1);
        let escape = self.peek()?;
        self.skip(1);
        Some(match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                // A surrogate counts only as one of a pair.
                let second = if matches!(first, 0xd800..=0xdbff) {
                    self.take(b'\\')?;
                    self.take(b'u')?;
                    Some(self.unit()?)
                } else {
                    None
                };
                char::decode_utf16(iter::once(first).chain(second)).next()?.ok()?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at.checked_add(4)?)?;
        self.skip(4);
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    }

    fn number(&mut self) -> Option<Value> {
        let from = self.at;
        let negative = self.take(b'-').is_some();
        if self.take(b'0').is_none() {
            self.digits()?;
        }
        let mut integer = true;
        if self.take(b'.').is_some() {
            self.digits()?;
            integer = false;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.skip(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.skip(1);
            }
            self.digits()?;
            integer = false;
        }
        let number = self.text.get(from..self.at)?;
        let least = if negative { i128::from(i64::MIN) } else { 0 };
        if integer
            && let Some(value) = number.parse().ok().filter(|value| (least..=i128::from(u64::MAX)).contains(value))
        {
            return Some(Value::Integer(value));
        }
        number.parse().ok().filter(|value: &f64| value.is_finite()).map(Value::Float)
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.skip(1);
        }
        (self.at > from).then_some(())
    }
}
