//! What the spec pages state in numbers is what the code does.

use capseal_tests::vectors;
use verifier_core::Limits;
use verifier_core::container::Container;

const CONTAINER: &str = include_str!("../../docs/spec/container.md");
const VERDICT: &str = include_str!("../../docs/spec/verdict.md");
const CAPTURE: &str = include_str!("../../docs/spec/capture.md");
const LIMITS: &str = include_str!("../../docs/spec/limits.md");

#[test]
fn the_container_page_s_example_is_a_container() {
    let (_, example) = CONTAINER.split_once("(here one byte, `a0`):\n\n```\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let bytes: Vec<u8> = example.split_whitespace().flat_map(bytes_of).collect();
    let container = Container::parse(&bytes, &Limits::DEFAULT).unwrap();
    assert_eq!(container.get("capsule.cbor"), Some(&b"\xa0"[..]));
    assert_eq!(container.entries().len(), 2);
}

/// A word of the example: quoted text, or hexadecimal digits.
fn bytes_of(word: &str) -> Vec<u8> {
    if let Some(text) = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        return text.as_bytes().to_vec();
    }
    word.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_limits_page_states_the_defaults() {
    let Limits {
        file_bytes,
        entries,
        entry_bytes,
        capsule_bytes,
        event_log_bytes,
        event_log_lines,
        event_line_bytes,
        proof_bytes,
        document_bytes,
    } = Limits::DEFAULT;
    let expected = [
        ("file_bytes", file_bytes),
        ("entries", entries),
        ("entry_bytes", entry_bytes),
        ("capsule_bytes", capsule_bytes),
        ("event_log_bytes", event_log_bytes),
        ("event_log_lines", event_log_lines),
        ("event_line_bytes", event_line_bytes),
        ("proof_bytes", proof_bytes),
        ("document_bytes", document_bytes),
    ]
    .map(|(name, value)| (format!("`{name}`"), value));
    let stated: Vec<_> = LIMITS
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[2].parse().unwrap())
        })
        .collect();
    assert_eq!(stated, expected);
}

#[test]
fn the_capture_page_lists_every_note() {
    let (_, table) = CAPTURE.split_once("## Notes").unwrap();
    let (table, _) = table.split_once("## Limits").unwrap();
    let stated: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(stated, capseal_recorder::Note::ALL.map(capseal_recorder::Note::name));
    assert!(stated.is_sorted());
}

#[test]
fn the_verdict_page_lists_the_keys_of_an_inspection() {
    let (_, table) = VERDICT.split_once("## Inspection").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let stated: Vec<&str> = rows.flat_map(|row| row.split(" | ").next().unwrap().split(", ")).collect();
    let stated: Vec<&str> = stated.iter().map(|key| key.trim_matches('`')).collect();
    let vectors = vectors::folder().join("accept");
    for name in ["geom-100", "process-run"] {
        let receipt = std::fs::read(vectors.join(format!("{name}.cap"))).unwrap();
        let inspection = serde_json::to_string(&verifier_core::inspect(&receipt, &Limits::DEFAULT).unwrap()).unwrap();
        let places: Vec<_> = stated.iter().map(|key| inspection.find(&format!("\"{key}\":"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{stated:?} in {inspection}");
        let keys = serde_json::from_str::<serde_json::Map<_, _>>(&inspection).unwrap().len();
        assert_eq!(keys, stated.len());
    }
}
