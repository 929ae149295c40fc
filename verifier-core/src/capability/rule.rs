//! The rules that a token is judged by, each with its name, reason code and HTTP status.

use alloc::string::{String, ToString};
use core::fmt::Display;

use crate::reason::ReasonCode;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident $name:literal $code:ident $status:literal;)*) => {
        /// A rule, in the order in which they are judged. The first that fails decides.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule { $($(#[$doc])* $variant,)* }

        impl Rule {
            /// Every rule, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The reason code.
            pub const fn code(self) -> ReasonCode {
                match self { $(Self::$variant => ReasonCode::$code,)* }
            }

            /// What a server answers: 401 when there is no token that holds, 403 when it holds and is not enough.
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }
        }
    };
}

rules! {
    /// There is a token.
    Missing "missing" CapabilityMissing 401;
    /// Token and links have their one spelling.
    Malformed "malformed" CapabilityMalformed 401;
    /// The token has no more links, a link no more bytes, than the limits.
    TooLarge "too_large" LimitExceeded 401;
    /// The first link's issuer is trusted.
    RootUntrusted "root_untrusted" CapabilityRootUntrusted 401;
    /// Each link is signed by its issuer.
    SignatureInvalid "signature_invalid" CapabilitySignatureInvalid 401;
    /// Each link states the digest of the one before; the first states none.
    ParentMismatch "parent_mismatch" CapabilityParentMismatch 401;
    /// Each link's issuer is the subject of the one before.
    IssuerMismatch "issuer_mismatch" CapabilityIssuerMismatch 401;
    /// Permissions are among those of the link before.
    PermissionsWidened "permissions_widened" CapabilityPermissionsWidened 401;
    /// Resources are among those of the link before.
    ResourcesWidened "resources_widened" CapabilityResourcesWidened 401;
    /// The depth is below that of the link before.
    DepthExceeded "depth_exceeded" CapabilityDepthExceeded 401;
    /// The lowest level is not below that of the link before.
    LevelLowered "level_lowered" CapabilityLevelLowered 401;
    /// The limit of bytes is not above that of the link before.
    LimitRaised "limit_raised" CapabilityLimitRaised 401;
    /// The expiry is not after that of the link before.
    ExpiryExtended "expiry_extended" CapabilityExpiryExtended 401;
    /// The start is not before that of the link before.
    StartAdvanced "start_advanced" CapabilityStartAdvanced 401;
    /// The audience is that of the link before, if that has one.
    AudienceWidened "audience_widened" CapabilityAudienceWidened 401;
    /// No link has expired.
    Expired "expired" CapabilityExpired 401;
    /// Every link is valid already.
    NotYetValid "not_yet_valid" CapabilityNotYetValid 401;
    /// Revocation lists have their one spelling and are signed by their issuers.
    RevocationInvalid "revocation_invalid" RevocationInvalid 401;
    /// No list is older than one that was seen.
    RevocationRollback "revocation_rollback" RevocationRollback 401;
    /// No link was revoked by an issuer of it or of one before it.
    Revoked "revoked" CapabilityRevoked 401;
    /// The root issuer's list is there, and every list that concerns the token is fresh.
    RevocationStale "revocation_stale" RevocationStale 401;
    /// The token is for the audience that is asked.
    AudienceWrong "audience_wrong" CapabilityAudienceWrong 401;
    /// There is a proof of possession.
    PossessionMissing "possession_missing" PossessionMissing 401;
    /// It has its one spelling and is signed by the last link's subject.
    PossessionInvalid "possession_invalid" PossessionInvalid 401;
    /// It is for this token, audience, method, path and body.
    PossessionMismatch "possession_mismatch" PossessionMismatch 401;
    /// It was made within the window.
    PossessionStale "possession_stale" PossessionStale 401;
    /// The last link permits what is asked for.
    PermissionDenied "permission_denied" CapabilityPermissionDenied 403;
    /// It is about the resource that is asked for.
    ResourceDenied "resource_denied" CapabilityResourceDenied 403;
    /// The request is made at its lowest level or above.
    LevelTooLow "level_too_low" CapabilityLevelTooLow 403;
    /// The content is not larger than its limit.
    LimitExceeded "limit_exceeded" CapabilityLimitExceeded 403;
    /// Its nonce was not seen before.
    PossessionReplayed "possession_replayed" PossessionReplayed 401;
}

/// Why a token is refused: the rule, the link that breaks it where one does, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rule.
    pub rule: Rule,
    /// The link, counted from 0.
    pub link: Option<usize>,
    /// A sentence with what was found.
    pub detail: String,
}

impl Denial {
    /// A denial that no link is to blame for.
    pub fn new(rule: Rule, detail: impl Display) -> Self {
        Self { rule, link: None, detail: detail.to_string() }
    }

    /// A denial for a link.
    pub fn of_link(rule: Rule, link: usize, detail: impl Display) -> Self {
        Self { link: Some(link), ..Self::new(rule, detail) }
    }
}

impl core::fmt::Display for Denial {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.rule.code().name(), self.detail)
    }
}

impl core::error::Error for Denial {}
