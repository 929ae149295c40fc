use alloc::{vec, vec::Vec};

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::json;

use super::*;
use crate::{
    ReasonCode,
    pcap::{
        Options,
        note::{NoteSignature, cosigned},
        obligation::Level,
        report::{Anchoring, Report},
        tests::{action_log, anchored, checkpoint_of, examine},
    },
};

const TIME: u64 = 1_679_315_147;

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn key(number: u8, kind: KeyType) -> NoteKey {
    let name = alloc::format!("witness.example/w{number}");
    NoteKey::new(&name, kind, secret(number).verifying_key().as_bytes()).unwrap()
}

fn witness(number: u8) -> NoteKey {
    key(number, KeyType::Witness)
}

fn line(number: u8, time: u64, text: &str) -> NoteSignature {
    let key = witness(number);
    let signature = secret(number).sign(cosigned(time, text).as_bytes()).to_bytes();
    let signature = [&time.to_be_bytes()[..], &signature].concat();
    NoteSignature { name: key.name().into(), id: key.id(), signature }
}

/// The checkpoint of a log, cosigned by these.
fn cosigned_by(log: &[u8], numbers: &[u8]) -> Checkpoint {
    let mut checkpoint = checkpoint_of(log);
    let lines = numbers.iter().map(|number| line(*number, TIME + u64::from(*number), &checkpoint.note.text));
    let lines: Vec<_> = lines.collect();
    checkpoint.note.signatures.extend(lines);
    checkpoint
}

fn report(checkpoint: Checkpoint, witnesses: &[u8], quorum: Option<usize>) -> Report {
    let witnesses = witnesses.iter().map(|number| witness(*number)).collect();
    let witnesses = Witnesses::new(witnesses, quorum).unwrap();
    examine(&action_log(3).finish(), Options { witnesses, ..anchored(checkpoint) })
}

/// The example of the C2SP page: its key is not known, its form is.
#[test]
fn the_message_is_that_of_the_specification() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let message = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
                   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(cosigned(TIME, text), message);
}

#[test]
fn a_quorum_of_witnesses_is_counted_and_reported() {
    let log = action_log(3).finish();
    let both = report(cosigned_by(&log, &[1, 2]), &[1, 2], None);
    let names: Vec<_> = both.witnessed.iter().map(|witnessed| witnessed.name.as_str()).collect();
    assert_eq!((both.accepted, names), (true, vec!["witness.example/w1", "witness.example/w2"]));
    assert_eq!(both.witnessed[0].time, "2023-03-20T12:25:48Z");
    assert!(!both.not_shown.iter().any(|line| line.contains("witness")));
    let one = report(cosigned_by(&log, &[2]), &[1, 2], None);
    assert_eq!((one.reason, one.witnessed.len()), (Some(ReasonCode::CheckpointUnwitnessed), 0));
    assert_eq!(one.detail.unwrap(), "1 of the 2 witnesses that are required have cosigned the checkpoint");
    let enough = report(cosigned_by(&log, &[2]), &[1, 2], Some(1));
    assert_eq!((enough.accepted, enough.witnessed.len()), (true, 1));
    // Nobody asked: passed over, and said.
    let nobody = report(cosigned_by(&log, &[1]), &[], None);
    assert_eq!((nobody.accepted, nobody.witnessed.len()), (true, 0));
    assert!(nobody.not_shown.iter().any(|line| line.contains("no witness was asked for")));
}

#[test]
fn witnesses_count_from_the_lowest_level_on_and_need_a_checkpoint() {
    let log = action_log(3).finish();
    let witnesses = Witnesses::new(vec![witness(1)], None).unwrap();
    let with = |checkpoint| examine(&log, Options { checkpoint, witnesses: witnesses.clone(), ..Options::default() });
    let held = with(Some(cosigned_by(&log, &[1])));
    assert_eq!((held.level, held.anchoring, held.witnessed.len()), (Level::S0, Some(Anchoring::Held), 1));
    assert_eq!(with(Some(cosigned_by(&log, &[]))).reason, Some(ReasonCode::CheckpointUnwitnessed));
    assert_eq!(with(None).reason, Some(ReasonCode::VerificationProfileUnsatisfied));
}

