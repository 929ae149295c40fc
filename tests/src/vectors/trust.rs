//! Signatures, registries and policies: who signed what, and under which rules.

use capseal_sealing::sign::signature_entry;
use serde_json::{Value as Json, json};
use verifier_core::{
    Digest, ReasonCode,
    capsule::{PolicyRef, entry},
    policy::{Inclusion, document_hash, registry_tree},
    signature::Purpose,
};

use super::{Bases, Rejects, Vector};
use crate::{
    base::governed_rules,
    governed::{Governed, POLICY, Verifier, key_id, policy, sign, test_key},
    receipt::Receipt,
    reseal::Layers,
};

fn vector(path: String, receipt: &Receipt, verifier: &Verifier) -> Vector {
    Vector { path, bytes: receipt.bytes(), options: Some(format!("{}\n", verifier.options())) }
}

/// Receipts that are accepted, at each status.
pub(super) fn accepted(bases: &Bases) -> Vec<Vector> {
    let plain = Governed::default();
    let document = plain.policy.clone().unwrap_or_default();
    let sealed = plain.seal(&bases.minimal);
    let accept =
        |name: &str, receipt: &Receipt, verifier: &Verifier| vector(format!("accept/{name}"), receipt, verifier);
    let apart = Governed { travels: false, ..plain.clone() }.seal(&bases.minimal);
    let every = Governed { manifests: manifests(), ..Governed::by(&every_rule(&bases.typical)) };
    let every_document = every.policy.clone().unwrap_or_default();
    let two = Governed { authors: vec!["author", "second", "stranger"], ..every };
    let geom = Governed { policy: Some(policy(&governed_rules())), ..plain.clone() };
    let geom_document = geom.policy.clone().unwrap_or_default();
    let tests_pass = json!({ "policy_id": "ci", "invariant_id": "tests_pass", "level": "S1" });
    let obliged = Governed::by(&json!({ "backends": ["log_v1"], "obligations": [tests_pass] }));
    let obliged_document = obliged.policy.clone().unwrap_or_default();
    let (root, inclusion) = inclusion(&document);
    let in_registry = Verifier::with(|trust| trust.policy_root = Some(root));
    let mut at_proof_only = vector("accept/signed-and-nobody-asked".to_owned(), &sealed, &Verifier::default());
    at_proof_only.options = None;
    let signed_by_two = Governed { authors: vec!["author", "second"], ..plain.clone() }.seal(&bases.minimal);
    let two_at_proof_only = Vector {
        options: None,
        ..vector("accept/signed-by-two-and-nobody-asked".to_owned(), &signed_by_two, &Verifier::default())
    };
    vec![
        accept("policy-self-reported", &sealed, &Verifier::default()),
        accept(
            "policy-enforced",
            &sealed,
            &Verifier::pinning(&document).and("require_status", json!("POLICY_ENFORCED")),
        ),
        accept("policy-given-by-the-verifier", &apart, &Verifier::default().and("policy", json!(document))),
        accept("policy-in-the-pinned-registry", &sealed, &in_registry.and("policy_inclusion", json!(inclusion))),
        accept(
            "policy-with-every-rule-and-two-signers",
            &two.seal(&bases.typical),
            &Verifier::pinning(&every_document),
        ),
        accept("policy-with-obligations", &obliged.seal(&bases.log), &Verifier::pinning(&obliged_document)),
        accept("policy-enforced-geom", &geom.seal(&bases.geom_governed), &Verifier::pinning(&geom_document)),
        at_proof_only,
        two_at_proof_only,
    ]
}

