use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use k256::ecdsa::{Signature as Ecdsa, SigningKey, signature::Signer};
use proptest::prelude::*;

use super::*;
use crate::{
    cbor::{Item, Value},
    digest::{Context, Digest, Tag},
    pcap::{millis, obligation::Level, second_text},
    signature::{PublicKey, SignedPayload, payload_to_be_signed},
};

/// Keys that everybody knows: good for tests, and for nothing else.
struct Holder(SigningKey);

impl Holder {
    fn new(name: &str) -> Self {
        Self(SigningKey::from_slice(Digest::of_content(name.as_bytes()).as_bytes()).unwrap())
    }

    fn key(&self) -> PublicKey {
        PublicKey::new(self.0.verifying_key().to_sec1_point(true).as_bytes().try_into().unwrap())
    }

    fn sign(&self, context: Context, payload: Vec<u8>) -> Vec<u8> {
        let ecdsa: Ecdsa = self.0.sign(&payload_to_be_signed(&self.key(), context, &payload));
        let signature = ecdsa.normalize_s().to_bytes().into();
        SignedPayload { key: self.key(), payload, signature }.to_cose().unwrap()
    }

    fn link(&self, link: &Link) -> Vec<u8> {
        self.sign(Context::CAPABILITY, link.encode())
    }
}

const NOW: u64 = 1_800_000_000;

fn first(issuer: &Holder, subject: &Holder) -> Link {
    Link {
        issuer: issuer.key(),
        subject: subject.key(),
        audience: Some("provider.example".into()),
        expires: NOW + 3600,
        not_before: Some(NOW - 3600),
        id: CapabilityId::new([1; 16]),
        grant: Grant {
            permissions: Permissions::of(&[Permission::Read, Permission::Verify]).unwrap(),
            resources: vec![Resource::new("bundle/a").unwrap(), Resource::new("bundle/b/*").unwrap()],
            depth: 3,
            parent: None,
            min_level: Some(Level::S1),
            max_bytes: Some(1 << 20),
        },
    }
}

/// The narrowest change: the same, one step further.
fn next(token: &Token, subject: &Holder) -> Link {
    let parent = token.links().last().unwrap();
    let grant = Grant { depth: parent.link.grant.depth - 1, parent: Some(parent.digest), ..parent.link.grant.clone() };
    Link {
        issuer: parent.link.subject,
        subject: subject.key(),
        id: CapabilityId::new([parent.link.id.as_bytes()[0] + 1; 16]),
        grant,
        ..parent.link.clone()
    }
}

fn scene() -> (Holder, Holder, Holder, Token) {
    let (root, ann, bob) = (Holder::new("root"), Holder::new("ann"), Holder::new("bob"));
    let token = Token::with_link(None, &root.link(&first(&root, &ann))).unwrap();
    let token = Token::with_link(Some(&token), &ann.link(&next(&token, &bob))).unwrap();
    (root, ann, bob, token)
}

fn options(root: &Holder) -> Options {
    Options { roots: vec![root.key()], stale_reads: true, ..Options::at(NOW * 1000) }
}

fn request() -> Request {
    Request {
        audience: "provider.example".into(),
        permission: Permission::Read,
        resource: Resource::new("bundle/b/x").unwrap(),
        level: Level::S1,
        bytes: 10,
    }
}

fn rule(token: &Token, options: &Options) -> Option<&'static str> {
    judge(&token.to_text(), options, &mut |_, _| false).rule
}

#[test]
fn a_chain_holds_and_allows_what_it_grants() {
    let (root, _, _, token) = scene();
    let decision = judge(&token.to_text(), &options(&root), &mut |_, _| false);
    assert_eq!((decision.outcome, decision.links.len()), (Outcome::Valid, 2), "{decision:?}");
    let decision = judge(&token.to_text(), &Options { request: Some(request()), ..options(&root) }, &mut |_, _| false);
    assert_eq!((decision.outcome, decision.http_status), (Outcome::Allowed, 200));
    let view = serde_json::to_value(&decision.links[1]).unwrap();
    let keys: Vec<&String> = view.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["capability_id", "expires", "permissions", "resource", "signature", "subject"]);
    assert_eq!(view["expires"], "2027-01-15T09:00:00Z");
    assert_eq!(view["resource"], "bundle/a bundle/b/*");
}