#[test]
fn a_cosignature_is_of_its_text_its_time_and_its_key_once() {
    let log = action_log(3).finish();
    let refused = |change: &dyn Fn(&mut NoteSignature)| {
        let mut checkpoint = cosigned_by(&log, &[1]);
        checkpoint.note.signatures.last_mut().into_iter().for_each(change);
        report(checkpoint, &[1], None).reason.unwrap()
    };
    for at in [0, 7, 8, 71] {
        assert_eq!(refused(&|line| line.signature[at] ^= 1), ReasonCode::SignatureInvalid, "byte {at}");
    }
    assert_eq!(refused(&|line| line.signature.truncate(71)), ReasonCode::SignatureInvalid);
    assert_eq!(refused(&|line| line.signature.truncate(7)), ReasonCode::SignatureInvalid);
    assert_eq!(refused(&|line| line.signature.push(0)), ReasonCode::SignatureInvalid);
    // Of another text, of an unknown name or id.
    let other = checkpoint_of(&action_log(2).finish()).note.text;
    assert_eq!(refused(&|signature| *signature = line(1, TIME, &other)), ReasonCode::SignatureInvalid);
    assert_eq!(refused(&|line| line.name.push('x')), ReasonCode::CheckpointUnwitnessed);
    assert_eq!(refused(&|line| line.id[0] ^= 1), ReasonCode::CheckpointUnwitnessed);
    // A year that has no text.
    let text = checkpoint_of(&log).note.text;
    assert_eq!(refused(&|signature| *signature = line(1, 253_402_300_800, &text)), ReasonCode::SignatureInvalid);
    let twice = cosigned_by(&log, &[1, 1]);
    assert_eq!(report(twice, &[1], None).reason, Some(ReasonCode::SignatureInvalid));
}

#[test]
fn a_signer_is_no_witness_and_a_witness_no_signer() {
    let log = action_log(3).finish();
    // The signer's own key, cosigning under another name.
    let (own, other) = (key(7, KeyType::Witness), cosigned_by(&log, &[7]));
    let options = Options { witnesses: Witnesses::new(vec![own], None).unwrap(), ..anchored(other) };
    assert_eq!(examine(&log, options).reason, Some(ReasonCode::CheckpointUnwitnessed));
    // The text, signed as a signer does by a key that is trusted as a witness only, and the other way round.
    let mut checkpoint = checkpoint_of(&log);
    let signature = secret(1).sign(checkpoint.note.text.as_bytes()).to_bytes().to_vec();
    checkpoint.note.signatures.push(NoteSignature { name: witness(1).name().into(), id: witness(1).id(), signature });
    assert_eq!(report(checkpoint, &[1], None).reason, Some(ReasonCode::SignatureInvalid));
    let only_cosigned = Options { trusted: vec![witness(1)], ..anchored(cosigned_by(&log, &[1])) };
    assert_eq!(examine(&log, only_cosigned).reason, Some(ReasonCode::CheckpointUntrusted));
}

#[test]
fn quorums_and_keys_that_would_count_wrongly_are_refused() {
    let renamed = NoteKey::new("another", KeyType::Witness, secret(1).verifying_key().as_bytes()).unwrap();
    for (keys, quorum, why) in [
        (vec![witness(1), renamed], None, NoteError::Key),
        (vec![witness(1), witness(1)], None, NoteError::Key),
        (vec![key(1, KeyType::Signer)], None, NoteError::Key),
        (vec![witness(1)], Some(0), NoteError::Quorum),
        (vec![witness(1)], Some(2), NoteError::Quorum),
        (vec![], Some(1), NoteError::Quorum),
    ] {
        assert_eq!(Witnesses::new(keys, quorum), Err(why));
    }
    let text = witness(1).to_string();
    assert_eq!(NoteKey::from_text(&text), Ok(witness(1)));
    let parsed = Options::from_json(&json!({"witnesses": [text], "quorum": 1}).to_string()).unwrap();
    assert_eq!(parsed.witnesses, Witnesses::new(vec![witness(1)], Some(1)).unwrap());
    for wrong in [
        json!({"keys": [text]}),
        json!({"witnesses": [key(1, KeyType::Signer).to_string()]}),
        json!({"witnesses": [text], "quorum": 2}),
        json!({"quorum": 1}),
    ] {
        assert!(Options::from_json(&wrong.to_string()).is_err(), "{wrong}");
    }
}
