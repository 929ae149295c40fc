use alloc::{string::String, vec, vec::Vec};

use k256::ecdsa::{Signature as Ecdsa, SigningKey, signature::Signer};
use proptest::prelude::*;

use super::*;
use crate::{
    cbor::{Item, Value},
    digest::Digest,
    reason::ReasonCode,
    signature::{PublicKey, Purpose, Signature, SignedPayload, payload_to_be_signed},
};

fn signed(purpose: Purpose, payload: &[u8]) -> Vec<u8> {
    let secret = SigningKey::from_slice(&[7; 32]).unwrap();
    let key = PublicKey::new(secret.verifying_key().to_sec1_point(true).as_bytes().try_into().unwrap());
    let ecdsa: Ecdsa = secret.sign(&payload_to_be_signed(&key, purpose.context(), payload));
    let signature = ecdsa.normalize_s().to_bytes().into();
    SignedPayload { key, payload: payload.to_vec(), signature }.to_cose().unwrap()
}

fn receipt() -> CommitReceipt {
    CommitReceipt {
        schema: CommitReceipt::SCHEMA.into(),
        header_commit_hash: Digest::of_content(b"header"),
        da_hash: Digest::of_content(b"archive"),
        committed_at: 1,
        position: 2,
    }
}

fn challenge() -> Challenge {
    Challenge {
        schema: Challenge::SCHEMA.into(),
        mode: ARCHIVAL.into(),
        header_commit_hash: Digest::of_content(b"header"),
        da_hash: Digest::of_content(b"archive"),
        seed: Digest::default(),
        bits: 80,
        issued_at: 1,
        not_after: u64::MAX,
        registry_root: Digest::default(),
    }
}

#[test]
fn a_message_is_read_as_what_was_signed_and_as_nothing_else() {
    let (receipt, challenge) = (receipt(), challenge());
    let bytes = signed(Purpose::Relay, &receipt.encode());
    assert_eq!(Signed::<CommitReceipt>::read(&bytes).unwrap().message, receipt);
    assert!(matches!(Signed::<Challenge>::read(&bytes), Err(MessageError::Payload(_))));
    let bytes = signed(Purpose::Relay, &challenge.encode());
    assert!(bytes.len() < MAX_MESSAGE / 2, "{}", bytes.len());
    assert_eq!(Signed::<Challenge>::read(&bytes).unwrap().message, challenge);
    for purpose in Purpose::ALL.iter().filter(|purpose| **purpose != Purpose::Relay) {
        let bytes = signed(*purpose, &challenge.encode());
        assert_eq!(Signed::<Challenge>::read(&bytes), Err(MessageError::Signature), "{purpose:?}");
    }
    let other = Challenge { schema: String::from("capseal/challenge/v2"), ..challenge };
    let found = Signed::<Challenge>::read(&signed(Purpose::Relay, &other.encode()));
    assert_eq!(found.unwrap_err().code(), ReasonCode::SchemaUnsupported);
}

#[test]
fn a_payload_outside_the_message_or_beside_more_keys_is_refused() {
    let secret = SigningKey::from_slice(&[7; 32]).unwrap();
    let key = PublicKey::new(secret.verifying_key().to_sec1_point(true).as_bytes().try_into().unwrap());
    let payload = receipt().encode();
    let ecdsa: Ecdsa = secret.sign(&payload_to_be_signed(&key, Purpose::Relay.context(), &payload));
    let detached = Signature::new(key, ecdsa.normalize_s().to_bytes().into()).to_cose().unwrap();
    assert_eq!(Signed::<CommitReceipt>::read(&detached), Err(MessageError::Signature));
    let Value::Map(mut entries) = receipt().to_value() else { unreachable!() };
    entries.push(("nonce".into(), Value::Uint(1)));
    let more = signed(Purpose::Relay, &Value::map(entries).encode());
    assert!(matches!(Signed::<CommitReceipt>::read(&more), Err(MessageError::Payload(_))));
    let long = signed(Purpose::Relay, &vec![0; MAX_MESSAGE]);
    assert!(matches!(Signed::<CommitReceipt>::read(&long), Err(MessageError::TooLong { .. })));
}

#[test]
fn every_bit_of_a_message_matters() {
    let bytes = signed(Purpose::Relay, &receipt().encode());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(Signed::<CommitReceipt>::read(&changed).is_err(), "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert!(Signed::<CommitReceipt>::read(&bytes[..len]).is_err(), "{len} bytes");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(sampled_at: u64, samples: u64, seed: [u8; 32]) {
        let attestation = Attestation {
            schema: Attestation::SCHEMA.into(),
            header_commit_hash: Digest::new(seed),
            da_hash: Digest::of_content(&seed),
            sampled_at,
            samples,
        };
        let bytes = signed(Purpose::Attestation, &attestation.encode());
        prop_assert_eq!(Signed::<Attestation>::read(&bytes).unwrap().message, attestation);
    }

    #[test]
    fn hostile_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert!(Signed::<Attestation>::read(&bytes).is_err());
    }
}
