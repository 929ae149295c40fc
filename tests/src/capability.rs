//! Capability tokens that hold, and ways to make one that does not: what is answered to each, as vectors and as a page of the specification.
//!
//! Everything is made from keys that everybody knows, with signatures that follow from key and message: the same bytes every time.

use std::fmt::Write as _;

use capseal_trust::keys::SecretKey;
use serde_json::{Value as Json, json};
use verifier_core::{
    Digest,
    capability::{
        CapabilityId, Decision, Grant, Link, Nonce, Options, Permission, Permissions, Possession, Resource, Revocation,
        RevocationId, Revocations, Rule, Token, judge, to_base64,
    },
    cbor::{Item, Value},
    digest::Context,
    pcap::obligation::Level,
    signature::SignedPayload,
};

/// A token with what it is judged by, and the answer that it must get.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is special about it.
    pub name: &'static str,
    /// The token's text.
    pub token: String,
    /// Options as JSON.
    pub options: Json,
    /// The rule that must fail, and the link that breaks it; none where the token must hold.
    pub expected: Option<(Rule, Option<usize>)>,
}

impl Case {
    /// What is answered.
    pub fn decide(&self) -> Decision {
        let options = Options::from_json(&self.options.to_string()).expect("options that can be read");
        judge(&self.token, &options, &mut |_, _| false)
    }
}

/// The file of vectors.
pub fn file() -> String {
    let cases: Vec<Json> = cases().iter().map(vector).collect();
    let mut text = String::from("{\n\"spec\": \"docs/spec/capability.md\",\n\"cases\": [\n");
    text += &cases.iter().map(Json::to_string).collect::<Vec<_>>().join(",\n");
    text + "\n]\n}\n"
}

fn vector(case: &Case) -> Json {
    let decision: Json = serde_json::from_str(&case.decide().to_json()).expect("JSON");
    json!({ "name": case.name, "token": case.token, "options": case.options, "decision": decision })
}

/// The page of the specification.
pub fn page() -> String {
    let mut page = String::from(
        "# Tokens and what is answered to them\n\n\
         Generated from `tests/src/capability.rs`; the vectors are `tests/vectors/capability.json`. Each row is a token, or what it is judged by, \
         with one thing about it; a change to a link is signed again by whoever would sign it. The honest token is issued by a trusted key to Ann, \
         who passes it on to Bob, who passes it on to Cem: `read` and `verify` on `bundle/a/*` and `bundle/b`. Links are counted from 0.\n\n\
         | what is done | answer | rule | link | code |\n| --- | --- | --- | --- | --- |\n",
    );
    for case in cases() {
        let decision = case.decide();
        let code = decision.reason.map_or(String::new(), |reason| format!("E{:03}", reason.number()));
        let answer = serde_json::to_value(decision.outcome).expect("a text");
        let answer = match (answer.as_str().unwrap_or_default(), decision.http_status) {
            ("denied", status) => status.to_string(),
            (outcome, _) => format!("**{outcome}**"),
        };
        let link = decision.link.map_or(String::new(), |link| link.to_string());
        let _ =
            writeln!(page, "| {} | {answer} | {} | {link} | {code} |", case.name, decision.rule.unwrap_or_default());
    }
    page
}

/// Seconds since the Unix epoch at which everything happens.
const NOW: u64 = 1_800_000_000;
const AUDIENCE: &str = "provider.example";
const PATH: &str = "/v1/blobs/x";

/// A key that everybody knows: good for tests, and for nothing else.
fn holder(name: &str) -> SecretKey {
    let scalar = Digest::of_content(format!("a key that everybody knows: {name}").as_bytes());
    SecretKey::from_hex(&scalar.to_string()).expect("the number of a key")
}

fn resource(text: &str) -> Resource {
    Resource::new(text).expect("a resource")
}

fn first() -> Link {
    Link {
        issuer: holder("root").public(),
        subject: holder("ann").public(),
        audience: Some(AUDIENCE.to_owned()),
        expires: NOW + 3600,
        not_before: Some(NOW - 3600),
        id: CapabilityId::new([1; 16]),
        grant: Grant {
            permissions: Permissions::of(&[Permission::Read, Permission::Verify]).expect("some"),
            resources: vec![resource("bundle/a/*"), resource("bundle/b")],
            depth: 3,
            parent: None,
            min_level: Some(Level::S1),
            max_bytes: Some(1 << 20),
        },
    }
}

