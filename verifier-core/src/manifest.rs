//! Manifests: what a receipt's maker says about the machine and the capture (spec: `docs/spec/capture.md#manifests`).
//!
//! A fact is read from a manifest in its one spelling alone, so that no reader sees another value in it; in any other it is not stated.

use alloc::{format, string::String, vec::Vec};

use serde_json::{Map, Value};

/// The manifest that tells how a run was captured.
pub const CAPTURE: &str = "capture";

/// The note of a run that made a network socket.
pub const NETWORK: &str = "network";

/// A manifest in its one spelling: sorted keys, two spaces, a line feed.
pub fn object(content: &[u8]) -> Option<Map<String, Value>> {
    let value: Value = serde_json::from_slice(content).ok()?;
    if format!("{value:#}\n").as_bytes() != content {
        return None;
    }
    match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// The notes of a capture, known to this version or not; `None` where they are not stated, or not as notes are written, or in a manifest
/// that is longer than any capture's.
pub fn notes(capture: &[u8]) -> Option<Vec<String>> {
    if capture.len() > CAPTURE_LEN_MAX {
        return None;
    }
    let Value::Array(notes) = object(capture)?.remove("notes")? else { return None };
    if notes.len() > NOTES_MAX {
        return None;
    }
    let read = |note: Value| match note {
        Value::String(note) if is_note(&note) => Some(note),
        _ => None,
    };
    let notes: Vec<String> = notes.into_iter().map(read).collect::<Option<_>>()?;
    let twice =
        notes.iter().enumerate().any(|(at, note)| notes.iter().skip(at.saturating_add(1)).any(|other| other == note));
    (!twice).then_some(notes)
}

/// Every verdict reads this manifest, and hostile JSON takes a hundred times its length when it is read and spelt again.
const CAPTURE_LEN_MAX: usize = 16 * 1024;

/// More than there will ever be.
const NOTES_MAX: usize = 64;

/// Letters of a note.
const NOTE_LEN_MAX: usize = 64;

/// Notes are written in lower-case letters, digits and underscores, and begin with a letter.
pub fn is_note(text: &str) -> bool {
    text.len() <= NOTE_LEN_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(notes: &str) -> Option<Vec<String>> {
        let value: Value = serde_json::from_str(&format!("{{\"notes\":{notes}}}")).unwrap();
        notes_of(&value)
    }

    fn notes_of(value: &Value) -> Option<Vec<String>> {
        notes(format!("{value:#}\n").as_bytes())
    }

    #[test]
    fn notes_have_one_form() {
        assert_eq!(capture("[]"), Some(Vec::new()));
        assert_eq!(capture("[\"network\",\"new_2\"]").unwrap(), ["network", "new_2"]);
        assert_eq!(capture("[\"b\",\"a\"]").unwrap(), ["b", "a"]);
        for wrong in ["[\"a\",\"a\"]", "[\"A\"]", "[\"\"]", "[\"2a\"]", "[\"a b\"]", "[1]", "{}", "\"a\""] {
            assert_eq!(capture(wrong), None, "{wrong}");
        }
        assert_eq!(notes(b"{\"notes\":[]}"), None, "another spelling");
        let long = |reason: usize| notes_of(&serde_json::json!({ "notes": [], "reason": "x".repeat(reason) }));
        assert_eq!((long(16_000), long(17_000)), (Some(Vec::new()), None));
        assert!(!is_note(&"a".repeat(NOTE_LEN_MAX + 1)));
    }
}
