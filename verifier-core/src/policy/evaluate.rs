//! Evaluation: each rule looks at the facts once.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::Value;

use super::{RuleAnswer, RuleOutcome, Track, rule::Rule};
use crate::{
    backend::ClaimClass,
    capsule::{Capsule, Exit},
    digest::Digest,
    event_log, manifest,
    pcap::obligation::{self, Citation, Judged, Judgement, Level, ProofRef, Requirement, Resolution},
    sentence::Counted,
};

/// Contents of manifests, by name.
pub type Manifests<'a> = BTreeMap<&'a str, &'a [u8]>;

/// What rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The capsule.
    pub capsule: &'a Capsule,
    /// What stands behind its claim.
    pub claim_class: ClaimClass,
    /// Proven bits of security of the proof that was checked.
    pub security_bits: Option<u32>,
    /// The manifests.
    pub manifests: &'a Manifests<'a>,
    /// The event log, for backends that keep one.
    pub log: Option<&'a [u8]>,
    /// Identities of the keys that signed as authors and may do so, in ascending order.
    pub signers: &'a [Digest],
    /// The verifier's time: milliseconds since the Unix epoch.
    pub at: Option<u64>,
}

/// Every rule's answer, in order.
pub fn evaluate(track: &Track, facts: &Facts<'_>) -> Vec<RuleAnswer> {
    let answer = |rule: &Rule| {
        let (outcome, seen) = facts.judge(rule);
        let code = (outcome == RuleOutcome::Fail).then(|| rule.code());
        RuleAnswer { rule: rule.name(), outcome, code, seen }
    };
    track.rules.iter().map(answer).collect()
}

type Answer = (RuleOutcome, String);

fn answer(holds: bool, seen: impl ToString) -> Answer {
    (if holds { RuleOutcome::Pass } else { RuleOutcome::Fail }, seen.to_string())
}

fn not_applicable(why: &str) -> Answer {
    (RuleOutcome::NotApplicable, why.into())
}

