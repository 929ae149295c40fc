//! A policy drafted from a sealed log requires the checks that the log shows to have passed, and no others.

use std::{fs, path::Path, process::Command};

use verifier_core::{Digest, policy::Policy};

fn capseal(folder: &Path, arguments: &str) -> bool {
    let arguments = arguments.split(' ').collect::<Vec<_>>();
    let output = Command::new(env!("CARGO_BIN_EXE_capseal")).args(arguments).current_dir(folder).output().unwrap();
    output.status.success()
}

fn record(folder: &Path, invariant: &str, result: &str, level: &str, proof: &str) {
    let subject = Digest::of_content(b"the change under test");
    let check = format!("--policy-id ci --invariant-id {invariant} --result {result} --level {level}");
    assert!(capseal(folder, &format!("pcap log --run run.jsonl {check} --proof-ref {proof} --subject {subject}")));
}

#[test]
fn a_draft_requires_what_passed() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::write(folder.join("report.txt"), "3 tests, 3 passed\n").unwrap();
    let proof = format!("sha256:{}", Digest::of_content(b"3 tests, 3 passed\n"));
    assert!(capseal(folder, "pcap new-run --file run.jsonl"));
    record(folder, "tests_pass", "verified", "S1", &proof);
    record(folder, "lint", "verified", "S0", &proof);
    record(folder, "lint", "verified", "S2", &proof);
    record(folder, "flaky", "failed", "S1", &proof);
    record(folder, "flaky", "verified", "S1", &proof);
    record(folder, "reviewed", "verified", "S1", "psp:review-17");
    record(folder, "skipped", "skipped", "S1", &proof);
    assert!(capseal(folder, "pcap seal --run run.jsonl"));
    assert!(capseal(folder, "seal --log run.jsonl --artifact report.txt"));
    assert!(capseal(folder, "policy init --from log.cap --out policy.json"));
    let document = fs::read(folder.join("policy.json")).unwrap();
    Policy::read(&document).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let expected = serde_json::json!([
        { "policy_id": "ci", "invariant_id": "lint", "level": "S2" },
        { "policy_id": "ci", "invariant_id": "tests_pass", "level": "S1" },
    ]);
    assert_eq!(document["tracks"][0]["rules"]["obligations"], expected);
    assert!(capseal(folder, "policy check log.cap --policy policy.json"));
    // A log in which nothing passed drafts no such rule, which would require everything.
    assert!(capseal(folder, "pcap new-run --file none.jsonl"));
    assert!(capseal(folder, "pcap seal --run none.jsonl"));
    assert!(capseal(folder, "seal --log none.jsonl --out none.cap"));
    assert!(capseal(folder, "policy init --from none.cap --out none.json"));
    let document: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("none.json")).unwrap()).unwrap();
    assert_eq!(document["tracks"][0]["rules"].get("obligations"), None);
}
