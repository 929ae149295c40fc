//! Links as JSON shows them: the six fields that capabilities have in the project's own model, and nothing else.

use alloc::{format, string::String, vec::Vec};

use serde::Serialize;

use super::{CapabilityId, Permissions, Resource, SignedLink};
use crate::{pcap::second_text, signature::PublicKey};

/// A view of a link; it is never hashed or signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// The id.
    pub capability_id: CapabilityId,
    /// To whom.
    pub subject: PublicKey,
    /// What may be done.
    pub permissions: Permissions,
    /// With what; several are separated by a space.
    pub resource: String,
    /// Until when, as `2026-01-31T12:34:56Z`.
    pub expires: String,
    /// r and s, in hexadecimal digits.
    pub signature: String,
}

impl From<&SignedLink> for LinkView {
    fn from(SignedLink { link, signed, .. }: &SignedLink) -> Self {
        let resources: Vec<&str> = link.grant.resources.iter().map(Resource::as_str).collect();
        Self {
            capability_id: link.id,
            subject: link.subject,
            permissions: link.grant.permissions,
            resource: resources.join(" "),
            expires: second_text(link.expires),
            signature: signed.signature.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}