/// The same as the last link, one step further.
fn next(token: &Token, subject: &SecretKey) -> Link {
    let parent = token.links().last().expect("a link");
    let depth = parent.link.grant.depth.saturating_sub(1);
    Link {
        issuer: parent.link.subject,
        subject: subject.public(),
        id: CapabilityId::new([token.links().len() as u8 + 1; 16]),
        grant: Grant { depth, parent: Some(parent.digest), ..parent.link.grant.clone() },
        ..parent.link.clone()
    }
}

fn signed(issuer: &SecretKey, link: &Link) -> Vec<u8> {
    issuer.sign_payload(Context::CAPABILITY, link.encode()).to_cose().expect("COSE")
}

fn with(parent: Option<&Token>, issuer: &SecretKey, link: &Link) -> Token {
    Token::with_link(parent, &signed(issuer, link)).expect("links")
}

/// Root to Ann.
fn one(change: impl FnOnce(&mut Link)) -> Token {
    let mut link = first();
    change(&mut link);
    with(None, &holder("root"), &link)
}

/// Root to Ann to Bob, with a change to Bob's link, signed by Ann.
fn two(change: impl FnOnce(&mut Link)) -> Token {
    let token = one(|_| {});
    let mut link = next(&token, &holder("bob"));
    change(&mut link);
    with(Some(&token), &holder("ann"), &link)
}

/// Root to Ann to Bob to Cem.
fn three() -> Token {
    let token = two(|_| {});
    with(Some(&token), &holder("bob"), &next(&token, &holder("cem")))
}

fn links(token: &Token) -> Vec<Vec<u8>> {
    token.links().iter().map(|link| link.signed.to_cose().expect("COSE")).collect()
}

fn joined(links: Vec<Vec<u8>>) -> String {
    to_base64(&Value::Array(links.into_iter().map(Value::Bytes).collect()).encode())
}

fn options() -> Json {
    json!({ "at": NOW * 1000, "roots": [holder("root").public().to_string()], "stale_reads": true })
}

fn request() -> Json {
    json!({ "audience": AUDIENCE, "permission": "read", "resource": "bundle/a/x", "level": "S1", "bytes": 10 })
}

fn asking(change: impl FnOnce(&mut Json)) -> Json {
    let mut options = options();
    options["request"] = request();
    change(&mut options["request"]);
    options
}

fn list(issuer: &str, seq: u64, ids: &[RevocationId]) -> String {
    let entry = |id: &RevocationId| Revocation { id: *id, revoked_at: NOW * 1000, reason: "lost".to_owned() };
    let mut entries: Vec<Revocation> = ids.iter().map(entry).collect();
    entries.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
    let issuer = holder(issuer);
    let (issued_at, next_update) = ((NOW - 60) * 1000, (NOW + 60) * 1000);
    let list = Revocations { issued_at, entries, issuer: issuer.public(), next_update, seq };
    to_base64(&issuer.sign_payload(Context::REVOCATIONS, list.encode()).to_cose().expect("COSE"))
}

fn with_lists(lists: &[String], change: impl FnOnce(&mut Json)) -> Json {
    let mut options = asking(|_| {});
    options["stale_reads"] = false.into();
    options["revocations"] = json!(lists);
    change(&mut options);
    options
}

/// Options with a proof by somebody for Cem's token, after a change to what is signed.
fn proving(by: &str, context: Context, change: impl FnOnce(&mut Possession)) -> Json {
    let mut possession = Possession {
        audience: AUDIENCE.to_owned(),
        body: Digest::of_content(b""),
        method: "GET".to_owned(),
        nonce: Nonce::new([7; 16]),
        path: PATH.to_owned(),
        time: NOW * 1000,
        token: three().digest(),
    };
    change(&mut possession);
    let proof = holder(by).sign_payload(context, possession.payload()).to_cose().expect("COSE");
    let mut options = asking(|_| {});
    options["possession"] = json!({ "proof": to_base64(&proof), "method": "GET", "path": PATH });
    options
}

