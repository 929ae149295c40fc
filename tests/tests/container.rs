//! The container: reader, writer, the zip crate and Python agree on what is one, and everything else is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use capseal_sealing::container::{Entry, write};
use capseal_tests::hostile::container::{ENTRIES, base, cases, large_cases};
use capseal_tests::hostile::zip::Zip;
use proptest::prelude::*;
use verifier_core::container::{Container, ContainerError, EntryKind, MEDIA_TYPE};
use verifier_core::{Limits, ReasonCode};

type Contents = BTreeMap<String, Vec<u8>>;

fn parse(bytes: &[u8]) -> Result<Container<'_>, ContainerError> {
    Container::parse(bytes, &Limits::DEFAULT)
}

fn written<'a>(entries: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Vec<u8> {
    let entries = entries.into_iter().map(|(name, content)| Entry::bytes(name, content));
    write(entries, Cursor::new(Vec::new())).unwrap().into_inner()
}

/// A receipt of one entry of each kind.
fn sample() -> Contents {
    let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    [
        (format!("artifacts/sha256/{hex}"), b"abc".to_vec()),
        ("capsule.cbor".to_owned(), b"\xa0".to_vec()),
        ("da/a".to_owned(), vec![]),
        ("events.jsonl".to_owned(), b"{}\n".to_vec()),
        ("manifests/os.json".to_owned(), b"{}".to_vec()),
        ("policy.json".to_owned(), b"{}".to_vec()),
        ("proof/stark.bin".to_owned(), (0..=255).collect()),
        ("signatures/author.cose".to_owned(), b"\x84".to_vec()),
    ]
    .into()
}

fn arb_name() -> impl Strategy<Value = String> {
    let token = "[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?";
    prop_oneof![
        Just("capsule.cbor".to_owned()),
        Just("events.jsonl".to_owned()),
        Just("policy.json".to_owned()),
        token.prop_map(|token| format!("proof/{token}.bin")),
        "[0-9a-f]{64}".prop_map(|hex| format!("artifacts/sha256/{hex}")),
        token.prop_map(|token| format!("manifests/{token}.json")),
        token.prop_map(|token| format!("signatures/{token}.cose")),
        token.prop_map(|token| format!("da/{token}")),
    ]
}

fn arb_contents() -> impl Strategy<Value = Contents> {
    prop::collection::btree_map(arb_name(), prop::collection::vec(any::<u8>(), 0..200), 0..20)
}

