//! The JSON of version 1 (spec: `docs/spec/pcap-v1.md`): read as its writers read it, written as they wrote it.
//!
//! Keys are sorted by their UTF-8 bytes, of a key that comes twice the last value counts, integers within -2^63 and 2^64 - 1 stay
//! integers and others become floats, `-0` is the integer 0. Floats have two spellings, one for each [`Dialect`].

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::{fmt::Write as _, iter, str};

/// Levels that a text may have when it is read.
const MAX_DEPTH: usize = 1024;
/// Levels that a value may have when it is written.
const MAX_WRITTEN_DEPTH: usize = 254;

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

/// A value in its canonical spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Whether the other dialect spells it otherwise.
    pub differs: bool,
}

/// Writes a value; `None` when it has more levels than the writers of version 1 wrote.
pub fn write(value: &Value, dialect: Dialect) -> Option<Written> {
    let mut written = Written::default();
    write_value(value, dialect, 0, &mut written)?;
    Some(written)
}

/// Writes an object without one of its keys.
pub fn write_without(object: &Object, without: &str, dialect: Dialect) -> Option<Written> {
    let mut written = Written::default();
    write_object(object.iter().filter(|(key, _)| *key != without), dialect, 1, &mut written)?;
    Some(written)
}

fn write_value(value: &Value, dialect: Dialect, depth: usize, to: &mut Written) -> Option<()> {
    let inner = depth.saturating_add(1);
    match value {
        Value::Null => to.text.push_str("null"),
        Value::Bool(true) => to.text.push_str("true"),
        Value::Bool(false) => to.text.push_str("false"),
        Value::Integer(number) => write!(to.text, "{number}").ok()?,
        Value::Float(number) => write_float(*number, dialect, to)?,
        Value::Text(text) => write_text(text, &mut to.text),
        Value::Array(items) => {
            (inner <= MAX_WRITTEN_DEPTH).then_some(())?;
            to.text.push('[');
            for (place, item) in items.iter().enumerate() {
                separate(place, &mut to.text);
                write_value(item, dialect, inner, to)?;
            }
            to.text.push(']');
        }
        Value::Object(object) => write_object(object.iter(), dialect, inner, to)?,
    }
    Some(())
}

/// `depth` counts the object itself.
fn write_object<'a>(
    entries: impl Iterator<Item = (&'a String, &'a Value)>,
    dialect: Dialect,
    depth: usize,
    to: &mut Written,
) -> Option<()> {
    (depth <= MAX_WRITTEN_DEPTH).then_some(())?;
    to.text.push('{');
    for (place, (key, value)) in entries.enumerate() {
        separate(place, &mut to.text);
        write_text(key, &mut to.text);
        to.text.push(':');
        write_value(value, dialect, depth, to)?;
    }
    to.text.push('}');
    Some(())
}

fn separate(place: usize, to: &mut String) {
    if place > 0 {
        to.push(',');
    }
}

fn write_text(text: &str, to: &mut String) {
    to.push('"');
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\u{8}' => to.push_str("\\b"),
            '\t' => to.push_str("\\t"),
            '\n' => to.push_str("\\n"),
            '\u{c}' => to.push_str("\\f"),
            '\r' => to.push_str("\\r"),
            '\0'..='\u{1f}' => {
                to.push_str("\\u00");
                for digit in [u32::from(c) >> 4, u32::from(c) & 0xf] {
                    to.extend(char::from_digit(digit, 16));
                }
            }
            c => to.push(c),
        }
    }
    to.push('"');
}

/// The shortest digits that read back as the number, the nearest to it, and of two as near the even one; plain from 1e-5 to below
/// 1e16, else with an exponent. The digits are zmij's, the spelling is ours: it must not change with a version of a library.
fn write_float(number: f64, dialect: Dialect, to: &mut Written) -> Option<()> {
    let mut buffer = zmij::Buffer::new();
    let (digits, exponent) = shortest(buffer.format_finite(number.abs()))?;
    if number.is_sign_negative() {
        to.text.push('-');
    }
    match exponent {
        0..=15 => {
            // Digits before the point: one more than the exponent.
            let whole = usize::try_from(exponent).ok()?.checked_add(1)?;
            let zeros = whole.saturating_sub(digits.len());
            to.text.push_str(digits.get(..whole).unwrap_or(&digits));
            to.text.extend(iter::repeat_n('0', zeros));
            to.text.push('.');
            to.text.push_str(digits.get(whole..).filter(|rest| !rest.is_empty()).unwrap_or("0"));
        }
        -5..=-1 => {
            let zeros = usize::try_from(exponent.unsigned_abs()).ok()?.saturating_sub(1);
            to.text.push_str("0.");
            to.text.extend(iter::repeat_n('0', zeros));
            to.text.push_str(&digits);
        }
        _ => {
            let (first, rest) = digits.split_at_checked(1)?;
            to.text.push_str(first);
            if !rest.is_empty() {
                to.text.push('.');
                to.text.push_str(rest);
            }
            to.text.push('e');
            if exponent > 0 {
                to.differs = true;
                to.text.push_str(if dialect == Dialect::Zmij { "+" } else { "" });
            }
            write!(to.text, "{exponent}").ok()?;
        }
    }
    Some(())
}

/// The digits of a decimal number without zeros at either end, and the power of ten of the first; `0` and 0 for zero.
fn shortest(number: &str) -> Option<(String, i32)> {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let significant = all.trim_start_matches('0');
    let leading = all.len().checked_sub(significant.len())?;
    if significant.is_empty() {
        return Some((String::from("0"), 0));
    }
    let first = i32::try_from(whole.len()).ok()?.checked_sub(i32::try_from(leading).ok()?)?.checked_sub(1)?;
    let exponent: i32 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    Some((String::from(significant.trim_end_matches('0')), exponent.checked_add(first)?))
}
