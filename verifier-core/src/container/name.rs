//! Entry names: the closed set of names that a receipt may contain, and what each stands for.
//!
//! The set is lower-case ASCII without `.` and `..` segments, so that no name leaves a folder, no two names fold to one on
//! any file system, and every entry has a known purpose. Nothing is ever extracted by these names.

use core::fmt;

use crate::digest::Digest;

/// The longest name.
///
/// # Units
/// Bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// A name of the grammar in `docs/spec/container.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryName<'a> {
    text: &'a str,
    kind: EntryKind<'a>,
}

/// What an entry is for, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind<'a> {
    /// `mimetype`: the media type, always first.
    Mimetype,
    /// `capsule.cbor`.
    Capsule,
    /// `events.jsonl`.
    EventLog,
    /// `policy.json`.
    Policy,
    /// `proof/<token>.bin`; the token names the proof system.
    Proof(&'a str),
    /// `artifacts/sha256/<hex>`; the digest that the content must have. The container does not compare it.
    Artifact(Digest),
    /// `manifests/<token>.json`.
    Manifest(&'a str),
    /// `signatures/<token>.cose`.
    Signature(&'a str),
    /// `da/<token>`: availability data.
    Availability(&'a str),
}

impl<'a> EntryName<'a> {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError`] (`E006`) for anything outside the grammar; the first cause in the order of its variants.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NameError> {
        if bytes.is_empty() {
            return Err(NameError::Empty);
        }
        if bytes.len() > NAME_BYTES_MAX {
            return Err(NameError::TooLong { bytes: bytes.len() });
        }
        let text = core::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()).ok_or(NameError::NotAscii)?;
        check_path(text)?;
        if let Some(byte) = bytes.iter().find(|byte| !is_token_byte(**byte) && **byte != b'/') {
            return Err(NameError::Byte(*byte));
        }
        let kind = kind(text).ok_or(NameError::Unknown)?;
        Ok(Self { text, kind })
    }

    /// The name as it stands in the file.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// What the entry is for.
    pub const fn kind(&self) -> EntryKind<'a> {
        self.kind
    }
}

impl fmt::Display for EntryName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Refuses what could lead an extracting tool out of its folder; the grammar would refuse it too, with less to say.
fn check_path(text: &str) -> Result<(), NameError> {
    if text.contains('\\') {
        return Err(NameError::Backslash);
    }
    if text.as_bytes().get(1) == Some(&b':') {
        return Err(NameError::Drive);
    }
    if text.starts_with('/') {
        return Err(NameError::Absolute);
    }
    if text.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(NameError::DotSegment);
    }
    if text.split('/').any(str::is_empty) {
        return Err(NameError::EmptySegment);
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(NameError::UpperCase);
    }
    Ok(())
}

fn kind(text: &str) -> Option<EntryKind<'_>> {
    match text {
        "mimetype" => return Some(EntryKind::Mimetype),
        "capsule.cbor" => return Some(EntryKind::Capsule),
        "events.jsonl" => return Some(EntryKind::EventLog),
        "policy.json" => return Some(EntryKind::Policy),
        _ => {}
    }
    let (folder, file) = text.split_once('/')?;
    match folder {
        "proof" => token(file.strip_suffix(".bin")?).map(EntryKind::Proof),
        "artifacts" => Digest::from_hex(file.strip_prefix("sha256/")?).map(EntryKind::Artifact),
        "manifests" => token(file.strip_suffix(".json")?).map(EntryKind::Manifest),
        "signatures" => token(file.strip_suffix(".cose")?).map(EntryKind::Signature),
        "da" => token(file).map(EntryKind::Availability),
        _ => None,
    }
}

/// A token begins and ends with a letter or digit: some file systems drop a trailing dot, which would make two names one.
fn token(text: &str) -> Option<&str> {
    let is_bound = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let bounded = bytes.first().is_some_and(is_bound) && bytes.last().is_some_and(is_bound);
    (bounded && bytes.iter().all(|byte| is_token_byte(*byte))).then_some(text)
}

const fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')
}

/// Why a name was refused (`E006`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// No bytes.
    Empty,
    /// More than [`NAME_BYTES_MAX`].
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// A byte above 0x7f.
    NotAscii,
    /// A backslash, which some systems read as a separator.
    Backslash,
    /// A drive letter.
    Drive,
    /// Begins with `/`.
    Absolute,
    /// A segment `.` or `..`.
    DotSegment,
    /// Two separators in a row, or one at the end (a folder).
    EmptySegment,
    /// An upper-case letter.
    UpperCase,
    /// A byte that no name contains.
    Byte(u8),
    /// No entry of a receipt has such a name.
    Unknown,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong { bytes } => write!(f, "it has {bytes} bytes, more than {NAME_BYTES_MAX}"),
            Self::NotAscii => f.write_str("it is not ASCII"),
            Self::Backslash => f.write_str("it contains a backslash"),
            Self::Drive => f.write_str("it begins with a drive letter"),
            Self::Absolute => f.write_str("it is an absolute path"),
            Self::DotSegment => f.write_str("it contains a `.` or `..` segment"),
            Self::EmptySegment => f.write_str("it contains an empty segment"),
            Self::UpperCase => f.write_str("it contains an upper-case letter"),
            Self::Byte(byte) => write!(f, "it contains the byte 0x{byte:02x}"),
            Self::Unknown => f.write_str("no entry of a receipt has such a name"),
        }
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn each_name_has_its_kind() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let artifact = format!("artifacts/sha256/{hex}");
        let names = [
            ("mimetype", EntryKind::Mimetype),
            ("capsule.cbor", EntryKind::Capsule),
            ("events.jsonl", EntryKind::EventLog),
            ("policy.json", EntryKind::Policy),
            ("proof/stark.bin", EntryKind::Proof("stark")),
            ("proof/a.bin.bin", EntryKind::Proof("a.bin")),
            (&artifact, EntryKind::Artifact(Digest::of_content(b"abc"))),
            ("manifests/os-2.json", EntryKind::Manifest("os-2")),
            ("signatures/author.cose", EntryKind::Signature("author")),
            ("da/commit_receipt.cose", EntryKind::Availability("commit_receipt.cose")),
            ("da/0", EntryKind::Availability("0")),
        ];
        for (name, kind) in names {
            let parsed = EntryName::parse(name.as_bytes()).unwrap();
            assert_eq!((parsed.as_str(), parsed.kind()), (name, kind));
        }
    }

    #[test]
    fn each_cause_is_named() {
        let long = [b'a'; NAME_BYTES_MAX + 1];
        let causes: [(&[u8], NameError); 26] = [
            (b"", NameError::Empty),
            (&long, NameError::TooLong { bytes: 129 }),
            (&long[1..], NameError::Unknown),
            ("da/\u{e9}".as_bytes(), NameError::NotAscii),
            (b"da/\xff", NameError::NotAscii),
            (b"da\\x", NameError::Backslash),
            (b"..\\x", NameError::Backslash),
            (b"c:/x", NameError::Drive),
            (b"/da/x", NameError::Absolute),
            (b"../da/x", NameError::DotSegment),
            (b"da/..", NameError::DotSegment),
            (b"./capsule.cbor", NameError::DotSegment),
            (b"da//x", NameError::EmptySegment),
            (b"da/", NameError::EmptySegment),
            (b"Capsule.cbor", NameError::UpperCase),
            (b"capsule.cbor\0", NameError::Byte(0)),
            (b"da/x y", NameError::Byte(b' ')),
            (b"da/x:y", NameError::Byte(b':')),
            (b"capsule", NameError::Unknown),
            (b"da", NameError::Unknown),
            (b"da/x/y", NameError::Unknown),
            (b"da/x.", NameError::Unknown),
            (b"da/.x", NameError::Unknown),
            (b"proof/.bin", NameError::Unknown),
            (b"artifacts/sha256/00", NameError::Unknown),
            (b"mimetype/x", NameError::Unknown),
        ];
        for (name, cause) in causes {
            assert_eq!(EntryName::parse(name), Err(cause), "{}", name.escape_ascii());
        }
    }
}