/// Each field of the second link, widened, and signed by whoever may sign it: the rule says which.
#[test]
fn every_field_that_is_widened_is_refused_by_its_own_rule() {
    let (root, ann, bob, _) = scene();
    let base = Token::with_link(None, &root.link(&first(&root, &ann))).unwrap();
    type Widen = fn(&mut Link);
    let widened: [(&str, Widen, &str); 11] = [
        (
            "permissions",
            |link| link.grant.permissions = Permissions::of(&Permission::ALL).unwrap(),
            "permissions_widened",
        ),
        ("resources", |link| link.grant.resources.push(Resource::new("bundle/c").unwrap()), "resources_widened"),
        ("resource", |link| link.grant.resources[0] = Resource::new("bundle/a/*").unwrap(), "resources_widened"),
        ("depth", |link| link.grant.depth = 3, "depth_exceeded"),
        ("level", |link| link.grant.min_level = None, "level_lowered"),
        ("limit", |link| link.grant.max_bytes = None, "limit_raised"),
        ("expiry", |link| link.expires += 1, "expiry_extended"),
        ("start", |link| link.not_before = None, "start_advanced"),
        ("audience", |link| link.audience = None, "audience_widened"),
        ("audience", |link| link.audience = Some("provider.example.org".into()), "audience_widened"),
        ("parent", |link| link.grant.parent = Some(Digest::default()), "parent_mismatch"),
    ];
    for (field, widen, expected) in widened {
        let mut link = next(&base, &bob);
        widen(&mut link);
        let token = Token::with_link(Some(&base), &ann.link(&link)).unwrap();
        let decision = judge(&token.to_text(), &options(&root), &mut |_, _| false);
        assert_eq!((decision.rule, decision.link), (Some(expected), Some(1)), "{field}");
    }
    let mut link = next(&base, &bob);
    link.issuer = bob.key();
    let token = Token::with_link(Some(&base), &bob.link(&link)).unwrap();
    assert_eq!(rule(&token, &options(&root)), Some("issuer_mismatch"));
}

/// Each field changed after it was signed: the signature does not hold, or the link is none.
#[test]
fn every_field_that_is_changed_after_signing_is_refused() {
    let (root, ann, _, token) = scene();
    let changes: [fn(&mut Link); 13] = [
        |link| link.subject = Holder::new("eve").key(),
        |link| link.audience = Some("provider.example.net".into()),
        |link| link.audience = None,
        |link| link.expires -= 1,
        |link| link.not_before = Some(NOW),
        |link| link.not_before = None,
        |link| link.id = CapabilityId::new([9; 16]),
        |link| link.grant.permissions = Permissions::of(&[Permission::Read]).unwrap(),
        |link| drop(link.grant.resources.pop()),
        |link| link.grant.depth = 0,
        |link| link.grant.parent = Some(Digest::default()),
        |link| link.grant.min_level = Some(Level::S2),
        |link| link.grant.max_bytes = Some(1),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for at in 0..2 {
            let mut links: Vec<Vec<u8>> = token.links().iter().map(|link| link.signed.to_cose().unwrap()).collect();
            let mut changed = token.links()[at].clone();
            change(&mut changed.link);
            changed.signed.payload = changed.link.encode();
            links[at] = changed.signed.to_cose().unwrap();
            let bytes = Value::Array(links.into_iter().map(Value::Bytes).collect()).encode();
            let decision = judge(&to_base64(&bytes), &options(&root), &mut |_, _| false);
            assert_eq!((decision.rule, decision.link), (Some("signature_invalid"), Some(at)), "change {number}");
        }
    }
    let mut link = next(&Token::with_link(None, &root.link(&first(&root, &ann))).unwrap(), &ann);
    link.issuer = root.key();
    let signed = SignedPayload::read(&ann.link(&link)).unwrap();
    assert!(SignedLink::read(&signed.to_cose().unwrap()).is_err(), "the issuer is the key that signs");
}

