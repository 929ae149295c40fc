//! What counts as the proof of an obligation.

use std::{collections::BTreeMap, fs, path::Path};

use capseal_logs::{Action, LogFile, NewEntry, ProofFolder, SigningKey, examine, refuse_proofs, sign_checkpoint};
use capseal_tests::{receipt::Receipt, vectors::folder as vectors};
use serde_json::Map;
use verifier_core::{
    Digest, Limits,
    pcap::{
        Options, TreeHead,
        note::KeyType,
        obligation::{Level, Obligation, Outcome, ProofRef, Record, Resolution, Why},
    },
    verify::evidence,
};

fn vector(name: &str) -> Vec<u8> {
    fs::read(vectors().join(format!("accept/{name}.cap"))).unwrap()
}

/// Every digest by which a receipt names something.
fn subjects(receipt: &[u8]) -> Vec<Digest> {
    let capsule = Receipt::read(receipt).record().unwrap();
    let files = capsule.payload.claim.files().map(|file| file.digest);
    files.chain([capsule.capsule_hash, Digest::of_content(receipt)]).collect()
}

fn stranger() -> Digest {
    Digest::of_content(b"nobody named this")
}

#[test]
fn a_proven_run_is_the_proof_of_what_it_names_and_of_nothing_else() {
    for (name, expected) in [
        ("geom-100", Resolution::Verified),
        // Proven is that it ended with 7.
        ("rv32im-100", Resolution::Refused),
        ("process-run", Resolution::Present),
        ("log-session", Resolution::Present),
        ("process-failed-declared", Resolution::Refused),
    ] {
        let receipt = vector(name);
        let shown = evidence(&receipt, &Limits::DEFAULT);
        for subject in subjects(&receipt) {
            assert_eq!(shown.about(&subject), expected, "{name}, about {subject}");
        }
        let foreign = if expected == Resolution::Refused { Resolution::Refused } else { Resolution::Foreign };
        assert_eq!(shown.about(&stranger()), foreign, "{name}");
    }
}

#[test]
fn what_is_refused_as_a_receipt_is_refused_as_a_proof() {
    let receipt = vector("geom-100");
    for place in (0..receipt.len()).step_by(receipt.len() / 50).skip(1) {
        let mut changed = receipt.clone();
        changed[place] ^= 1;
        let shown = evidence(&changed, &Limits::DEFAULT);
        assert!(subjects(&receipt).iter().all(|subject| shown.about(subject) == Resolution::Refused), "byte {place}");
    }
    assert_eq!(evidence(b"PK", &Limits::DEFAULT).about(&stranger()), Resolution::Refused);
    // Of a content that is no receipt only the hash is known.
    assert_eq!(evidence(b"42 tests passed\n", &Limits::DEFAULT).about(&stranger()), Resolution::Present);
    assert_eq!(evidence(b"", &Limits::DEFAULT).about(&stranger()), Resolution::Present);
}

fn why(folder: &Path, level: Level, subject: Digest, proof: Digest) -> Why {
    let path = folder.join("session.jsonl");
    let _ = fs::remove_file(&path);
    let mut log = LogFile::create(&path, Map::new()).unwrap();
    log.append(&[Action::new("build", "ci").into()]).unwrap();
    let obligation = Obligation {
        policy_id: "release".into(),
        invariant_id: "tests_pass".into(),
        result: Outcome::Verified,
        proof_ref: ProofRef::Content(proof),
    };
    log.append(&[NewEntry::from(&Record { obligation, subject, level: Level::S2 })]).unwrap();
    let key = SigningKey::generate("ci", KeyType::Signer).unwrap();
    let head = examine(&path, Options::default(), &mut refuse_proofs).unwrap();
    let head = TreeHead { log_id: head.log_id.unwrap(), size: head.size, root: head.root.unwrap() };
    let options = Options {
        level,
        checkpoint: Some(sign_checkpoint(head, &key).unwrap()),
        trusted: vec![key.public().unwrap()],
        ..Options::default()
    };
    let mut proofs = ProofFolder::read(&folder.join("proofs")).unwrap();
    let report = examine(&path, options, &mut |content, subject| proofs.resolve(content, subject)).unwrap();
    report.obligations.unwrap().obligations[0].why
}

#[test]
fn a_log_is_judged_by_the_proofs_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let proofs = folder.path().join("proofs");
    fs::create_dir_all(proofs.join("a folder")).unwrap();
    let mut digests = BTreeMap::new();
    for name in ["geom-100", "process-run", "process-failed-declared"] {
        fs::write(proofs.join(name), vector(name)).unwrap();
        digests.insert(name, Digest::of_content(&vector(name)));
    }
    fs::write(proofs.join("report.txt"), "42 tests passed\n").unwrap();
    let judged = |level, subject: &str, proof: &str| {
        why(
            folder.path(),
            level,
            subjects(&vector(subject))[0],
            *digests.get(proof).unwrap_or(&Digest::of_content(proof.as_bytes())),
        )
    };
    assert_eq!(judged(Level::S2, "geom-100", "geom-100"), Why::Verified);
    assert_eq!(judged(Level::S2, "process-run", "geom-100"), Why::ProofForeign);
    assert_eq!(judged(Level::S1, "process-run", "geom-100"), Why::ProofForeign);
    assert_eq!(judged(Level::S2, "process-run", "process-run"), Why::ProofNotVerified);
    assert_eq!(judged(Level::S1, "process-run", "process-run"), Why::Verified);
    assert_eq!(judged(Level::S2, "process-failed-declared", "process-failed-declared"), Why::ProofRefused);
    assert_eq!(judged(Level::S2, "geom-100", "42 tests passed\n"), Why::ProofNotVerified);
    assert_eq!(judged(Level::S1, "geom-100", "42 tests passed\n"), Why::Verified);
    assert_eq!(judged(Level::S2, "geom-100", "not there"), Why::ProofMissing);
    // Changed since it was hashed, or not: what lies under the name is not what was named.
    fs::write(proofs.join("geom-100"), "something else").unwrap();
    assert_eq!(judged(Level::S2, "geom-100", "geom-100"), Why::ProofMissing);
}
