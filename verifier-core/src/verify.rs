//! The one list of checks (spec: `docs/spec/verdict.md`).
//!
//! [`verify`] narrates it; each step is one call, in the order of the specification, and the first failure ends it. Nothing in
//! the receipt chooses what is checked: the level and the limits come from the caller, everything else from the backend.

mod archive;
mod authorship;
mod availability;
mod binding;
mod event_log;
mod evidence;
mod options;
mod policy;
mod proof;
mod relayed;

use alloc::format;

use archive::Seen;
pub use availability::{Draw, Plan, plan, plan_of};
pub use evidence::evidence;
pub use options::{Attestations, Challenged, Samples, VerifyOptions};

use crate::{
    backend::Backend,
    capsule::Capsule,
    container::Container,
    inspect,
    limits::Limits,
    reason::ReasonCode,
    refusal::Refusal,
    run::RunReport,
    sentence::{self, Counted},
    verdict::{CheckId, Level, Report, Status, Verdict},
};

/// Checks a receipt. Hostile bytes cost time linear in their number and never panic.
pub fn verify(bytes: &[u8], options: &VerifyOptions) -> Verdict {
    let mut report = Report::new(options.level);
    match narrate(bytes, options, &mut report) {
        Ok((capsule, backend, status)) => report.accept(&capsule, backend, status),
        Err(refusal) => report.reject(&refusal),
    }
}

/// The verdict on a file of `length` bytes that is too long to be looked at; `None` when [`verify`] has to see it. Spares
/// whoever would have to copy the file first.
pub fn refuse_length(length: usize, options: &VerifyOptions) -> Option<Verdict> {
    let error = Container::check_length(length, &options.limits).err()?;
    let mut report = Report::new(options.level);
    let refusal = Refusal::new(error.code(), error);
    report.check(CheckId::Container, Err::<((), _), _>(refusal.clone())).err()?;
    Some(report.reject(&refusal))
}

/// A receipt that is accepted, its backend, and what it reaches.
type Accepted = (Capsule, Backend, Status);

fn narrate(bytes: &[u8], options: &VerifyOptions, report: &mut Report) -> Result<Accepted, Refusal> {
    let limits = &options.limits;

    // 1. The file is a canonical container.
    let container = report.check(CheckId::Container, container(bytes, limits))?;

    // 2. The capsule is canonical CBOR of a known schema, from a registered backend.
    let (capsule, backend) = report.check(CheckId::Capsule, capsule(&container, limits))?;
    report.backend = Some(backend.id().into());

    // 3. Payload, header and capsule hash to what they state, and to what the caller expects.
    report.check(CheckId::Hashes, binding::hashes(&capsule, options.expected_capsule_hash))?;
    report.capsule_hash = Some(capsule.capsule_hash);

    // 4. Trace spec, statement and claim are those of the backend, and say the same.
    report.check(CheckId::Statement, binding::statement(&capsule, backend))?;

    // 5. The instance hash binds all of it.
    report.check(CheckId::Instance, binding::instance(&capsule))?;

    // 6. The proof holds, where the backend proves.
    match backend {
        Backend::GeomV1 => {
            let bits = report.check(CheckId::Proof, proof::geom(&container, &capsule, limits))?;
            report.security_bits = Some(bits);
        }
        Backend::Rv32imV1 => {
            let bits = report.check(CheckId::Proof, proof::rv32im(&container, &capsule, limits))?;
            report.security_bits = Some(bits);
        }
        Backend::ProcessV1 => report.skip(CheckId::Proof, sentence::run_not_proven()),
        Backend::LogV1 => report.skip(CheckId::Proof, sentence::log_not_proven()),
    }

    // 7. Artifacts and manifests are those committed to, and nothing else travels along. What was not looked at has not passed.
    let seen = archive::check(&container, &capsule);
    match seen {
        Ok((Seen::Part, _)) => report.glance(CheckId::Archive, seen)?,
        _ => report.check(CheckId::Archive, seen)?,
    };

    // 8. The event log is the one committed to, and agrees with the claim.
    match &capsule.header.anchor {
        Some(anchor) => {
            report.check(CheckId::EventLog, event_log::check(&container, &capsule, backend, anchor, limits))?
        }
        None => report.skip(CheckId::EventLog, sentence::no_log()),
    }
    report.claim_class = Some(backend.claim_class());
    report.run = RunReport::of(&container, &capsule);
    report.signed = inspect::is_signed(&container);

    // 9. Signatures of authors hold; above proof-only, one is by somebody trusted who may seal under this policy.
    let mut status = Status::ProofOnly;
    if options.level == Level::ProofOnly {
        report.glance(CheckId::Authorship, authorship::unjudged(&container, &capsule))?;
        report.glance(CheckId::Policy, policy::unjudged(&container, &capsule, options))?;
    } else {
        let authors = report.check(CheckId::Authorship, authorship::check(&container, &capsule, options))?;

        // 10. Manifests are signed by somebody trusted, the policy is the right one, and its rules hold.
        let facts = policy::Asked { container: &container, capsule: &capsule, options, authors: &authors };
        let found = facts.check(backend.claim_class(), report);
        status = report.check(CheckId::Policy, found)?;
        let manifest_signers = core::mem::take(&mut report.signers);
        report.signers = authors.into_iter().chain(manifest_signers).collect();
    }

    // 11. The archive is available: it travels, or sampled rows of it were. What is given to show it is judged at every level.
    if options.level == Level::Full || options.shows_availability() {
        let found = availability::check(&container, &capsule, options);
        report.availability = Some(report.check(CheckId::Availability, found)?);
    } else {
        report.skip(CheckId::Availability, sentence::not_asked_for());
    }
    let status = if options.level == Level::Full { Status::FullyVerified } else { status };

    Ok((capsule, backend, status))
}

type Found<T> = Result<(T, alloc::string::String), Refusal>;

fn container<'a>(bytes: &'a [u8], limits: &Limits) -> Found<Container<'a>> {
    let container = Container::parse(bytes, limits).map_err(|error| Refusal::new(error.code(), error))?;
    let detail = sentence::in_canonical_form(Counted(container.entries().len() as u64, "entry"));
    Ok((container, detail))
}

fn capsule(container: &Container<'_>, limits: &Limits) -> Found<(Capsule, Backend)> {
    let capsule = inspect::capsule(container, limits)?;
    let backend = Backend::from_id(&capsule.header.backend_id).ok_or_else(|| {
        Refusal::new(ReasonCode::ProofSystemMismatch, format!("the backend {:?} is unknown", capsule.header.backend_id))
    })?;
    Ok(((capsule, backend), sentence::a_capsule(backend.id())))
}