#[test]
fn every_byte_of_a_token_counts() {
    let (root, _, _, token) = scene();
    for at in 0..token.as_bytes().len() {
        for mask in [1, 0x80] {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at] ^= mask;
            let decision = judge(&to_base64(&bytes), &options(&root), &mut |_, _| false);
            assert_eq!(decision.outcome, Outcome::Denied, "byte {at}");
        }
    }
    for len in 0..token.as_bytes().len() {
        assert!(Token::read(&token.as_bytes()[..len]).is_err());
    }
    assert!(Token::read(&[token.as_bytes(), &[0]].concat()).is_err());
    assert!(Token::from_text(&format!("{}=", token.to_text())).is_err());
}

#[test]
fn resources_match_by_segments() {
    let resource = |text: &str| Resource::new(text).unwrap();
    for (wide, narrow, covers) in [
        ("bundle/a", "bundle/a", true),
        ("bundle/a", "bundle/ab", false),
        ("bundle/a", "bundle/a/b", false),
        ("bundle/a/*", "bundle/a/b", true),
        ("bundle/a/*", "bundle/a/b/c", true),
        ("bundle/a/*", "bundle/a", false),
        ("bundle/a/*", "bundle/ab", false),
        ("bundle/a/*", "bundle/ab/c", false),
        ("bundle/a/*", "bundle/a/*", true),
        ("bundle/a/*", "bundle/a/b/*", true),
        ("bundle/a/*", "bundle/*", false),
        ("bundle/a/*", "bundle/ab/*", false),
        ("bundle/a", "bundle/a/*", false),
        ("bundle/*", "Bundle/a", false),
    ] {
        assert_eq!(resource(wide).covers(&resource(narrow)), covers, "{wide} {narrow}");
    }
    for text in
        ["", "*", "/*", "/a", "a/", "a//b", "a/../b", "a/./b", "a/*/b", "a*", "a/b*", "a b", "a/%2e", "a/é", "a\\b"]
    {
        assert_eq!(Resource::new(text), None, "{text}");
    }
    assert!(Resource::new("a/".repeat(15) + "a").is_some() && Resource::new("a/".repeat(16) + "a").is_none());
    assert!(Resource::new("a".repeat(256)).is_some() && Resource::new("a".repeat(257)).is_none());
}

#[test]
fn other_spellings_of_a_link_are_none() {
    let (root, ann, _, _) = scene();
    let link = first(&root, &ann);
    let payload = link.encode();
    assert_eq!(Link::decode(&payload), Ok(link.clone()));
    let refused = |payload: Vec<u8>| SignedLink::read(&root.sign(Context::CAPABILITY, payload)).is_err();
    assert!(!refused(payload.clone()));
    // A claim more, a claim less, two in another order, a longer head.
    let more = [&[payload[0] + 1], &payload[1..], &[0x3a, 0, 1, 0, 1, 0]].concat();
    let issuer = payload[1..][..69].to_vec();
    let subject = payload[70..][..69].to_vec();
    let rest = &payload[139..];
    let swapped = [&payload[..1], &subject, &issuer, rest].concat();
    let twice = [&[payload[0] + 1][..], &issuer, &issuer, &subject, rest].concat();
    let without = [&[payload[0] - 1][..], &subject, rest].concat();
    let long_head = [&[0xb8, payload[0] & 0x1f][..], &payload[1..]].concat();
    for (number, payload) in [more, swapped, twice, without, long_head, Vec::new(), vec![0xa0]].into_iter().enumerate()
    {
        assert!(refused(payload), "{number}");
    }
    let beyond: [fn(&mut Link); 8] = [
        |link| link.grant.resources.clear(),
        |link| link.grant.resources.swap(0, 1),
        |link| link.grant.resources = vec![Resource::new("a").unwrap(); 2],
        |link| link.grant.resources = (0..33).map(|i| Resource::new(format!("a/{i:02}")).unwrap()).collect(),
        |link| link.grant.depth = 8,
        |link| link.audience = Some(String::new()),
        |link| link.audience = Some("a b".into()),
        |link| link.expires = Link::MAX_TIME + 1,
    ];
    for (number, change) in beyond.into_iter().enumerate() {
        let mut link = link.clone();
        change(&mut link);
        assert!(refused(link.encode()), "{number}");
    }
}