fn arb_shuffled() -> impl Strategy<Value = (Contents, Vec<(String, Vec<u8>)>)> {
    arb_contents().prop_flat_map(|contents| {
        let entries: Vec<_> = contents.clone().into_iter().collect();
        (Just(contents), Just(entries).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(contents in arb_contents()) {
        let bytes = written(&contents);
        let container = parse(&bytes).unwrap();
        let read: Contents =
            container.entries()[1..].iter().map(|entry| (entry.name.to_string(), entry.content.to_vec())).collect();
        prop_assert_eq!(&read, &contents);
        prop_assert_eq!(container.get("mimetype"), Some(MEDIA_TYPE.as_bytes()));
        for (name, content) in &contents {
            prop_assert_eq!(container.get(name), Some(&content[..]));
        }
        prop_assert_eq!(container.get("da/absent/"), None);
    }

    #[test]
    fn order_of_writing_does_not_show((contents, shuffled) in arb_shuffled()) {
        prop_assert_eq!(written(shuffled.iter().map(|(name, content)| (name, content))), written(&contents));
    }

    #[test]
    fn the_spec_s_layout_is_what_is_written(contents in arb_contents()) {
        let mimetype = ("mimetype", MEDIA_TYPE.as_bytes());
        let others = contents.iter().map(|(name, content)| (name.as_str(), &content[..]));
        let entries: Vec<_> = std::iter::once(mimetype).chain(others).collect();
        prop_assert_eq!(Zip::of(&entries).bytes(), written(&contents));
    }

    #[test]
    fn what_is_accepted_has_one_spelling(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = written(&sample());
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(container) = parse(&bytes) {
            let contents: Contents =
                container.entries()[1..].iter().map(|entry| (entry.name.to_string(), entry.content.to_vec())).collect();
            prop_assert_eq!(written(&contents), bytes);
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(parse(&bytes).is_err());
    }
}

#[test]
fn the_zip_crate_reads_the_same() {
    let bytes = written(&sample());
    let container = parse(&bytes).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    assert_eq!(archive.len(), container.entries().len());
    for (i, entry) in container.entries().iter().enumerate() {
        let mut file = archive.by_index(i).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!((file.name().unwrap().as_ref(), &content[..]), (entry.name.as_str(), entry.content));
        assert_eq!(file.unix_mode(), Some(0o100_644));
    }
}

#[test]
fn python_reads_the_same() {
    const SCRIPT: &str = "
import io, sys, zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert archive.testzip() is None
for info in archive.infolist():
    print(info.filename, archive.read(info).hex(), info.date_time, oct(info.external_attr >> 16))
";
    let bytes = written(&sample());
    let mut python = Command::new("python3")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed for this test");
    python.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let hex = |content: &[u8]| content.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let expected: String = parse(&bytes)
        .unwrap()
        .entries()
        .iter()
        .map(|entry| format!("{} {} (1980, 1, 1, 0, 0, 0) 0o100644\n", entry.name, hex(entry.content)))
        .collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn every_flip_of_every_byte_is_refused() {
    let bytes = written(&sample());
    for at in 0..bytes.len() {
        for mask in 1..=u8::MAX {
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            assert!(parse(&flipped).is_err(), "byte {at} ^ 0x{mask:02x}");
        }
    }
}

#[test]
fn every_cut_is_refused_as_unreadable() {
    let bytes = written(&sample());
    for length in 0..bytes.len() {
        assert_eq!(parse(&bytes[..length]).unwrap_err().code(), ReasonCode::ParseFailed, "{length} bytes");
    }
}

#[test]
fn every_insertion_and_removal_is_refused() {
    let bytes = written(&sample());
    for at in 0..=bytes.len() {
        for value in [0, b'P', 0xff] {
            let grown = [&bytes[..at], &[value], &bytes[at..]].concat();
            assert!(parse(&grown).is_err(), "0x{value:02x} inserted at {at}");
        }
        if at < bytes.len() {
            assert!(parse(&[&bytes[..at], &bytes[at + 1..]].concat()).is_err(), "byte {at} removed");
        }
    }
}

#[test]
fn hostile_containers_are_refused_with_their_code() {
    parse(&base().bytes()).expect("the base of the cases is a container");
    let mut names = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for case in cases() {
        let refused = parse(&case.bytes).expect_err(&case.name);
        assert_eq!(refused.code(), case.code, "{}: {refused}", case.name);
        assert!(refused.offset <= case.bytes.len());
        assert!(names.insert(case.name.clone()), "{} twice", case.name);
        codes.insert(case.code);
    }
    let expected = [1, 2, 4, 5, 6, 7, 8];
    assert_eq!(codes.iter().map(|code| code.number()).collect::<Vec<_>>(), expected);
}

#[test]
fn large_hostile_containers_are_refused_at_once() {
    for case in large_cases() {
        let start = Instant::now();
        let refused = parse(&case.bytes).expect_err(&case.name);
        assert_eq!(refused.code(), case.code, "{}: {refused}", case.name);
        assert!(start.elapsed() < Duration::from_secs(1), "{} took {:?}", case.name, start.elapsed());
        if case.name == "million-entries" {
            let lifted = Limits { file_bytes: usize::MAX, ..Limits::DEFAULT };
            let refused = Container::parse(&case.bytes, &lifted).unwrap_err();
            assert_eq!((refused.code(), refused.entry), (ReasonCode::LimitExceeded, Some(20_000)));
        }
    }
}

#[test]
fn limits_are_the_caller_s() {
    let bytes = written(&sample());
    let parse_with = |change: fn(&mut Limits)| {
        let mut limits = Limits::DEFAULT;
        change(&mut limits);
        Container::parse(&bytes, &limits).map(|_| ()).map_err(|error| (error.code(), error.entry))
    };
    let refused = |entry| Err((ReasonCode::LimitExceeded, entry));
    assert_eq!(parse_with(|limits| limits.entries = 9), Ok(()));
    assert_eq!(parse_with(|limits| limits.entries = 8), refused(Some(8)));
    assert_eq!(parse_with(|limits| limits.file_bytes = 100), refused(None));
    assert_eq!(parse_with(|limits| limits.entry_bytes = 3), Ok(()));
    assert_eq!(parse_with(|limits| limits.entry_bytes = 2), refused(Some(1)));
    assert_eq!(parse_with(|limits| limits.capsule_bytes = 0), refused(Some(2)));
    assert_eq!(parse_with(|limits| limits.event_log_bytes = 2), refused(Some(4)));
    assert_eq!(parse_with(|limits| limits.document_bytes = 30), refused(Some(0)));
    assert_eq!(parse_with(|limits| limits.proof_bytes = 255), refused(Some(7)));
}

#[test]
fn dropped_entries_show_in_the_entries_alone() {
    // What the structure cannot know: a container without an entry is a container. The layers above miss it.
    for (name, _) in &ENTRIES[1..] {
        let entries: Vec<_> = ENTRIES.iter().filter(|(other, _)| other != name).collect();
        let bytes = Zip::of(&entries.iter().map(|(name, content)| (*name, *content)).collect::<Vec<_>>()).bytes();
        assert_eq!(parse(&bytes).unwrap().get(name), None);
    }
}

#[test]
fn kinds_come_with_the_entries() {
    let bytes = written(&sample());
    let container = parse(&bytes).unwrap();
    let artifacts = container.entries().iter().filter(|entry| matches!(entry.name.kind(), EntryKind::Artifact(_)));
    assert_eq!(artifacts.count(), 1);
}