/// Every rule there is, as the typical run satisfies it.
fn every_rule(typical: &Receipt) -> Json {
    let digests = |section: &str| {
        let files = typical.value(&format!("payload.claim.{section}"));
        let verifier_core::cbor::Value::Array(files) = files else { return Vec::new() };
        let digest = |at: usize| Digest::from_slice(&bytes(typical, &format!("payload.claim.{section}.{at}.digest")));
        (0..files.len()).filter_map(digest).map(|digest| digest.to_string()).collect::<Vec<_>>()
    };
    json!({
        "backends": ["process_v1"],
        "require_claim": "witnessed",
        "programs": digests("code"),
        "inputs": digests("inputs"),
        "required_public_outputs": ["exit_code", "orders.csv"],
        "exit_codes": [0],
        "capture": ["observed"],
        "max_age_seconds": 100_000,
        "environment": ["LC_ALL", "TZ"],
        "forbid_network": true,
        "manifests": ["build", "capture", "container", "cpu"],
        "forbid_gpu": true,
        "image_digests": [image()],
        "require_deterministic_build": true,
        "signers": { "allowed": [key_id("author").to_string(), key_id("second").to_string()], "threshold": 2 },
    })
}

fn bytes(receipt: &Receipt, path: &str) -> Vec<u8> {
    match receipt.value(path) {
        verifier_core::cbor::Value::Bytes(bytes) => bytes,
        _ => Vec::new(),
    }
}

fn image() -> String {
    format!("sha256:{}", Digest::of_content(b"an image"))
}

fn manifests() -> std::collections::BTreeMap<&'static str, Json> {
    [
        ("build", json!({ "deterministic": true })),
        ("capture", json!({ "mode": "observed", "notes": [] })),
        ("container", json!({ "image_digest": image() })),
        ("cpu", json!({ "gpu_devices": [] })),
    ]
    .into()
}

fn inclusion(document: &str) -> (Digest, Inclusion) {
    let hash = document_hash(document.as_bytes());
    let mut hashes = vec![hash, Digest::of_content(b"another policy"), Digest::of_content(b"a third")];
    let tree = registry_tree(&mut hashes);
    let inclusion = Inclusion::prove(&tree, &hashes, &hash).expect("it is in the registry");
    (*tree.root().digest(), inclusion)
}

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    signatures(bases, rejects);
    spellings(bases, rejects);
    signers(bases, rejects);
    registries(bases, rejects);
    documents(bases, rejects);
    rules(bases, rejects);
}

impl Rejects {
    pub(super) fn governed(&mut self, code: ReasonCode, name: &str, receipt: &Receipt, verifier: &Verifier) {
        self.vectors.push(vector(format!("reject/{}/{name}", code.name()), receipt, verifier));
    }
}

/// Signatures that are missing, or are not over this.
fn signatures(bases: &Bases, rejects: &mut Rejects) {
    let (minimal, plain, verifier) = (&bases.minimal, Governed::default(), Verifier::default());
    let unsigned = Governed { authors: Vec::new(), ..plain.clone() }.seal(minimal);
    rejects.governed(ReasonCode::SignatureMissing, "nobody-signed", &unsigned, &verifier);
    let unwitnessed = Governed { witnesses: Vec::new(), ..plain.clone() }.seal(minimal);
    rejects.governed(ReasonCode::ManifestSignatureMissing, "manifests-not-signed", &unwitnessed, &verifier);

    let sealed = plain.seal(minimal);
    let other = plain.seal(&bases.typical);
    for (purpose, code) in [
        (Purpose::Authorship, ReasonCode::SignatureInvalid),
        (Purpose::Manifests, ReasonCode::ManifestSignatureInvalid),
    ] {
        let author = entry::signature(purpose, &test_key("author").public());
        let mut put = |name: &str, content: Vec<u8>| {
            let mut receipt = sealed.clone();
            receipt.entries.insert(author.clone(), content);
            // At proof-only too: nothing in a receipt may be wrong.
            rejects.add(code, name, receipt.bytes());
        };
        put("of-another-receipt", other.entries[&author].clone());
        let another = Purpose::OF_RECEIPTS.iter().find(|other| **other != purpose).unwrap_or(&purpose);
        put("for-another-purpose", sealed.entries[&entry::signature(*another, &test_key("author").public())].clone());
        let capsule = sealed.record().expect("a capsule");
        put("of-another-key", signature_entry(&capsule, &test_key("second"), purpose).expect("a signature").1);
        let mut changed = sealed.entries[&author].clone();
        *changed.last_mut().expect("bytes") ^= 1;
        put("changed-by-a-bit", changed);
    }
}

