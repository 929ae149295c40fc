//! The policy that a receipt is sealed under.

use std::fmt;

use verifier_core::{
    Digest,
    capsule::PolicyRef,
    policy::{Policy, PolicyError, document_hash},
};

/// A policy document, and the track of it that applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Governing {
    document: Vec<u8>,
    reference: PolicyRef,
}

impl Governing {
    /// Takes a document and names a track; without a name, the only track there is.
    ///
    /// # Errors
    /// When the document is no policy, or has no such track.
    pub fn new(document: Vec<u8>, track: Option<&str>) -> Result<Self, GoverningError> {
        let policy = Policy::read(&document).map_err(GoverningError::Policy)?;
        let tracks = || policy.tracks.iter().map(|track| track.id.clone()).collect::<Vec<_>>().join(", ");
        let found = match (track, policy.tracks.as_slice()) {
            (Some(name), _) => policy.track(name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let track_id = found.map(|track| track.id.clone()).ok_or_else(|| GoverningError::Track { tracks: tracks() })?;
        let policy_hash = document_hash(&document);
        let reference = PolicyRef { policy_id: policy.id, policy_version: policy.version, policy_hash, track_id };
        Ok(Self { document, reference })
    }

    pub(super) fn document(&self) -> &[u8] {
        &self.document
    }

    pub(super) fn reference(&self) -> PolicyRef {
        self.reference.clone()
    }

    pub(super) fn hash(&self) -> Digest {
        self.reference.policy_hash
    }
}

/// A policy that nothing can be sealed under.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GoverningError {
    /// The document is no policy.
    Policy(PolicyError),
    /// No track, or more than one, was meant.
    Track {
        /// Those that there are.
        tracks: String,
    },
}

impl fmt::Display for GoverningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => error.fmt(f),
            Self::Track { tracks } => write!(f, "name a track of the policy: {tracks}"),
        }
    }
}

impl std::error::Error for GoverningError {}