#[test]
fn limits_are_exact() {
    let (root, _, _, _) = scene();
    let holders: Vec<Holder> = (0..9).map(|number| Holder::new(&number.to_string())).collect();
    let mut link = first(&root, &holders[0]);
    link.grant.depth = 7;
    let mut token = Token::with_link(None, &root.link(&link)).unwrap();
    for pair in holders.windows(2).take(7) {
        token = Token::with_link(Some(&token), &pair[0].link(&next(&token, &pair[1]))).unwrap();
    }
    assert_eq!(token.links().len(), MAX_LINKS);
    assert_eq!(rule(&token, &options(&root)), None);
    let last = token.links().last().unwrap().signed.to_cose().unwrap();
    assert_eq!(Token::with_link(Some(&token), &last).unwrap_err().rule, Rule::TooLarge);
    // Resources make a link as long as one likes.
    let bytes = |extra: usize| {
        let mut link = first(&root, &holders[0]);
        link.grant.resources = (0..18).map(|i| Resource::new(format!("{}{i:02}", "a".repeat(210))).unwrap()).collect();
        link.grant.resources[17] = Resource::new(format!("b{}", "a".repeat(extra))).unwrap();
        root.link(&link)
    };
    let room = MAX_LINK_BYTES + 100 - bytes(100).len();
    assert!(room < Resource::MAX_BYTES - 1);
    assert_eq!(bytes(room).len(), MAX_LINK_BYTES);
    assert!(Token::with_link(None, &bytes(room)).is_ok());
    assert_eq!(Token::with_link(None, &bytes(room + 1)).unwrap_err().rule, Rule::TooLarge);
    assert_eq!(Token::from_text(&"A".repeat(43_725)).unwrap_err().rule, Rule::TooLarge);
    assert_eq!(Token::from_text(&"A".repeat(43_724)).unwrap_err().rule, Rule::Malformed);
}

fn list(issuer: &Holder, seq: u64, ids: &[RevocationId]) -> Vec<u8> {
    let mut entries: Vec<Revocation> =
        ids.iter().map(|id| Revocation { id: *id, revoked_at: 1, reason: "lost".into() }).collect();
    entries.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
    let (issued_at, next_update) = ((NOW - 10) * 1000, (NOW + 10) * 1000);
    let list = Revocations { issued_at, entries, issuer: issuer.key(), next_update, seq };
    issuer.sign(Context::REVOCATIONS, list.encode())
}

#[test]
fn an_issuer_revokes_what_comes_of_its_word_and_nothing_else() {
    let (root, ann, bob, token) = scene();
    let (id, digest) = (token.links()[1].link.id, token.links()[1].digest);
    let with = |lists: &[Vec<u8>]| {
        let revocations = lists.iter().map(|list| RevocationList::read(list)).collect();
        Options { revocations, stale_reads: false, ..options(&root) }
    };
    let clean = list(&root, 5, &[]);
    assert_eq!(rule(&token, &with(core::slice::from_ref(&clean))), None);
    for revoked in [RevocationId::Capability(id), RevocationId::Link(digest)] {
        assert_eq!(rule(&token, &with(&[list(&root, 5, &[revoked])])), Some("revoked"));
        assert_eq!(rule(&token, &with(&[clean.clone(), list(&ann, 1, &[revoked])])), Some("revoked"));
        // Whoever holds the last link has no say about it; nor has a stranger.
        assert_eq!(rule(&token, &with(&[clean.clone(), list(&bob, 1, &[revoked])])), None);
    }
    let parent = RevocationId::Link(token.links()[0].digest);
    assert_eq!(rule(&token, &with(&[clean.clone(), list(&ann, 1, &[parent])])), None, "not its own to revoke");
    assert_eq!(rule(&token, &with(&[list(&root, 5, &[parent])])), Some("revoked"));
    assert_eq!(rule(&token, &with(&[list(&ann, 1, &[])])), Some("revocation_stale"), "the first issuer's is missing");
    let mut seen = with(core::slice::from_ref(&clean));
    seen.seen = vec![(root.key(), 6)];
    assert_eq!(rule(&token, &seen), Some("revocation_rollback"));
    let mut late = with(&[clean]);
    late.at = (NOW + 10) * 1000;
    assert_eq!(rule(&token, &late), Some("revocation_stale"));
    late.stale_reads = true;
    assert_eq!(rule(&token, &late), None);
    late.request = Some(Request { permission: Permission::Create, ..request() });
    assert_eq!(rule(&token, &late), Some("revocation_stale"), "changes are never made on a stale list");
}

