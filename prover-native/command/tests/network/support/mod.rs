//! A relay's key, trust file and register, and HTTP without patience.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod killed;
pub(crate) mod postgres;

use std::{
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use capseal_logs as pcap;
use capseal_network::{
    provider::Folder,
    relay::{Rates, Register, RegisterError, Service, Store},
    serve::{Server, Settings},
};
use capseal_trust::keys::SecretKey;
use verifier_core::{
    Digest,
    cbor::Item,
    relay::Commit,
    signature::Purpose,
    trust::{ALGORITHM, Key, KeyStatus, REGISTRY_SCHEMA, Registry},
};

pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Seconds since the Unix epoch of 9999-12-31T23:59:59Z.
const FOREVER_MS: u64 = 253_402_300_799_000;

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_hex(&format!("{seed:064x}")).unwrap()
}

pub(crate) fn relay_key() -> SecretKey {
    key(7)
}

/// Lists the relay and two auditors.
pub(crate) fn registry() -> Registry {
    let listed = |name: &str, key: &SecretKey, purpose| Key {
        name: name.to_owned(),
        algorithm: ALGORITHM.to_owned(),
        key: key.public(),
        purposes: vec![purpose],
        valid_from: 0,
        valid_until: FOREVER_MS,
        status: KeyStatus::Active,
    };
    let mut keys = vec![
        listed("relay", &relay_key(), Purpose::Relay),
        listed("auditor 1", &key(8), Purpose::Attestation),
        listed("auditor 2", &key(9), Purpose::Attestation),
    ];
    keys.sort_by_key(|key| key.key);
    Registry { schema: REGISTRY_SCHEMA.to_owned(), keys }
}

pub(crate) fn register(folder: &Path) -> Register {
    open(folder, &Store::File).unwrap()
}

pub(crate) fn open(folder: &Path, store: &Store) -> Result<Register, RegisterError> {
    Register::open(folder, store, relay_key(), registry(), 80, DAY_MS)
}

/// The same, once its lock is free: a child of another test holds every descriptor of this process between fork and exec.
fn open_free(folder: &Path, store: &Store) -> Register {
    let attempts = std::iter::repeat_with(|| open(folder, store)).take(100);
    let in_use = |opened: &Result<Register, RegisterError>| matches!(opened, Err(RegisterError::InUse { .. }));
    let mut attempts = attempts.inspect(|opened| {
        if in_use(opened) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    attempts.find(|opened| !in_use(opened)).expect("a lock that becomes free").unwrap()
}

/// A relay on any free port.
pub(crate) fn serve(folder: &Path, per_second: u32) -> Server {
    serve_from(folder, &Store::File, per_second)
}

/// The same, with its index in a store.
pub(crate) fn serve_from(folder: &Path, store: &Store, per_second: u32) -> Server {
    let rates = Rates { all: per_second, client: per_second };
    let service = Service::new(open_free(&folder.join("relay"), store), rates);
    let settings = Settings { relay: Some(Arc::new(service)), ..Settings::of(Folder::at(folder)) };
    Server::start_with(&SocketAddr::from(([127, 0, 0, 1], 0)).into(), settings).unwrap()
}

pub(crate) fn log_of(folder: &Path) -> PathBuf {
    folder.join("relay/log.jsonl")
}

/// The log is whole, and keeps every rule.
#[track_caller]
pub(crate) fn assert_log_verifies(log: &Path) {
    let report = pcap::examine(log, verifier_core::pcap::Options::default(), &mut pcap::refuse_proofs).unwrap();
    assert!(report.accepted, "{report:?}");
}

/// The commits of a log, in order.
pub(crate) fn commits_of(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter_map(|line| line.get("header_commit_hash")?.as_str().map(str::to_owned)).collect()
}

pub(crate) fn commit(name: &str) -> Commit {
    Commit::new(Digest::of_content(name.as_bytes()), Digest::of_content(format!("archive of {name}").as_bytes()))
}

pub(crate) struct Http {
    agent: ureq::Agent,
    base: String,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { agent, base: format!("http://{address}") }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Vec<u8>) {
        body(self.agent.get(format!("{}{path}", self.base)).call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, content: &[u8]) -> Result<(u16, Vec<u8>), ureq::Error> {
        Ok(body(self.agent.post(format!("{}{path}", self.base)).send(content)?))
    }

    pub(crate) fn commit(&self, commit: &Commit) -> Result<(u16, Vec<u8>), ureq::Error> {
        self.post("/v1/commits", &commit.encode())
    }
}

fn body(response: ureq::http::Response<ureq::Body>) -> (u16, Vec<u8>) {
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    // A server that is killed breaks off; the status alone acknowledges nothing.
    match response.into_body().into_reader().read_to_end(&mut bytes) {
        Ok(_) => (status, bytes),
        Err(_) => (0, bytes),
    }
}
