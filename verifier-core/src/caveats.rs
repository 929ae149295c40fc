//! What an accepted receipt does *not* show (spec: `docs/spec/sentences.md`). Every verdict and every inspection lists it.

use alloc::{string::String, vec, vec::Vec};

use crate::{
    availability::Availability,
    backend::{Backend, ClaimClass},
    capsule::Capsule,
    policy::Assurance,
    run::RunReport,
    sentence::{self, Counted},
    trust,
};

/// What caveats depend on.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The capsule.
    pub capsule: &'a Capsule,
    /// The run that it is about.
    pub run: Option<&'a RunReport>,
    /// Whether an author has signed, trusted or not.
    pub signed: bool,
    /// What came of the policy, when trusted keys signed.
    pub policy: Option<Assurance>,
    /// How the archive was found to be available.
    pub availability: Option<&'a Availability>,
}

/// The caveats of a receipt, most important first.
pub fn of(known: &Known<'_>) -> Vec<String> {
    let backend = Backend::from_id(&known.capsule.header.backend_id);
    let mut caveats = of_class(backend);
    caveats.extend(known.of_signatures(backend));
    caveats.extend(known.of_capture());
    caveats.extend(known.of_archive());
    caveats.extend((backend != Some(Backend::LogV1)).then(sentence::correct));
    caveats
}

fn of_class(backend: Option<Backend>) -> Vec<String> {
    match backend {
        Some(Backend::GeomV1) => vec![sentence::no_program_of_yours(), sentence::soundness(), sentence::privacy()],
        Some(Backend::Rv32imV1) => vec![sentence::soundness(), sentence::privacy()],
        Some(Backend::LogV1) => vec![sentence::logged(), sentence::only_log()],
        Some(Backend::ProcessV1) | None => vec![sentence::happened()],
    }
}

impl Known<'_> {
    fn of_signatures(&self, backend: Option<Backend>) -> Vec<String> {
        let mut caveats = Vec::new();
        match self.policy {
            Some(assurance) => {
                caveats.extend((assurance == Assurance::SelfReported).then(sentence::rules_named));
                caveats.extend([sentence::signers_truthful(), sentence::signers_alone()]);
            }
            None => {
                let proven = backend.map(Backend::claim_class) == Some(ClaimClass::Proven);
                caveats.extend((!proven).then(sentence::made_up));
                caveats.push(if self.signed { sentence::nobody_asked() } else { sentence::nobody_signed() });
            }
        }
        caveats
    }

    fn of_capture(&self) -> Vec<String> {
        let Some((run, capture)) = self.run.and_then(|run| Some((run, run.capture.as_deref()?))) else {
            return Vec::new();
        };
        let mut caveats = vec![if capture == "observed" { sentence::observed() } else { sentence::declared() }];
        match &run.notes {
            Some(notes) => caveats.extend(notes.iter().map(|note| of_note(note))),
            None => caveats.push(sentence::no_notes()),
        }
        caveats
    }

    fn of_archive(&self) -> Option<String> {
        let missing: u64 = self
            .capsule
            .payload
            .artifacts
            .iter()
            .filter(|artifact| !artifact.embedded)
            .fold(0, |sum, artifact| sum.saturating_add(artifact.size));
        let all_here = self.capsule.payload.artifacts.iter().all(|artifact| artifact.embedded);
        match self.availability {
            _ if all_here => None,
            None => Some(sentence::files_exist(Counted(missing, "byte"))),
            Some(Availability::Complete) => None,
            Some(Availability::Live { .. }) => Some(sentence::still_available()),
            Some(Availability::Attested { by, .. }) => Some(sentence::attesters_word(trust::names(by))),
            Some(Availability::Archival { .. }) => Some(sentence::known_rows()),
        }
    }
}

fn of_note(note: &str) -> String {
    match note {
        "stdin_not_kept" => sentence::stdin_not_kept(),
        "left_behind_ended" => sentence::left_behind_ended(),
        "output_cut" => sentence::output_cut(),
        "network" => sentence::network(),
        "io_uring" => sentence::io_uring(),
        "hidden_process" => sentence::hidden_process(),
        "foreign_architecture" => sentence::foreign_architecture(),
        "no_new_privileges" => sentence::no_new_privileges(),
        _ => sentence::other_note(note),
    }
}
