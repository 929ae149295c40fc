//! Tokens, links, proofs of possession, revocation lists and options: whatever the bytes, an answer; and one spelling of each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier_core::{
    capability::{Expected, Link, Options, RevocationList, Token, judge, to_base64},
    digest::Digest,
    signature::SignedPayload,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signed) = SignedPayload::read(bytes) {
        assert_eq!(signed.to_cose().as_deref(), Ok(bytes));
    }
    if let Ok(link) = Link::decode(bytes) {
        assert_eq!(link.encode(), bytes);
    }
    let list = RevocationList::read(bytes);
    let mut options = Options::at(1_800_000_000_000);
    if let Ok(token) = Token::read(bytes) {
        assert_eq!(token.as_bytes(), bytes);
        // Whoever issued it is trusted, so that the links are judged too.
        options.roots = token.links().iter().map(|link| link.link.issuer).collect();
        options.stale_reads = true;
        let proof = bytes.get(..bytes.len() / 2).map(<[u8]>::to_vec);
        let (method, path, body) = (String::new(), String::new(), Digest::default());
        options.possession = Some(Expected { proof, method, path, body });
    }
    options.revocations.push(list);
    let decision = judge(&to_base64(bytes), &options, &mut |_, _| false);
    assert_eq!(decision.is_allowed(), decision.reason.is_none());
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = Options::from_json(text);
        let _ = judge(text, &options, &mut |_, _| true);
    }
});
