//! Policy documents: from JSON to tracks of rules, with errors that say where and what was expected.

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{json::Json, rule::Rule};
use crate::{digest::Digest, reason::ReasonCode};

/// The schema of this version's policies.
pub const SCHEMA: &str = "capseal/policy/v1";

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its tracks.
    pub tracks: Vec<Track>,
}

/// A track: the rules for one kind of run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its name.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its rules, in the order in which they are evaluated.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// Reads a document.
    ///
    /// # Errors
    /// [`PolicyError`] with E002 or E003.
    pub fn read(document: &[u8]) -> Result<Self, PolicyError> {
        let json = Json::read(document).map_err(|error| PolicyError::Syntax(error.to_string()))?;
        let mut fields = Fields::open(Place { path: String::new(), json })?;
        if fields.required("schema")?.text()? != SCHEMA {
            return Err(PolicyError::Schema { path: "schema".into(), expected: "the text capseal/policy/v1" });
        }
        let policy = Self {
            id: fields.required("policy_id")?.name()?,
            version: fields.required("policy_version")?.name()?,
            description: fields.optional("description").map(Place::text).transpose()?,
            tracks: fields.required("tracks")?.items()?.into_iter().map(track).collect::<Result<_, _>>()?,
        };
        fields.finish()?;
        let mut ids = BTreeSet::new();
        if policy.tracks.is_empty() || !policy.tracks.iter().all(|track| ids.insert(track.id.as_str())) {
            return Err(PolicyError::Schema { path: "tracks".into(), expected: "tracks, each track_id once" });
        }
        Ok(policy)
    }

    /// A track by its name.
    pub fn track(&self, id: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }
}

fn track(place: Place) -> Result<Track, PolicyError> {
    let mut fields = Fields::open(place)?;
    let track = Track {
        id: fields.required("track_id")?.name()?,
        description: fields.optional("description").map(Place::text).transpose()?,
        rules: Rule::read_all(Fields::open(fields.required("rules")?)?)?,
    };
    fields.finish()?;
    Ok(track)
}

/// A value and where it stands.
pub(super) struct Place {
    path: String,
    json: Json,
}

impl Place {
    pub(super) fn wrong(&self, expected: &'static str) -> PolicyError {
        let path = if self.path.is_empty() { "the document".into() } else { self.path.clone() };
        PolicyError::Schema { path, expected }
    }

    pub(super) fn text(self) -> Result<String, PolicyError> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong("a text")),
        }
    }

    /// A text that is not empty.
    pub(super) fn name(self) -> Result<String, PolicyError> {
        match self.json {
            Json::Text(text) if !text.is_empty() => Ok(text),
            _ => Err(self.wrong("a text that is not empty")),
        }
    }

    pub(super) fn number(self) -> Result<u64, PolicyError> {
        match self.json {
            Json::Number(number) => Ok(number),
            _ => Err(self.wrong("an unsigned integer")),
        }
    }

    pub(super) fn truth(self) -> Result<bool, PolicyError> {
        match self.json {
            Json::Bool(truth) => Ok(truth),
            _ => Err(self.wrong("true or false")),
        }
    }

    pub(super) fn digest(self) -> Result<Digest, PolicyError> {
        let digest = match &self.json {
            Json::Text(text) => Digest::from_hex(text),
            _ => None,
        };
        digest.ok_or_else(|| self.wrong("64 lower-case hexadecimal digits"))
    }

    pub(super) fn items(self) -> Result<Vec<Self>, PolicyError> {
        let Json::Array(items) = self.json else { return Err(self.wrong("an array")) };
        let place = |(at, json)| Self { path: format!("{}[{at}]", self.path), json };
        Ok(items.into_iter().enumerate().map(place).collect())
    }

    /// An array without repetitions, as a set.
    pub(super) fn set<T: Ord>(self, read: fn(Self) -> Result<T, PolicyError>) -> Result<BTreeSet<T>, PolicyError> {
        let path = self.path.clone();
        let mut set = BTreeSet::new();
        for item in self.items()? {
            if !set.insert(read(item)?) {
                return Err(PolicyError::Schema { path, expected: "an array without repetitions" });
            }
        }
        Ok(set)
    }
}

/// The fields of an object that nobody took yet.
pub(super) struct Fields {
    path: String,
    fields: Vec<(String, Json)>,
}

impl Fields {
    pub(super) fn open(place: Place) -> Result<Self, PolicyError> {
        match place.json {
            Json::Object(fields) => Ok(Self { path: place.path, fields }),
            _ => Err(place.wrong("an object")),
        }
    }

    pub(super) fn optional(&mut self, key: &str) -> Option<Place> {
        let at = self.fields.iter().position(|(name, _)| name == key)?;
        let (_, json) = self.fields.remove(at);
        Some(Place { path: self.below(key), json })
    }

    pub(super) fn required(&mut self, key: &str) -> Result<Place, PolicyError> {
        let path = self.below(key);
        self.optional(key).ok_or(PolicyError::Schema { path, expected: "a value; the key is missing" })
    }

    pub(super) fn finish(self) -> Result<(), PolicyError> {
        match self.fields.first() {
            Some((key, _)) => Err(PolicyError::Schema { path: self.below(key), expected: "no such key" }),
            None => Ok(()),
        }
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }
}

/// Why a document is not a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not JSON of the profile.
    Syntax(String),
    /// JSON, but not of this schema.
    Schema {
        /// Where.
        path: String,
        /// What was expected there.
        expected: &'static str,
    },
}

impl PolicyError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Syntax(_) => ReasonCode::ParseFailed,
            Self::Schema { .. } => ReasonCode::SchemaUnsupported,
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "the policy cannot be read: {error}"),
            Self::Schema { path, expected } => write!(f, "the policy cannot be read: {path}: expected {expected}"),
        }
    }
}

impl core::error::Error for PolicyError {}
