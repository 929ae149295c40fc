//! Check 10: manifests and policy.

use alloc::{format, string::String, vec::Vec};

use super::{
    Found, VerifyOptions,
    authorship::{self, trusted},
};
use crate::{
    backend::ClaimClass,
    capsule::{Capsule, Exit, PolicyRef, entry},
    container::Container,
    digest::Digest,
    policy::{self, Assurance, Facts, Manifests, Policy, PolicyReport, RuleOutcome, document_hash},
    reason::ReasonCode,
    refusal::Refusal,
    sentence,
    signature::Purpose,
    trust::{Signer, Trust},
    verdict::{Level, Report, Status},
};

/// Without a level that asks for it: signatures of manifests hold, and that is all.
pub(super) fn unjudged(container: &Container<'_>, capsule: &Capsule, options: &VerifyOptions) -> Found<()> {
    authorship::keys(container, capsule, Purpose::Manifests)?;
    let exit = ended_as_required(capsule, options)?;
    reaches(Status::ProofOnly, options)?;
    Ok(((), exit.map_or_else(sentence::not_asked_for, sentence::exit_as_required)))
}

/// A receipt above `proof-only`.
pub(super) struct Asked<'a> {
    pub(super) container: &'a Container<'a>,
    pub(super) capsule: &'a Capsule,
    pub(super) options: &'a VerifyOptions,
    pub(super) authors: &'a [Signer],
}

impl Asked<'_> {
    /// The status that the policy gives; the answers of the rules go into the report, whatever they are.
    pub(super) fn check(&self, claim_class: ClaimClass, report: &mut Report) -> Found<Status> {
        let named = self.named()?;
        report.signers = self.manifest_signers()?;
        let (document, assurance) = self.document(named)?;
        let policy = Policy::read(document).map_err(|error| Refusal::new(error.code(), error))?;
        if (&policy.id, &policy.version) != (&named.policy_id, &named.policy_version) {
            let detail = format!("the document is version {} of {}", policy.version, policy.id);
            return Err(Refusal::new(ReasonCode::PolicyHashMismatch, detail));
        }
        let unknown = || Refusal::new(ReasonCode::PolicyTrackUnknown, format!("there is no track {}", named.track_id));
        let track = policy.track(&named.track_id).ok_or_else(unknown)?;
        let manifests = self.manifests();
        let mut signers: Vec<Digest> = self.authors.iter().map(|author| author.key_id).collect();
        signers.sort_unstable();
        let facts = Facts {
            capsule: self.capsule,
            claim_class,
            security_bits: report.security_bits,
            manifests: &manifests,
            log: self.container.get(entry::EVENTS),
            signers: &signers,
            at: self.options.at,
        };
        let rules = policy::evaluate(track, &facts);
        let failed = rules.iter().find_map(|rule| Some((rule.code?, format!("{}: {}", rule.rule, rule.seen))));
        let passed = rules.iter().filter(|rule| rule.outcome == RuleOutcome::Pass).count();
        let detail = sentence::rules_hold(&policy.id, &policy.version, passed, rules.len());
        report.policy = Some(PolicyReport {
            policy_id: policy.id,
            policy_version: policy.version,
            policy_hash: named.policy_hash,
            track_id: named.track_id.clone(),
            assurance,
            rules,
        });
        if let Some((code, detail)) = failed {
            return Err(Refusal::new(code, detail));
        }
        ended_as_required(self.capsule, self.options)?;
        let status = Status::of_policy(assurance);
        if self.options.level == Level::Full {
            // What check 11 adds goes on top of a policy that the verifier pinned, never in its place.
            full_needs(assurance)?;
        } else {
            reaches(status, self.options)?;
        }
        Ok((status, detail))
    }

    /// The policy that the header names.
    fn named(&self) -> Result<&PolicyRef, Refusal> {
        let missing = |code, what| Refusal::new(code, format!("the receipt names no {what}"));
        let policy = self.capsule.header.policy_ref.as_ref();
        let policy = policy.filter(|policy| !policy.policy_id.is_empty());
        let policy = policy.ok_or_else(|| missing(ReasonCode::PolicyIdMissing, "policy"))?;
        if policy.policy_version.is_empty() {
            return Err(missing(ReasonCode::PolicyVersionMissing, "version of its policy"));
        }
        Ok(policy)
    }

    /// Who vouches for the manifests.
    fn manifest_signers(&self) -> Result<Vec<Signer>, Refusal> {
        let keys = authorship::keys(self.container, self.capsule, Purpose::Manifests)?;
        if keys.is_empty() {
            return Err(Refusal::new(ReasonCode::ManifestSignatureMissing, "nobody signed the manifests"));
        }
        let (_, registry, at) = trusted(self.options)?;
        let judged = keys.iter().map(|key| authorship::signer(registry, key, Purpose::Manifests, at));
        authorship::fit(judged, Purpose::Manifests)
    }

    /// The document that the header's hash names, and who says that it is the right one.
    fn document(&self, named: &PolicyRef) -> Result<(&[u8], Assurance), Refusal> {
        let refuse = |code, detail: String| Err(Refusal::new(code, detail));
        let (trust, _, _) = trusted(self.options)?;
        if let Some(document) = &self.options.policy {
            let document = document.as_bytes();
            if document.len() > self.options.limits.document_bytes {
                return refuse(ReasonCode::LimitExceeded, String::from("the policy is over the limit"));
            }
            let found = document_hash(document);
            if found != named.policy_hash {
                let known = Policy::read(document).is_ok_and(|policy| policy.id == named.policy_id);
                let code = if known { ReasonCode::PolicyHashMismatch } else { ReasonCode::PolicyUnknown };
                let detail = format!("the receipt was sealed under {} of {}", named.policy_hash, named.policy_id);
                return refuse(code, format!("{detail}, and {found} was asked for"));
            }
            return Ok((document, self.pinned(trust, named, Assurance::Attested)?));
        }
        let assurance = self.pinned(trust, named, Assurance::SelfReported)?;
        let missing =
            || Refusal::new(ReasonCode::PolicyDocumentMissing, "the policy neither travels along nor was given");
        Ok((self.container.get(entry::POLICY).ok_or_else(missing)?, assurance))
    }

    /// What the trust file says about the policy. Pinned documents always bind; the pinned registry binds where nothing else
    /// pins the policy.
    fn pinned(&self, trust: &Trust, named: &PolicyRef, so_far: Assurance) -> Result<Assurance, Refusal> {
        let mut assurance = so_far;
        let hashes = trust.policy(&named.policy_id).map(|policy| policy.hashes.as_slice()).unwrap_or_default();
        if !hashes.is_empty() {
            if !hashes.contains(&named.policy_hash) {
                let detail = format!("{} is not a document of {} that was pinned", named.policy_hash, named.policy_id);
                return Err(Refusal::new(ReasonCode::PolicyHashMismatch, detail));
            }
            assurance = Assurance::Attested;
        }
        let outside = |detail: String| Refusal::new(ReasonCode::PolicyNotInRegistry, detail);
        match (trust.policy_root, &self.options.policy_inclusion) {
            (Some(root), Some(inclusion)) => {
                inclusion.verify(root, &named.policy_hash).map_err(|error| outside(format!("{error}")))?;
                Ok(Assurance::Attested)
            }
            (Some(_), None) if assurance == Assurance::SelfReported => {
                Err(outside("nothing shows that it is in the registry that was pinned".into()))
            }
            _ => Ok(assurance),
        }
    }

    fn manifests(&self) -> Manifests<'_> {
        let mut contents = Manifests::new();
        contents.extend(self.capsule.payload.manifests.iter().filter_map(|manifest| {
            Some((manifest.name.as_str(), self.container.get(&entry::manifest(&manifest.name))?))
        }));
        contents
    }
}

