//! A client's token, and the key that shows that it is theirs.

use std::{fmt, sync::Arc};

use verifier_core::capability::{Token, to_base64};

use super::{AUTHORIZATION_SCHEME, POSSESSION_HEADER};
use capseal_host::clock;
use capseal_trust::{
    capability::{Asked, CapabilityError, prove},
    keys::SecretKey,
};

/// A token and its holder's key. A clone is the same.
#[derive(Clone)]
pub struct Credentials(Arc<(Token, SecretKey)>);

impl Credentials {
    /// Joins a token and its holder's key.
    ///
    /// # Errors
    /// When the key is another one.
    pub fn new(token: Token, key: SecretKey) -> Result<Self, CapabilityError> {
        if token.links().last().is_none_or(|leaf| leaf.link.subject != key.public()) {
            return Err(CapabilityError::NotHolder);
        }
        Ok(Self(Arc::new((token, key))))
    }

    /// The headers of one request without a body. A token for any audience is shown to the host that is asked.
    pub(super) fn headers(
        &self,
        method: &str,
        path: &str,
        base: &str,
    ) -> Result<[(&'static str, String); 2], CapabilityError> {
        let (token, key) = &*self.0;
        let host = base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next().unwrap_or(base);
        let audience = token.links().last().and_then(|leaf| leaf.link.audience.as_deref()).unwrap_or(host);
        let asked = Asked { audience, method, path, body: &[], time: clock::now() };
        let proof = to_base64(&prove(token, key, &asked)?);
        Ok([("Authorization", format!("{AUTHORIZATION_SCHEME} {}", token.to_text())), (POSSESSION_HEADER, proof)])
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.0.0.digest())
    }
}
