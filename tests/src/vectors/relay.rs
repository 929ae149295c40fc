//! What relays and auditors say about archives that are kept elsewhere: challenges that hold with their answers, attestations, and everything
//! that a hostile relay might send instead.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value as Json, json};
use verifier_core::{
    Digest, Limits, ReasonCode,
    cbor::Item,
    relay::{ARCHIVAL, Attestation, Challenge, CommitReceipt, Message},
    signature::Purpose,
    trust::KeyStatus,
    verify::{Draw, plan_of},
};

use super::{
    Bases, Rejects, Vector, another_digest,
    sampling::{Provider, bare},
    text,
};
use crate::{
    governed::{AT, DAY, Governed, Verifier, key, test_key},
    receipt::Receipt,
    reseal::Layers,
};

const BITS: u64 = 4;

/// Everything that a verifier is given about one receipt.
#[derive(Clone)]
struct Told {
    relay: &'static str,
    commit: CommitReceipt,
    /// Who signed the commit, when it was not the relay.
    commit_by: &'static str,
    challenge: Challenge,
    floor: u64,
    at: u64,
}

impl Told {
    /// By an honest relay.
    fn of(receipt: &Receipt) -> Self {
        let plan = plan_of(&receipt.bytes(), &Draw::Archival { seed: Digest::default(), bits: 1 }, &Limits::DEFAULT);
        let plan = plan.expect("a receipt").expect("an archive that is kept elsewhere");
        let (header_commit_hash, da_hash) = (plan.header_commit_hash, plan.da_hash);
        let schema = CommitReceipt::SCHEMA.to_owned();
        let commit = CommitReceipt { schema, header_commit_hash, da_hash, committed_at: AT - 2000, position: 7 };
        let challenge = Challenge {
            schema: Challenge::SCHEMA.to_owned(),
            mode: ARCHIVAL.to_owned(),
            header_commit_hash,
            da_hash,
            seed: Digest::default(),
            bits: BITS,
            issued_at: AT - 1000,
            not_after: AT + DAY,
            registry_root: verifier().trust.and_then(|trust| trust.pin).expect("a pin"),
        };
        Self { relay: "relay", commit, commit_by: "relay", challenge, floor: BITS, at: AT }.seeded()
    }

    /// With the seed that follows from the commit.
    fn seeded(mut self) -> Self {
        self.challenge.seed = CommitReceipt::challenge_seed(&self.commit_bytes());
        self
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut told = self.clone();
        change(&mut told);
        told
    }

    fn commit_bytes(&self) -> Vec<u8> {
        message(self.commit_by, &self.commit)
    }

    fn challenge_bytes(&self) -> Vec<u8> {
        message(self.relay, &self.challenge)
    }

    fn json(&self, provider: &Provider, receipt: &Receipt) -> Json {
        let draw = Draw::of_challenge(&self.challenge_bytes()).expect("a challenge");
        let plan = plan_of(&receipt.bytes(), &draw, &Limits::DEFAULT).ok().flatten().expect("a plan");
        let answers: Vec<String> = plan.positions.iter().map(|index| BASE64.encode(provider.answer(*index))).collect();
        json!({
            "commit": BASE64.encode(self.commit_bytes()),
            "challenge": BASE64.encode(self.challenge_bytes()),
            "bits": self.floor,
            "answers": answers,
        })
    }
}

fn message<M: Message>(signer: &str, message: &M) -> Vec<u8> {
    test_key(signer).sign_message(message).expect("a message")
}

/// Trusts relays and auditors, and some who are no good any more.
fn verifier() -> Verifier {
    let mut verifier = Verifier::with(|trust| {
        let registry = trust.listed.as_mut().expect("a registry");
        let usable = (AT - 9 * DAY, AT + DAY);
        registry.keys.extend([
            key("relay", &[Purpose::Relay], usable, KeyStatus::Active),
            key("relay-revoked", &[Purpose::Relay], usable, KeyStatus::Revoked),
            key("relay-expired", &[Purpose::Relay], (AT - 9 * DAY, AT), KeyStatus::Active),
            key("auditor-1", &[Purpose::Attestation], usable, KeyStatus::Active),
            key("auditor-2", &[Purpose::Attestation], usable, KeyStatus::Active),
        ]);
        registry.keys.sort_by_key(|key| key.key);
        for key in &mut registry.keys {
            (key.valid_from, key.valid_until) = (key.valid_from / 1000 * 1000, key.valid_until / 1000 * 1000);
        }
        trust.pin = Some(registry.root());
    });
    verifier.level = "proof-only";
    verifier
}

