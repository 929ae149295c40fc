//! The trust file: TOML that people write, read into one canonical form.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::Deserialize;

use super::{PolicyTrust, Trust, registry};
use crate::{
    digest::Digest,
    signature::{PublicKey, Purpose},
};

/// The schema of this version's trust files.
pub const SCHEMA: &str = "capseal/trust/v1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    registry: Option<RegistryTable>,
    #[serde(default)]
    policies: Vec<PolicyTable>,
    policy_registry: Option<PolicyRegistryTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryTable {
    pin: Option<String>,
    #[serde(default)]
    keys: Vec<KeyTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyTable {
    name: String,
    algorithm: String,
    key: String,
    purposes: Vec<String>,
    valid_from: String,
    valid_until: String,
    status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    id: String,
    signers: Vec<String>,
    #[serde(default)]
    hashes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyRegistryTable {
    pin: String,
}

pub(super) fn read(text: &str) -> Result<Trust, TrustError> {
    let file: File = toml::from_str(text).map_err(|error| TrustError(error.to_string().trim_end().into()))?;
    if file.schema != SCHEMA {
        return Err(wrong("schema", "the text capseal/trust/v1"));
    }
    let mut ids = BTreeSet::new();
    if let Some(twice) = file.policies.iter().find(|policy| !ids.insert(policy.id.as_str())) {
        return Err(TrustError(format!("policies: {:?} is there twice", twice.id)));
    }
    let policies = file.policies.iter().enumerate().map(|(at, table)| policy(&format!("policies[{at}]"), table));
    let pin = file.registry.as_ref().and_then(|table| table.pin.as_deref());
    let policy_pin = file.policy_registry.as_ref().map(|table| table.pin.as_str());
    Ok(Trust {
        listed: file.registry.as_ref().map(registry_of).transpose()?,
        pin: pin.map(|text| digest("registry.pin", text)).transpose()?,
        policies: policies.collect::<Result<_, _>>()?,
        policy_root: policy_pin.map(|text| digest("policy_registry.pin", text)).transpose()?,
    })
}

fn registry_of(table: &RegistryTable) -> Result<registry::Registry, TrustError> {
    let keys = table.keys.iter().enumerate().map(|(at, table)| key(&format!("registry.keys[{at}]"), table));
    let mut keys: Vec<registry::Key> = keys.collect::<Result<_, _>>()?;
    keys.sort_by_key(|key| key.key);
    if let Some([first, _]) = keys.array_windows().find(|[first, second]| first.key == second.key) {
        return Err(TrustError(format!("registry.keys: {} is there twice", first.key)));
    }
    Ok(registry::Registry { schema: registry::REGISTRY_SCHEMA.into(), keys })
}

fn key(place: &str, table: &KeyTable) -> Result<registry::Key, TrustError> {
    let at = |field: &str| format!("{place}.{field}");
    if table.algorithm != registry::ALGORITHM {
        return Err(wrong(&at("algorithm"), registry::ALGORITHM));
    }
    let time = |field: &str, text: &str| {
        registry::moment(text).ok_or_else(|| wrong(&at(field), "a time such as 2026-01-31T12:34:56Z"))
    };
    Ok(registry::Key {
        name: table.name.clone(),
        algorithm: table.algorithm.clone(),
        key: PublicKey::from_hex(&table.key)
            .ok_or_else(|| wrong(&at("key"), "a compressed point: 66 lower-case hexadecimal digits"))?,
        purposes: purposes(&at("purposes"), &table.purposes)?,
        valid_from: time("valid_from", &table.valid_from)?,
        valid_until: time("valid_until", &table.valid_until)?,
        status: registry::KeyStatus::from_name(&table.status)
            .ok_or_else(|| wrong(&at("status"), "active or revoked"))?,
    })
}

/// One order, none twice: a registry has one canonical form.
fn purposes(place: &str, names: &[String]) -> Result<Vec<Purpose>, TrustError> {
    let purposes = names.iter().map(|name| Purpose::from_name(name));
    let mut purposes: Vec<Purpose> = purposes
        .collect::<Option<_>>()
        .ok_or_else(|| wrong(place, "purposes: attestation, authorship, manifests, relay"))?;
    purposes.sort_unstable();
    if purposes.array_windows().any(|[first, second]| first == second) {
        return Err(wrong(place, "each purpose once"));
    }
    Ok(purposes)
}

fn policy(place: &str, table: &PolicyTable) -> Result<PolicyTrust, TrustError> {
    let all = |field: &str, texts: &[String]| -> Result<Vec<Digest>, TrustError> {
        texts.iter().enumerate().map(|(at, text)| digest(&format!("{place}.{field}[{at}]"), text)).collect()
    };
    Ok(PolicyTrust {
        id: table.id.clone(),
        signers: all("signers", &table.signers)?,
        hashes: all("hashes", &table.hashes)?,
    })
}

fn digest(place: &str, text: &str) -> Result<Digest, TrustError> {
    Digest::from_hex(text).ok_or_else(|| wrong(place, "64 lower-case hexadecimal digits"))
}

fn wrong(place: &str, expected: &str) -> TrustError {
    TrustError(format!("{place}: expected {expected}"))
}

/// A trust file that cannot be read: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustError(String);

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the trust file cannot be read: {}", self.0)
    }
}

impl core::error::Error for TrustError {}
