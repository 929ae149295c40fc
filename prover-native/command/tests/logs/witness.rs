//! Witnesses and COSE receipts on the command line: what is cosigned and signed, and what is not.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use capseal_logs::{KeyError, SigningKey, Witness, WitnessError, sign_checkpoint};
use serde_json::Value;
use verifier_core::pcap::{Checkpoint, KeyType};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.good("new-run --file run.jsonl");
        folder.good("log --run run.jsonl --action a");
        folder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capseal"));
        command.arg("pcap").args(arguments.split(' ')).current_dir(&self.0);
        command
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that succeeds prints.
    fn good(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned()
    }

    /// The exit status and the output of a command that refuses.
    fn refused(&self, arguments: &str) -> (i32, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments}: {output:?}");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    /// Writes what a command prints into a file.
    fn write(&self, arguments: &str, name: &str) {
        fs::write(self.at(name), format!("{}\n", self.good(arguments))).unwrap();
    }

    fn signer(&self) -> String {
        self.good("key --name example.com/ci --out ci.key")
    }

    fn witness(&self, number: u8) -> String {
        self.good(&format!("key --witness --name example.org/w{number} --out w{number}.key"))
    }
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_witness_cosigns_what_it_saw_grow_and_nothing_else() {
    let folder = Folder::new();
    let (key, witness) = (folder.signer(), folder.witness(1));
    let cosign = |file: &str| format!("cosign --checkpoint {file} --sign w1.key --key {key}");
    folder.write("checkpoint --run run.jsonl --sign ci.key", "one.ckpt");
    let alone = fs::read(folder.at("one.ckpt")).unwrap();
    let verify = format!("verify --run run.jsonl --checkpoint one.ckpt --key {key} --witness {witness} --level S1");
    let (status, text) = folder.refused(&verify);
    assert!(status == 11 && text.contains("E209_CHECKPOINT_UNWITNESSED") && text.contains("0 of the 1"), "{text}");
    folder.good(&cosign("one.ckpt"));
    let seen = report(&folder.good(&format!("{verify} --json")));
    assert_eq!(seen["witnessed"][0]["name"], "example.org/w1");
    assert!(folder.good(&verify).contains("witnessed by example.org/w1 at 2"));
    // Again is no second line, and a pipe is no file.
    let input = Stdio::from(File::open(folder.at("one.ckpt")).unwrap());
    let piped = folder.command(&cosign("-")).stdin(input).output().unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap().matches("example.org/w1").count(), 1);
    assert!(piped.status.success() && !folder.at("-").exists());
    folder.good(&cosign("one.ckpt"));
    assert_eq!(fs::read_to_string(folder.at("one.ckpt")).unwrap().matches("example.org/w1").count(), 1);

    folder.good("log --run run.jsonl --action b");
    folder.write("checkpoint --run run.jsonl --sign ci.key", "two.ckpt");
    let grown = fs::read(folder.at("two.ckpt")).unwrap();
    let (status, text) = folder.refused(&cosign("two.ckpt"));
    assert!(
        status == 12 && text.contains("nothing shows that they only followed") && text.contains("w1.key.witnessed"),
        "{text}"
    );
    folder.write("prove --run run.jsonl --index 1", "inclusion.json");
    let (status, text) = folder.refused(&format!("{} --proof inclusion.json", cosign("two.ckpt")));
    assert!(status == 12 && text.contains("does not lead from that checkpoint"), "{text}");
    folder.write("prove --run run.jsonl --from one.ckpt --checkpoint two.ckpt", "joined.json");
    let spoilt = fs::read_to_string(folder.at("joined.json")).unwrap().replacen("\"size\":3", "\"size\":4", 1);
    fs::write(folder.at("spoilt.json"), spoilt).unwrap();
    assert_eq!(folder.refused(&format!("{} --proof spoilt.json", cosign("two.ckpt"))).0, 12);
    assert_eq!(fs::read(folder.at("two.ckpt")).unwrap(), grown);
    folder.good(&format!("{} --proof joined.json", cosign("two.ckpt")));
    // What was cosigned before is older now.
    fs::write(folder.at("one.ckpt"), alone).unwrap();
    let (status, text) = folder.refused(&cosign("one.ckpt"));
    assert!(status == 12 && text.contains("fewer lines"), "{text}");
}

#[test]
fn two_logs_of_one_identity_are_not_both_cosigned() {
    let folder = Folder::new();
    let (key, _) = (folder.signer(), folder.witness(1));
    fs::copy(folder.at("run.jsonl"), folder.at("other.jsonl")).unwrap();
    folder.good("log --run run.jsonl --action b");
    folder.good("log --run other.jsonl --action c");
    folder.write("checkpoint --run run.jsonl --sign ci.key", "one.ckpt");
    folder.write("checkpoint --run other.jsonl --sign ci.key", "two.ckpt");
    folder.good(&format!("cosign --checkpoint one.ckpt --sign w1.key --key {key}"));
    let (status, text) = folder.refused(&format!("cosign --checkpoint two.ckpt --sign w1.key --key {key}"));
    assert!(status == 12 && text.contains("shows two logs"), "{text}");
}

