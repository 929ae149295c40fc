//! Hostile containers: what a ZIP can say that a receipt may not.
//!
//! [`cases`] are small and fit into vector files; [`large_cases`] are built when they are needed. Each is a canonical
//! container with one thing wrong, and `docs/spec/container.md` says which code that has.

use verifier_core::ReasonCode;

use super::Case;
use super::zip::{Header, Zip};

/// The entries of [`base`], in order. The artifact's name is the SHA-256 of its content.
pub const ENTRIES: [(&str, &[u8]); 5] = [
    ("mimetype", b"application/vnd.capseal.receipt"),
    ("artifacts/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", b"abc"),
    ("capsule.cbor", b"\xa0"),
    ("da/a", b""),
    ("events.jsonl", b"{}\n"),
];

/// Positions in [`ENTRIES`].
const MIMETYPE: usize = 0;
const CAPSULE: usize = 2;
const DA: usize = 3;
const LAST: usize = 4;

/// A canonical container; its capsule is not one.
pub fn base() -> Zip {
    Zip::of(&ENTRIES)
}

/// Every small case.
pub fn cases() -> Vec<Case> {
    [
        unsupported(),
        unreadable(),
        not_canonical(),
        over_limits(),
        names(),
        duplicates(),
        layout(),
        headers_that_disagree(),
        extents_that_lie(),
    ]
    .concat()
}

/// Cases of tens of megabytes, refused under the default limits.
pub fn large_cases() -> Vec<Case> {
    vec![million_entries(), million_entries_without_a_directory(), million_headers_for_one_entry(), padded_claim()]
}

/// [`base`] after a change; what depends on the change stays as it was, unless the change calls [`Zip::link`].
fn with(name: &str, code: ReasonCode, change: impl FnOnce(&mut Zip)) -> Case {
    let mut zip = base();
    change(&mut zip);
    Case { name: name.to_owned(), code, bytes: zip.bytes() }
}

/// [`base`] after a change after which all dependent fields agree.
fn linked(name: &str, code: ReasonCode, change: impl FnOnce(&mut Zip)) -> Case {
    with(name, code, |zip| {
        change(zip);
        zip.link();
    })
}

/// [`base`] with the same change in an entry's local and central header.
fn header(name: &str, code: ReasonCode, change: impl Fn(&mut Header)) -> Case {
    with(name, code, |zip| {
        change(&mut zip.entries[DA].header);
        change(&mut zip.directory[DA].header);
    })
}

fn unsupported() -> Vec<Case> {
    let code = ReasonCode::UnsupportedEncoding;
    let mut cases = vec![
        header("encrypted", code, |header| header.flags = 1),
        header("strongly-encrypted", code, |header| header.flags = 1 << 6),
        header("masked-headers", code, |header| header.flags = 1 << 13),
        header("data-descriptor-flag", code, |header| header.flags = 1 << 3),
        header("zip64-size", code, |header| header.size = u32::MAX),
        header("zip64-compressed-size", code, |header| header.compressed_size = u32::MAX),
        with("data-descriptor", code, |zip| {
            zip.entries[CAPSULE].gap = b"PK\x07\x08\0\0\0\0\x01\0\0\0\x01\0\0\0".to_vec();
            zip.entries[CAPSULE].header.flags = 1 << 3;
            zip.directory[CAPSULE].header.flags = 1 << 3;
            zip.link();
        }),
        with("zip64-offset", code, |zip| zip.directory[DA].local_offset = u32::MAX),
        with("zip64-disk", code, |zip| zip.directory[DA].disk = u16::MAX),
        with("zip64-entry-count", code, |zip| zip.end.entries = u16::MAX),
        with("zip64-entry-count-of-disk", code, |zip| zip.end.disk_entries = u16::MAX),
        with("zip64-directory-size", code, |zip| zip.end.directory_size = u32::MAX),
        with("zip64-directory-offset", code, |zip| zip.end.directory_offset = u32::MAX),
        with("zip64-end-record", code, |zip| zip.before_end = zip64_end()),
        with("zip64-locator", code, |zip| zip.before_end = zip64_end().split_off(56)),
        with("split-archive-entry", code, |zip| zip.directory[DA].disk = 1),
        with("split-archive-end", code, |zip| zip.end.disk = 1),
        with("split-archive-directory", code, |zip| zip.end.directory_disk = 1),
        zip64_claim("zip64-claim-of-10-gb", 10_000_000_000),
        zip64_claim("zip64-claim-of-2-to-the-60", 1 << 60),
    ];
    let methods =
        [("shrink", 1), ("deflate", 8), ("deflate64", 9), ("bzip2", 12), ("lzma", 14), ("zstd", 93), ("aes", 99)];
    cases
        .extend(methods.map(|(name, method)| header(&format!("method-{name}"), code, |header| header.method = method)));
    cases
}

