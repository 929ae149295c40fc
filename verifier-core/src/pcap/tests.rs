use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    checkpoint::{Checkpoint, CheckpointError, TreeHead},
    line,
    log::{Chain, HEADER, Log, LogError, Part, SEAL, Writer},
    note::{KeyType, Note, NoteError, NoteKey, NoteSignature, key_id},
    obligation::{Answer, Level, Obligation, Outcome, ProofRef, Record, Requirement, Resolution, Why},
    options::Options,
    report::{Anchoring, Examination, verify_log},
};
use crate::{Digest, ReasonCode};

const TIME: &str = "2026-01-31T12:34:56.789Z";

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// What a line in canonical form is, by way of a parser and a writer that know nothing of the profile.
fn canonical(line: &[u8]) -> bool {
    fn is_plain(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(_) | Value::String(_) => true,
            Value::Number(number) => {
                let max = (1 << 53) - 1;
                number.as_u64().is_some_and(|n| n <= max)
                    || number.as_i64().is_some_and(|n| n < 0 && n.unsigned_abs() <= max)
            }
            Value::Array(items) => items.iter().all(is_plain),
            Value::Object(entries) => entries.iter().all(|(key, value)| is_key(key) && is_plain(value)),
        }
    }
    fn is_key(key: &str) -> bool {
        !key.is_empty() && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    }
    serde_json::from_slice::<Value>(line)
        .is_ok_and(|value| value.is_object() && is_plain(&value) && value.to_string().as_bytes() == line)
}

fn arb_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[ -~]{0,12}", "\\PC{0,6}", "[\u{0}-\u{20}\"\\\\/\u{7f}]{0,6}"];
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-9_007_199_254_740_992i64..=9_007_199_254_740_992).prop_map(Value::from),
        Just(Value::Null),
        any::<f32>().prop_map(|n| json!(n)),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z0-9_]{1,3}|[A-Z]?", inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn one_pass_answers_as_parsing_and_writing(value in arb_value()) {
        let line = value.to_string();
        prop_assert_eq!(line::read(line.as_bytes()).is_some(), canonical(line.as_bytes()), "{}", line);
    }

    #[test]
    fn one_pass_answers_alike_for_spoilt_lines(
        value in proptest::collection::btree_map("[a-z0-9_]{1,3}", arb_value(), 0..4),
        at in any::<prop::sample::Index>(),
        with in prop_oneof![
            Just("\""), Just("\\"), Just(" "), Just("0"), Just("-"), Just(","), Just("\\u0008"), Just("\\u001f"), Just("\\u001F"),
            Just("\\u0020"), Just("\\/"), Just("."), Just("e"), Just("{"), Just("]"), Just("null"), Just("\u{7}"), Just("é"),
        ],
        remove in 0usize..3,
    ) {
        let mut line = Value::Object(value.into_iter().collect()).to_string().into_bytes();
        let at = at.index(line.len());
        line.splice(at..(at + remove).min(line.len()), with.bytes());
        prop_assert_eq!(line::read(&line).is_some(), canonical(&line), "{}", String::from_utf8_lossy(&line));
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(line::read(&bytes).is_some(), canonical(&bytes));
        let _ = Note::parse(&bytes);
        let _ = Part::read(&bytes);
    }
}

#[test]
fn every_escape_is_answered_as_by_parsing_and_writing() {
    for unit in 0..=0x100u32 {
        for text in [format!("\\u{unit:04x}"), format!("\\u{unit:04X}")] {
            let line = format!("{{\"a\":\"{text}\"}}");
            assert_eq!(line::read(line.as_bytes()).is_some(), canonical(line.as_bytes()), "{line}");
        }
    }
    for byte in 0..=255u8 {
        let escaped = [b"{\"a\":\"\\", &[byte][..], b"\"}"].concat();
        assert_eq!(line::read(&escaped).is_some(), canonical(&escaped), "{byte}");
        let plain = [b"{\"a\":\"0123456", &[byte][..], b"89abcdef\"}"].concat();
        assert_eq!(line::read(&plain).is_some(), canonical(&plain), "{byte}");
    }
}

pub(super) fn action_log(actions: usize) -> Writer {
    let mut writer = Writer::default();
    writer.append(TIME, HEADER, map(&json!({"v": 2, "tool": "test"}))).unwrap();
    for i in 0..actions {
        writer.append(TIME, "action", map(&json!({"action": format!("a{i}"), "actor": "alice"}))).unwrap();
    }
    writer
}

