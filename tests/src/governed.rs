//! Receipts that were sealed under a policy and signed, and verifiers that trust their signers: the material of trust vectors.
//!
//! The keys are made from texts that stand here, so that everybody has them: good for tests, and for nothing else.

use std::collections::BTreeMap;

use capseal_sealing::sign::signature_entry;
use capseal_trust::{keys::SecretKey, trust_file};
use serde_json::{Value as Json, json};
use verifier_core::{
    Digest, Trust,
    capsule::{ManifestRef, PolicyRef, entry},
    policy::document_hash,
    signature::Purpose,
    trust::{ALGORITHM, Key, KeyStatus, PolicyTrust, REGISTRY_SCHEMA, Registry},
};

use crate::{receipt::Receipt, reseal::Layers};

/// The verifier's time in every trust vector: a day after the runs.
pub const AT: u64 = 1_769_949_296_789;

pub(crate) const DAY: u64 = 24 * 60 * 60 * 1000;

/// The name of the policy.
pub const POLICY: &str = "house-rules";

/// A worthless key, made from a name.
pub fn test_key(name: &str) -> SecretKey {
    let scalar = Digest::of_content(format!("capseal test key {name}, worthless").as_bytes());
    SecretKey::from_hex(&scalar.to_string()).expect("a number below the order of the curve")
}

/// The identity of a test key.
pub fn key_id(name: &str) -> Digest {
    test_key(name).public().id()
}

/// A policy document with these rules.
pub fn policy(rules: &Json) -> String {
    let document = json!({
        "schema": "capseal/policy/v1",
        "policy_id": POLICY,
        "policy_version": "2",
        "tracks": [{ "track_id": "main", "rules": rules }],
    });
    format!("{document:#}\n")
}

/// How a receipt is to be sealed and signed.
#[derive(Clone, Debug)]
pub struct Governed {
    /// The policy document; `None` for a receipt that names none.
    pub policy: Option<String>,
    /// Whether the document travels along.
    pub travels: bool,
    /// What the header says about it, where that is not the truth.
    pub reference: Option<PolicyRef>,
    /// Manifests that are put there.
    pub manifests: BTreeMap<&'static str, Json>,
    /// Names of keys that sign as authors.
    pub authors: Vec<&'static str>,
    /// Names of keys that sign the manifests.
    pub witnesses: Vec<&'static str>,
}

impl Default for Governed {
    fn default() -> Self {
        Self {
            policy: Some(policy(&json!({ "backends": ["process_v1", "geom_v1"] }))),
            travels: true,
            reference: None,
            manifests: BTreeMap::new(),
            authors: vec!["author"],
            witnesses: vec!["author"],
        }
    }
}

impl Governed {
    /// Sealed under a policy with these rules.
    pub fn by(rules: &Json) -> Self {
        Self { policy: Some(policy(rules)), ..Self::default() }
    }

    /// What the header says.
    pub fn reference(&self) -> Option<PolicyRef> {
        let policy = self.policy.as_ref()?;
        Some(self.reference.clone().unwrap_or_else(|| PolicyRef {
            policy_id: POLICY.to_owned(),
            policy_version: "2".to_owned(),
            policy_hash: document_hash(policy.as_bytes()),
            track_id: "main".to_owned(),
        }))
    }

    /// Seals a receipt anew, and signs it. A receipt whose proof names the policy already is only signed.
    ///
    /// # Panics
    /// When the result is no capsule.
    pub fn seal(&self, receipt: &Receipt) -> Receipt {
        let mut sealed = receipt.changed(Layers::ALL, |receipt| {
            if let Some(reference) = self.reference() {
                receipt.set_item("header.policy_ref", &reference);
            }
            if !self.manifests.is_empty() {
                let contents = self.manifests.iter().map(|(name, value)| (*name, format!("{value:#}\n").into_bytes()));
                let contents: Vec<(&str, Vec<u8>)> = contents.collect();
                let listed = |(name, content): &(&str, Vec<u8>)| ManifestRef {
                    name: (*name).to_owned(),
                    digest: Digest::of_content(content),
                };
                receipt.set_item("payload.manifests", &contents.iter().map(listed).collect::<Vec<_>>());
                receipt.entries.retain(|name, _| !name.starts_with("manifests/"));
                receipt.entries.extend(contents.into_iter().map(|(name, content)| (entry::manifest(name), content)));
            }
        });
        if let Some(policy) = self.policy.as_ref().filter(|_| self.travels) {
            sealed.entries.insert(entry::POLICY.to_owned(), policy.clone().into_bytes());
        }
        for (names, purpose) in [(&self.authors, Purpose::Authorship), (&self.witnesses, Purpose::Manifests)] {
            names.iter().for_each(|name| sign(&mut sealed, name, purpose));
        }
        sealed
    }
}