/// A zip64 end record (56 bytes) and its locator (20 bytes).
fn zip64_end() -> Vec<u8> {
    let mut bytes = b"PK\x06\x06".to_vec();
    bytes.extend(44_u64.to_le_bytes());
    bytes.resize(56, 0);
    bytes.extend(b"PK\x06\x07");
    bytes.resize(76, 0);
    bytes
}

/// An entry whose claimed size stands in a zip64 extra field.
fn zip64_claim(name: &str, size: u64) -> Case {
    with(name, ReasonCode::UnsupportedEncoding, |zip| {
        let extra = [&[1, 0, 16, 0], &size.to_le_bytes()[..], &size.to_le_bytes()].concat();
        zip.entries[DA].extra.clone_from(&extra);
        zip.directory[DA].extra = extra;
        zip.link();
        for header in [&mut zip.entries[DA].header, &mut zip.directory[DA].header] {
            (header.version_needed, header.size, header.compressed_size) = (45, u32::MAX, u32::MAX);
        }
    })
}

fn unreadable() -> Vec<Case> {
    let code = ReasonCode::ParseFailed;
    let whole = base().bytes();
    let cut = |name: &str, length: usize| Case { name: name.to_owned(), code, bytes: whole[..length].to_vec() };
    let other = |name: &str, bytes: &[u8]| Case { name: name.to_owned(), code, bytes: bytes.to_vec() };
    let directory = usize::try_from(base().end.directory_offset).unwrap_or_default();
    vec![
        other("empty-file", b""),
        other("text-file", b"a receipt, honestly\n"),
        other("gzip-file", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        other("empty-zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        cut("cut-after-the-signature", 4),
        cut("cut-in-a-name", 33),
        cut("cut-in-a-content", 50),
        cut("cut-before-the-directory", directory),
        cut("cut-in-the-directory", directory + 60),
        cut("cut-before-the-end-record", whole.len() - 22),
        cut("cut-in-the-end-record", whole.len() - 1),
        linked("media-type-other", code, |zip| zip.entries[MIMETYPE].content = b"application/zip".to_vec()),
        linked("media-type-with-line-feed", code, |zip| zip.entries[MIMETYPE].content.push(b'\n')),
        linked("media-type-empty", code, |zip| zip.entries[MIMETYPE].content.clear()),
    ]
}

fn not_canonical() -> Vec<Case> {
    let code = ReasonCode::CanonicalizationFailed;
    vec![
        header("time", code, |header| header.time = 1),
        header("date", code, |header| header.date += 1),
        header("date-zero", code, |header| header.date = 0),
        header("version-needed-2.0", code, |header| header.version_needed = 20),
        header("version-needed-4.5", code, |header| header.version_needed = 45),
        header("flag-utf-8", code, |header| header.flags = 1 << 11),
        header("flag-deflate-level", code, |header| header.flags = 1 << 1),
        header("flag-reserved", code, |header| header.flags = 1 << 15),
        with("version-made-by-2.0", code, |zip| zip.directory[DA].version_made_by = 3 << 8 | 20),
        with("made-by-dos", code, |zip| zip.directory[DA].version_made_by = 10),
        with("internal-attribute-text", code, |zip| zip.directory[DA].internal_attributes = 1),
        with("mode-0600", code, |zip| zip.directory[DA].external_attributes = 0o100_600 << 16),
        with("mode-executable", code, |zip| zip.directory[DA].external_attributes = 0o100_755 << 16),
        with("mode-set-user-id", code, |zip| zip.directory[DA].external_attributes = 0o104_644 << 16),
        with("mode-folder", code, |zip| zip.directory[DA].external_attributes = 0o040_755 << 16 | 0x10),
        with("mode-device", code, |zip| zip.directory[DA].external_attributes = 0o020_644 << 16),
        with("attributes-of-dos", code, |zip| zip.directory[DA].external_attributes |= 1),
        with("attributes-none", code, |zip| zip.directory[DA].external_attributes = 0),
        linked("extra-field-local", code, |zip| zip.entries[DA].extra = unicode_path("da/b")),
        linked("extra-field-central", code, |zip| zip.directory[DA].extra = unicode_path("da/b")),
        linked("comment-of-an-entry", code, |zip| zip.directory[DA].comment = b"x".to_vec()),
        linked("comment-of-the-archive", code, |zip| zip.end.comment = b"x".to_vec()),
        linked("comment-that-is-an-end-record", code, |zip| zip.end.comment = zip.end.bytes()),
        with("comment-length-without-a-comment", code, |zip| zip.end.comment_length = 1),
        swapped("unsorted", code, CAPSULE, DA),
        swapped("mimetype-second", code, MIMETYPE, 1),
        swapped("mimetype-last", code, MIMETYPE, LAST),
        linked("mimetype-missing", code, |zip| {
            zip.entries.remove(MIMETYPE);
            zip.directory.remove(MIMETYPE);
        }),
    ]
}

/// Info-ZIP's Unicode path: a second name that some readers prefer to the first.
fn unicode_path(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len() + 5).unwrap_or(u16::MAX).to_le_bytes();
    [b"up", &length[..], &[1], &super::zip::crc32(b"da/a").to_le_bytes(), name.as_bytes()].concat()
}

fn swapped(name: &str, code: ReasonCode, a: usize, b: usize) -> Case {
    linked(name, code, |zip| {
        zip.entries.swap(a, b);
        zip.directory.swap(a, b);
    })
}

fn over_limits() -> Vec<Case> {
    let code = ReasonCode::LimitExceeded;
    let claim = |name: &str, at: usize, size: u32| {
        with(name, code, |zip| {
            for header in [&mut zip.entries[at].header, &mut zip.directory[at].header] {
                (header.size, header.compressed_size) = (size, size);
            }
        })
    };
    vec![
        claim("claim-of-4-gb", DA, u32::MAX - 1),
        claim("claim-of-64-mib-and-a-byte", DA, 64 * 1024 * 1024 + 1),
        claim("mimetype-of-2-mib", MIMETYPE, 2 << 20),
        claim("capsule-of-21-mib", CAPSULE, 21 << 20),
        claim("event-log-of-17-mib", LAST, 17 << 20),
        with("proof-of-3-mib", code, |zip| {
            zip.push(b"proof/stark.bin", b"");
            zip.link();
            for header in [&mut zip.entries[5].header, &mut zip.directory[5].header] {
                (header.size, header.compressed_size) = (3 << 20, 3 << 20);
            }
        }),
    ]
}

fn names() -> Vec<Case> {
    let code = ReasonCode::EntryNameInvalid;
    let long = format!("da/{}", "a".repeat(126));
    let names: [(&str, &[u8]); 30] = [
        ("empty", b""),
        ("too-long", long.as_bytes()),
        ("traversal", b"../capsule.cbor"),
        ("traversal-inside", b"da/../../x"),
        ("traversal-at-the-end", b"da/.."),
        ("traversal-by-backslash", b"da\\..\\x"),
        ("dot-segment", b"da/./x"),
        ("absolute", b"/da/a"),
        ("absolute-double", b"//da/a"),
        ("absolute-by-backslash", b"\\da\\a"),
        ("drive-letter", b"c:/a"),
        ("drive-letter-relative", b"c:a"),
        ("backslash", b"da\\a"),
        ("double-slash", b"da//a"),
        ("folder", b"da/"),
        ("upper-case", b"da/A"),
        ("nul", b"da/a\0.json"),
        ("line-feed", b"da/a\n"),
        ("escape-sequence", b"da/\x1b[2J"),
        ("space", b"da/a b"),
        ("latin-1", b"da/\xe9"),
        ("utf-8", "da/\u{e9}".as_bytes()),
        ("right-to-left-override", "da/\u{202e}a".as_bytes()),
        ("overlong-utf-8", b"da/\xc0\xaf"),
        ("trailing-dot", b"da/a."),
        ("hidden", b"da/.a"),
        ("stream", b"da/a:x"),
        ("unknown-folder", b"bin/sh"),
        ("unknown-file", b"readme.txt"),
        ("nested", b"da/a/b"),
    ];
    let mut cases: Vec<_> = names
        .iter()
        .map(|(what, name)| linked(&format!("name-{what}"), code, |zip| zip.entries[DA].name = name.to_vec()))
        .collect();
    let hex = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    cases.extend([
        linked("name-artifact-short", code, |zip| zip.entries[1].name.truncate(80)),
        linked("name-artifact-upper-case", code, |zip| {
            zip.entries[1].name = format!("artifacts/sha256/{hex}").into_bytes();
        }),
        linked("name-folds-to-another", code, |zip| {
            zip.push(b"EVENTS.JSONL", b"{}\n");
            zip.entries.swap(LAST, LAST + 1);
            zip.directory.swap(LAST, LAST + 1);
        }),
        with("link-by-attributes", code, |zip| zip.directory[DA].external_attributes = 0o120_777 << 16),
        linked("link-to-a-secret", code, |zip| {
            zip.entries[DA].content = b"/etc/shadow".to_vec();
            zip.directory[DA].external_attributes = 0o120_777 << 16;
        }),
    ]);
    cases
}

fn duplicates() -> Vec<Case> {
    let code = ReasonCode::EntryDuplicate;
    let twice = |name: &str, entry: usize, content: &[u8]| {
        linked(name, code, |zip| zip.push(ENTRIES[entry].0.as_bytes(), content))
    };
    vec![
        twice("twice-in-a-row", LAST, b"{}\n"),
        twice("twice-apart", 1, b"abc"),
        twice("twice-with-other-content", CAPSULE, b"\xa1\x00\x00"),
        twice("twice-mimetype", MIMETYPE, b"application/vnd.capseal.receipt"),
    ]
}

fn layout() -> Vec<Case> {
    let code = ReasonCode::EntryLayoutInvalid;
    vec![
        with("prefix", code, |zip| zip.prefix = vec![0]),
        linked("prefix-that-the-offsets-count", code, |zip| zip.prefix = b"#!/bin/sh\n".to_vec()),
        linked("prefix-that-is-a-container", code, |zip| zip.prefix = base().bytes()),
        with("suffix", code, |zip| zip.suffix = vec![0]),
        with("suffix-that-is-a-container", code, |zip| zip.suffix = base().bytes()),
        with("two-end-records", code, |zip| zip.suffix = zip.end.bytes()),
        with("two-end-records-that-differ", code, |zip| {
            let mut end = zip.end.clone();
            (end.entries, end.disk_entries) = (1, 1);
            zip.before_end = end.bytes();
        }),
        linked("gap-between-entries", code, |zip| zip.entries[CAPSULE].gap = vec![0]),
        linked("gap-before-the-directory", code, |zip| zip.entries[LAST].gap = b"APK Sig Block 42".to_vec()),
        with("gap-before-the-end-record", code, |zip| zip.before_end = vec![0]),
        with("digital-signature-record", code, |zip| zip.before_end = b"PK\x05\x05\0\0".to_vec()),
        linked("entry-that-the-directory-hides", code, |zip| {
            let hidden = zip.entries.remove(DA);
            zip.directory.remove(DA);
            zip.entries[DA - 1].gap = hidden.bytes();
        }),
        linked("header-without-an-entry", code, |zip| zip.directory.push(zip.directory[LAST].clone())),
        with("directory-in-another-order", code, |zip| zip.directory.swap(DA, LAST)),
        with("two-headers-for-one-entry", code, |zip| zip.directory[LAST] = zip.directory[DA].clone()),
        with("entry-inside-another", code, |zip| {
            let inner = zip.entries.remove(LAST);
            zip.entries[DA].content = inner.bytes();
            zip.link();
            zip.directory[LAST].local_offset = zip.directory[DA].local_offset + 30 + 4;
        }),
    ]
}

/// One of the two headers changed, field by field. A constant field is refused for its value, any other as disagreeing.
fn headers_that_disagree() -> Vec<Case> {
    let constant = ReasonCode::CanonicalizationFailed;
    let feature = ReasonCode::UnsupportedEncoding;
    let dependent = ReasonCode::EntryLayoutInvalid;
    type Change = fn(&mut Header);
    let fields: [(&str, ReasonCode, Change); 9] = [
        ("version-needed", constant, |header| header.version_needed = 20),
        ("flags", constant, |header| header.flags = 1 << 11),
        ("method", feature, |header| header.method = 8),
        ("time", constant, |header| header.time = 1),
        ("date", constant, |header| header.date = 0),
        ("crc32", dependent, |header| header.crc32 ^= 1),
        ("compressed-size", dependent, |header| header.compressed_size += 1),
        ("size", dependent, |header| header.size += 1),
        ("extra-length", constant, |header| header.extra_length = 1),
    ];
    let mut cases = Vec::new();
    for (field, code, change) in fields {
        cases.push(with(&format!("local-{field}"), code, |zip| change(&mut zip.entries[DA].header)));
        cases.push(with(&format!("central-{field}"), code, |zip| change(&mut zip.directory[DA].header)));
    }
    cases.extend([
        with("central-sizes", dependent, |zip| {
            let header = &mut zip.directory[CAPSULE].header;
            (header.size, header.compressed_size) = (0, 0);
        }),
        with("central-name", dependent, |zip| zip.directory[DA].name = b"da/b".to_vec()),
        with("central-name-that-folds-to-the-local", dependent, |zip| zip.directory[DA].name = b"DA/a".to_vec()),
        with("central-name-longer", dependent, |zip| {
            zip.directory[DA].name = b"da/aa".to_vec();
            zip.directory[DA].header.name_length = 5;
            zip.end.directory_size += 1;
        }),
        with("local-name", dependent, |zip| zip.entries[DA].name = b"da/b".to_vec()),
    ]);
    cases
}

/// Sizes, offsets, counts and checksums that are not those of the bytes.
fn extents_that_lie() -> Vec<Case> {
    let code = ReasonCode::EntryLayoutInvalid;
    let sizes = |name: &str, change: fn(u32) -> u32| {
        with(name, code, |zip| {
            for header in [&mut zip.entries[1].header, &mut zip.directory[1].header] {
                header.size = change(header.size);
                header.compressed_size = header.size;
            }
        })
    };
    vec![
        sizes("size-too-small", |size| size - 1),
        sizes("size-too-large", |size| size + 1),
        sizes("size-zero", |_| 0),
        with("name-length-too-small", ReasonCode::EntryNameInvalid, |zip| {
            zip.entries[DA].header.name_length -= 1;
            zip.directory[DA].header.name_length -= 1;
        }),
        with("name-length-too-large", ReasonCode::EntryNameInvalid, |zip| {
            zip.entries[DA].header.name_length += 100;
            zip.directory[DA].header.name_length += 100;
        }),
        with("offset-of-another-entry", code, |zip| zip.directory[LAST].local_offset = 0),
        with("offset-past-the-end", code, |zip| zip.directory[DA].local_offset = u32::MAX - 1),
        with("offset-off-by-one", code, |zip| zip.directory[DA].local_offset += 1),
        with("entry-count-too-small", code, |zip| (zip.end.entries, zip.end.disk_entries) = (4, 4)),
        with("entry-count-too-large", code, |zip| (zip.end.entries, zip.end.disk_entries) = (6, 6)),
        with("entry-count-of-65534", code, |zip| (zip.end.entries, zip.end.disk_entries) = (65_534, 65_534)),
        with("entry-counts-differ", code, |zip| zip.end.disk_entries = 1),
        with("directory-size-off-by-one", code, |zip| zip.end.directory_size += 1),
        with("directory-offset-off-by-one", code, |zip| zip.end.directory_offset -= 1),
        with("directory-offset-past-the-end", code, |zip| zip.end.directory_offset = u32::MAX - 1),
        with("content-changed", code, |zip| zip.entries[CAPSULE].content = b"\xa1".to_vec()),
        with("checksum-changed", code, |zip| {
            zip.entries[CAPSULE].header.crc32 ^= 0x8000_0000;
            zip.directory[CAPSULE].header.crc32 ^= 0x8000_0000;
        }),
    ]
}

const MILLION: usize = 1_000_000;

/// 110 MB: over the file limit; with that limit lifted, over the limit of entries.
fn million_entries() -> Case {
    let mut zip = base();
    (0..MILLION).for_each(|i| zip.push(format!("proof/{i:07}.bin").as_bytes(), b""));
    Case { name: "million-entries".to_owned(), code: ReasonCode::LimitExceeded, bytes: zip.linked().bytes() }
}

/// 47 MB of local headers, and then nothing.
fn million_entries_without_a_directory() -> Case {
    let mut zip = base();
    (0..MILLION).for_each(|i| zip.push(format!("proof/{i:07}.bin").as_bytes(), b""));
    let name = "million-entries-without-a-directory".to_owned();
    zip.directory.clear();
    Case { name, code: ReasonCode::LimitExceeded, bytes: zip.bytes() }
}

/// 50 MB of directory headers that all point at the same entry.
fn million_headers_for_one_entry() -> Case {
    let mut zip = base();
    let again = zip.directory[DA].clone();
    zip.directory.extend(std::iter::repeat_n(again, MILLION));
    let name = "million-headers-for-one-entry".to_owned();
    Case { name, code: ReasonCode::EntryLayoutInvalid, bytes: zip.linked().bytes() }
}

/// 10 MB whose three entries claim 4 GB each.
fn padded_claim() -> Case {
    let mut zip = base();
    zip.entries[DA].content = vec![0; 10_000_000];
    zip.link();
    for at in [1, DA, LAST] {
        for header in [&mut zip.entries[at].header, &mut zip.directory[at].header] {
            (header.size, header.compressed_size) = (u32::MAX - 1, u32::MAX - 1);
        }
    }
    Case { name: "10-mb-that-claim-12-gb".to_owned(), code: ReasonCode::LimitExceeded, bytes: zip.bytes() }
}
