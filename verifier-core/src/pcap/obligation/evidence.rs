//! What a content is worth as the proof of an obligation.

use alloc::{collections::BTreeSet, vec::Vec};

use serde::{Serialize, Serializer};

use super::Resolution;
use crate::{
    digest::Digest,
    document::{DocumentError, Fields, OptionsError, Place},
};

/// A content that was looked at. As JSON `{"content": …, "strength": …, "subjects": […]}`, for whoever looks at receipts in another module
/// than at logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Digest of the content.
    pub content: Digest,
    /// What it shows.
    pub strength: Strength,
    /// What it is about.
    pub subjects: BTreeSet<Digest>,
}

words! {
    /// What a content shows.
    Strength {
        /// No receipt: only its hash is known.
        Unknown "unknown",
        /// A receipt that is refused, or whose run failed.
        Refused "refused",
        /// A receipt whose run is its maker's word.
        Witnessed "witnessed",
        /// A receipt that proves its run.
        Proven "proven",
    }
}

impl Evidence {
    /// Reads an array of what [`Serialize`] writes.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn list_from_json(json: &str) -> Result<Vec<Self>, OptionsError> {
        Ok(Place::read(json.as_bytes())?.list(Self::read)?)
    }

    fn read(place: Place) -> Result<Self, DocumentError> {
        let mut fields = Fields::open(place)?;
        let strength = fields.required("strength")?;
        let evidence = Self {
            content: fields.required("content")?.digest()?,
            strength: strength.parsed("unknown, refused, witnessed or proven", Strength::from_name)?,
            subjects: fields.required("subjects")?.set(Place::digest)?,
        };
        fields.finish()?;
        Ok(evidence)
    }

    /// A content that names nothing.
    pub const fn without_subject(content: Digest, strength: Strength) -> Self {
        Self { content, strength, subjects: BTreeSet::new() }
    }

    /// What it comes to as the proof of a check of `subject`.
    pub fn about(&self, subject: &Digest) -> Resolution {
        match self.strength {
            Strength::Refused => Resolution::Refused,
            Strength::Unknown => Resolution::Present,
            Strength::Witnessed | Strength::Proven if !self.subjects.contains(subject) => Resolution::Foreign,
            Strength::Witnessed => Resolution::Present,
            Strength::Proven => Resolution::Verified,
        }
    }
}