fn set(key: &'static str, value: impl Into<Json>) -> impl FnOnce(&mut Json) {
    let value = value.into();
    move |json| json[key] = value
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    form(&mut cases);
    chains(&mut cases);
    narrowing(&mut cases);
    resources(&mut cases);
    times(&mut cases);
    revocations(&mut cases);
    possessions(&mut cases);
    requests(&mut cases);
    cases
}

type Expected = Option<(Rule, Option<usize>)>;
/// What is special, the rule that fails for it, and the change that makes it so.
type Change<'a, T> = (&'static str, Rule, &'a dyn Fn(&mut T));

fn add(cases: &mut Vec<Case>, name: &'static str, token: impl Into<String>, options: Json, expected: Expected) {
    cases.push(Case { name, token: token.into(), options, expected });
}

fn of(rule: Rule, link: usize) -> Expected {
    Some((rule, Some(link)))
}

fn form(cases: &mut Vec<Case>) {
    let text = three().to_text();
    let malformed = Some((Rule::Malformed, None));
    add(cases, "nothing: one link, and nothing is asked for", one(|_| {}).to_text(), options(), None);
    add(cases, "nothing: three links, and a content is asked for", text.clone(), asking(|_| {}), None);
    add(cases, "no token", "", asking(|_| {}), Some((Rule::Missing, None)));
    add(cases, "text that is not base64url", format!("{}!", &text[1..]), options(), malformed);
    add(cases, "the text with padding", format!("{text}="), options(), malformed);
    add(cases, "the text with a line feed", format!("{text}\n"), options(), malformed);
    add(cases, "cut short", &text[..text.len() - 4], options(), malformed);
    add(cases, "a byte behind it", to_base64(&[three().as_bytes(), &[0]].concat()), options(), malformed);
    add(cases, "an array of nothing", joined(Vec::new()), options(), malformed);
    add(cases, "a link that is a number", to_base64(&[0x81, 0x01]), options(), of(Rule::Malformed, 0));
    let long_head = [&[0x98, 0x01], &one(|_| {}).as_bytes()[1..]].concat();
    add(cases, "the array's head in two bytes", to_base64(&long_head), options(), malformed);
    let mut nine = links(&three());
    nine.extend(std::iter::repeat_n(nine[2].clone(), 6));
    add(cases, "nine links", joined(nine), options(), Some((Rule::TooLarge, None)));
    add(cases, "a link of 4,097 bytes", joined(vec![vec![0; 4097]]), options(), of(Rule::TooLarge, 0));
    let root = holder("root");
    let payload = |change: fn(Vec<u8>) -> Vec<u8>| {
        let signed = root.sign_payload(Context::CAPABILITY, change(first().encode())).to_cose().expect("COSE");
        joined(vec![signed])
    };
    let unknown = |payload: Vec<u8>| [&[payload[0] + 1], &payload[1..], &[0x3a, 0, 1, 0, 1, 0]].concat();
    add(cases, "a claim that is not known", payload(unknown), options(), of(Rule::Malformed, 0));
    let swapped = |payload: Vec<u8>| [&payload[..1], &payload[70..139], &payload[1..70], &payload[139..]].concat();
    add(cases, "two claims in another order", payload(swapped), options(), of(Rule::Malformed, 0));
    let twice = |payload: Vec<u8>| [&[payload[0] + 1], &payload[1..70], &payload[1..]].concat();
    add(cases, "a claim twice", payload(twice), options(), of(Rule::Malformed, 0));
    let unsorted = one(|link| link.grant.depth = 1);
    let mut tagged = links(&unsorted);
    tagged[0].insert(0, 0xd2);
    add(cases, "a link with the tag of COSE_Sign1", joined(tagged), options(), of(Rule::Malformed, 0));
    for (name, change) in [
        ("resources out of order", (|link| link.grant.resources.reverse()) as fn(&mut Link)),
        ("no resource", |link| link.grant.resources.clear()),
        ("a depth of 8", |link| link.grant.depth = 8),
        ("an audience with a space", |link| link.audience = Some("a b".to_owned())),
    ] {
        let mut link = first();
        change(&mut link);
        add(cases, name, joined(vec![signed(&root, &link)]), options(), of(Rule::Malformed, 0));
    }
}

