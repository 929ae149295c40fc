//! Text of what the operating system names by bytes: paths, arguments, values (spec: `docs/spec/capture.md`).
//!
//! One text for each byte string, and back: UTF-8 stays as it is; `%`, control characters and each byte that is not part of
//! valid UTF-8 become `%` and two upper-case hexadecimal digits. So a record is valid UTF-8, shows on one line, and names
//! every file that there can be. Unicode forms are not folded: two names that differ in bytes differ in text.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write,
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
};

/// The text of a string of the operating system.
pub fn text_of(string: &OsStr) -> String {
    let mut text = String::with_capacity(string.len());
    for chunk in string.as_bytes().utf8_chunks() {
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

/// The string that has this text; `None` when no string has it.
pub fn string_of(text: &str) -> Option<OsString> {
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
    let string = OsString::from_vec(bytes);
    (text_of(&string) == text).then_some(string)
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

/// The text of a path: relative to `folder` when below it, absolute otherwise. Both must be absolute.
pub fn path_text(path: &Path, folder: &Path) -> String {
    match path.strip_prefix(folder) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => text_of(below.as_os_str()),
        Err(_) => text_of(path.as_os_str()),
    }
}

/// Joins a path to the folder that it is relative to, without `.`, doubled slashes and, where the disk tells, `..`: what that
/// leads to depends on links.
pub(crate) fn joined(folder: &Path, path: &Path) -> PathBuf {
    let joined: PathBuf = folder.join(path).components().collect();
    if !joined.components().any(|component| component == Component::ParentDir) {
        return joined;
    }
    let real = match (joined.parent(), joined.file_name()) {
        // The last part is kept as it was used: it may be a link.
        (Some(parent), Some(name)) => fs::canonicalize(parent).map(|parent| parent.join(name)),
        _ => fs::canonicalize(&joined),
    };
    real.unwrap_or(joined)
}

#[cfg(test)]
mod tests {
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
            assert_eq!(text_of(OsStr::from_bytes(bytes)), text);
            assert_eq!(string_of(text).unwrap().as_bytes(), bytes);
        }
    }

    #[test]
    fn a_text_that_no_string_has_is_refused() {
        for text in ["%", "%4", "%41", "%e9", "%GG", "a\nb", "%C3%A9"] {
            assert_eq!(string_of(text), None, "{text:?}");
        }
    }

    #[test]
    fn paths_are_relative_below_the_folder() {
        let folder = Path::new("/work/run");
        for (path, text) in [
            ("/work/run/data/a", "data/a"),
            ("/work/run", "."),
            ("/work/running", "/work/running"),
            ("/etc/a", "/etc/a"),
        ] {
            assert_eq!(path_text(Path::new(path), folder), text);
        }
        assert_eq!(joined(folder, Path::new("./data//./a/")), Path::new("/work/run/data/a"));
        assert_eq!(joined(folder, Path::new("/tmp/x")), Path::new("/tmp/x"));
    }

    #[test]
    fn parent_folders_are_followed_as_the_disk_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(folder.join("a/b")).unwrap();
        std::os::unix::fs::symlink("a/b", folder.join("link")).unwrap();
        assert_eq!(joined(&folder, Path::new("a/../x")), folder.join("x"));
        assert_eq!(joined(&folder, Path::new("link/../x")), folder.join("a/x"));
        assert_eq!(joined(&folder, Path::new("link/..")), folder.join("a"));
        assert_eq!(joined(&folder, Path::new("none/../x")), folder.join("none/../x"));
    }

    proptest! {
        #[test]
        fn text_and_string_are_one_to_one(bytes: Vec<u8>) {
            let string = OsString::from_vec(bytes);
            let text = text_of(&string);
            prop_assert!(!text.contains(|c: char| c.is_ascii_control()));
            prop_assert_eq!(string_of(&text), Some(string));
        }

        #[test]
        fn a_text_that_is_accepted_is_the_one_text(text in "[%0-9A-Fa-f\u{e9}x]{0,12}") {
            if let Some(string) = string_of(&text) {
                prop_assert_eq!(text_of(&string), text);
            }
        }
    }
}