/// Adds a signature.
///
/// # Panics
/// When the receipt is no capsule.
pub fn sign(receipt: &mut Receipt, name: &str, purpose: Purpose) {
    let capsule = receipt.record().expect("a capsule");
    let (name, content) = signature_entry(&capsule, &test_key(name), purpose).expect("a signature");
    receipt.entries.insert(name, content);
}

/// What a verifier is given.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// Whom it trusts.
    pub trust: Option<Trust>,
    /// The level.
    pub level: &'static str,
    /// The time.
    pub at: Option<u64>,
    /// Further options, by key.
    pub more: BTreeMap<&'static str, Json>,
}

impl Default for Verifier {
    /// Trusts `author` and `second` for everything, and a few keys that are no good any more.
    fn default() -> Self {
        let usable =
            |name: &str, purposes: &[Purpose]| key(name, purposes, (AT - 9 * DAY, AT + DAY), KeyStatus::Active);
        let mut keys = vec![
            usable("author", Purpose::OF_RECEIPTS),
            usable("second", Purpose::OF_RECEIPTS),
            usable("only-manifests", &[Purpose::Manifests]),
            usable("only-authorship", &[Purpose::Authorship]),
            key("revoked", Purpose::OF_RECEIPTS, (AT - 9 * DAY, AT + DAY), KeyStatus::Revoked),
            key("expired", Purpose::OF_RECEIPTS, (AT - 9 * DAY, AT), KeyStatus::Active),
            key("not-yet", Purpose::OF_RECEIPTS, (AT + 1000, AT + DAY), KeyStatus::Active),
        ];
        keys.sort_by_key(|key| key.key);
        // Moments in a trust file are whole seconds.
        for key in &mut keys {
            (key.valid_from, key.valid_until) = (key.valid_from / 1000 * 1000, key.valid_until / 1000 * 1000);
        }
        let signers = keys.iter().map(|key| key.key.id()).collect();
        let registry = Registry { schema: REGISTRY_SCHEMA.to_owned(), keys };
        let trust = Trust {
            pin: Some(registry.root()),
            listed: Some(registry),
            policies: vec![PolicyTrust { id: POLICY.to_owned(), signers, hashes: Vec::new() }],
            policy_root: None,
        };
        Self { trust: Some(trust), level: "policy-enforced", at: Some(AT), more: BTreeMap::new() }
    }
}

pub(crate) fn key(name: &str, purposes: &[Purpose], (valid_from, valid_until): (u64, u64), status: KeyStatus) -> Key {
    Key {
        name: name.to_owned(),
        algorithm: ALGORITHM.to_owned(),
        key: test_key(name).public(),
        purposes: purposes.to_vec(),
        valid_from,
        valid_until,
        status,
    }
}

impl Verifier {
    /// The default one, with other trust.
    ///
    /// # Panics
    /// Never: the default one trusts somebody.
    pub fn with(change: impl FnOnce(&mut Trust)) -> Self {
        let mut verifier = Self::default();
        change(verifier.trust.as_mut().expect("the default verifier has a trust file"));
        verifier
    }

    /// One that pins this document of the policy.
    pub fn pinning(document: &str) -> Self {
        Self::with(|trust| trust.policies[0].hashes = vec![document_hash(document.as_bytes())])
    }

    /// Adds an option.
    #[must_use]
    pub fn and(mut self, key: &'static str, value: Json) -> Self {
        self.more.insert(key, value);
        self
    }

    /// The options as JSON.
    pub fn options(&self) -> String {
        let mut options: BTreeMap<&str, Json> = self.more.clone();
        options.insert("level", self.level.into());
        options.extend(self.trust.as_ref().map(|trust| ("trust", trust_file::text(trust).into())));
        options.extend(self.at.map(|at| ("at", at.into())));
        json!(options).to_string()
    }
}