impl Facts<'_> {
    fn judge(&self, rule: &Rule) -> Answer {
        let Capsule { header, payload, .. } = self.capsule;
        match rule {
            Rule::Backends(allowed) => answer(allowed.contains(&header.backend_id), &header.backend_id),
            Rule::RequireClaim(class) => {
                answer(self.claim_class == *class || self.claim_class == ClaimClass::Proven, self.claim_class.name())
            }
            Rule::MinSecurityBits(bits) => match self.security_bits {
                Some(found) => answer(u64::from(found) >= *bits, Counted(found.into(), "bit")),
                None => answer(false, "no proof"),
            },
            Rule::Programs(allowed) => match payload.claim.code.iter().find(|file| !allowed.contains(&file.digest)) {
                Some(file) => answer(false, format!("{} {}", file.path, file.digest)),
                None if payload.claim.code.is_empty() => answer(false, "the claim names no code"),
                None => answer(true, Counted(payload.claim.code.len() as u64, "code file")),
            },
            Rule::Inputs(allowed) => match payload.claim.inputs.iter().find(|file| !allowed.contains(&file.digest)) {
                Some(file) => answer(false, format!("{} {}", file.path, file.digest)),
                None => answer(true, Counted(payload.claim.inputs.len() as u64, "input")),
            },
            Rule::RequiredPublicOutputs(names) => {
                let inputs = payload.statement.public_inputs.iter().map(|input| input.name.as_str());
                let outputs = payload.claim.outputs.iter().map(|file| file.path.as_str());
                let mut there = BTreeSet::new();
                there.extend(inputs.chain(outputs));
                match names.iter().find(|name| !there.contains(name.as_str())) {
                    Some(name) => answer(false, format!("{name:?} is missing")),
                    None => answer(true, Counted(names.len() as u64, "name")),
                }
            }
            Rule::ExitCodes(allowed) => match payload.claim.exit {
                Some(Exit { code: Some(code), .. }) => answer(allowed.contains(&code), format!("exit code {code}")),
                Some(Exit { signal, .. }) => answer(false, format!("signal {}", signal.unwrap_or_default())),
                None => not_applicable("this backend has no exit code"),
            },
            Rule::Capture(allowed) => match &payload.run {
                Some(run) => answer(allowed.contains(&run.capture), &run.capture),
                None => not_applicable("this backend captures nothing"),
            },
            Rule::CaptureNotes(allowed) => self.capture_notes(allowed),
            Rule::MaxAgeSeconds(seconds) => self.age(*seconds),
            Rule::Environment(allowed) => {
                let variables = &payload.claim.environment.variables;
                match variables.iter().find(|variable| !allowed.contains(&variable.name)) {
                    Some(variable) => answer(false, &variable.name),
                    None => answer(true, Counted(variables.len() as u64, "variable")),
                }
            }
            Rule::ForbidNetwork => self.network(),
            Rule::Manifests(names) => match names.iter().find(|name| !self.manifests.contains_key(name.as_str())) {
                Some(name) => answer(false, format!("{name:?} is missing")),
                None => answer(true, Counted(names.len() as u64, "manifest")),
            },
            Rule::ForbidGpu => match self.fact("cpu", "gpu_devices").as_ref().and_then(Value::as_array) {
                Some(devices) => answer(devices.is_empty(), Counted(devices.len() as u64, "GPU device")),
                None => answer(false, "no manifest says whether there was one"),
            },
            Rule::ImageDigests(allowed) => match self.fact("container", "image_digest") {
                Some(Value::String(digest)) => answer(allowed.contains(&digest), digest),
                _ => answer(false, "no manifest names the image"),
            },
            Rule::RequireDeterministicBuild => match self.fact("build", "deterministic") {
                Some(Value::Bool(deterministic)) => answer(deterministic, deterministic),
                _ => answer(false, "no manifest says whether it was"),
            },
            Rule::Obligations(required) => self.obligations(required),
            Rule::Signers { allowed, threshold } => {
                let signed = self.signers.iter().filter(|signer| allowed.contains(signer)).count();
                let enough = u64::try_from(signed).is_ok_and(|signed| signed >= *threshold);
                answer(enough, format!("{signed} of {threshold}"))
            }
        }
    }

    fn age(&self, most: u64) -> Answer {
        let (Some(run), Some(at)) = (&self.capsule.payload.run, self.at) else {
            return answer(false, "no time is stated");
        };
        match at.checked_sub(run.started_at_ms) {
            Some(age) => answer(age <= most.saturating_mul(1000), Counted(age / 1000, "second")),
            None => answer(false, "started after the time of this verification"),
        }
    }

    fn network(&self) -> Answer {
        if self.claim_class == ClaimClass::Proven {
            return not_applicable("this backend has no network");
        }
        let mode = self.fact(manifest::CAPTURE, "mode");
        match (self.notes(), mode.as_ref().and_then(Value::as_str)) {
            (Some(notes), Some("observed")) => {
                let used = notes.iter().any(|note| note == manifest::NETWORK);
                answer(!used, if used { "used" } else { "not used" })
            }
            _ => answer(false, "the run was not observed"),
        }
    }

    /// The notes of the capture, where they are stated.
    fn notes(&self) -> Option<Vec<String>> {
        manifest::notes(self.manifests.get(manifest::CAPTURE)?)
    }

    fn capture_notes(&self, allowed: &BTreeSet<String>) -> Answer {
        if self.capsule.payload.run.is_none() {
            return not_applicable("this backend captures nothing");
        }
        let Some(notes) = self.notes() else { return answer(false, "no manifest states them") };
        match notes.iter().find(|note| !allowed.contains(*note)) {
            Some(note) => answer(false, note),
            None => answer(true, Counted(notes.len() as u64, "note")),
        }
    }

    fn obligations(&self, required: &BTreeSet<Requirement>) -> Answer {
        let Some(log) = self.log else { return answer(false, "this backend keeps no log") };
        let required: Vec<Requirement> = required.iter().cloned().collect();
        let Some(judgement) = judged(self.capsule, log, &required) else {
            return answer(false, "the log records what is no obligation");
        };
        match judgement.obligations.iter().find(|judged| judged.answer != obligation::Answer::Satisfied) {
            Some(judged) => {
                let detail = format!("{} of {}: {}", judged.invariant_id, judged.policy_id, judged.why.name());
                answer(false, detail)
            }
            None => answer(true, Counted(judgement.obligations.len() as u64, "passed check")),
        }
    }

    /// A fact of a manifest.
    fn fact(&self, name_of: &str, name: &str) -> Option<Value> {
        manifest::object(self.manifests.get(name_of)?)?.remove(name)
    }
}

/// The checks that a receipt's log records as passed, each at the highest level at which it was: what the rule `obligations` could require of
/// it, of any subject.
pub fn passed_obligations(capsule: &Capsule, log: &[u8]) -> Vec<Requirement> {
    let satisfied = |required: &[Requirement]| {
        let judged = judged(capsule, log, required).map(|judgement| judgement.obligations).unwrap_or_default();
        judged.into_iter().filter(|judged| judged.answer == obligation::Answer::Satisfied)
    };
    let recorded: BTreeSet<Requirement> = satisfied(&[])
        .map(|Judged { policy_id, invariant_id, .. }| Requirement {
            policy_id,
            invariant_id,
            level: Level::S0,
            subject: None,
        })
        .collect();
    let highest = |requirement: Requirement| {
        let at = |level| Requirement { level, ..requirement.clone() };
        [Level::S2, Level::S1, Level::S0]
            .map(at)
            .into_iter()
            .find(|it| satisfied(core::slice::from_ref(it)).next().is_some())
    };
    recorded.into_iter().filter_map(highest).collect()
}

/// The verdict on obligations at level S1. Proofs are at hand when they travel in the receipt. `None` when the log records what is none.
fn judged(capsule: &Capsule, log: &[u8], required: &[Requirement]) -> Option<Judgement> {
    let ledger = event_log::ledger(log).ok()?;
    let travels = |digest: &Digest| {
        capsule.payload.artifacts.iter().any(|artifact| artifact.embedded && artifact.digest == *digest)
    };
    let log_id = event_log::identity(log);
    let mut resolve = |citation: &Citation<'_>| match citation.proof_ref {
        ProofRef::Content(digest) if travels(digest) => Resolution::Present,
        ProofRef::Line { log_id: of, seq } if *of == log_id && *seq < citation.line => Resolution::Present,
        _ => Resolution::Missing,
    };
    Some(ledger.judge(required, Level::S1, &mut resolve))
}