fn chains(cases: &mut Vec<Case>) {
    let honest = three();
    let edit = |at: usize, change: &dyn Fn(&mut SignedPayload)| {
        let mut links = links(&honest);
        let mut signed = honest.links()[at].signed.clone();
        change(&mut signed);
        links[at] = signed.to_cose().expect("COSE");
        joined(links)
    };
    let mut nobody = options();
    nobody["roots"] = json!([]);
    add(cases, "nobody is trusted", honest.to_text(), nobody, of(Rule::RootUntrusted, 0));
    let mut ann = options();
    ann["roots"] = json!([holder("ann").public().to_string()]);
    add(
        cases,
        "an issuer further down is trusted, the first is not",
        honest.to_text(),
        ann,
        of(Rule::RootUntrusted, 0),
    );
    let without_first = joined(links(&honest)[1..].to_vec());
    add(cases, "the first link is left out", without_first, options(), of(Rule::RootUntrusted, 0));
    let mut swapped = links(&honest);
    swapped.swap(0, 1);
    add(cases, "two links are swapped", joined(swapped), options(), of(Rule::RootUntrusted, 0));
    let subject = |signed: &mut SignedPayload| {
        let mut link = Link::decode(&signed.payload).expect("a link");
        link.subject = holder("eve").public();
        signed.payload = link.encode();
    };
    add(cases, "the holder is changed after signing", edit(2, &subject), options(), of(Rule::SignatureInvalid, 2));
    let depth = |signed: &mut SignedPayload| {
        let mut link = Link::decode(&signed.payload).expect("a link");
        link.grant.depth = 7;
        signed.payload = link.encode();
    };
    add(cases, "the first link is changed after signing", edit(0, &depth), options(), of(Rule::SignatureInvalid, 0));
    let zero = |signed: &mut SignedPayload| signed.signature = [0; 64];
    add(cases, "a signature of zeros", edit(1, &zero), options(), of(Rule::SignatureInvalid, 1));
    let higher = |signed: &mut SignedPayload| negate(&mut signed.signature);
    add(
        cases,
        "the other signature of the same link, with the higher s",
        edit(1, &higher),
        options(),
        of(Rule::SignatureInvalid, 1),
    );
    let another = |signed: &mut SignedPayload| {
        *signed = holder("ann").sign_payload(Context::POSSESSION, signed.payload.clone());
    };
    add(
        cases,
        "a link that was signed for another purpose",
        edit(1, &another),
        options(),
        of(Rule::SignatureInvalid, 1),
    );
    let stranger = |signed: &mut SignedPayload| {
        *signed = holder("eve").sign_payload(Context::CAPABILITY, signed.payload.clone());
    };
    add(cases, "a link that another key signed than its issuer", edit(1, &stranger), options(), of(Rule::Malformed, 1));
    let mut without_middle = links(&honest);
    without_middle.remove(1);
    add(cases, "the middle link is left out", joined(without_middle), options(), of(Rule::ParentMismatch, 1));
    let parent = two(|link| link.grant.parent = Some(Digest::of_content(b"another link")));
    add(cases, "a link that is bound to another parent", parent.to_text(), options(), of(Rule::ParentMismatch, 1));
    let none = two(|link| link.grant.parent = None);
    add(cases, "a link that is bound to no parent", none.to_text(), options(), of(Rule::ParentMismatch, 1));
    let bound = one(|link| link.grant.parent = Some(Digest::of_content(b"a link before")));
    add(cases, "a first link that is bound to a parent", bound.to_text(), options(), of(Rule::ParentMismatch, 0));
    let base = one(|_| {});
    let mut stolen = next(&base, &holder("eve"));
    stolen.issuer = holder("eve").public();
    let stolen = with(Some(&base), &holder("eve"), &stolen);
    add(
        cases,
        "a link by somebody that the link before was not issued to",
        stolen.to_text(),
        options(),
        of(Rule::IssuerMismatch, 1),
    );
}

/// s becomes n - s.
fn negate(signature: &mut [u8; 64]) {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae,
        0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];
    let mut borrow = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = difference.rem_euclid(256) as u8;
    }
}

