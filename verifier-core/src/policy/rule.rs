//! The rules that a policy can have.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use crate::{
    backend::ClaimClass,
    digest::Digest,
    document::{DocumentError, Fields, Place},
    manifest,
    pcap::obligation::Requirement,
    reason::ReasonCode,
};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The backend is one of these.
    Backends(BTreeSet<String>),
    /// The claim is of this class, or `proven`.
    RequireClaim(ClaimClass),
    /// The proof has at least so many bits of proven security.
    MinSecurityBits(u64),
    /// Every file of the claim's code has one of these digests, and there is one.
    Programs(BTreeSet<Digest>),
    /// Every input has one of these digests.
    Inputs(BTreeSet<Digest>),
    /// There is a public input or an output of each of these names.
    RequiredPublicOutputs(BTreeSet<String>),
    /// The exit code is one of these.
    ExitCodes(BTreeSet<u64>),
    /// The run was captured in one of these ways.
    Capture(BTreeSet<String>),
    /// The capture notes nothing about itself but these.
    CaptureNotes(BTreeSet<String>),
    /// The run started at most so many seconds ago.
    MaxAgeSeconds(u64),
    /// No other environment variables are recorded.
    Environment(BTreeSet<String>),
    /// No process used the network.
    ForbidNetwork,
    /// Manifests of these names are there.
    Manifests(BTreeSet<String>),
    /// The machine had no GPU.
    ForbidGpu,
    /// The container image has one of these digests.
    ImageDigests(BTreeSet<String>),
    /// The build was deterministic.
    RequireDeterministicBuild,
    /// Each of these checks is recorded as passed, and its proof is at hand.
    Obligations(BTreeSet<Requirement>),
    /// So many of these keys have signed.
    Signers {
        /// Identities of keys.
        allowed: BTreeSet<Digest>,
        /// How many.
        threshold: u64,
    },
}

impl Rule {
    /// Reads the rules of a track; they stand in one order, whatever theirs was.
    pub(super) fn read_all(mut fields: Fields) -> Result<Vec<Self>, DocumentError> {
        let rules: Result<Vec<Option<Self>>, DocumentError> =
            READERS.iter().filter_map(|(name, read)| fields.optional(name).map(read)).collect();
        let rules = rules?;
        fields.finish()?;
        Ok(rules.into_iter().flatten().collect())
    }

    /// The rule's name: its key in a document.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Backends(_) => "backends",
            Self::RequireClaim(_) => "require_claim",
            Self::MinSecurityBits(_) => "min_security_bits",
            Self::Programs(_) => "programs",
            Self::Inputs(_) => "inputs",
            Self::RequiredPublicOutputs(_) => "required_public_outputs",
            Self::ExitCodes(_) => "exit_codes",
            Self::Capture(_) => "capture",
            Self::CaptureNotes(_) => "capture_notes",
            Self::MaxAgeSeconds(_) => "max_age_seconds",
            Self::Environment(_) => "environment",
            Self::ForbidNetwork => "forbid_network",
            Self::Manifests(_) => "manifests",
            Self::ForbidGpu => "forbid_gpu",
            Self::ImageDigests(_) => "image_digests",
            Self::RequireDeterministicBuild => "require_deterministic_build",
            Self::Obligations(_) => "obligations",
            Self::Signers { .. } => "signers",
        }
    }

    /// What its failure is called.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Backends(_) => ReasonCode::PolicyBackendNotAllowed,
            Self::RequireClaim(_) => ReasonCode::PolicyClaimClassTooLow,
            Self::MinSecurityBits(_) => ReasonCode::PolicySecurityTooLow,
            Self::Programs(_) => ReasonCode::PolicyProgramNotAllowed,
            Self::Inputs(_) => ReasonCode::PolicyInputNotAllowed,
            Self::RequiredPublicOutputs(_) => ReasonCode::PolicyMissingPublicOutput,
            Self::ExitCodes(_) => ReasonCode::PolicyExitNotAllowed,
            Self::Capture(_) => ReasonCode::PolicyCaptureNotAllowed,
            Self::CaptureNotes(_) => ReasonCode::PolicyCaptureNoteNotAllowed,
            Self::MaxAgeSeconds(_) => ReasonCode::PolicyTooOld,
            Self::Environment(_) => ReasonCode::PolicyEnvironmentNotAllowed,
            Self::ForbidNetwork => ReasonCode::PolicyNetworkUsed,
            Self::Manifests(_) => ReasonCode::PolicyManifestMissing,
            Self::ForbidGpu => ReasonCode::PolicyViolationForbidGpu,
            Self::ImageDigests(_) => ReasonCode::PolicyDockerDigestMissing,
            Self::RequireDeterministicBuild => ReasonCode::PolicyBuildNotDeterministic,
            Self::Obligations(_) => ReasonCode::PolicyObligationUnmet,
            Self::Signers { .. } => ReasonCode::PolicySignersTooFew,
        }
    }
}