/// COSE that is not in the one spelling, and ECDSA that is not in the one form.
fn spellings(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::SignatureInvalid;
    let sealed = Governed::default().seal(&bases.minimal);
    let name = entry::signature(Purpose::Authorship, &test_key("author").public());
    let good = sealed.entries[&name].clone();
    let mut put = |case: &str, content: Vec<u8>| {
        let mut receipt = sealed.clone();
        receipt.entries.insert(name.clone(), content);
        rejects.add(code, case, receipt.bytes());
    };
    put("cose-empty", Vec::new());
    put("cose-cut", good[..good.len() - 1].to_vec());
    put("cose-trailing-byte", [&good[..], &[0]].concat());
    put("cose-tagged", [&[0xd2], &good[..]].concat());
    let spelt = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|window| window == from).expect("it is there");
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    put("cose-algorithm-es256", spelt(&[0x01, 0x38, 0x2e], &[0x01, 0x38, 0x06]));
    put("cose-unprotected-header", spelt(&[0xa0, 0xf6, 0x58, 0x40], &[0xa1, 0x04, 0x41, 0x00, 0xf6, 0x58, 0x40]));
    put("cose-payload-attached", spelt(&[0xa0, 0xf6, 0x58, 0x40], &[0xa0, 0x40, 0x58, 0x40]));
    put("cose-length-in-three-bytes", spelt(&[0xf6, 0x58, 0x40], &[0xf6, 0x59, 0x00, 0x40]));
    let at = good.len() - 64;
    let with = |r: &[u8], s: &[u8]| [&good[..at], r, s].concat();
    let (r, s) = (&good[at..at + 32], &good[at + 32..]);
    put("ecdsa-higher-s", with(r, &negated(s)));
    put("ecdsa-r-zero", with(&[0; 32], s));
    put("ecdsa-s-zero", with(r, &[0; 32]));
    put("ecdsa-r-the-order", with(&ORDER, s));
    let mut odd = good.clone();
    let point = odd.iter().position(|byte| *byte == 0x21).expect("the key's length") + 1;
    odd[point] ^= 1;
    put("key-negated", odd);

    let mut receipt = sealed.clone();
    receipt.entries.insert(format!("signatures/nonsense.{}.cose", key_id("author")), good.clone());
    rejects.add(ReasonCode::EntryUnexpected, "signature-for-an-unknown-purpose", receipt.bytes());
    let mut receipt = sealed.clone();
    receipt.entries.insert("signatures/authorship.cose".to_owned(), good.clone());
    rejects.add(ReasonCode::EntryUnexpected, "signature-without-a-key-in-its-name", receipt.bytes());
    let mut receipt = sealed;
    for number in 0..64 {
        sign(&mut receipt, &format!("stranger {number}"), Purpose::Authorship);
    }
    rejects.add(ReasonCode::LimitExceeded, "signatures-65", receipt.bytes());
}

/// The order of the curve's group.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc,
    0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// The order less a number.
fn negated(number: &[u8]) -> Vec<u8> {
    let mut difference = ORDER.to_vec();
    let mut borrow = 0;
    for (digit, less) in difference.iter_mut().zip(number).rev() {
        let value = i16::from(*digit) - i16::from(*less) - borrow;
        borrow = i16::from(value < 0);
        *digit = value.rem_euclid(256).try_into().expect("a byte");
    }
    difference
}