fn full_needs(assurance: Assurance) -> Result<(), Refusal> {
    match assurance {
        Assurance::Attested => Ok(()),
        Assurance::SelfReported => {
            let detail = "full needs a policy that the verifier pinned, and the receipt alone names this one";
            Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail))
        }
    }
}

/// The exit code, when the verifier asked for one and the program ended with it.
fn ended_as_required(capsule: &Capsule, options: &VerifyOptions) -> Result<Option<u64>, Refusal> {
    let Some(required) = options.require_exit else { return Ok(None) };
    let found = match &capsule.payload.claim.exit {
        Some(Exit { code: Some(code), .. }) if *code == required => return Ok(Some(required)),
        Some(Exit { code: Some(code), .. }) => format!("the program ended with exit code {code}"),
        Some(Exit { signal, .. }) => format!("signal {} ended the program", signal.unwrap_or_default()),
        None => String::from("this backend states no exit code"),
    };
    Err(Refusal::new(ReasonCode::ExitNotAsRequired, format!("{found}, and {required} was required")))
}

/// Whether a status is what the verifier asked for.
fn reaches(status: Status, options: &VerifyOptions) -> Result<(), Refusal> {
    match options.require_status.filter(|required| status < *required) {
        Some(required) => {
            let detail = format!("{} was asked for, and this comes to {}", required.name(), status.name());
            Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail))
        }
        None => Ok(()),
    }
}
