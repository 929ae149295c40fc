//! Policy documents: from JSON to tracks of rules, with errors that say where and what was expected.

use alloc::{collections::BTreeSet, string::String, vec::Vec};
use core::fmt;

use super::rule::Rule;
use crate::{
    document::{DocumentError, Fields, Place},
    reason::ReasonCode,
};

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
        let mut fields = Fields::open(Place::read(document)?)?;
        fields.required("schema")?.parsed("the text capseal/policy/v1", |text| (text == SCHEMA).then_some(()))?;
        let policy = Self {
            id: fields.required("policy_id")?.name()?,
            version: fields.required("policy_version")?.name()?,
            description: fields.optional("description").map(Place::text).transpose()?,
            tracks: fields.required("tracks")?.items()?.into_iter().map(track).collect::<Result<_, _>>()?,
        };
        fields.finish()?;
        let mut ids = BTreeSet::new();
        if policy.tracks.is_empty() || !policy.tracks.iter().all(|track| ids.insert(track.id.as_str())) {
            let expected = "tracks, each track_id once";
            return Err(DocumentError::Schema { path: "tracks".into(), expected }.into());
        }
        Ok(policy)
    }

    /// A track by its name.
    pub fn track(&self, id: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }
}

fn track(place: Place) -> Result<Track, DocumentError> {
    let mut fields = Fields::open(place)?;
    let track = Track {
        id: fields.required("track_id")?.name()?,
        description: fields.optional("description").map(Place::text).transpose()?,
        rules: Rule::read_all(Fields::open(fields.required("rules")?)?)?,
    };
    fields.finish()?;
    Ok(track)
}

/// Why a document is not a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(DocumentError);

impl PolicyError {
    /// The reason code: E002 or E003.
    pub const fn code(&self) -> ReasonCode {
        match self.0 {
            DocumentError::Syntax(_) => ReasonCode::ParseFailed,
            _ => ReasonCode::SchemaUnsupported,
        }
    }
}

impl From<DocumentError> for PolicyError {
    fn from(error: DocumentError) -> Self {
        Self(error)
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy cannot be read: {}", self.0)
    }
}

impl core::error::Error for PolicyError {}