fn narrowing(cases: &mut Vec<Case>) {
    let all = |link: &mut Link| link.grant.permissions = Permissions::of(&Permission::ALL).expect("some");
    let changes: [Change<'_, Link>; 14] = [
        ("a permission more: create and modify beside read and verify", Rule::PermissionsWidened, &all),
        ("another permission instead", Rule::PermissionsWidened, &|link| {
            link.grant.permissions = Permissions::of(&[Permission::Modify]).expect("some");
        }),
        ("as far to pass on as the link before", Rule::DepthExceeded, &|link| link.grant.depth = 3),
        ("further to pass on than the link before", Rule::DepthExceeded, &|link| link.grant.depth = 7),
        ("a lower level", Rule::LevelLowered, &|link| link.grant.min_level = Some(Level::S0)),
        ("no level", Rule::LevelLowered, &|link| link.grant.min_level = None),
        ("one byte more", Rule::LimitRaised, &|link| link.grant.max_bytes = Some((1 << 20) + 1)),
        ("no limit of bytes", Rule::LimitRaised, &|link| link.grant.max_bytes = None),
        ("one second longer", Rule::ExpiryExtended, &|link| link.expires += 1),
        ("one second earlier", Rule::StartAdvanced, &|link| link.not_before = Some(NOW - 3601)),
        ("no start", Rule::StartAdvanced, &|link| link.not_before = None),
        ("another audience", Rule::AudienceWidened, &|link| link.audience = Some("other.example".to_owned())),
        ("an audience that begins like the one before", Rule::AudienceWidened, &|link| {
            link.audience = Some("provider.example.org".to_owned());
        }),
        ("any audience", Rule::AudienceWidened, &|link| link.audience = None),
    ];
    for (name, rule, change) in changes {
        add(cases, name, two(change).to_text(), options(), of(rule, 1));
    }
    let end = one(|link| link.grant.depth = 0);
    let further = with(Some(&end), &holder("ann"), &next(&end, &holder("bob")));
    add(cases, "passed on although it may not be", further.to_text(), options(), of(Rule::DepthExceeded, 1));
    let narrower = two(|link| {
        link.grant.permissions = Permissions::of(&[Permission::Read]).expect("some");
        link.grant.resources = vec![resource("bundle/a/x")];
        link.grant.depth = 0;
        link.grant.min_level = Some(Level::S1);
        link.grant.max_bytes = Some(10);
        link.expires = NOW + 1;
        link.not_before = Some(NOW);
    });
    add(cases, "nothing: narrower in everything", narrower.to_text(), asking(|_| {}), None);
}

fn resources(cases: &mut Vec<Case>) {
    for (name, narrower, holds) in [
        ("nothing: `bundle/a/*` becomes `bundle/a/b/*`", "bundle/a/b/*", true),
        ("`bundle/a/*` becomes `bundle/*`", "bundle/*", false),
        ("`bundle/a/*` becomes `bundle/ab/*`", "bundle/ab/*", false),
        ("`bundle/a/*` becomes `bundle/ab`", "bundle/ab", false),
        ("`bundle/a/*` becomes `bundle/a`", "bundle/a", false),
        ("`bundle/b` becomes `bundle/b/*`", "bundle/b/*", false),
        ("`bundle/b` becomes `bundle/b/c`", "bundle/b/c", false),
        ("`bundle/b` becomes `bundle/B`", "bundle/B", false),
    ] {
        let expected = if holds { None } else { of(Rule::ResourcesWidened, 1) };
        add(cases, name, two(|link| link.grant.resources = vec![resource(narrower)]).to_text(), options(), expected);
    }
    let more = two(|link| link.grant.resources.push(resource("bundle/c")));
    add(cases, "a resource more", more.to_text(), options(), of(Rule::ResourcesWidened, 1));
    // Texts that no resource has are put there as CBOR.
    for (name, text) in [
        ("a resource with `..` in it", "bundle/a/../c"),
        ("a resource with `%2e%2e` in it", "bundle/a/%2e%2e/c"),
        ("a resource with an empty segment", "bundle//c"),
        ("a resource with `*` within", "bundle/*/x"),
        ("the resource `*`", "*"),
    ] {
        let payload = first().encode();
        let bytes = bundle_b_as(&payload, text);
        let signed = holder("root").sign_payload(Context::CAPABILITY, bytes).to_cose().expect("COSE");
        add(cases, name, joined(vec![signed]), options(), of(Rule::Malformed, 0));
    }
}

