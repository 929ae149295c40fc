//! Keys in their store, and signatures on receipts.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use capseal_host::whole_file::Existing;
use capseal_sealing as seal;
use capseal_sealing::{
    Destination,
    sign::{self, SignError},
};
use capseal_trust::keys::{KeyError, KeyStore, Passphrase, SecretKey, StoreKeyError, public_pem, read_public};
use verifier_core::{
    Digest, Limits, VerifyOptions, air::geom::GeomParameters, inspect, signature::Purpose, stark::ParameterSet, verify,
};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

/// A key that everybody knows: good for tests, and for nothing else.
fn test_key() -> SecretKey {
    SecretKey::from_hex(&Digest::of_content(b"capseal test key, worthless").to_string()).unwrap()
}

fn receipt(folder: &Path) -> PathBuf {
    let parameters = GeomParameters::new(64, [1, 1], GeomParameters::DEFAULT_MATRIX).unwrap();
    let destination = Destination { path: folder.join("geom.cap"), existing: Existing::Keep };
    seal::geom(parameters, ParameterSet::Stark100).unwrap().write(&destination).unwrap().path
}

#[test]
fn a_key_is_kept_closed_and_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::at(folder.path().join("keys"));
    assert!(store.list().unwrap().is_empty());
    let key = SecretKey::generate();
    let path = store.add("me", &key, &passphrase("correct horse")).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(store.folder()).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(fs::read_to_string(&path).unwrap().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    assert_eq!(store.list().unwrap(), [("me".to_owned(), key.public())]);
    assert_eq!(store.open("me", &passphrase("correct horse")).unwrap().public(), key.public());
    assert!(matches!(
        store.open("me", &passphrase("wrong")).unwrap_err(),
        StoreKeyError::Key { error: KeyError::Passphrase, .. }
    ));
    assert!(store.add("me", &SecretKey::generate(), &passphrase("x")).is_err(), "a key is never replaced");
    assert_eq!(store.public("me").unwrap(), key.public());
    for name in ["", ".hidden", "../me", "a/b", "a\0b"] {
        assert!(matches!(store.open(name, &passphrase("x")), Err(StoreKeyError::Name { .. })), "{name:?}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(store.encrypted("me"), Err(StoreKeyError::OpenToOthers { .. })));
    assert!(!format!("{key:?}").contains("SigningKey"));
}

#[test]
fn keys_are_read_in_the_forms_that_others_write() {
    let key = test_key();
    assert_eq!(read_public(&key.public().to_string()), Ok(key.public()));
    assert_eq!(read_public(&public_pem(&key.public()).unwrap()), Ok(key.public()));
    for text in ["", "02", "zz", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"] {
        assert_eq!(read_public(text), Err(KeyError::Malformed), "{text:?}");
    }
    for text in ["0".repeat(64), "f".repeat(64), "12".to_owned()] {
        assert!(SecretKey::from_hex(&text).is_err(), "{text}");
    }
    let encrypted = key.to_encrypted_pem(&passphrase("p")).unwrap();
    assert_eq!(SecretKey::from_encrypted_pem(&encrypted, &passphrase("p")).unwrap().public(), key.public());
    assert!(SecretKey::from_pem(&encrypted).is_err());
}

#[test]
fn openssl_reads_a_key_file_and_checks_a_signature() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(folder.path()).output().ok().map(|output| output.status.success())
    };
    let Some(true) = openssl(&["version"]) else { return };
    let key = test_key();
    fs::write(place("key.pem"), key.to_encrypted_pem(&passphrase("p")).unwrap().as_bytes()).unwrap();
    fs::write(place("pub.pem"), public_pem(&key.public()).unwrap()).unwrap();
    let subject = Digest::of_content(b"subject");
    let message = verifier_core::signature::to_be_signed(&key.public(), Purpose::Authorship, &subject);
    fs::write(place("message"), &message).unwrap();

    // Ours, checked by OpenSSL: r and s as DER.
    let cose = key.sign(Purpose::Authorship, &subject).to_cose().unwrap();
    let ours = k256::ecdsa::Signature::from_slice(&cose[cose.len() - 64..]).unwrap();
    fs::write(place("ours.der"), ours.to_der().as_bytes()).unwrap();
    let check = ["dgst", "-sha256", "-verify", "pub.pem", "-signature", "ours.der", "message"];
    assert_eq!(openssl(&check), Some(true));

    // OpenSSL's, with the key from our file, checked by ours.
    let sign = ["dgst", "-sha256", "-sign", "key.pem", "-passin", "pass:p", "-out", "theirs.der", "message"];
    assert_eq!(openssl(&sign), Some(true));
    let theirs = k256::ecdsa::Signature::from_der(&fs::read(place("theirs.der")).unwrap()).unwrap();
    let bytes = theirs.normalize_s().to_bytes().into();
    let signature = verifier_core::signature::Signature::new(key.public(), bytes);
    assert!(signature.verify(Purpose::Authorship, &subject).is_ok());
}

#[test]
fn signing_leaves_the_capsule_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = receipt(folder.path());
    let plain = fs::read(&path).unwrap();
    let before = verify(&plain, &VerifyOptions::default());
    let (first, second) = (test_key(), SecretKey::generate());
    sign::sign(&path, &first, Purpose::OF_RECEIPTS, &path, Existing::Replace).unwrap();
    let verdict = sign::sign(&path, &second, &[Purpose::Authorship], &path, Existing::Replace).unwrap();
    assert_eq!(verdict.capsule_hash, before.capsule_hash);
    let signed = fs::read(&path).unwrap();
    assert_eq!(inspect(&signed, &Limits::DEFAULT).unwrap().signatures.len(), 3);
    assert_eq!(sign::signed(&signed, &first, Purpose::OF_RECEIPTS).unwrap(), signed, "signing again changes nothing");

    let mut changed = plain;
    let at = changed.len() / 2;
    changed[at] ^= 1;
    assert!(matches!(sign::signed(&changed, &first, Purpose::OF_RECEIPTS), Err(SignError::Refused(_))));
}