#[test]
fn every_byte_of_a_list_counts() {
    let (root, _, _, token) = scene();
    let good =
        list(&root, 5, &[RevocationId::Capability(token.links()[1].link.id), RevocationId::Link(Digest::default())]);
    assert!(RevocationList::read(&good).is_ok());
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        assert!(RevocationList::read(&bytes).is_err(), "byte {at}");
        assert!(RevocationList::read(&good[..at]).is_err());
    }
    let twice = Revocation { id: RevocationId::Link(Digest::default()), revoked_at: 1, reason: String::new() };
    let list =
        Revocations { issued_at: 0, entries: vec![twice.clone(), twice], issuer: root.key(), next_update: 1, seq: 1 };
    assert!(RevocationList::read(&root.sign(Context::REVOCATIONS, list.encode())).is_err());
    assert!(
        RevocationList::read(&root.sign(Context::CAPABILITY, Revocations { entries: vec![], ..list }.encode()))
            .is_err()
    );
}

fn expected(proof: Vec<u8>) -> Expected {
    let body = Digest::of_content(b"body");
    Expected { proof: Some(proof), method: "GET".into(), path: "/v1/blobs/x".into(), body }
}

fn possession(token: &Token) -> Possession {
    Possession {
        audience: "provider.example".into(),
        body: Digest::of_content(b"body"),
        method: "GET".into(),
        nonce: Nonce::new([7; 16]),
        path: "/v1/blobs/x".into(),
        time: NOW * 1000,
        token: token.digest(),
    }
}

#[test]
fn a_proof_is_for_one_request_of_one_holder_once() {
    let (root, ann, bob, token) = scene();
    let asked =
        |proof: Vec<u8>| Options { request: Some(request()), possession: Some(expected(proof)), ..options(&root) };
    let signed = |possession: &Possession| bob.sign(Context::POSSESSION, possession.payload());
    let good = possession(&token);
    let decision = judge(&token.to_text(), &asked(signed(&good)), &mut |_, _| false);
    assert_eq!((decision.outcome, decision.possession), (Outcome::Allowed, true));
    let replayed = judge(&token.to_text(), &asked(signed(&good)), &mut |holder, found| {
        assert_eq!((holder, found), (&bob.key(), &good));
        true
    });
    assert_eq!(replayed.rule, Some("possession_replayed"));
    // What is not allowed anyway uses up no nonce, and accuses nobody of having shown it twice.
    let elsewhere = Request { resource: Resource::new("bundle/other").unwrap(), ..request() };
    let forbidden = Options { request: Some(elsewhere), ..asked(signed(&good)) };
    let denied = judge(&token.to_text(), &forbidden, &mut |_, _| panic!("asked about a nonce"));
    assert_eq!(denied.rule, Some("resource_denied"));
    let changes: [fn(&mut Possession); 5] = [
        |p| p.audience.push('x'),
        |p| p.body = Digest::default(),
        |p| p.method = "HEAD".into(),
        |p| p.path.push('x'),
        |p| p.token = Digest::default(),
    ];
    for change in changes {
        let mut other = good.clone();
        change(&mut other);
        assert_eq!(rule(&token, &asked(signed(&other))), Some("possession_mismatch"));
    }
    for (time, expected) in [
        (NOW * 1000 - WINDOW_MS, None),
        (NOW * 1000 + WINDOW_MS, None),
        (NOW * 1000 - WINDOW_MS - 1, Some("possession_stale")),
        (NOW * 1000 + WINDOW_MS + 1, Some("possession_stale")),
        (u64::MAX, Some("possession_stale")),
    ] {
        assert_eq!(rule(&token, &asked(signed(&Possession { time, ..good.clone() }))), expected, "{time}");
    }
    let invalid = Some("possession_invalid");
    assert_eq!(rule(&token, &asked(ann.sign(Context::POSSESSION, good.payload()))), invalid, "not the holder");
    assert_eq!(rule(&token, &asked(bob.sign(Context::CAPABILITY, good.payload()))), invalid, "for another purpose");
    let proof = signed(&good);
    for at in 0..proof.len() {
        let mut bytes = proof.clone();
        bytes[at] ^= 1;
        assert_eq!(rule(&token, &asked(bytes)), invalid, "byte {at}");
    }
    let mut none = asked(Vec::new());
    none.possession.as_mut().unwrap().proof = None;
    assert_eq!(rule(&token, &none), Some("possession_missing"));
}