/// Signers that may not sign.
fn signers(bases: &Bases, rejects: &mut Rejects) {
    let verifier = Verifier::default();
    let cases = [
        ("stranger", ReasonCode::SignerNotAuthorized, ReasonCode::ManifestSignerUntrusted),
        ("revoked", ReasonCode::SignerRevoked, ReasonCode::SignerRevoked),
        ("expired", ReasonCode::SignerNotValid, ReasonCode::SignerNotValid),
        ("not-yet", ReasonCode::SignerNotValid, ReasonCode::SignerNotValid),
        ("only-manifests", ReasonCode::SignerPurposeWrong, ReasonCode::SignerPurposeWrong),
        ("only-authorship", ReasonCode::SignerPurposeWrong, ReasonCode::SignerPurposeWrong),
    ];
    for (signer, author_code, witness_code) in cases {
        if signer != "only-authorship" {
            let receipt = Governed { authors: vec![signer], ..Governed::default() }.seal(&bases.minimal);
            rejects.governed(author_code, &format!("author-{signer}"), &receipt, &verifier);
        }
        if signer != "only-manifests" {
            let receipt = Governed { witnesses: vec![signer], ..Governed::default() }.seal(&bases.minimal);
            rejects.governed(witness_code, &format!("witness-{signer}"), &receipt, &verifier);
        }
    }
    let code = ReasonCode::SignerNotAuthorized;
    let sealed = Governed::default().seal(&bases.minimal);
    let nobody = Verifier::with(|trust| trust.policies.clear());
    rejects.governed(code, "acl-absent", &sealed, &nobody);
    let others = Verifier::with(|trust| trust.policies[0].signers = vec![key_id("second")]);
    rejects.governed(code, "acl-excludes", &sealed, &others);
    let two = Governed { authors: vec!["stranger", "revoked", "only-manifests"], ..Governed::default() };
    rejects.governed(ReasonCode::SignerPurposeWrong, "author-nearest-of-three", &two.seal(&bases.minimal), &verifier);
}

/// Registries that are not there, not pinned, or another one; and levels that cannot be reached for other reasons.
fn registries(bases: &Bases, rejects: &mut Rejects) {
    let sealed = Governed::default().seal(&bases.minimal);
    let code = ReasonCode::ManifestRegistryMismatch;
    rejects.governed(code, "registry-not-pinned", &sealed, &Verifier::with(|trust| trust.pin = None));
    let other_pin = Verifier::with(|trust| trust.pin = Some(Digest::of_content(b"another registry")));
    rejects.governed(code, "registry-of-another-root", &sealed, &other_pin);
    type Change = fn(&mut verifier_core::trust::Key);
    let changes: [(&str, Change); 4] = [
        ("name", |key| key.name.push('x')),
        ("purposes", |key| key.purposes = vec![Purpose::Authorship]),
        ("validity", |key| key.valid_until += 1000),
        ("status", |key| key.status = verifier_core::trust::KeyStatus::Active),
    ];
    for (field, change) in changes {
        let changed = Verifier::with(|trust| {
            trust.listed.iter_mut().flat_map(|registry| &mut registry.keys).for_each(change);
        });
        rejects.governed(code, &format!("registry-{field}-changed"), &sealed, &changed);
    }
    let code = ReasonCode::VerificationProfileUnsatisfied;
    let none = Verifier::with(|trust| (trust.listed, trust.pin) = (None, None));
    rejects.governed(code, "registry-missing", &sealed, &none);
    rejects.governed(code, "trust-missing", &sealed, &Verifier { trust: None, ..Verifier::default() });
    let full = Verifier { level: "full", ..Verifier::default() };
    rejects.governed(code, "full-of-a-governed-receipt", &sealed, &full);
    let demand = |verifier: Verifier, status: &str| verifier.and("require_status", json!(status));
    rejects.governed(code, "self-reported-is-not-enough", &sealed, &demand(Verifier::default(), "POLICY_ENFORCED"));
    let proof_only = Verifier { level: "proof-only", ..Verifier::default() };
    rejects.governed(code, "proof-only-is-not-enough", &sealed, &demand(proof_only, "POLICY_SELF_REPORTED"));
}

