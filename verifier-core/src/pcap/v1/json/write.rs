//! The canonical spelling of a value.

use alloc::string::String;
use core::{fmt::Write as _, iter};

use super::{Dialect, Object, Value};

/// Levels that a value may have when it is written.
const MAX_WRITTEN_DEPTH: usize = 254;

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