fn read(bytes: &[u8]) -> Result<Log, LogError> {
    let mut log = Log::default();
    log.read(bytes).map(|()| log)
}

fn sealed(actions: usize) -> Vec<u8> {
    let bytes = action_log(actions).finish();
    let line = read(&bytes).unwrap().seal(TIME, Map::new()).unwrap().line;
    [bytes, line.into_bytes(), b"\n".to_vec()].concat()
}

#[test]
fn the_header_states_the_version() {
    for header in [json!({}), json!({"v": 1}), json!({"v": "2"}), json!({"v": true})] {
        assert_eq!(Writer::default().append(TIME, HEADER, map(&header)), Err(LogError::VersionUnknown));
    }
    assert_eq!(LogError::VersionUnknown.code(), ReasonCode::SchemaUnsupported);
}

#[test]
fn a_seal_states_what_it_seals_and_nothing_follows() {
    let bytes = sealed(3);
    let log = read(&bytes).unwrap();
    assert!(log.chain().is_closed());
    assert_eq!(log.chain().clone().write(TIME, "action", Map::new()), Err(LogError::AfterClosing { line: 5 }));
    let mut open = action_log(3);
    for fields in [json!({}), json!({"root": "00", "size": 4}), json!({"size": 4})] {
        let mut writer = open.clone();
        writer.append(TIME, SEAL, map(&fields)).unwrap();
        assert_eq!(read(&writer.finish()), Err(LogError::SealMismatch { line: 4 }));
    }
    open.append(TIME, "run_finished", Map::new()).unwrap();
    assert_eq!(open.append(TIME, "action", Map::new()), Err(LogError::AfterClosing { line: 5 }));
}

#[test]
fn parts_join_to_the_log_and_to_no_other() {
    let bytes = action_log(20).finish();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for cut in 1..lines.len() {
        let mut log = read(&lines[..cut].concat()).unwrap();
        let part = Part::read(&lines[cut..].concat()).unwrap();
        log.join(&part).unwrap();
        assert_eq!(log, read(&bytes).unwrap());
        assert!(log.join(&part).is_err());
    }
    let other = action_log(21).finish().replace_first("a0", "b0");
    let other: Vec<&[u8]> = other.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(Part::read(&other.concat()).is_err());
    let part = Part::read(&lines[5..].concat()).unwrap();
    assert!(read(&lines[..4].concat()).unwrap().join(&part).is_err());
    assert!(Part::read(&sealed(2)).is_err());
}

trait ReplaceFirst {
    fn replace_first(&self, from: &str, to: &str) -> Vec<u8>;
}

impl ReplaceFirst for Vec<u8> {
    fn replace_first(&self, from: &str, to: &str) -> Vec<u8> {
        String::from_utf8(self.clone()).unwrap().replacen(from, to, 1).into_bytes()
    }
}

