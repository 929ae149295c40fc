use alloc::{string::ToString, vec, vec::Vec};

use coset::{
    AsCborValue as _, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, Label, RegisteredLabelWithPrivate,
    TaggedCborSerializable as _, cbor::value::Value as Cbor,
};
use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::pcap::{
    Options,
    checkpoint::Checkpoint,
    obligation::Level,
    proof::Proof,
    tests::{action_log, checkpoint_of},
    tree::{ProofBuilder, leaf},
};

/// Keys that everybody knows: good for tests, and for nothing else.
fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn key() -> NoteKey {
    NoteKey::new("test.example/log", KeyType::Signer, signing_key().verifying_key().as_bytes()).unwrap()
}

fn receipt(head: &TreeHead, proven: Proven) -> CoseReceipt {
    let key = key();
    let signature = signing_key().sign(&to_be_signed(&key, head)).to_bytes();
    CoseReceipt::new(&key, head, proven, signature)
}

struct Log {
    bytes: Vec<u8>,
    head: TreeHead,
}

impl Log {
    fn of(lines: usize) -> Self {
        Self::from(action_log(lines - 1).finish())
    }

    fn from(bytes: Vec<u8>) -> Self {
        let head = checkpoint_of(&bytes).head;
        Self { bytes, head }
    }

    fn lines(&self) -> Vec<&[u8]> {
        self.bytes.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').collect()
    }

    fn path(&self, mut builder: ProofBuilder) -> Vec<Digest> {
        self.lines().iter().for_each(|line| builder.push(leaf(line)).unwrap());
        builder.finish().unwrap()
    }

    fn inclusion(&self, index: u64) -> CoseReceipt {
        let path = self.path(ProofBuilder::inclusion(index, self.head.size).unwrap());
        receipt(&self.head, Proven::Inclusion { index, path })
    }

    fn consistency(&self, from: u64) -> CoseReceipt {
        let path = self.path(ProofBuilder::consistency(from, self.head.size).unwrap());
        receipt(&self.head, Proven::Consistency { from, path })
    }
}

fn trusting(key: NoteKey) -> Options {
    Options { trusted: vec![key], ..Options::default() }
}

fn check(receipt: &CoseReceipt, line: &[u8]) -> Result<TreeHead, CoseError> {
    CoseReceipt::read(&receipt.to_cose())?.check(Some(line), None, &[key()])
}