/// The payload with another text in the place of `bundle/b`.
fn bundle_b_as(payload: &[u8], text: &str) -> Vec<u8> {
    let old = Value::Text("bundle/b".to_owned()).encode();
    let place = payload.windows(old.len()).position(|window| window == old).expect("the resource");
    let new = Value::Text(text.to_owned()).encode();
    [&payload[..place], &new, &payload[place + old.len()..]].concat()
}

fn times(cases: &mut Vec<Case>) {
    let at = |at: u64| {
        let mut options = options();
        options["at"] = at.into();
        options
    };
    let text = three().to_text();
    add(cases, "nothing: in its last millisecond", text.clone(), at((NOW + 3600) * 1000 - 1), None);
    add(cases, "at the moment of its expiry", text.clone(), at((NOW + 3600) * 1000), of(Rule::Expired, 0));
    add(
        cases,
        "in the last millisecond before it is valid",
        text,
        at((NOW - 3600) * 1000 - 1),
        of(Rule::NotYetValid, 0),
    );
    let short = two(|link| link.expires = NOW - 1).to_text();
    add(cases, "the second link has expired, the first has not", short, options(), of(Rule::Expired, 1));
}

fn revocations(cases: &mut Vec<Case>) {
    let token = three();
    let text = || token.to_text();
    let id = |at: usize| RevocationId::Capability(token.links()[at].link.id);
    let digest = |at: usize| RevocationId::Link(token.links()[at].digest);
    let clean = list("root", 5, &[]);
    let by = |issuer: &str, id: RevocationId| {
        let own = list(issuer, 5, &[id]);
        let lists = if issuer == "root" { vec![own] } else { vec![clean.clone(), own] };
        with_lists(&lists, |_| {})
    };
    add(cases, "nothing: a list without the token", text(), with_lists(std::slice::from_ref(&clean), |_| {}), None);
    add(
        cases,
        "the last link is revoked by the first issuer, by its id",
        text(),
        by("root", id(2)),
        of(Rule::Revoked, 2),
    );
    add(cases, "the last link is revoked, by its digest", text(), by("root", digest(2)), of(Rule::Revoked, 2));
    add(cases, "an ancestor is revoked", text(), by("root", id(0)), of(Rule::Revoked, 0));
    add(cases, "a link is revoked by who issued it", text(), by("ann", id(1)), of(Rule::Revoked, 1));
    add(cases, "a link is revoked by who issued the one before", text(), by("ann", id(2)), of(Rule::Revoked, 2));
    add(cases, "nothing: an ancestor is named by who issued a later link", text(), by("bob", id(0)), None);
    add(cases, "nothing: a link is named by its own holder", text(), by("cem", id(2)), None);
    add(cases, "nothing: a link is named by a stranger", text(), by("eve", id(1)), None);
    let invalid = Some((Rule::RevocationInvalid, None));
    let mut forged = list("root", 5, &[id(2)]).into_bytes();
    let last = forged.len() - 8;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("text");
    add(cases, "a list whose signature does not hold", text(), with_lists(&[forged], |_| {}), invalid);
    add(cases, "a list that is none", text(), with_lists(&["AAAA".to_owned()], |_| {}), invalid);
    let seen = json!([{ "issuer": holder("root").public().to_string(), "seq": 6 }]);
    let older = with_lists(std::slice::from_ref(&clean), set("seen", seen));
    add(cases, "a list that is older than one that was seen", text(), older, Some((Rule::RevocationRollback, None)));
    let stale = Some((Rule::RevocationStale, None));
    let late = (NOW + 60) * 1000;
    let out_of_use = with_lists(std::slice::from_ref(&clean), set("at", late));
    add(cases, "a list that is out of use", text(), out_of_use.clone(), stale);
    let mut allowed = out_of_use.clone();
    allowed["stale_reads"] = true.into();
    add(cases, "nothing: reading, where a list that is out of use is enough for that", text(), allowed.clone(), None);
    allowed["request"]["permission"] = "create".into();
    add(cases, "creating, where a list that is out of use is enough for reading", text(), allowed, stale);
    add(cases, "no list", text(), with_lists(&[], |_| {}), stale);
    let own = list("ann", 5, &[]);
    add(cases, "a list of a later issuer alone", text(), with_lists(&[own], |_| {}), stale);
    let early = with_lists(&[clean], set("at", (NOW - 60) * 1000 - 60_001));
    add(cases, "a list of the future", text(), early, stale);
}