/// Policies that are not named, not there, not the right ones, or none.
fn documents(bases: &Bases, rejects: &mut Rejects) {
    let (minimal, plain, verifier) = (&bases.minimal, Governed::default(), Verifier::default());
    let document = plain.policy.clone().unwrap_or_default();
    let sealed = plain.seal(minimal);
    let named = plain.reference().expect("a policy");
    let mut refer = |code, name: &str, reference: PolicyRef, id: &'static str| {
        let receipt = Governed { reference: Some(reference), ..Governed::default() }.seal(minimal);
        let verifier = Verifier::with(|trust| trust.policies[0].id = id.to_owned());
        rejects.governed(code, name, &receipt, &verifier);
    };
    let none = PolicyRef { policy_id: String::new(), ..named.clone() };
    refer(ReasonCode::PolicyIdMissing, "policy-id-empty", none, "");
    let none = PolicyRef { policy_version: String::new(), ..named.clone() };
    refer(ReasonCode::PolicyVersionMissing, "policy-version-empty", none, POLICY);
    let other = PolicyRef { policy_id: "other-rules".to_owned(), ..named.clone() };
    refer(ReasonCode::PolicyHashMismatch, "policy-id-not-of-the-document", other, "other-rules");
    let other = PolicyRef { policy_version: "3".to_owned(), ..named.clone() };
    refer(ReasonCode::PolicyHashMismatch, "policy-version-not-of-the-document", other, POLICY);
    let other = PolicyRef { track_id: "fast".to_owned(), ..named };
    refer(ReasonCode::PolicyTrackUnknown, "policy-track-unknown", other, POLICY);

    let ungoverned = Governed { policy: None, ..plain.clone() }.seal(minimal);
    rejects.governed(ReasonCode::PolicyIdMissing, "policy-not-named", &ungoverned, &verifier);
    let mut receipt = ungoverned;
    receipt.entries.insert(entry::POLICY.to_owned(), document.clone().into_bytes());
    rejects.add(ReasonCode::EntryUnexpected, "policy-that-nothing-names", receipt.bytes());
    let apart = Governed { travels: false, ..plain }.seal(minimal);
    rejects.governed(ReasonCode::PolicyDocumentMissing, "policy-nowhere", &apart, &verifier);

    let mismatch = ReasonCode::PolicyHashMismatch;
    let mut receipt = sealed.clone();
    receipt.edit(entry::POLICY, |policy| policy.push(b'\n'));
    rejects.add(mismatch, "policy-changed-by-a-line-feed", receipt.bytes());
    let stricter = policy(&json!({ "backends": ["geom_v1"] }));
    let given = Verifier::default().and("policy", json!(stricter));
    rejects.governed(mismatch, "policy-given-is-another-document", &sealed, &given);
    rejects.governed(mismatch, "policy-pinned-is-another-document", &sealed, &Verifier::pinning(&stricter));
    let foreign = document.replace(POLICY, "other-rules");
    let given = Verifier::default().and("policy", json!(foreign));
    rejects.governed(ReasonCode::PolicyUnknown, "policy-given-is-another-policy", &sealed, &given);

    let (root, inclusion) = inclusion(&document);
    let pinned = || Verifier::with(|trust| trust.policy_root = Some(root));
    let outside = ReasonCode::PolicyNotInRegistry;
    rejects.governed(outside, "policy-inclusion-missing", &sealed, &pinned());
    for (name, change) in [
        ("index", (|inclusion| inclusion.index ^= 1) as fn(&mut Inclusion)),
        ("rows", |inclusion| inclusion.rows += 1),
        ("path", |inclusion| inclusion.path[0] = Digest::default()),
        ("path-shortened", |inclusion| inclusion.path.truncate(1)),
    ] {
        let mut changed = inclusion.clone();
        change(&mut changed);
        let verifier = pinned().and("policy_inclusion", json!(changed));
        rejects.governed(outside, &format!("policy-inclusion-{name}-changed"), &sealed, &verifier);
    }

    let twice = document.replacen("\"policy_id\"", "\"policy_id\": \"x\",\n  \"policy_id\"", 1);
    let of = |document: String| Governed { policy: Some(document), ..Governed::default() }.seal(minimal);
    let parse = ReasonCode::ParseFailed;
    rejects.governed(parse, "policy-with-a-key-twice", &of(twice), &verifier);
    rejects.governed(parse, "policy-with-a-float", &of(document.replace("\"2\"", "2.5")), &verifier);
    rejects.governed(parse, "policy-cut", &of(document[..document.len() / 2].to_owned()), &verifier);
    let schema = ReasonCode::SchemaUnsupported;
    let unknown = policy(&json!({ "backends": ["process_v1"], "forbid_everything": true }));
    rejects.governed(schema, "policy-with-an-unknown-rule", &of(unknown), &verifier);
    let misspelt = policy(&json!({ "capture_notes": ["Network"] }));
    rejects.governed(schema, "policy-with-a-misspelt-note", &of(misspelt), &verifier);
    rejects.governed(schema, "policy-of-another-version", &of(document.replace("policy/v1", "policy/v2")), &verifier);
    let unknown = document.replacen("\"policy_id\"", "\"note\": \"x\",\n  \"policy_id\"", 1);
    rejects.governed(schema, "policy-with-an-unknown-key", &of(unknown), &verifier);
}

