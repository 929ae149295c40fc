//! What the command line says of receipts: a program that failed is no success, nothing unseen is ticked, and nothing is said twice.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn accepted(name: &str) -> String {
    format!("{}/../../tests/vectors/accept/{name}.cap", env!("CARGO_MANIFEST_DIR"))
}

/// Exit status and everything that was printed.
fn capseal(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_capseal")).args(arguments).current_dir(folder).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn a_failed_program_is_no_success_in_any_claim_class() {
    let here = Path::new(".");
    for (name, headline) in [
        (
            "process-failed-declared",
            "! failed  The program failed: it ended with exit code 3. The record of the run is intact;",
        ),
        ("process-signal", "! failed  The program failed: signal 9 ended it. The record of the run is intact;"),
        ("rv32im-100", "! failed  The program failed: it ended with exit code 7. A proof shows that the program,"),
    ] {
        let receipt = accepted(name);
        for command in ["verify", "inspect"] {
            let (status, text) = capseal(here, &[command, &receipt]);
            assert!(status == 0 && text.contains(headline), "{text}");
            assert!(
                !text.contains("PROOF_ONLY") && !text.contains("✓ witnessed") && !text.contains("✓ proven"),
                "{text}"
            );
        }
        let (status, text) = capseal(here, &["verify", "--require-exit", "0", &receipt]);
        assert!(status == 11 && text.contains("✗ refused  E303_EXIT_NOT_AS_REQUIRED"), "{text}");
    }
    let (status, text) = capseal(here, &["verify", "--require-exit", "0", &accepted("process-typical")]);
    assert!(status == 0 && text.contains("✓ witnessed  The record of the run is intact;"), "{text}");
}

#[test]
fn a_verdict_names_command_exit_outputs_and_notes() {
    let (_, text) = capseal(Path::new("."), &["verify", &accepted("process-typical")]);
    for line in ["  command        strategy.py prices.csv --fast\n", "  exit code      0\n", "orders.csv\n"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let (_, text) = capseal(Path::new("."), &["verify", &accepted("notes-of-a-later-version")]);
    assert!(text.contains("  notes          network, something_new_2\n"), "{text}");
    assert!(
        text.contains("What the capture notes as something_new_2: this verifier does not know the note."),
        "{text}"
    );
}

#[test]
fn the_demonstration_machine_is_called_one() {
    let (_, text) = capseal(Path::new("."), &["verify", &accepted("geom-100")]);
    assert!(text.contains("✓ demonstration  A proof shows a run of geom_v1, a demonstration machine;"), "{text}");
    assert!(text.contains("· That any program of yours ran:"), "{text}");
}

#[test]
fn what_nobody_looked_at_is_not_ticked() {
    let (_, text) = capseal(Path::new("."), &["verify", &accepted("process-detached-large")]);
    assert!(text.contains("– archive      ") && text.contains(" of the archive not looked at; "), "{text}");
    assert!(text.contains("· That the files behind this receipt exist: "), "{text}");
    let (_, text) = capseal(Path::new("."), &["audit", &accepted("process-detached")]);
    assert!(text.contains("all here and as committed to; the encoded copy was not looked at"), "{text}");
    assert!(!text.contains("That the files behind"), "{text}");
}

#[test]
fn an_archive_that_the_receipt_carries_need_not_be_fetched() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--fetch"][..], &["--fetch", "--out", "archive"]] {
        let (status, text) = capseal(folder.path(), &[&["audit", &accepted("process-typical")], arguments].concat());
        assert!(status == 0 && text.contains("every artifact is in the receipt and was checked"), "{text}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

/// A receipt's entries in a folder, as `inspect --extract` writes them.
fn extracted(folder: &Path, name: &str) -> PathBuf {
    let (status, text) = capseal(folder, &["inspect", "--extract", "entries", &accepted(name)]);
    assert_eq!(status, 0, "{text}");
    folder.join("entries")
}

#[test]
fn packing_again_keeps_signatures_and_policy() {
    let folder = tempfile::tempdir().unwrap();
    let entries = extracted(folder.path(), "policy-self-reported");
    let emit = |more: &[&str]| {
        let all =
            ["emit", "--capsule", "entries/capsule.cbor", "--artifacts", "entries", "--out", "again.cap", "--force"];
        capseal(folder.path(), &[&all, more].concat())
    };
    let (status, text) = emit(&[]);
    assert!(status == 0 && text.contains("2 signatures, the policy document"), "{text}");
    let again = std::fs::read(folder.path().join("again.cap")).unwrap();
    assert!(again == std::fs::read(accepted("policy-self-reported")).unwrap());

    let rules = folder.path().join("rules.json");
    std::fs::rename(entries.join("policy.json"), &rules).unwrap();
    assert!(emit(&[]).1.contains("2 signatures, no policy document"));
    assert_eq!(emit(&["--policy", "rules.json"]).0, 0);
    assert!(std::fs::read(folder.path().join("again.cap")).unwrap() == again);
    std::fs::write(&rules, "{}").unwrap();
    let (status, text) = emit(&["--policy", "rules.json"]);
    assert!(status == 1 && text.contains("E033_POLICY_HASH_MISMATCH"), "{text}");
}