#[test]
fn a_request_beyond_the_grant_is_refused_by_its_own_rule() {
    let (root, _, _, token) = scene();
    let asked = |change: fn(&mut Request)| {
        let mut request = request();
        change(&mut request);
        let decision =
            judge(&token.to_text(), &Options { request: Some(request), ..options(&root) }, &mut |_, _| false);
        (decision.rule, decision.http_status)
    };
    assert_eq!(asked(|request| request.permission = Permission::Read), (None, 200));
    assert_eq!(
        asked(|request| request.resource = Resource::new("bundle/bb/x").unwrap()),
        (Some("resource_denied"), 403)
    );
    assert_eq!(asked(|request| request.level = Level::S0), (Some("level_too_low"), 403));
    assert_eq!(asked(|request| request.bytes = (1 << 20) + 1), (Some("limit_exceeded"), 403));
    assert_eq!(asked(|request| request.audience = "provider.example.org".into()), (Some("audience_wrong"), 401));
    let reads = Options { roots: vec![root.key()], ..options(&root) };
    let request = Request { permission: Permission::Create, ..request() };
    let fresh = vec![RevocationList::read(&list(&root, 1, &[]))];
    let options = Options { request: Some(request), revocations: fresh, ..reads };
    assert_eq!(rule(&token, &options), Some("permission_denied"));
}

#[test]
fn time_is_judged_to_the_second() {
    let (root, _, _, token) = scene();
    let at = |at: u64| rule(&token, &Options { at, ..options(&root) });
    assert_eq!(at((NOW + 3600) * 1000 - 1), None);
    assert_eq!(at((NOW + 3600) * 1000), Some("expired"));
    assert_eq!(at((NOW - 3600) * 1000), None);
    assert_eq!(at((NOW - 3600) * 1000 - 1), Some("not_yet_valid"));
}

#[test]
fn nobody_is_trusted_by_default() {
    let (root, ann, _, token) = scene();
    assert_eq!(rule(&token, &Options::at(NOW * 1000)), Some("root_untrusted"));
    assert_eq!(rule(&token, &options(&ann)), Some("root_untrusted"), "an issuer further down is no root");
    assert_eq!(judge("", &options(&root), &mut |_, _| false).rule, Some("missing"));
}

#[test]
fn rules_have_names_codes_and_statuses_of_their_own() {
    for (index, rule) in Rule::ALL.iter().enumerate() {
        assert!(Rule::ALL[..index].iter().all(|other| (other.name(), other.code()) != (rule.name(), rule.code())));
        assert!(Rule::ALL[..index].iter().all(|other| other.name() != rule.name() && other.code() != rule.code()));
        assert!(matches!(rule.http_status(), 401 | 403));
    }
}

