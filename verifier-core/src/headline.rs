//! The headline of an accepted receipt (spec: `docs/spec/sentences.md`): one paragraph, the same in a terminal, in Node and on a page.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{availability::Availability, backend::Backend, policy::Assurance, run::RunReport, sentence, trust};

/// What a verdict comes to in one word, which also decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Accepted, and a program's run is proven.
    Proven,
    /// Accepted, and what is proven is the run of a machine that runs no program of the user's.
    Demonstration,
    /// Accepted, as its maker's record.
    Witnessed,
    /// Accepted, and the program failed: never shown in the colour of success.
    Failed,
    /// Not accepted.
    Refused,
}

impl Conclusion {
    /// Of a receipt that is accepted.
    pub(crate) const fn of(backend: Backend, run: Option<&RunReport>) -> Self {
        match (run, backend) {
            (Some(RunReport { failed: true, .. }), _) => Self::Failed,
            (_, Backend::Rv32imV1) => Self::Proven,
            (_, Backend::GeomV1) => Self::Demonstration,
            (_, Backend::ProcessV1 | Backend::LogV1) => Self::Witnessed,
        }
    }

    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Demonstration => "demonstration",
            Self::Witnessed => "witnessed",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// The sentences of a headline, in their order.
pub(crate) fn of(
    backend: Backend,
    run: Option<&RunReport>,
    policy: Option<Assurance>,
    availability: Option<&Availability>,
) -> String {
    let mut sentences = Vec::new();
    sentences.extend(run.filter(|run| run.failed).map(failure));
    sentences.push(match backend {
        Backend::ProcessV1 => sentence::record_intact(),
        Backend::Rv32imV1 => sentence::program_proven(run.and_then(|run| run.exit_code).unwrap_or_default()),
        Backend::GeomV1 => sentence::demonstration_proven(),
        Backend::LogV1 => sentence::log_intact(),
    });
    sentences.extend(policy.map(|assurance| match assurance {
        Assurance::SelfReported => sentence::rules_self_reported(),
        Assurance::Attested => sentence::rules_pinned(),
    }));
    sentences.extend(availability.map(|availability| match availability {
        Availability::Complete => sentence::archive_here(),
        Availability::Live { .. } => sentence::archive_sampled(),
        Availability::Attested { by, .. } => sentence::archive_attested(trust::names(by)),
        Availability::Archival { by, .. } => sentence::archive_committed(trust::names(by)),
    }));
    sentences.join(" ")
}

fn failure(run: &RunReport) -> String {
    match (run.exit_code, run.signal) {
        (_, Some(signal)) => sentence::signal_failed(signal),
        (code, None) => sentence::exit_failed(code.unwrap_or_default()),
    }
}
