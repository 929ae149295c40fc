//! Text of what an operating system names by bytes: paths, arguments, values (spec: `docs/spec/capture.md`, "Text of paths,
//! arguments and values").
//!
//! One text for each byte string, and back: UTF-8 stays as it is; `%`, control characters and each byte that is not part of
//! valid UTF-8 become `%` and two upper-case hexadecimal digits. So a receipt names every file that there can be, and each
//! in one way. Unicode forms are not folded, and direction characters stay: whoever shows a name makes them visible.

use alloc::{string::String, vec::Vec};
use core::fmt::Write as _;

/// The text of a byte string.
pub fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '%' || character.is_ascii_control() {
                // Both are one byte long in UTF-8; writing to a string cannot fail.
                let _ = write!(text, "%{:02X}", u32::from(character));
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The byte string that has this text; `None` when none has it.
pub fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = match (byte, after) {
            (b'%', [high, low, after @ ..]) => (digit(*high)? << 4 | digit(*low)?, after),
            (b'%', _) => return None,
            other => other,
        };
        bytes.push(byte);
        rest = after;
    }
    (text_of(&bytes) == text).then_some(bytes)
}

/// Whether the text is that of a file's path: relative or absolute, without empty parts, `.` and `..`.
pub fn is_path(text: &str) -> bool {
    let parts = text.strip_prefix('/').unwrap_or(text).split('/');
    bytes_of(text).is_some_and(|bytes| !bytes.contains(&0))
        && parts.into_iter().all(|part| !matches!(part, "" | "." | ".."))
}

#[expect(clippy::arithmetic_side_effects, reason = "each arm bounds the character")]
const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_every_kind_have_a_text() {
        for (bytes, text) in [
            (&b"plain.csv"[..], "plain.csv"),
            ("данные-データ-é.csv".as_bytes(), "данные-データ-é.csv"),
            (b"100%", "100%25"),
            (b"two\nlines\x7f", "two%0Alines%7F"),
            (b"latin-\xe9.txt", "latin-%E9.txt"),
            (b"cut-\xe3\x81", "cut-%E3%81"),
        ] {
            assert_eq!(text_of(bytes), text);
            assert_eq!(bytes_of(text).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn a_text_that_no_string_has_is_refused() {
        for text in ["%", "%4", "%41", "%e9", "%GG", "a\nb", "%C3%A9"] {
            assert_eq!(bytes_of(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_path_has_parts_and_no_detours() {
        for text in ["a", "a/b", "/a/b", "/dev/stdout", "...", ".a", "100%25", "%E9"] {
            assert!(is_path(text), "{text:?}");
        }
        for text in ["", "/", "//a", "a//b", "a/", ".", "..", "a/../b", "./a", "/..", "a%00b", "%zz", "a\u{7f}"] {
            assert!(!is_path(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_and_string_are_one_to_one(bytes: Vec<u8>) {
            let text = text_of(&bytes);
            prop_assert!(!text.contains(|c: char| c.is_ascii_control()));
            prop_assert_eq!(bytes_of(&text), Some(bytes));
        }

        #[test]
        fn a_text_that_is_accepted_is_the_one_text(text in "[%0-9A-Fa-f\u{e9}x]{0,12}") {
            if let Some(bytes) = bytes_of(&text) {
                prop_assert_eq!(text_of(&bytes), text.to_string());
            }
        }
    }
}