#[test]
fn receipts_of_every_line_and_every_beginning_lead_to_the_head() {
    for size in 1..=9 {
        let log = Log::of(size);
        for (index, line) in log.lines().into_iter().enumerate() {
            let receipt = log.inclusion(index as u64);
            assert_eq!(CoseReceipt::read(&receipt.to_cose()), Ok(receipt.clone()));
            assert_eq!(check(&receipt, line), Ok(log.head));
        }
        for from in 1..size {
            let receipt = CoseReceipt::read(&log.consistency(from as u64).to_cose()).unwrap();
            let earlier = Log::of(from).head;
            assert_eq!(receipt.check(None, Some(earlier), &[key()]), Ok(log.head));
            let other = TreeHead { root: log.head.root, ..earlier };
            let refused = receipt.check(None, Some(other), &[key()]).unwrap_err();
            // A complete beginning starts the proof itself: then only the signature tells.
            let codes = [ReasonCode::MerkleProofInvalid, ReasonCode::SignatureInvalid];
            assert_eq!(refused.code(), codes[usize::from(from.is_power_of_two())]);
        }
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let log = Log::of(7);
    let (inclusion, consistency) = (log.inclusion(4).to_cose(), log.consistency(3).to_cose());
    let earlier = Log::of(3).head;
    for good in [inclusion, consistency] {
        let holds = |bytes: &[u8]| {
            let receipt = CoseReceipt::read(bytes)?;
            receipt.check(Some(log.lines()[4]), Some(earlier), &[key()])
        };
        assert_eq!(holds(&good), Ok(log.head));
        for at in 0..good.len() {
            for mask in [1, 0x20, 0x80, 0xff] {
                let mut changed = good.clone();
                changed[at] ^= mask;
                assert!(holds(&changed).is_err(), "byte {at}");
            }
            assert!(holds(&good[..at]).is_err());
        }
        assert_eq!(holds(&[&good[..], &[0]].concat()), Err(CoseError::Malformed));
    }
    assert_eq!(CoseReceipt::read(&vec![0xd2; MAX_RECEIPT + 1]), Err(CoseError::Malformed));
}

#[test]
fn every_changed_field_is_refused() {
    let log = Log::of(8);
    let (line, good) = (log.lines()[5], log.inclusion(5));
    let changed = |change: &dyn Fn(&mut CoseReceipt)| {
        let mut receipt = good.clone();
        change(&mut receipt);
        check(&receipt, line).unwrap_err()
    };
    let other = Digest::of_content(b"other");
    assert_eq!(changed(&|receipt| receipt.issuer = "test.example/other".into()), CoseError::Untrusted);
    assert_eq!(changed(&|receipt| receipt.key_id = [0; 4]), CoseError::Untrusted);
    assert_eq!(changed(&|receipt| receipt.log_id = other), CoseError::Signature);
    assert_eq!(changed(&|receipt| receipt.signature[3] ^= 1), CoseError::Signature);
    // The same path is one of seven lines: only the signature tells.
    assert_eq!(changed(&|receipt| receipt.size = 7), CoseError::Signature);
    let moved = changed(&|receipt| receipt.proven = Log::of(8).inclusion(4).proven);
    assert_eq!(moved, CoseError::Proof(ProofError::Entry));
    let cut = |receipt: &mut CoseReceipt| {
        if let Proven::Inclusion { path, .. } = &mut receipt.proven {
            path.pop();
        }
    };
    assert_eq!(changed(&cut).code(), ReasonCode::MerkleProofInvalid);
    let spoilt = |receipt: &mut CoseReceipt| {
        if let Proven::Inclusion { path, .. } = &mut receipt.proven {
            path[1] = other;
        }
    };
    assert_eq!(changed(&spoilt), CoseError::Signature);
    assert_eq!(check(&good, log.lines()[4]), Err(CoseError::Proof(ProofError::Entry)));
    // A line of another log that has the number.
    let rewritten = [&line[..line.len() - 2], b"x\"}"].concat();
    assert!(check(&good, &rewritten).is_err());
}

#[test]
fn a_checkpoints_signature_and_a_receipts_are_never_each_other() {
    let log = Log::of(4);
    let mut receipt = log.inclusion(2);
    receipt.signature = signing_key().sign(log.head.to_string().as_bytes()).to_bytes();
    assert_eq!(check(&receipt, log.lines()[2]), Err(CoseError::Signature));
    let message = to_be_signed(&key(), &log.head);
    assert!(message[0] == 0x84 && core::str::from_utf8(&message).is_err());
}

#[test]
fn a_witness_signs_no_receipt() {
    let log = Log::of(4);
    let witness = NoteKey::new("test.example/log", KeyType::Witness, signing_key().verifying_key().as_bytes()).unwrap();
    let mut receipt = log.inclusion(2);
    receipt.key_id = witness.id();
    receipt.signature = signing_key().sign(&to_be_signed(&witness, &log.head)).to_bytes();
    assert_eq!(receipt.check(Some(log.lines()[2]), None, &[witness, key()]), Err(CoseError::Untrusted));
}

#[test]
fn another_implementation_reads_and_signs_the_same() {
    let log = Log::of(6);
    for receipt in [log.inclusion(0), log.inclusion(3), log.consistency(4)] {
        let cose = CoseSign1::from_tagged_slice(&receipt.to_cose()).unwrap();
        assert_eq!(cose.tbs_detached_data(log.head.root.as_ref(), b""), to_be_signed(&key(), &log.head));
        assert_eq!((cose.payload.clone(), cose.signature.as_slice()), (None, receipt.signature.as_slice()));
        let protected = &cose.protected.header;
        assert_eq!(protected.alg.clone().unwrap().to_cbor_value().unwrap(), Cbor::from(-19));
        assert_eq!(protected.key_id, key().id());
        let claims = Cbor::Map(vec![
            (Cbor::from(1), Cbor::from("test.example/log")),
            (Cbor::from(2), Cbor::from(log.head.origin())),
            (Cbor::from("size"), Cbor::from(log.head.size)),
        ]);
        assert_eq!(protected.rest, [(Label::Int(15), claims), (Label::Int(395), Cbor::from(1))]);
        assert_eq!(cose.unprotected.rest[0].0, Label::Int(396));
        // Only the one spelling counts, whatever else is COSE.
        let extended = |change: &dyn Fn(&mut CoseSign1)| {
            let mut cose = cose.clone();
            change(&mut cose);
            cose.protected.original_data = None;
            CoseReceipt::read(&cose.to_tagged_vec().unwrap())
        };
        assert_eq!(extended(&|_| {}), Ok(receipt.clone()));
        let refused = Err(CoseError::Malformed);
        assert_eq!(extended(&|cose| cose.payload = Some(log.head.root.as_ref().to_vec())), refused);
        assert_eq!(extended(&|cose| cose.payload = Some(Vec::new())), refused);
        assert_eq!(extended(&|cose| cose.unprotected.key_id = vec![1]), refused);
        assert_eq!(
            extended(&|cose| cose.protected.header.content_type = Some(coset::ContentType::Text("a/b".into()))),
            refused
        );
        let eddsa = RegisteredLabelWithPrivate::Assigned(coset::iana::Algorithm::EdDSA);
        assert_eq!(extended(&|cose| cose.protected.header.alg = Some(eddsa.clone())), refused);
        assert_eq!(extended(&|cose| cose.protected.header.rest[1].1 = Cbor::from(2)), refused);
        assert_eq!(extended(&|cose| cose.unprotected = Header::default()), refused);
    }
    let foreign = CoseSign1Builder::new().protected(HeaderBuilder::new().build()).build();
    assert_eq!(CoseReceipt::read(&foreign.to_tagged_vec().unwrap()), Err(CoseError::Malformed));
}

#[test]
fn what_is_refused_says_why() {
    let log = Log::of(6);
    let reason = |cose: &CoseReceipt, line: Option<&[u8]>, options: &Options| {
        verify_receipt(&cose.to_cose(), line, options).reason
    };
    let line = log.lines()[2];
    let (inclusion, consistency) = (log.inclusion(2), log.consistency(4));
    let good = Options { level: Level::S1, ..trusting(key()) };
    let report = verify_receipt(&inclusion.to_cose(), Some(line), &good);
    assert_eq!((report.accepted, report.anchoring), (true, Some(Anchoring::Anchored)));
    assert_eq!((report.log_id, report.size, report.root), (Some(log.head.log_id), 6, Some(log.head.root)));
    assert_eq!(verify_receipt(b"", None, &good).reason, Some(ReasonCode::ParseFailed));
    assert_eq!(reason(&inclusion, None, &good), Some(ReasonCode::VerificationProfileUnsatisfied));
    assert_eq!(reason(&consistency, None, &good), Some(ReasonCode::VerificationProfileUnsatisfied));
    assert_eq!(reason(&inclusion, Some(b"{}"), &good), Some(ReasonCode::EventLogMismatch));
    assert_eq!(reason(&inclusion, Some(line), &Options::default()), Some(ReasonCode::CheckpointUntrusted));
    let at = |lines: usize| Options { checkpoint: Some(checkpoint_of(&Log::of(lines).bytes)), ..good.clone() };
    assert_eq!(reason(&inclusion, Some(line), &at(6)), None);
    assert_eq!(reason(&inclusion, Some(line), &at(5)), Some(ReasonCode::CheckpointMismatch));
    assert_eq!(reason(&consistency, None, &at(4)), None);
    assert_eq!(reason(&consistency, None, &at(3)), Some(ReasonCode::CheckpointMismatch));
}

/// Made by another implementation, and by this one to the byte.
#[test]
fn the_vectors_are_these() {
    macro_rules! vector {
        ($name:literal) => {
            include_bytes!(concat!("../../../../tests/vectors/pcap/v2/", $name))
        };
    }
    let log = Log::from(vector!("log.jsonl").to_vec());
    let earlier = Checkpoint::parse(vector!("early.ckpt")).unwrap().head;
    for (cose, receipt, line) in [
        (&vector!("header.cose")[..], log.inclusion(0), Some(log.lines()[0])),
        (vector!("inclusion.cose"), log.inclusion(2), Some(log.lines()[2])),
        (vector!("consistency.cose"), log.consistency(earlier.size), None),
    ] {
        assert_eq!(receipt.to_cose(), cose);
        assert_eq!(CoseReceipt::read(cose).unwrap().check(line, Some(earlier), &[key()]), Ok(log.head));
    }
    let proof = Proof::from_json(core::str::from_utf8(vector!("inclusion.json")).unwrap().trim()).unwrap();
    assert_eq!(proof.check(), Ok(log.head));
}