fn told(options: &Json, at: u64) -> String {
    Verifier { at: Some(at), ..verifier() }.and("challenge", options.clone()).options()
}

fn attestation(receipt: &Receipt) -> Attestation {
    let Told { commit, .. } = Told::of(receipt);
    Attestation {
        schema: Attestation::SCHEMA.to_owned(),
        header_commit_hash: commit.header_commit_hash,
        da_hash: commit.da_hash,
        sampled_at: AT - 500,
        samples: 6,
    }
}

fn attested(threshold: u32, messages: &[Vec<u8>]) -> Json {
    let given: Vec<String> = messages.iter().map(|message| BASE64.encode(message)).collect();
    json!({ "threshold": threshold, "bits": BITS, "max_age_ms": 1000, "given": given })
}

fn elsewhere(bases: &Bases) -> Receipt {
    bases.detached.changed(Layers::ALL, bare)
}

/// Sealed after its challenge.
fn naming(receipt: &Receipt, challenge: &Digest) -> Receipt {
    receipt.changed(Layers::ALL, |receipt| receipt.set("da_challenge_hash", challenge.to_value()))
}

pub(super) fn accepted(bases: &Bases) -> Vec<Vector> {
    let provider = Provider::of(&bases.detached);
    let elsewhere = elsewhere(bases);
    let honest = Told::of(&elsewhere);
    let vector = |name: &str, receipt: &Receipt, options: String| Vector {
        path: format!("accept/{name}"),
        bytes: receipt.bytes(),
        options: Some(format!("{options}\n")),
    };
    let named = naming(&elsewhere, &Challenge::hash(&honest.challenge_bytes()));
    let given = attestation(&elsewhere);
    let (first, second) = (message("auditor-1", &given), message("auditor-2", &given));
    let stranger = message("stranger", &given);
    let by = |threshold, messages: &[Vec<u8>]| verifier().and("attestations", attested(threshold, messages)).options();
    let governed = Governed::default();
    let sealed = governed.seal(&elsewhere);
    let document = governed.policy.clone().unwrap_or_default();
    let mut full = verifier();
    full.level = "full";
    full.trust.as_mut().expect("trust").policies[0].hashes =
        vec![verifier_core::policy::document_hash(document.as_bytes())];
    let full = full.and("attestations", attested(1, &[message("auditor-1", &attestation(&sealed))]));
    vec![
        vector("challenge-answered", &elsewhere, told(&honest.json(&provider, &elsewhere), AT)),
        vector("challenge-named-by-the-capsule", &named, told(&honest.json(&provider, &named), AT)),
        vector("attested-by-two", &elsewhere, by(2, &[first.clone(), second])),
        vector("attested-beside-a-stranger", &elsewhere, by(1, &[stranger, vec![0], first])),
        vector("full-attested", &sealed, full.options()),
    ]
}

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    challenges(bases, rejects);
    attestations(bases, rejects);
}