fn possessions(cases: &mut Vec<Case>) {
    let token = three().to_text();
    let context = Context::POSSESSION;
    let because = |rule| Some((rule, None));
    add(cases, "nothing: the holder asks", token.clone(), proving("cem", context, |_| {}), None);
    let mut none = proving("cem", context, |_| {});
    none["possession"]["proof"] = Json::Null;
    add(cases, "the token alone: no proof of possession", token.clone(), none, because(Rule::PossessionMissing));
    let mut garbage = proving("cem", context, |_| {});
    garbage["possession"]["proof"] = "!".into();
    add(cases, "a proof that is none", token.clone(), garbage, because(Rule::PossessionInvalid));
    let eve = proving("eve", context, |_| {});
    add(cases, "a proof by somebody else", token.clone(), eve, because(Rule::PossessionInvalid));
    let bob = proving("bob", context, |_| {});
    add(cases, "a proof by who passed the token on", token.clone(), bob, because(Rule::PossessionInvalid));
    let purpose = proving("cem", Context::CAPABILITY, |_| {});
    add(cases, "a proof that was signed for another purpose", token.clone(), purpose, because(Rule::PossessionInvalid));
    let changes: [Change<'_, Possession>; 7] = [
        ("a proof for another token", Rule::PossessionMismatch, &|p| p.token = Digest::default()),
        ("a proof for another provider", Rule::PossessionMismatch, &|p| p.audience = "other.example".to_owned()),
        ("a proof for another path", Rule::PossessionMismatch, &|p| p.path = "/v1/blobs/y".to_owned()),
        ("a proof for another method", Rule::PossessionMismatch, &|p| p.method = "POST".to_owned()),
        ("a proof for another body", Rule::PossessionMismatch, &|p| p.body = Digest::of_content(b"x")),
        ("a proof of a minute and a millisecond ago", Rule::PossessionStale, &|p| p.time -= 60_001),
        ("a proof of the future", Rule::PossessionStale, &|p| p.time += 60_001),
    ];
    for (name, rule, change) in changes {
        add(cases, name, token.clone(), proving("cem", context, change), because(rule));
    }
    let mut replayed = proving("cem", context, |_| {});
    replayed["seen_nonces"] = json!(["07".repeat(16)]);
    add(cases, "a proof that was used before", token, replayed, because(Rule::PossessionReplayed));
}

fn requests(cases: &mut Vec<Case>) {
    let token = three().to_text();
    let mut ask = |name, change: &dyn Fn(&mut Json), expected: Expected| {
        add(cases, name, token.clone(), asking(change), expected);
    };
    ask("nothing: as many bytes as it allows", &|asked| asked["bytes"] = (1 << 20).into(), None);
    let audience = |asked: &mut Json| asked["audience"] = "other.example".into();
    ask("another provider is asked", &audience, of(Rule::AudienceWrong, 2));
    ask(
        "a resource beside it: `bundle/ax`",
        &|asked| asked["resource"] = "bundle/ax".into(),
        of(Rule::ResourceDenied, 2),
    );
    ask("a resource above it: `bundle/a`", &|asked| asked["resource"] = "bundle/a".into(), of(Rule::ResourceDenied, 2));
    ask(
        "a resource below an exact one: `bundle/b/x`",
        &|asked| asked["resource"] = "bundle/b/x".into(),
        of(Rule::ResourceDenied, 2),
    );
    ask("at a lower level", &|asked| asked["level"] = "S0".into(), of(Rule::LevelTooLow, 2));
    ask("one byte more than it allows", &|asked| asked["bytes"] = ((1 << 20) + 1).into(), of(Rule::LimitExceeded, 2));
    let modify = one(|link| link.grant.permissions = Permissions::of(&[Permission::Modify]).expect("some"));
    let read = of(Rule::PermissionDenied, 0);
    add(cases, "reading with a token to modify", modify.to_text(), asking(|_| {}), read);
    let create = with_lists(&[list("root", 5, &[])], |options| options["request"]["permission"] = "create".into());
    add(cases, "creating with a token to read", token, create, of(Rule::PermissionDenied, 2));
}
