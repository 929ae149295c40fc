use alloc::{vec, vec::Vec};

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana::Algorithm};
use k256::ecdsa::{SigningKey, signature::Signer};

use super::*;

/// A key that everybody knows: good for tests, and for nothing else.
fn test_key() -> (SigningKey, PublicKey) {
    let secret = SigningKey::from_slice(Digest::of_content(b"capseal test key, worthless").as_bytes()).unwrap();
    let public = secret.verifying_key().to_sec1_point(true).as_bytes().try_into().unwrap();
    (secret, PublicKey::new(public))
}

fn subject() -> Digest {
    Digest::of_content(b"subject")
}

fn signed(purpose: Purpose) -> Signature {
    let (secret, key) = test_key();
    let ecdsa: Ecdsa = secret.sign(&to_be_signed(&key, purpose, &subject()));
    Signature::new(key, ecdsa.normalize_s().to_bytes().into())
}

#[test]
fn what_is_signed_is_what_cose_says() {
    let key = test_key().1;
    let header = HeaderBuilder::new().algorithm(Algorithm::ES256K).key_id(key.as_bytes().to_vec()).build();
    let cose = CoseSign1Builder::new().protected(header).build();
    for purpose in Purpose::ALL {
        let context = purpose.context().text().as_bytes();
        let expected = cose.tbs_detached_data(subject().as_bytes(), context);
        assert_eq!(to_be_signed(&key, *purpose, &subject()), expected);
    }
}

#[test]
fn a_signature_holds_for_its_purpose_and_subject_only() {
    for purpose in Purpose::ALL {
        let signature = signed(*purpose);
        for other in Purpose::ALL {
            assert_eq!(signature.verify(*other, &subject()).is_ok(), purpose == other);
        }
        assert!(signature.verify(*purpose, &Digest::of_content(b"another")).is_err());
        assert_eq!(Signature::read(&signature.to_cose().unwrap()), Ok(signature));
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let cose = signed(Purpose::Authorship).to_cose().unwrap();
    assert_eq!(cose.len(), COSE_LEN);
    for at in 0..cose.len() {
        for mask in [1, 0x80, 0xff] {
            let mut changed = cose.clone();
            changed[at] ^= mask;
            let holds = Signature::read(&changed).and_then(|read| read.verify(Purpose::Authorship, &subject()));
            assert!(holds.is_err(), "byte {at}");
        }
    }
    for len in 0..cose.len() {
        assert!(Signature::read(&cose[..len]).is_err());
    }
    assert!(Signature::read(&[&cose[..], &[0]].concat()).is_err());
}

#[test]
fn other_spellings_are_refused() {
    let good = signed(Purpose::Authorship);
    let protected = || HeaderBuilder::new().algorithm(Algorithm::ES256K).key_id(good.key.as_bytes().to_vec());
    let with = |builder: CoseSign1Builder| builder.signature(good.bytes.to_vec()).build().to_vec().unwrap();
    assert_eq!(with(CoseSign1Builder::new().protected(protected().build())), good.to_cose().unwrap());
    let unprotected = HeaderBuilder::new().key_id(vec![1]).build();
    let refused: Vec<Vec<u8>> = vec![
        with(CoseSign1Builder::new().protected(protected().build()).payload(subject().as_bytes().to_vec())),
        with(CoseSign1Builder::new().protected(protected().build()).unprotected(unprotected)),
        with(CoseSign1Builder::new().protected(protected().algorithm(Algorithm::ES256).build())),
        with(CoseSign1Builder::new().protected(protected().content_type("a/b".into()).build())),
        with(CoseSign1Builder::new().unprotected(protected().build())),
    ];
    for cose in refused {
        assert!(CoseSign1::from_slice(&cose).is_ok(), "it is COSE, only not ours");
        assert!(Signature::read(&cose).is_err());
    }
    // The payload as an empty byte string instead of null: the same length.
    let mut cose = good.to_cose().unwrap();
    let null = cose.len() - 67;
    assert_eq!(cose[null], 0xf6);
    cose[null] = 0x40;
    assert!(CoseSign1::from_slice(&cose).is_ok() && Signature::read(&cose).is_err());
}

#[test]
fn zero_infinity_and_the_higher_s_are_refused() {
    let good = signed(Purpose::Authorship);
    let with = |r: [u8; 32], s: [u8; 32]| {
        Signature::new(good.key, [r, s].concat().try_into().unwrap()).verify(Purpose::Authorship, &subject())
    };
    let (r, s): ([u8; 32], [u8; 32]) = (good.bytes[..32].try_into().unwrap(), good.bytes[32..].try_into().unwrap());
    assert!(with(r, s).is_ok());
    let ecdsa = Ecdsa::from_slice(&good.bytes).unwrap();
    let higher = -*ecdsa.s();
    let higher: [u8; 32] = higher.to_bytes().into();
    assert_ne!(higher, s);
    assert!(with(r, higher).is_err(), "the other signature of the same message");
    for (r, s) in [([0; 32], s), (r, [0; 32]), ([0; 32], [0; 32]), ([0xff; 32], s), (r, [0xff; 32])] {
        assert!(with(r, s).is_err());
    }
    for parity in [0, 1, 4, 5] {
        let mut key = good.key;
        key.0[0] = parity;
        assert!(Signature::new(key, good.bytes).verify(Purpose::Authorship, &subject()).is_err());
    }
    let nowhere = PublicKey::new([&[2][..], &[0xff; 32]].concat().try_into().unwrap());
    assert!(!nowhere.is_on_curve() && good.key.is_on_curve());
}

#[test]
fn keys_have_one_text() {
    use alloc::string::ToString;
    let (_, key) = test_key();
    assert_eq!(PublicKey::from_hex(&key.to_string()), Some(key));
    assert_eq!(PublicKey::from_hex(&key.to_string().to_uppercase()), None);
    assert_eq!(PublicKey::from_hex(&alloc::format!("04{}", &key.to_string()[2..])), None);
    assert_eq!(PublicKey::from_hex("02"), None);
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = if hex == "-" { "" } else { hex };
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// Half the order of the group, rounded down.
const HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";

#[test]
fn wycheproof_is_answered_strictly() {
    let (mut accepted, mut refused, mut higher) = (0, 0, 0);
    for line in include_str!("wycheproof.txt").lines().skip(1) {
        let [id, result, key, message, signature] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let found = ecdsa(&PublicKey::from_hex(key).unwrap(), &bytes(message), &bytes(signature)).is_ok();
        // What others accept with the higher s is refused here: it would be a second signature of the same message.
        let is_higher = signature.len() == 128 && signature[64..] > *HALF;
        assert_eq!(found, result == "valid" && !is_higher, "test {id}");
        accepted += usize::from(found);
        refused += usize::from(!found);
        higher += usize::from(result == "valid" && is_higher);
    }
    assert!(accepted > 60 && refused > 100 && higher > 0, "{accepted} {refused} {higher}");
}