/// Each rule, failing.
fn rules(bases: &Bases, rejects: &mut Rejects) {
    let digest = Digest::of_content(b"nothing of this run").to_string();
    let threshold = json!({ "allowed": [key_id("author").to_string(), key_id("second").to_string()], "threshold": 2 });
    let cases: [(ReasonCode, &str, Json); 18] = [
        (ReasonCode::PolicyBackendNotAllowed, "backend", json!({ "backends": ["geom_v1"] })),
        (ReasonCode::PolicyClaimClassTooLow, "claim-class", json!({ "require_claim": "proven" })),
        (ReasonCode::PolicySecurityTooLow, "no-proof", json!({ "min_security_bits": 1 })),
        (ReasonCode::PolicyProgramNotAllowed, "program", json!({ "programs": [digest] })),
        (ReasonCode::PolicyInputNotAllowed, "input", json!({ "inputs": [] })),
        (ReasonCode::PolicyMissingPublicOutput, "output", json!({ "required_public_outputs": ["profit"] })),
        (ReasonCode::PolicyExitNotAllowed, "exit-code", json!({ "exit_codes": [1, 2] })),
        (ReasonCode::PolicyCaptureNotAllowed, "capture", json!({ "capture": ["declared"] })),
        (ReasonCode::PolicyCaptureNoteNotAllowed, "notes-unknown", json!({ "capture_notes": ["network"] })),
        (ReasonCode::PolicyTooOld, "age", json!({ "max_age_seconds": 86_399 })),
        (ReasonCode::PolicyEnvironmentNotAllowed, "environment", json!({ "environment": ["TZ"] })),
        (ReasonCode::PolicyNetworkUsed, "network-unknown", json!({ "forbid_network": true })),
        (ReasonCode::PolicyManifestMissing, "manifest", json!({ "manifests": ["cpu"] })),
        (ReasonCode::PolicyViolationForbidGpu, "gpu-unknown", json!({ "forbid_gpu": true })),
        (ReasonCode::PolicyDockerDigestMissing, "image-unknown", json!({ "image_digests": [image()] })),
        (ReasonCode::PolicyBuildNotDeterministic, "build-unknown", json!({ "require_deterministic_build": true })),
        (ReasonCode::PolicySignersTooFew, "threshold", json!({ "signers": threshold })),
        // The first rule in the order of evaluation decides, whatever the order of the document.
        (ReasonCode::PolicyBackendNotAllowed, "first-of-two", json!({ "exit_codes": [1], "backends": ["geom_v1"] })),
    ];
    for (code, name, rules) in cases {
        let governed = Governed::by(&rules);
        let document = governed.policy.clone().unwrap_or_default();
        rejects.governed(code, &format!("rule-{name}"), &governed.seal(&bases.typical), &Verifier::pinning(&document));
    }
    let notes = |notes: Json| ("capture", json!({ "mode": "observed", "notes": notes }));
    let allowed = json!({ "capture_notes": ["network", "stdin_not_kept"] });
    let note = ReasonCode::PolicyCaptureNoteNotAllowed;
    let facts: [(ReasonCode, &str, Json, (&'static str, Json)); 11] = [
        (note, "note-not-allowed", allowed.clone(), notes(json!(["io_uring", "network"]))),
        (note, "note-of-a-later-version", allowed.clone(), notes(json!(["network", "something_new_2"]))),
        (note, "notes-twice", allowed.clone(), notes(json!(["network", "network"]))),
        (note, "notes-misspelt", allowed.clone(), notes(json!(["network", "stdin-not-kept"]))),
        (note, "notes-in-another-form", allowed, notes(json!({ "network": true }))),
        (
            ReasonCode::PolicyNetworkUsed,
            "network-unknown-beside-a-misspelt-note",
            json!({ "forbid_network": true }),
            notes(json!(["Network"])),
        ),
        (
            ReasonCode::PolicyNetworkUsed,
            "network-used",
            json!({ "forbid_network": true }),
            ("capture", json!({ "mode": "observed", "notes": ["network"] })),
        ),
        (
            ReasonCode::PolicyViolationForbidGpu,
            "gpu-there",
            json!({ "forbid_gpu": true }),
            ("cpu", json!({ "gpu_devices": ["nvidia0"] })),
        ),
        (
            ReasonCode::PolicyDockerDigestMissing,
            "image-other",
            json!({ "image_digests": [image()] }),
            ("container", json!({ "image_digest": format!("sha256:{digest}") })),
        ),
        (
            ReasonCode::PolicyBuildNotDeterministic,
            "build-not-deterministic",
            json!({ "require_deterministic_build": true }),
            ("build", json!({ "deterministic": false })),
        ),
        (
            ReasonCode::PolicyBuildNotDeterministic,
            "build-by-another-word",
            json!({ "require_deterministic_build": true }),
            ("build", json!({ "deterministic": "true" })),
        ),
    ];
    for (code, name, rules, manifest) in facts {
        let governed = Governed { manifests: [manifest].into(), ..Governed::by(&rules) };
        rejects.governed(code, &format!("rule-{name}"), &governed.seal(&bases.minimal), &Verifier::default());
    }
    // The proof is bound to its policy: another policy in the header is another statement.
    let other = Governed::by(&json!({ "min_security_bits": 128 }));
    let resealed = other.seal(&bases.geom_governed);
    rejects.governed(
        ReasonCode::ProofVerificationFailed,
        "policy-exchanged-under-a-proof",
        &resealed,
        &Verifier::default(),
    );
    // A manifest in another spelling states nothing.
    let mut spelt = bases.minimal.clone();
    let rules = Governed::by(&json!({ "forbid_gpu": true }));
    let content = b"{\"gpu_devices\":[]}".to_vec();
    let reference =
        verifier_core::capsule::ManifestRef { name: "cpu".to_owned(), digest: Digest::of_content(&content) };
    spelt = spelt.changed(Layers::ALL, |receipt| {
        receipt.set_item("payload.manifests", &vec![reference.clone()]);
        receipt.entries.insert(entry::manifest("cpu"), content.clone());
    });
    let code = ReasonCode::PolicyViolationForbidGpu;
    rejects.governed(code, "rule-manifest-in-another-spelling", &rules.seal(&spelt), &Verifier::default());
}