#[test]
fn options_refuse_what_they_do_not_know() {
    let (root, ..) = scene();
    let json = format!(
        r#"{{"at":1,"roots":["{}"],"request":{{"audience":"a","permission":"read","resource":"a/b"}},"possession":{{"proof":"AA","method":"GET","path":"/"}},"seen_nonces":["{}"]}}"#,
        root.key(),
        "07".repeat(16)
    );
    let read = Options::from_json(&json).unwrap();
    assert_eq!((read.roots, read.seen_nonces), (vec![root.key()], vec![Nonce::new([7; 16])]));
    assert_eq!(read.possession.unwrap().body, Digest::of_content(b""));
    for wrong in [
        json.replace("\"at\":1,", ""),
        json.replace("\"at\"", "\"at\":1,\"now\""),
        json.replace("a/b", "a/*"),
        json.replace("\"read\"", "\"READ\""),
        json.replace("\"audience\"", "\"audience2\""),
        json.replace("0707", "07"),
    ] {
        assert!(Options::from_json(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn digests_are_of_the_bytes_that_were_read() {
    let (_, _, _, token) = scene();
    let link = &token.links()[0];
    assert_eq!(link.digest, Tag::CAPABILITY_LINK.digest(&[&link.signed.to_cose().unwrap()]));
    assert_eq!(token.digest(), Tag::CAPABILITY_TOKEN.digest(&[token.as_bytes()]));
}

fn arb_resource() -> impl Strategy<Value = Resource> {
    let text = (prop::collection::vec("[a-c]{1,2}", 1..4), any::<bool>());
    text.prop_map(|(segments, below)| Resource::new(segments.join("/") + if below { "/*" } else { "" }).unwrap())
}

fn arb_link() -> impl Strategy<Value = Link> {
    let grant = (
        1u8..16,
        prop::collection::btree_set(arb_resource(), 1..4),
        0u64..8,
        prop::option::of(any::<[u8; 32]>()),
        0usize..4,
        prop::option::of(any::<u64>()),
    );
    let claims =
        (prop::option::of("[!-~]{1,20}"), 0..=Link::MAX_TIME, prop::option::of(0..=Link::MAX_TIME), any::<[u8; 16]>());
    (grant, claims).prop_map(|(grant, (audience, expires, not_before, id))| {
        let (bits, resources, depth, parent, level, max_bytes) = grant;
        Link {
            issuer: Holder::new("root").key(),
            subject: Holder::new("ann").key(),
            audience,
            expires,
            not_before,
            id: CapabilityId::new(id),
            grant: Grant {
                permissions: Permissions::from_value(Value::Uint(bits.into())).unwrap(),
                resources: resources.into_iter().collect(),
                depth,
                parent: parent.map(Digest::new),
                min_level: [None, Some(Level::S0), Some(Level::S1), Some(Level::S2)][level],
                max_bytes,
            },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_link_is_read_as_it_was_written(link in arb_link()) {
        prop_assert!(link.is_formed());
        prop_assert_eq!(Link::decode(&link.encode()), Ok(link));
    }

    #[test]
    fn whatever_is_read_is_written_again(bytes in prop::collection::vec(any::<u8>(), 0..60), link in arb_link(), at in any::<prop::sample::Index>()) {
        let _ = (Token::read(&bytes), RevocationList::read(&bytes), Link::decode(&bytes));
        let mut changed = link.encode();
        let at = at.index(changed.len());
        changed[at] ^= bytes.first().copied().unwrap_or(1);
        if let Ok(read) = Link::decode(&changed) {
            prop_assert_eq!(read.encode(), changed);
        }
    }

    /// Covering is what segments say, and carries over.
    #[test]
    fn covering_is_transitive(a in arb_resource(), b in arb_resource(), c in arb_resource()) {
        prop_assert!(a.covers(&a));
        if a.covers(&b) && b.covers(&c) {
            prop_assert!(a.covers(&c));
        }
        if a.covers(&b) && b.covers(&a) {
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn a_time_of_any_number_has_a_text(seconds: u64) {
        let text = second_text(seconds);
        prop_assert!(text.len() >= 20 && text.ends_with('Z'), "{text}");
    }

    #[test]
    fn times_have_one_text(seconds in 0..=Link::MAX_TIME) {
        let text = second_text(seconds);
        prop_assert_eq!(millis(&text.replace('Z', ".000Z")), Some(seconds * 1000));
    }
}
