//! What signatures, registries and policies add to a verification.

use std::{fmt, time::Instant};

use serde_json::json;
use verifier_core::{
    Digest, Level, Trust, VerifyOptions,
    policy::document_hash,
    signature::{PublicKey, Purpose},
    trust::{ALGORITHM, Key, KeyStatus, PolicyTrust, REGISTRY_SCHEMA, Registry},
    verify as verify_receipt,
};

use capseal_host::{artifacts::ArtifactStore, whole_file::Existing};
use capseal_recorder as run;
use capseal_recorder::{CaptureChoice, Program, Request, Silent};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Destination, EMBED_LIMIT, Governing};
use capseal_trust::{keys::SecretKey, trust_file};

/// What came of it.
#[derive(Clone, Debug)]
pub struct TrustFigures {
    /// What was measured, and its median in milliseconds.
    pub rows: Vec<(String, f64)>,
}

/// Seals and signs a receipt under a small and a large policy, and verifies it against small and large registries.
///
/// # Errors
/// When it cannot be sealed.
pub fn trust() -> Result<TrustFigures, Box<dyn std::error::Error>> {
    let mut rows = Vec::new();
    for many in [1, MANY] {
        let digests: Vec<String> =
            (0..many).map(|number| Digest::of_content(&number.to_le_bytes()).to_string()).collect();
        let document = json!({
            "schema": "capseal/policy/v1", "policy_id": "bench", "policy_version": "1",
            "tracks": [{ "track_id": "main", "rules": { "inputs": digests } }],
        });
        let document = document.to_string().into_bytes();
        let key = SecretKey::generate();
        let bytes = signed(&Governing::new(document.clone(), None)?, &key)?;
        let text = trust_file::text(&trusting(&key, &document, many));
        let (read, trust) = median(|| Trust::from_toml(&text));
        let proof_only = VerifyOptions::default();
        let enforced = VerifyOptions {
            level: Level::PolicyEnforced,
            trust: Some(trust?),
            at: Some(1),
            ..VerifyOptions::default()
        };
        rows.push((format!("proof-only, a policy of {many} items"), median(|| verify_receipt(&bytes, &proof_only)).0));
        let (took, verdict) = median(|| verify_receipt(&bytes, &enforced));
        if let Some(refusal) = verdict.refusal() {
            return Err(refusal.into());
        }
        rows.push((format!("policy-enforced, {many} items, {many} keys"), took));
        rows.push((format!("reading a trust file of {many} keys"), read));
    }
    Ok(TrustFigures { rows })
}

const MANY: u64 = 10_000;

fn signed(policy: &Governing, key: &SecretKey) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = ArtifactStore::temporary()?;
    let mut request = Request::new(Program::Command(["sh", "-c", "echo hello"].map(Into::into).to_vec()))?;
    request.capture = CaptureChoice::Declared;
    let record = run::execute(&request, &store, std::sync::Arc::new(Silent))?;
    let place =
        ArchivePlace { embed_limit: EMBED_LIMIT, detached: folder.path().join("archive"), existing: Existing::Replace };
    let mut committed = seal::process_under(&record, store, &place, Some(policy))?;
    committed.sign(key)?;
    let path = folder.path().join("receipt.cap");
    committed.write(&Destination { path: path.clone(), existing: Existing::Keep })?;
    Ok(std::fs::read(path)?)
}

/// A registry of a key among many that are made up.
fn trusting(key: &SecretKey, document: &[u8], many: u64) -> Trust {
    let made_up = (1..many).map(|number| {
        let digest = Digest::of_content(&number.to_le_bytes());
        let mut bytes = [2; PublicKey::LEN];
        bytes[1..].copy_from_slice(digest.as_bytes());
        PublicKey::new(bytes)
    });
    let listed = |key| Key {
        name: "bench".to_owned(),
        algorithm: ALGORITHM.to_owned(),
        key,
        purposes: Purpose::ALL.to_vec(),
        valid_from: 0,
        valid_until: 2000,
        status: KeyStatus::Active,
    };
    let mut keys: Vec<Key> = made_up.chain([key.public()]).map(listed).collect();
    keys.sort_by_key(|key| key.key);
    let registry = Registry { schema: REGISTRY_SCHEMA.to_owned(), keys };
    Trust {
        pin: Some(registry.root()),
        listed: Some(registry),
        policies: vec![PolicyTrust {
            id: "bench".to_owned(),
            signers: vec![key.public().id()],
            hashes: vec![document_hash(document)],
        }],
        policy_root: None,
    }
}

const RUNS: usize = 51;

fn median<T>(run: impl Fn() -> T) -> (f64, T) {
    let timed = || {
        let start = Instant::now();
        let value = std::hint::black_box(run());
        (start.elapsed().as_secs_f64() * 1e3, value)
    };
    let (first, value) = timed();
    let mut times: Vec<f64> = (1..RUNS).map(|_| timed().0).chain([first]).collect();
    times.sort_by(f64::total_cmp);
    (times[RUNS / 2], value)
}

impl fmt::Display for TrustFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  medians of {RUNS}; goals: policy-enforced adds at most 2 ms, {MANY} keys or items stay below 50 ms"
        )?;
        for (name, milliseconds) in &self.rows {
            writeln!(f, "  {name:<44} {milliseconds:>8.3} ms")?;
        }
        Ok(())
    }
}
