//! The trust file: TOML that people write, read into one canonical form.

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};
use core::fmt;

use super::{PolicyTrust, Trust, registry, table::Table};
use crate::{
    digest::Digest,
    signature::{PublicKey, Purpose},
};

/// The schema of this version's trust files.
pub const SCHEMA: &str = "capseal/trust/v1";

struct File {
    registry: Option<RegistryTable>,
    policies: Vec<PolicyTable>,
    policy_registry: Option<PolicyRegistryTable>,
}

struct RegistryTable {
    pin: Option<String>,
    keys: Vec<KeyTable>,
}

struct KeyTable {
    name: String,
    algorithm: String,
    key: String,
    purposes: Vec<String>,
    valid_from: String,
    valid_until: String,
    status: String,
}

struct PolicyTable {
    id: String,
    signers: Vec<String>,
    hashes: Vec<String>,
}

struct PolicyRegistryTable {
    pin: String,
}

pub(super) fn read(text: &str) -> Result<Trust, TrustError> {
    let file = File::read(Table::parse(text)?)?;
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

impl File {
    fn read(mut table: Table) -> Result<Self, TrustError> {
        table.has_only(&["schema", "registry", "policies", "policy_registry"])?;
        if table.text("schema")? != SCHEMA {
            return Err(wrong("schema", "the text capseal/trust/v1"));
        }
        Ok(Self {
            registry: table.table("registry")?.map(RegistryTable::read).transpose()?,
            policies: table.tables("policies")?.into_iter().map(PolicyTable::read).collect::<Result<_, _>>()?,
            policy_registry: table.table("policy_registry")?.map(PolicyRegistryTable::read).transpose()?,
        })
    }
}

impl RegistryTable {
    fn read(mut table: Table) -> Result<Self, TrustError> {
        table.has_only(&["pin", "keys"])?;
        Ok(Self {
            pin: table.optional_text("pin")?,
            keys: table.tables("keys")?.into_iter().map(KeyTable::read).collect::<Result<_, _>>()?,
        })
    }
}

impl KeyTable {
    fn read(mut table: Table) -> Result<Self, TrustError> {
        table.has_only(&["name", "algorithm", "key", "purposes", "valid_from", "valid_until", "status"])?;
        Ok(Self {
            name: table.text("name")?,
            algorithm: table.text("algorithm")?,
            key: table.text("key")?,
            purposes: table.texts("purposes")?,
            valid_from: table.text("valid_from")?,
            valid_until: table.text("valid_until")?,
            status: table.text("status")?,
        })
    }
}

impl PolicyTable {
    fn read(mut table: Table) -> Result<Self, TrustError> {
        table.has_only(&["id", "signers", "hashes"])?;
        Ok(Self {
            id: table.text("id")?,
            signers: table.texts("signers")?,
            hashes: table.optional_texts("hashes")?.unwrap_or_default(),
        })
    }
}

impl PolicyRegistryTable {
    fn read(mut table: Table) -> Result<Self, TrustError> {
        table.has_only(&["pin"])?;
        Ok(Self { pin: table.text("pin")? })
    }
}

fn registry_of(table: &RegistryTable) -> Result<registry::Registry, TrustError> {
    let keys = table.keys.iter().enumerate().map(|(at, table)| key(&format!("registry.keys[{at}]"), table));
    let mut keys: Vec<registry::Key> = keys.collect::<Result<_, _>>()?;
    keys.sort_unstable_by_key(|key| key.key);
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

pub(super) fn wrong(place: &str, expected: &str) -> TrustError {
    TrustError(format!("{place}: expected {expected}"))
}

/// A trust file that cannot be read: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustError(pub(super) String);

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the trust file cannot be read: {}", self.0)
    }
}

impl core::error::Error for TrustError {}