fn challenges(bases: &Bases, rejects: &mut Rejects) {
    let provider = Provider::of(&bases.detached);
    let elsewhere = elsewhere(bases);
    let honest = Told::of(&elsewhere);
    let good = honest.json(&provider, &elsewhere);
    let mut put = |code, name: &str, told: &Told| {
        let options = self::told(&told.json(&provider, &elsewhere), told.at);
        rejects.add_with(code, name, elsewhere.bytes(), &options);
    };
    let mode = honest.with(|told| told.challenge.mode = "live".to_owned());
    put(ReasonCode::DaModeUnsupported, "challenge-of-another-mode", &mode);

    let code = ReasonCode::DaChallengeHashMismatch;
    put(
        code,
        "challenge-with-a-seed-of-the-relay-s-choice",
        &honest.with(|told| told.challenge.seed = Digest::default()),
    );
    // An equivocating relay: two receipts of one commit, and the challenge is that of the other.
    put(code, "challenge-of-a-second-commit-receipt", &honest.with(|told| told.commit.position += 1));

    let code = ReasonCode::DaChallengeUntrusted;
    let by = |name| honest.with(|told| (told.relay, told.commit_by) = (name, name)).seeded();
    put(code, "challenge-by-a-key-that-is-not-listed", &by("stranger"));
    put(code, "challenge-by-a-revoked-key", &by("relay-revoked"));
    put(code, "challenge-by-an-expired-key", &by("relay-expired"));
    put(code, "challenge-by-an-author", &by("only-authorship"));
    put(code, "challenge-by-an-auditor", &by("auditor-1"));
    put(code, "commit-by-another-relay", &honest.with(|told| told.commit_by = "stranger").seeded());
    let root = |told: &mut Told| told.challenge.registry_root = Digest::default();
    put(code, "challenge-under-another-registry", &honest.with(root));

    let code = ReasonCode::DaChallengeBindingInvalid;
    let other = Digest::of_content(b"another");
    put(code, "challenge-for-another-receipt", &honest.with(|told| told.challenge.header_commit_hash = other));
    put(code, "challenge-for-another-archive", &honest.with(|told| told.challenge.da_hash = other));
    put(code, "commit-of-another-receipt", &honest.with(|told| told.commit.header_commit_hash = other).seeded());
    put(code, "commit-of-another-archive", &honest.with(|told| told.commit.da_hash = other).seeded());

    let code = ReasonCode::DaChallengeUntimely;
    put(code, "challenge-before-its-commit", &honest.with(|told| told.challenge.issued_at = AT - 2001));
    put(code, "challenge-from-the-future", &honest.with(|told| told.challenge.issued_at = AT + 1));
    put(code, "challenge-that-has-run-out", &honest.with(|told| told.challenge.not_after = AT));
    put(ReasonCode::DaBitsTooFew, "challenge-below-the-floor", &honest.with(|told| told.floor = BITS + 1));
    let version = honest.with(|told| told.commit.schema = "capseal/commit-receipt/v2".to_owned()).seeded();
    put(ReasonCode::SchemaUnsupported, "commit-of-another-version", &version);

    // A challenge that is genuine, of another receipt of the same archive: replayed.
    let another = elsewhere.changed(Layers::ALL, |receipt| receipt.set("header.trace_id", text("another")));
    let replayed = told(&good, AT);
    rejects.add_with(code_binding(), "challenge-replayed-for-another-receipt", another.bytes(), &replayed);

    let mut edit = |code, name: &str, receipt: &Receipt, change: &dyn Fn(&mut Json)| {
        let mut options = good.clone();
        change(&mut options);
        rejects.add_with(code, name, receipt.bytes(), &told(&options, AT));
    };
    let missing = ReasonCode::DaChallengeMissing;
    edit(missing, "challenge-not-given", &elsewhere, &|given| given["challenge"] = Json::Null);
    edit(missing, "commit-not-given", &elsewhere, &|given| given["commit"] = Json::Null);
    let untrusted = ReasonCode::DaChallengeUntrusted;
    edit(untrusted, "challenge-that-is-no-message", &elsewhere, &|given| given["challenge"] = "AAAA".into());
    let attested = message("auditor-1", &attestation(&elsewhere));
    // A signature for one purpose serves no other.
    edit(untrusted, "challenge-that-is-an-attestation", &elsewhere, &|given| {
        given["challenge"] = BASE64.encode(&attested).into();
    });
    let mut forged = honest.challenge_bytes();
    *forged.last_mut().expect("bytes") ^= 1;
    edit(untrusted, "challenge-with-a-bit-changed", &elsewhere, &|given| {
        given["challenge"] = BASE64.encode(&forged).into()
    });
    let swapped = BASE64.encode(honest.commit_bytes());
    edit(ReasonCode::SchemaUnsupported, "commit-in-the-place-of-the-challenge", &elsewhere, &|given| {
        given["challenge"] = swapped.clone().into();
    });
    let long = BASE64.encode(vec![0; 1025]);
    edit(ReasonCode::LimitExceeded, "challenge-of-1025-bytes", &elsewhere, &|given| {
        given["challenge"] = long.clone().into()
    });
    edit(ReasonCode::AvailabilityFailed, "challenge-answered-without-a-row", &elsewhere, &|given| {
        given["answers"][0] = Json::Null;
    });
    let named = naming(&elsewhere, &Digest::from_value(another_digest()).expect("a digest"));
    edit(ReasonCode::DaChallengeHashMismatch, "challenge-other-than-the-capsule-s", &named, &|_| {});

    let unsatisfied = ReasonCode::VerificationProfileUnsatisfied;
    let untold = json!({ "at": AT, "challenge": good }).to_string();
    rejects.add_with(unsatisfied, "challenge-without-trust", elsewhere.bytes(), &untold);
    let sealed = Governed::default().seal(&elsewhere);
    let honest = Told::of(&sealed);
    let document = Governed::default().policy.unwrap_or_default();
    let mut full = verifier();
    full.level = "full";
    full.trust.as_mut().expect("trust").policies[0].hashes =
        vec![verifier_core::policy::document_hash(document.as_bytes())];
    let full = full.and("challenge", honest.json(&provider, &sealed)).options();
    rejects.add_with(unsatisfied, "full-by-a-challenge-alone", sealed.bytes(), &full);
}