type Read = fn(Place) -> Result<Option<Rule>, DocumentError>;

/// Every rule, in the order of evaluation. A truth value of `false` is no rule.
const READERS: [(&str, Read); 18] = [
    ("backends", |place| Ok(Some(Rule::Backends(place.set(Place::name)?)))),
    ("require_claim", |place| claim_class(place).map(Rule::RequireClaim).map(Some)),
    ("min_security_bits", |place| Ok(Some(Rule::MinSecurityBits(place.number()?)))),
    ("programs", |place| Ok(Some(Rule::Programs(place.set(Place::digest)?)))),
    ("inputs", |place| Ok(Some(Rule::Inputs(place.set(Place::digest)?)))),
    ("required_public_outputs", |place| Ok(Some(Rule::RequiredPublicOutputs(place.set(Place::name)?)))),
    ("exit_codes", |place| Ok(Some(Rule::ExitCodes(place.set(Place::number)?)))),
    ("capture", |place| Ok(Some(Rule::Capture(place.set(Place::name)?)))),
    ("capture_notes", |place| Ok(Some(Rule::CaptureNotes(place.set(note)?)))),
    ("max_age_seconds", |place| Ok(Some(Rule::MaxAgeSeconds(place.number()?)))),
    ("environment", |place| Ok(Some(Rule::Environment(place.set(Place::name)?)))),
    ("forbid_network", |place| Ok(place.truth()?.then_some(Rule::ForbidNetwork))),
    ("manifests", |place| Ok(Some(Rule::Manifests(place.set(Place::name)?)))),
    ("forbid_gpu", |place| Ok(place.truth()?.then_some(Rule::ForbidGpu))),
    ("image_digests", |place| Ok(Some(Rule::ImageDigests(place.set(image_digest)?)))),
    ("require_deterministic_build", |place| Ok(place.truth()?.then_some(Rule::RequireDeterministicBuild))),
    ("obligations", |place| obligations(place).map(Some)),
    ("signers", |place| signers(place).map(Some)),
];

fn claim_class(place: Place) -> Result<ClaimClass, DocumentError> {
    let class = |name: &str| [ClaimClass::Proven, ClaimClass::Witnessed].into_iter().find(|class| class.name() == name);
    place.parsed("proven or witnessed", class)
}

fn image_digest(place: Place) -> Result<String, DocumentError> {
    let read = |text: &str| text.strip_prefix("sha256:").and_then(Digest::from_hex).map(|_| String::from(text));
    place.parsed("sha256: and 64 lower-case hexadecimal digits", read)
}

/// A note need not be known to this version; it must be written as notes are.
fn note(place: Place) -> Result<String, DocumentError> {
    place.parsed("a note of a capture", |text| manifest::is_note(text).then(|| String::from(text)))
}

fn obligations(place: Place) -> Result<Rule, DocumentError> {
    // Of nothing, everything that is recorded would be required.
    let wrong = place.wrong("one obligation at least");
    let required = place.set(Requirement::read)?;
    if required.is_empty() { Err(wrong) } else { Ok(Rule::Obligations(required)) }
}

fn signers(place: Place) -> Result<Rule, DocumentError> {
    let wrong = place.wrong("a threshold of 1 up to the number of allowed keys");
    let mut fields = Fields::open(place)?;
    let allowed = fields.required("allowed")?.set(Place::digest)?;
    let threshold = fields.required("threshold")?.number()?;
    fields.finish()?;
    let possible = usize::try_from(threshold).is_ok_and(|threshold| (1..=allowed.len()).contains(&threshold));
    if possible { Ok(Rule::Signers { allowed, threshold }) } else { Err(wrong) }
}