#[test]
fn a_chain_goes_on_after_its_last_line() {
    let mut writer = action_log(2);
    let bytes = writer.clone().finish();
    let last = bytes[..bytes.len() - 1].rsplit(|byte| *byte == b'\n').next().unwrap();
    let mut chain = Chain::after(last).unwrap();
    assert_eq!((chain.lines(), chain.time(), chain.is_closed()), (3, Some(TIME), false));
    let line = chain.write(TIME, "action", Map::new()).unwrap().line;
    writer.append(TIME, "action", Map::new()).unwrap();
    assert!(writer.finish().ends_with(format!("{line}\n").as_bytes()));
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn note_key() -> NoteKey {
    NoteKey::new("test.example/log", KeyType::Signer, signing_key().verifying_key().as_bytes()).unwrap()
}

pub(super) fn signed(text: &str) -> Note {
    let key = note_key();
    let signature = signing_key().sign(text.as_bytes()).to_bytes().to_vec();
    let signatures = vec![NoteSignature { name: key.name().into(), id: key.id(), signature }];
    Note { text: text.into(), signatures }
}

pub(super) fn checkpoint_of(bytes: &[u8]) -> Checkpoint {
    let log = read(bytes).unwrap();
    let head = TreeHead { log_id: log.chain().log_id().unwrap(), size: log.chain().lines(), root: log.root() };
    Checkpoint::parse(signed(&head.to_string()).to_string().as_bytes()).unwrap()
}

/// The example of the Go package that notes come from.
#[test]
fn a_note_of_another_implementation_verifies() {
    let key = NoteKey::from_text("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\
                \n\
                — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let parsed = Note::parse(note.as_bytes()).unwrap();
    let keys = [key.clone()];
    let [signed] = parsed.signers(&keys).unwrap().try_into().unwrap();
    assert_eq!((signed.key, signed.time), (&key, None));
    assert_eq!(parsed.to_string(), note);
    assert_eq!(key.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    let spoilt = Note::parse(note.replace("answer", "Answer").as_bytes()).unwrap();
    assert_eq!(spoilt.signers(&[key]), Err(NoteError::Signature));
}

#[test]
fn notes_have_one_spelling_and_keys_their_own_id() {
    let note = signed("text\n").to_string();
    for spoilt in [
        note.replace("\n\n", "\n"),
        note.replace("text", "te\u{1}xt"),
        note.replace('—', "-"),
        format!("{note}x"),
        note.strip_suffix('\n').unwrap().into(),
        format!("{note}\n"),
        note.replace("test.example/log", "test+log"),
    ] {
        assert_eq!(Note::parse(spoilt.as_bytes()), Err(NoteError::Malformed), "{spoilt}");
    }
    assert_eq!(Note::parse(&vec![b'a'; 70_000]), Err(NoteError::TooLong));
    let text = note_key().to_string();
    assert_eq!(NoteKey::from_text(&text).unwrap(), note_key());
    for spoilt in [text.replace("test", "best"), text.replace('+', "-"), text.replace("+A", "+C"), format!("{text}=")] {
        assert_eq!(NoteKey::from_text(&spoilt), Err(NoteError::Key), "{spoilt}");
    }
    assert_ne!(key_id("a", KeyType::Signer, &[0; 32]), key_id("b", KeyType::Signer, &[0; 32]));
    assert_ne!(key_id("a", KeyType::Signer, &[0; 32]), key_id("a", KeyType::Witness, &[0; 32]));
    // A key of small order would let anybody sign.
    assert_eq!(NoteKey::new("weak", KeyType::Signer, &[0; 32]), Err(NoteError::Key));
    // Signatures by others are passed over; one key signs once.
    let mut twice = signed("text\n");
    twice.signatures.push(twice.signatures[0].clone());
    assert_eq!(twice.signers(&[note_key()]), Err(NoteError::Signature));
    assert_eq!(twice.signers(&[]), Ok(vec![]));
}

#[test]
fn checkpoints_have_one_spelling() {
    let checkpoint = checkpoint_of(&action_log(3).finish());
    let text = checkpoint.head.to_string();
    assert!(text.starts_with("capseal/") && text.lines().count() == 3);
    for spoilt in [
        text.replace("\n4\n", "\n04\n"),
        text.replace("\n4\n", "\n+4\n"),
        text.replace("capseal/", "capseal/v1/"),
        format!("{text}extension\n"),
        text.replace('=', ""),
    ] {
        assert_eq!(TreeHead::parse(&spoilt), Err(CheckpointError::Malformed), "{spoilt}");
    }
}

pub(super) fn examine(bytes: &[u8], options: Options) -> super::report::Report {
    verify_log(bytes, options, &mut |_, _| Resolution::Missing)
}

pub(super) fn anchored(checkpoint: Checkpoint) -> Options {
    Options { level: Level::S1, checkpoint: Some(checkpoint), trusted: vec![note_key()], ..Options::default() }
}

#[test]
fn a_checkpoint_shows_what_the_log_alone_does_not() {
    let bytes = action_log(9).finish();
    let checkpoint = checkpoint_of(&bytes);
    let report = examine(&bytes, anchored(checkpoint.clone()));
    assert_eq!((report.reached, report.anchoring), (Some(Level::S1), Some(Anchoring::Anchored)));
    let grown = action_log(30).finish();
    assert!(examine(&grown, anchored(checkpoint.clone())).accepted);
    let cut = action_log(8).finish();
    assert!(examine(&cut, Options::default()).accepted);
    assert_eq!(examine(&cut, Options::default()).anchoring, Some(Anchoring::Unanchored));
    assert_eq!(examine(&cut, anchored(checkpoint.clone())).reason, Some(ReasonCode::CheckpointMismatch));
    let mut rewritten = Writer::default();
    rewritten.append(TIME, HEADER, map(&json!({"v": 2, "tool": "test"}))).unwrap();
    (0..9).for_each(|i| rewritten.append(TIME, "action", map(&json!({"action": i}))).unwrap());
    let rewritten = rewritten.finish();
    assert!(examine(&rewritten, Options::default()).accepted);
    assert_eq!(examine(&rewritten, anchored(checkpoint.clone())).reason, Some(ReasonCode::CheckpointMismatch));
    // Levels are not lowered in silence.
    let options = Options { level: Level::S1, ..Options::default() };
    assert_eq!(examine(&bytes, options).reason, Some(ReasonCode::VerificationProfileUnsatisfied));
    let options = Options { trusted: vec![], ..anchored(checkpoint.clone()) };
    assert_eq!(examine(&bytes, options).reason, Some(ReasonCode::VerificationProfileUnsatisfied));
    let other =
        NoteKey::new("other", KeyType::Signer, SigningKey::from_bytes(&[9; 32]).verifying_key().as_bytes()).unwrap();
    let options = Options { trusted: vec![other], ..anchored(checkpoint) };
    assert_eq!(examine(&bytes, options).reason, Some(ReasonCode::CheckpointUntrusted));
    let options = Options { sealed: true, ..Options::default() };
    assert_eq!(examine(&bytes, options.clone()).reason, Some(ReasonCode::LogNotSealed));
    assert!(examine(&sealed(2), options).accepted);
}

#[test]
fn parts_and_lines_give_one_report() {
    let bytes = sealed(40);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for size in [1, 7, 20, 42] {
        let checkpoint = checkpoint_of(&lines[..size].concat());
        let expected = examine(&bytes, anchored(checkpoint.clone()));
        assert!(expected.accepted);
        for step in [1, 3, 10] {
            let mut examination = Examination::new(anchored(checkpoint.clone()));
            for chunk in lines.chunks(step) {
                let chunk = chunk.concat();
                examination.read_part(Part::read(&chunk), &chunk).unwrap();
            }
            assert_eq!(examination.finish(&mut |_, _| Resolution::Missing), expected);
        }
    }
}

fn record(result: Outcome, subject: u8, level: Level) -> Record {
    let obligation = Obligation {
        policy_id: "release".into(),
        invariant_id: "tests_pass".into(),
        result,
        proof_ref: ProofRef::Content(Digest::of_content(b"proof")),
    };
    Record { obligation, subject: Digest::new([subject; 32]), level }
}

fn log_of(records: &[Record]) -> Vec<u8> {
    let mut writer = action_log(0);
    records.iter().for_each(|record| writer.append(TIME, "obligation", record.fields()).unwrap());
    writer.finish()
}

fn judged(records: &[Record], level: Level, resolution: Resolution) -> (Answer, Vec<Why>) {
    let bytes = log_of(records);
    let requirement =
        Requirement { policy_id: "release".into(), invariant_id: "tests_pass".into(), level: Level::S1, subject: None };
    let options = Options { level, requirements: vec![requirement], ..anchored(checkpoint_of(&bytes)) };
    let mut examination = Examination::new(options);
    examination.read(&bytes).unwrap();
    let report = examination.finish(&mut |_, _| resolution);
    let judgement = report.obligations.unwrap();
    assert_eq!(report.accepted, judgement.answer == Answer::Satisfied);
    (judgement.answer, judgement.obligations.iter().map(|judged| judged.why).collect())
}

#[test]
fn obligations_are_judged_by_their_worst() {
    use Outcome::{Error, Failed, Skipped, Verified};
    use Resolution::{Foreign, Missing, Present, Refused};
    let pass = record(Verified, 1, Level::S1);
    let one = |records: &[Record]| judged(records, Level::S1, Present);
    assert_eq!(one(core::slice::from_ref(&pass)), (Answer::Satisfied, vec![Why::Verified]));
    assert_eq!(one(&[]), (Answer::Incomplete, vec![Why::NotRecorded]));
    for failure in [Failed, Error] {
        let fail = record(failure, 1, Level::S1);
        assert_eq!(one(&[fail.clone(), pass.clone()]), (Answer::Violated, vec![Why::Failed]));
        assert_eq!(one(&[pass.clone(), fail.clone()]), (Answer::Violated, vec![Why::Failed]));
        // Another subject is another matter.
        assert_eq!(one(&[fail, record(Verified, 2, Level::S2)]), (Answer::Satisfied, vec![Why::Verified]));
    }
    assert_eq!(one(&[record(Skipped, 1, Level::S2)]), (Answer::Incomplete, vec![Why::NotVerified]));
    assert_eq!(one(&[record(Verified, 1, Level::S0)]), (Answer::Incomplete, vec![Why::LevelTooLow]));
    let at = |level, resolution| judged(core::slice::from_ref(&pass), level, resolution);
    assert_eq!(at(Level::S1, Missing), (Answer::Incomplete, vec![Why::ProofMissing]));
    assert_eq!(at(Level::S1, Refused), (Answer::Violated, vec![Why::ProofRefused]));
    assert_eq!(at(Level::S1, Foreign), (Answer::Incomplete, vec![Why::ProofForeign]));
    assert_eq!(at(Level::S2, Foreign), (Answer::Incomplete, vec![Why::ProofForeign]));
    assert_eq!(at(Level::S0, Missing), (Answer::Satisfied, vec![Why::Verified]));
    assert_eq!(at(Level::S2, Present), (Answer::Incomplete, vec![Why::ProofNotVerified]));
    assert_eq!(at(Level::S2, Resolution::Verified), (Answer::Satisfied, vec![Why::Verified]));
}

#[test]
fn a_line_stands_behind_what_comes_after_it_and_proves_nothing() {
    let cited = |seq, level| {
        let mut writer = action_log(1);
        let log_id =
            Digest::from_hex(&examine(&writer.clone().finish(), Options::default()).log_id.unwrap().to_string());
        let mut record = record(Outcome::Verified, 1, Level::S2);
        record.obligation.proof_ref = ProofRef::Line { log_id: log_id.unwrap(), seq };
        writer.append(TIME, "obligation", record.fields()).unwrap();
        let bytes = writer.finish();
        let report = examine(&bytes, Options { level, ..anchored(checkpoint_of(&bytes)) });
        report.obligations.unwrap().obligations[0].why
    };
    let lines = examine(&action_log(1).finish(), Options::default()).size;
    assert_eq!(cited(lines - 1, Level::S1), Why::Verified);
    assert_eq!(cited(lines - 1, Level::S2), Why::ProofNotVerified);
    // Itself, and what is not there yet.
    assert_eq!(cited(lines, Level::S1), Why::ProofMissing);
    assert_eq!(cited(lines + 1, Level::S1), Why::ProofMissing);
}

#[test]
fn nothing_recorded_and_nothing_required_is_no_pass() {
    let report = examine(&action_log(1).finish(), Options::default());
    assert!(report.accepted);
    assert_eq!(report.obligations.unwrap().answer, Answer::Incomplete);
    let failed = log_of(&[record(Outcome::Failed, 1, Level::S0)]);
    assert_eq!(examine(&failed, Options::default()).reason, Some(ReasonCode::ObligationViolated));
}

#[test]
fn obligations_have_exactly_their_fields() {
    let good = record(Outcome::Verified, 1, Level::S0);
    assert_eq!(Record::from_event(&good.fields()), Ok(good.clone()));
    let changed = |path: &[&str], value: Option<Value>| {
        let mut fields = good.fields();
        let (last, outer) = path.split_last().unwrap();
        let mut place = &mut fields;
        for name in outer {
            place = place.get_mut(*name).unwrap().as_object_mut().unwrap();
        }
        match value {
            Some(value) => place.insert((*last).into(), value),
            None => place.remove(*last),
        };
        fields
    };
    for (path, value) in [
        (&["subject"][..], None),
        (&["subject"], Some(json!("AA"))),
        (&["level"], Some(json!("S3"))),
        (&["extra"], Some(json!("x"))),
        (&["obligation"], Some(json!([]))),
        (&["obligation", "policy_id"], None),
        (&["obligation", "policy_id"], Some(json!(""))),
        (&["obligation", "policy_id"], Some(json!("p".repeat(257)))),
        (&["obligation", "result"], Some(json!("True"))),
        (&["obligation", "proof_ref"], Some(json!("sha256:00"))),
        (&["obligation", "proof_ref"], Some(json!("file:x"))),
        (&["obligation", "why"], Some(json!("x"))),
    ] {
        let fields = changed(path, value);
        let mut writer = action_log(0);
        writer.append(TIME, "obligation", fields).unwrap();
        assert_eq!(
            examine(&writer.finish(), Options::default()).reason,
            Some(ReasonCode::ObligationMalformed),
            "{path:?}"
        );
    }
}

#[test]
fn a_proof_that_travels_leads_to_the_head() {
    use super::{
        proof::{Proof, ProofError, SCHEMA},
        tree::{ProofBuilder, leaf},
    };
    let bytes = action_log(9).finish();
    let head = checkpoint_of(&bytes).head;
    let lines: Vec<&[u8]> = bytes.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').collect();
    let path = |mut builder: ProofBuilder| {
        lines.iter().for_each(|line| builder.push(leaf(line)).unwrap());
        builder.finish().unwrap()
    };
    let TreeHead { log_id, size, root } = head;
    let inclusion = |index: u64, entry: u64| Proof::Inclusion {
        schema: SCHEMA,
        log_id,
        size,
        root,
        index,
        entry: String::from_utf8(lines[entry as usize].to_vec()).unwrap(),
        path: path(ProofBuilder::inclusion(index, size).unwrap()),
    };
    for index in 0..size {
        let proof = Proof::from_json(&inclusion(index, index).to_json()).unwrap();
        assert_eq!(proof.check(), Ok(head));
    }
    assert_eq!(inclusion(3, 4).check(), Err(ProofError::Entry));
    let earlier = checkpoint_of(&action_log(4).finish()).head;
    let consistency = Proof::Consistency {
        schema: SCHEMA,
        log_id,
        from: earlier.size,
        from_root: earlier.root,
        size,
        root,
        path: path(ProofBuilder::consistency(earlier.size, size).unwrap()),
    };
    let read = Proof::from_json(&consistency.to_json()).unwrap();
    assert_eq!((read.check(), read.earlier()), (Ok(head), Some(earlier)));
    let text = consistency.to_json();
    for spoilt in [
        text.replace("log-proof/v1", "log-proof/v2"),
        text.replace("\"from\":5", "\"from\":5,\"more\":1"),
        text.replace("\"from\":5", "\"from\":-5"),
        text.replace("consistency", "inclusion"),
        "[]".to_string(),
    ] {
        assert_eq!(Proof::from_json(&spoilt), Err(ProofError::Malformed), "{spoilt}");
    }
    let moved = Proof::from_json(&text.replace("\"from\":5", "\"from\":6")).unwrap();
    assert!(moved.check().is_err());
}

#[test]
fn options_are_read_and_a_misspelt_one_is_refused() {
    let checkpoint = checkpoint_of(&action_log(1).finish());
    let requirement = json!({"policy_id": "p", "invariant_id": "i", "level": "S1", "subject": "0".repeat(64)});
    let json = json!({
        "level": "S2", "checkpoint": checkpoint.note.to_string(), "keys": [note_key().to_string()],
        "require": [requirement], "sealed": true,
    });
    let options = Options::from_json(&json.to_string()).unwrap();
    assert_eq!((options.level, options.sealed), (Level::S2, true));
    assert_eq!((options.checkpoint, options.trusted), (Some(checkpoint), vec![note_key()]));
    assert_eq!(options.requirements[0].level, Level::S1);
    assert!(Options::from_json("{}").unwrap().requirements.is_empty());
    for wrong in [
        "{\"levle\":\"S2\"}",
        "{\"level\":\"S3\"}",
        "{\"checkpoint\":\"x\"}",
        "{\"keys\":[\"x\"]}",
        "{\"require\":[{\"policy_id\":\"p\"}]}",
        "{\"require\":[{\"policy_id\":\"p\",\"invariant_id\":\"i\",\"subject\":\"x\"}]}",
    ] {
        assert!(Options::from_json(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_proof_is_judged_with_its_checkpoint() {
    use super::proof::{Proof, SCHEMA, verify_proof};
    let bytes = action_log(0).finish();
    let checkpoint = checkpoint_of(&bytes);
    let TreeHead { log_id, size, root } = checkpoint.head;
    let entry = String::from_utf8(bytes[..bytes.len() - 1].to_vec()).unwrap();
    let proof = Proof::Inclusion { schema: SCHEMA, log_id, size, root, index: 0, entry, path: vec![] }.to_json();
    let alone = verify_proof(&proof, &Options::default());
    assert_eq!((alone.accepted, alone.anchoring), (true, Some(Anchoring::Unanchored)));
    let report = verify_proof(&proof, &anchored(checkpoint.clone()));
    assert_eq!((report.accepted, report.anchoring), (true, Some(Anchoring::Anchored)));
    let other = anchored(checkpoint_of(&action_log(1).finish()));
    assert_eq!(verify_proof(&proof, &other).reason, Some(ReasonCode::CheckpointMismatch));
    let options = Options { level: Level::S1, ..Options::default() };
    assert_eq!(verify_proof(&proof, &options).reason, Some(ReasonCode::VerificationProfileUnsatisfied));
    assert_eq!(verify_proof("{}", &Options::default()).reason, Some(ReasonCode::ParseFailed));
}