const fn code_binding() -> ReasonCode {
    ReasonCode::DaChallengeBindingInvalid
}

fn attestations(bases: &Bases, rejects: &mut Rejects) {
    let elsewhere = elsewhere(bases);
    let good = attestation(&elsewhere);
    let mut put = |code, name: &str, threshold, messages: &[Vec<u8>]| {
        let options = verifier().and("attestations", attested(threshold, messages)).options();
        rejects.add_with(code, name, elsewhere.bytes(), &options);
    };
    let by = |name| vec![message(name, &good)];
    let change = |change: &dyn Fn(&mut Attestation)| {
        let mut changed = good.clone();
        change(&mut changed);
        vec![message("auditor-1", &changed)]
    };
    put(ReasonCode::AvailabilityFailed, "attested-by-nobody", 1, &[]);
    let twice = [by("auditor-1"), change(&|given| given.sampled_at += 1)].concat();
    put(ReasonCode::AvailabilityFailed, "attested-twice-by-one", 2, &twice);
    put(ReasonCode::DaChallengeUntrusted, "attested-by-a-stranger", 1, &by("stranger"));
    put(ReasonCode::DaChallengeUntrusted, "attested-by-an-author", 1, &by("only-authorship"));
    put(ReasonCode::DaChallengeUntrusted, "attested-by-a-relay-without-the-purpose", 1, &by("relay"));
    put(ReasonCode::DaChallengeUntrusted, "attested-in-no-message", 1, &[vec![0xa0]]);
    let binding = code_binding();
    put(binding, "attested-of-another-receipt", 1, &change(&|given| given.header_commit_hash = given.da_hash));
    put(binding, "attested-of-another-archive", 1, &change(&|given| given.da_hash = given.header_commit_hash));
    put(binding, "attested-of-more-rows-than-there-are", 1, &change(&|given| given.samples = 1 << 40));
    let untimely = ReasonCode::DaChallengeUntimely;
    put(untimely, "attested-in-the-future", 1, &change(&|given| given.sampled_at = AT + 1));
    put(untimely, "attested-too-long-ago", 1, &change(&|given| given.sampled_at = AT - 1001));
    put(ReasonCode::DaBitsTooFew, "attested-of-too-few-rows", 1, &change(&|given| given.samples = 1));
    let crowd: Vec<Vec<u8>> = (0..65).map(|_| Vec::new()).collect();
    put(ReasonCode::LimitExceeded, "attested-65-times", 1, &crowd);
    let version = change(&|given| given.schema = "capseal/attestation/v2".to_owned());
    put(ReasonCode::SchemaUnsupported, "attested-in-another-version", 1, &version);
}
