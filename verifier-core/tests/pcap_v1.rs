//! Logs of version 1: every vector that the original's makers left, with both dialects.

use std::{fs, path::PathBuf};

use serde_json::Value;
use verifier_core::{
    Digest,
    pcap::v1::{
        Answer, FindingKind, Merkle, check,
        json::{Dialect, parse, write},
    },
};

/// The folder with the vectors; another one may be named in the environment.
fn folder() -> PathBuf {
    let vectors = std::env::var_os("PCAP_VECTORS").map(PathBuf::from);
    vectors.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/pcap"))
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn answer_of(verify: &Value) -> Answer {
    match verify["reason"].as_str().unwrap() {
        "ok" => Answer::Ok,
        "hash_mismatch" => Answer::HashMismatch,
        "chain_broken" => Answer::ChainBroken,
        exception => {
            assert!(exception.starts_with("exception:"), "{exception}");
            Answer::Malformed
        }
    }
}

#[test]
fn every_log_is_answered_as_the_original_answers_it() {
    let index: Value = serde_json::from_str(&text("index.json")).unwrap();
    let cases = index.as_array().or_else(|| index["files"].as_array()).unwrap();
    assert!(cases.len() >= 45);
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let report = check(&fs::read(folder().join(name)).unwrap());
        let expected = answer_of(&case["verify"]);
        assert_eq!(report.answer, expected, "{name}");
        let other = answer_of(&case["verify_with_other_dialect"]);
        let by_dialect = if case["dialect"] == "zmij" { [expected, other] } else { [other, expected] };
        assert_eq!(report.by_dialect, by_dialect, "{name}");
        let merkle = match &case["merkle"] {
            Value::String(root) => Merkle::Root(root.clone()),
            Value::Null if case["exit"]["pcap_merkle"] == 1 || case["cli"]["pcap_merkle"]["exit"] == 1 => {
                Merkle::Malformed
            }
            Value::Null => Merkle::Empty,
            _ => Merkle::Malformed,
        };
        assert_eq!(report.merkle, merkle, "{name}");
        // The dialect that a log was written with is the one that it fits.
        if expected == Answer::Ok && other != Answer::Ok {
            assert_eq!(report.dialect.name(), case["dialect"].as_str().unwrap(), "{name}");
        }
    }
}

#[test]
fn canonical_texts_and_their_hashes() {
    let cases: Value = serde_json::from_str(&text("canonical.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let input = case["input"].as_str().unwrap();
        let written = parse(input.as_bytes()).and_then(|parsed| write(&parsed.value, Dialect::Zmij));
        match &case["canonical"] {
            Value::String(canonical) => {
                let written = written.unwrap_or_else(|| panic!("{input} is refused")).text;
                assert_eq!(&written, canonical);
                assert_eq!(Digest::of_content(written.as_bytes()).to_string(), case["sha256"].as_str().unwrap());
            }
            _ => assert_eq!(written, None, "{input}"),
        }
    }
}

#[test]
fn floats_have_the_text_of_their_dialect() {
    for line in text("floats.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (bits, expected) = line.split_once('\t').unwrap();
        let number = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        if !number.is_finite() {
            continue;
        }
        let value = verifier_core::pcap::v1::json::Value::Float(number);
        assert_eq!(write(&value, Dialect::Zmij).unwrap().text, expected);
        assert_eq!(write(&value, Dialect::Ryu).unwrap().text, expected.replace("e+", "e"));
    }
}

#[test]
fn numbers_are_read_as_the_original_reads_them() {
    for line in text("numparse.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (input, expected) = line.split_once('\t').unwrap();
        let written = parse(input.as_bytes()).and_then(|parsed| write(&parsed.value, Dialect::Zmij));
        assert_eq!(written.map_or("ERR".to_owned(), |written| written.text), expected, "{input}");
    }
}

#[test]
fn what_is_too_deep_to_be_written_is_malformed() {
    for (arrays, expected) in [(253, Answer::HashMismatch), (254, Answer::Malformed), (1024, Answer::Malformed)] {
        let deep = format!("{{\"type\":\"action\",\"x\":{}{}}}\n", "[".repeat(arrays), "]".repeat(arrays));
        assert_eq!(check(deep.as_bytes()).answer, expected, "{arrays}");
    }
    let passed_over = format!("{{\"type\":\"note\",\"x\":{}{}}}\n", "[".repeat(1023), "]".repeat(1023));
    assert_eq!(check(passed_over.as_bytes()).answer, Answer::Ok);
}

#[test]
fn the_first_failure_decides_and_a_later_one_is_not_reached() {
    let mismatch = "{\"type\":\"action\",\"hash\":\"00\"}\n";
    assert_eq!(check(format!("{mismatch}torn").as_bytes()).answer, Answer::HashMismatch);
    assert_eq!(check(format!("torn\n{mismatch}").as_bytes()).answer, Answer::Malformed);
    assert_eq!(check(format!("{mismatch}torn").as_bytes()).merkle, Merkle::Malformed);
}

#[test]
fn findings_say_what_the_original_does_not_see() {
    let honest = fs::read(folder().join("zmij/run-0003.jsonl")).unwrap();
    assert!(check(&honest).is_accepted());
    let found = |log: &[u8]| check(log).findings.iter().map(|finding| finding.kind).collect::<Vec<_>>();
    assert_eq!(found(b""), [FindingKind::Empty]);
    let lines: Vec<&[u8]> = honest.split_inclusive(|byte| *byte == b'\n').collect();
    let joined = |parts: &[&[u8]]| parts.concat();
    assert_eq!(found(&joined(&lines[1..])), [FindingKind::HeaderMissing]);
    assert_eq!(found(&joined(&[&joined(&lines), lines[0]])), [FindingKind::HeaderTwice]);
    assert_eq!(found(&joined(&[lines[1], lines[0]])), [FindingKind::HeaderMisplaced]);
    assert_eq!(found(&honest[..honest.len() - 1]), [FindingKind::TornTail]);
    assert_eq!(found(&joined(&[&honest, b"\n"])), [FindingKind::NotCanonical]);
    assert_eq!(found(&joined(&[&honest, b"{\"type\":\"note\"}\n"])), [FindingKind::TypeUnknown]);
    let twice = [b"{\"type\":\"run_header\",".as_slice(), &lines[0][1..]].concat();
    assert_eq!(found(&joined(&[&twice, lines[1]])), [FindingKind::KeyTwice, FindingKind::NotCanonical]);
}