#[test]
fn keys_serve_their_purpose_alone() {
    let folder = Folder::new();
    let (key, witness) = (folder.signer(), folder.witness(1));
    folder.write("checkpoint --run run.jsonl --sign ci.key", "one.ckpt");
    folder.refused("checkpoint --run run.jsonl --sign w1.key");
    folder.refused("prove --run run.jsonl --index 1 --cose one.cose --sign w1.key");
    folder.refused(&format!("cosign --checkpoint one.ckpt --sign ci.key --key {key}"));
    folder.refused(&format!("cosign --checkpoint one.ckpt --sign w1.key --key {witness}"));
    folder.refused(&format!("verify --run run.jsonl --checkpoint one.ckpt --key {key} --witness {key}"));
    folder.refused(&format!("verify --run run.jsonl --checkpoint one.ckpt --key {witness}"));
    folder.refused(&format!("verify --run run.jsonl --checkpoint one.ckpt --witness {witness} --quorum 2"));
    // By a key that the witness does not know.
    let other = folder.good("key --name example.com/other --out other.key");
    let (status, text) = folder.refused(&format!("cosign --checkpoint one.ckpt --sign w1.key --key {other}"));
    assert!(status == 11 && text.contains("no trusted key"), "{text}");
    assert!(!folder.at("w1.key.witnessed").exists() && !folder.at("one.cose").exists());
    let head = Checkpoint::parse(&fs::read(folder.at("one.ckpt")).unwrap()).unwrap().head;
    let witness = SigningKey::generate("example.org/w2", KeyType::Witness).unwrap();
    assert!(matches!(sign_checkpoint(head, &witness), Err(KeyError::Purpose(KeyType::Signer))));
    assert!(matches!(Witness::open(Path::new("/nowhere")), Err(WitnessError::Key(KeyError::Read { .. }))));
}

#[test]
fn a_cose_receipt_is_made_and_checked() {
    let folder = Folder::new();
    let key = folder.signer();
    folder.write("checkpoint --run run.jsonl --sign ci.key", "one.ckpt");
    folder.good("log --run run.jsonl --action b");
    folder.good("prove --run run.jsonl --index 1 --cose one.cose --sign ci.key");
    folder.good("prove --run run.jsonl --index 0 --cose header.cose --sign ci.key");
    folder.good("prove --run run.jsonl --from one.ckpt --cose joined.cose --sign ci.key");
    let log = fs::read_to_string(folder.at("run.jsonl")).unwrap();
    for (number, line) in log.split_inclusive('\n').enumerate() {
        fs::write(folder.at(&format!("line{number}")), line).unwrap();
    }
    let verify = |receipt: &str, line: &str| format!("verify --receipt {receipt} --entry {line} --key {key}");
    folder.good(&verify("one.cose", "line1"));
    folder.good(&format!("{} --level S1", verify("header.cose", "line0")));
    assert_eq!(folder.refused(&verify("one.cose", "line2")).0, 12);
    let joined = format!("verify --receipt joined.cose --key {key}");
    let report = report(&folder.good(&format!("{joined} --checkpoint one.ckpt --json")));
    assert_eq!((&report["size"], &report["anchoring"]), (&3.into(), &"anchored".into()));
    assert!(folder.refused(&joined).1.contains("E302"));
    // A file that is there is kept; a log that was cut since is signed neither way.
    folder.refused("prove --run run.jsonl --index 1 --cose one.cose --sign ci.key");
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    fs::write(folder.at("run.jsonl"), lines[..2].concat()).unwrap();
    assert!(folder.refused("prove --run run.jsonl --index 1 --cose cut.cose --sign ci.key").1.contains("cut off"));
    assert!(!folder.at("cut.cose").exists());
}

#[test]
fn a_receipt_of_what_was_not_signed_yet_is_remembered_as_a_checkpoint_is() {
    let folder = Folder::new();
    folder.signer();
    folder.good("prove --run run.jsonl --index 1 --cose one.cose --sign ci.key");
    let kept = Checkpoint::parse(&fs::read(folder.at("run.jsonl.ckpt")).unwrap()).unwrap();
    assert_eq!(kept.head.size, 2);
    // An older head is signed again, and not kept in place of a later one.
    folder.good("log --run run.jsonl --action b");
    fs::copy(folder.at("run.jsonl.ckpt"), folder.at("old.ckpt")).unwrap();
    folder.write("checkpoint --run run.jsonl --sign ci.key", "new.ckpt");
    folder.good("prove --run run.jsonl --index 1 --checkpoint old.ckpt --cose old.cose --sign ci.key");
    let kept = Checkpoint::parse(&fs::read(folder.at("run.jsonl.ckpt")).unwrap()).unwrap();
    assert_eq!(kept.head.size, 3);
    assert!(folder.refused("prove --run run.jsonl --from new.ckpt --cose none.cose --sign ci.key").0 > 0);
}

#[test]
fn a_torn_end_is_told() {
    let folder = Folder::new();
    let tear = || {
        let mut log = fs::read(folder.at("run.jsonl")).unwrap();
        log.extend(b"{\"action\":\"ha");
        fs::write(folder.at("run.jsonl"), log).unwrap();
    };
    tear();
    let output = folder.run("log --run run.jsonl --action b");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && told.contains("13 bytes") && told.contains("run.jsonl.torn-"), "{told}");
    tear();
    let answer = report(&folder.good("log --run run.jsonl --action c --json"));
    assert_eq!(answer["recovered"]["bytes"], 13);
    let kept = answer["recovered"]["kept_as"].as_str().unwrap();
    assert_eq!(fs::read(folder.at(kept)).unwrap(), b"{\"action\":\"ha");
    assert_eq!(report(&folder.good("log --run run.jsonl --action d --json")).get("recovered"), None);
}
