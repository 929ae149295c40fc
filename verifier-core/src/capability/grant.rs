//! What a link grants, and that a grant is no wider than another.

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{Resource, Rule};
use crate::{
    cbor::{CborError, Item, Value, record},
    digest::Digest,
    pcap::obligation::Level,
};

/// Something that may be done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Have its content.
    Read,
    /// Put it there.
    Create,
    /// Put another version of it there. It does not include `read`.
    Modify,
    /// Have it checked.
    Verify,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Modify, Self::Verify];

    /// The permission's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Modify => "modify",
            Self::Verify => "verify",
        }
    }

    /// Finds a permission by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }

    /// Whether something is different afterwards.
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Create | Self::Modify)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Create => 2,
            Self::Modify => 4,
            Self::Verify => 8,
        }
    }
}

impl serde::Serialize for Permission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Permissions, at least one.
///
/// # Shape
/// An unsigned integer of bits: 1 read, 2 create, 4 modify, 8 verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    /// The permissions of a list; `None` when it is empty.
    pub fn of(permissions: &[Permission]) -> Option<Self> {
        Self::from_bits(permissions.iter().fold(0, |bits, permission| bits | permission.bit()))
    }

    fn from_bits(bits: u8) -> Option<Self> {
        (1..16).contains(&bits).then_some(Self(bits))
    }

    /// Whether a permission is among them.
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// The permissions, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }

    /// Whether every permission of `other` is among these.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Item for Permissions {
    fn to_value(&self) -> Value {
        Value::Uint(self.0.into())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        let bits = u8::try_from(u64::from_value(value)?).ok().and_then(Self::from_bits);
        bits.ok_or(CborError::WrongType { expected: "permissions" })
    }
}

impl serde::Serialize for Permissions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Permission::name).collect();
        f.write_str(&names.join(", "))
    }
}

impl Item for Level {
    fn to_value(&self) -> Value {
        Value::Text(self.name().into())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        Self::from_name(&String::from_value(value)?).ok_or(CborError::WrongType { expected: "S0, S1 or S2" })
    }
}

record! {
    /// What a link grants.
    pub struct Grant {
        /// What may be done.
        pub permissions: Permissions,
        /// With what: 1 to [`Grant::MAX_RESOURCES`], ascending, none twice.
        pub resources: Vec<Resource>,
        /// How many further links may follow.
        pub depth: u64,
        /// The link before, by its digest; absent in the first.
        pub parent: Option<Digest>,
        /// The lowest level at which it may be done; S0 when absent.
        pub min_level: Option<Level>,
        /// The largest content that it may be done with, in bytes; any when absent.
        pub max_bytes: Option<u64>,
    }
}

impl Grant {
    /// Resources at most.
    pub const MAX_RESOURCES: usize = 32;

    /// Whether numbers and lists are within their bounds.
    pub(super) fn is_formed(&self) -> bool {
        (1..=Self::MAX_RESOURCES).contains(&self.resources.len())
            && self.resources.is_sorted_by(|a, b| a < b)
            && self.depth < super::MAX_LINKS as u64
    }

    /// Refuses a grant that is wider than its parent's, by the first rule that it breaks.
    pub(super) fn within(&self, parent: &Self) -> Result<(), Rule> {
        let covered = |resource| parent.resources.iter().any(|wider| wider.covers(resource));
        if !parent.permissions.covers(self.permissions) {
            return Err(Rule::PermissionsWidened);
        }
        if !self.resources.iter().all(covered) {
            return Err(Rule::ResourcesWidened);
        }
        if self.depth >= parent.depth {
            return Err(Rule::DepthExceeded);
        }
        if self.level() < parent.level() {
            return Err(Rule::LevelLowered);
        }
        if self.byte_limit() > parent.byte_limit() {
            return Err(Rule::LimitRaised);
        }
        Ok(())
    }

    /// The lowest level at which it may be done.
    pub fn level(&self) -> Level {
        self.min_level.unwrap_or(Level::S0)
    }

    /// The largest content that it may be done with.
    pub fn byte_limit(&self) -> u64 {
        self.max_bytes.unwrap_or(u64::MAX)
    }
}
