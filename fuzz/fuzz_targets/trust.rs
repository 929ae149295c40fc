//! Signatures, messages, policies, options and trust files: whatever the bytes, an answer; and one spelling of each signature.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier_core::{
    Trust, VerifyOptions, capability,
    cbor::Item as _,
    pcap::{self, obligation::Evidence},
    policy::{Inclusion, Policy},
    relay::{Attestation, Challenge, Commit, CommitReceipt, Signed, read_list},
    signature::Signature,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signature) = Signature::read(bytes) {
        assert_eq!(signature.to_cose().as_deref(), Ok(bytes));
    }
    let _ = Signed::<CommitReceipt>::read(bytes);
    let _ = Signed::<Challenge>::read(bytes);
    let _ = Signed::<Attestation>::read(bytes);
    if let Ok(commit) = Commit::decode(bytes) {
        assert_eq!(commit.encode(), bytes);
    }
    let _ = read_list(bytes);
    let _ = Policy::read(bytes);
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = Trust::from_toml(text);
        let _ = (VerifyOptions::from_json(text), capability::Options::from_json(text), pcap::Options::from_json(text));
        let _ = (Evidence::list_from_json(text), Inclusion::from_json(text));
    }
});
