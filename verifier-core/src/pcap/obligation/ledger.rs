//! The obligations of a log, and the verdict on them.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use serde::{Serialize, Serializer};

use super::{
    Citation, Level, MAX_RECORDS, Obligation, ObligationError, Outcome, ProofRef, Record, Requirement, Resolution,
};
use crate::digest::Digest;

/// What is known of one check of one subject.
#[derive(Clone, Debug, Default)]
struct State {
    /// Lines of outcomes that are failures, the first one.
    failed: Option<u64>,
    /// Passes: level, line and proof.
    verified: Vec<(Level, u64, ProofRef)>,
}

/// Says what a proof reference comes to.
pub type Resolver<'a> = &'a mut dyn FnMut(&Citation<'_>) -> Resolution;

/// The obligations of a log.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    states: BTreeMap<(String, String, Digest), State>,
    /// The subject that a check was last recorded for.
    latest: BTreeMap<(String, String), Digest>,
    records: usize,
}

impl Ledger {
    /// Takes the obligation of line `seq`; lines come in order.
    ///
    /// # Errors
    /// [`ObligationError::TooMany`].
    pub fn record(&mut self, seq: u64, record: Record) -> Result<(), ObligationError> {
        let Record { obligation: Obligation { policy_id, invariant_id, result, proof_ref }, subject, level } = record;
        self.records = self.records.checked_add(1).filter(|n| *n <= MAX_RECORDS).ok_or(ObligationError::TooMany)?;
        self.latest.insert((policy_id.clone(), invariant_id.clone()), subject);
        let state = self.states.entry((policy_id, invariant_id, subject)).or_default();
        match result {
            Outcome::Verified => state.verified.push((level, seq, proof_ref)),
            Outcome::Failed | Outcome::Error => {
                state.failed.get_or_insert(seq);
            }
            Outcome::Skipped => {}
        }
        Ok(())
    }

    /// Number of lines that recorded an obligation.
    pub const fn records(&self) -> usize {
        self.records
    }

    /// Judges what is required; when nothing is, everything that was recorded, each at level S0 at least.
    pub fn judge(&self, requirements: &[Requirement], level: Level, resolve: Resolver<'_>) -> Judgement {
        let recorded = self.latest.keys().map(|(policy_id, invariant_id)| Requirement {
            policy_id: policy_id.clone(),
            invariant_id: invariant_id.clone(),
            level: Level::S0,
            subject: None,
        });
        let mut required = BTreeSet::new();
        required.extend(requirements.iter().cloned());
        if requirements.is_empty() {
            required.extend(recorded);
        }
        let judged: Vec<Judged> = required.into_iter().map(|r| self.judge_one(r, level, resolve)).collect();
        let any = |answer| judged.iter().any(|judged| judged.answer == answer);
        let answer = if any(Answer::Violated) {
            Answer::Violated
        } else if judged.is_empty() || any(Answer::Incomplete) {
            Answer::Incomplete
        } else {
            Answer::Satisfied
        };
        Judgement { answer, obligations: judged }
    }

    fn judge_one(&self, required: Requirement, level: Level, resolve: Resolver<'_>) -> Judged {
        let Requirement { policy_id, invariant_id, level: required_level, subject } = required;
        let key = (policy_id, invariant_id);
        let subject = subject.or_else(|| self.latest.get(&key).copied());
        let (policy_id, invariant_id) = key;
        let state = subject.and_then(|subject| {
            self.states.get(&(policy_id.clone(), invariant_id.clone(), subject)).map(|state| (subject, state))
        });
        let judged = state.map(|(subject, state)| state.judge(&subject, required_level, level, resolve));
        let (why, line) = judged.unwrap_or((Why::NotRecorded, None));
        Judged { policy_id, invariant_id, subject, answer: why.answer(), why, line }
    }
}

impl State {
    fn judge(&self, subject: &Digest, required: Level, level: Level, resolve: Resolver<'_>) -> (Why, Option<u64>) {
        if let Some(line) = self.failed {
            return (Why::Failed, Some(line));
        }
        let mut best = (Why::NotVerified, None);
        for (checked_at, line, proof_ref) in &self.verified {
            // At level S0 references are not resolved.
            let citation = Citation { proof_ref, subject, line: *line };
            let counts = *checked_at >= required;
            let why = match (counts && level > Level::S0).then(|| resolve(&citation)) {
                _ if !counts => Why::LevelTooLow,
                Some(Resolution::Refused) => return (Why::ProofRefused, Some(*line)),
                Some(Resolution::Missing) => Why::ProofMissing,
                Some(Resolution::Foreign) => Why::ProofForeign,
                Some(Resolution::Present) if level == Level::S2 => Why::ProofNotVerified,
                _ => return (Why::Verified, Some(*line)),
            };
            best = (why, Some(*line));
        }
        best
    }
}

words! {
    /// The verdict on obligations, or on one of them.
    Answer {
        /// Everything required was checked and holds.
        Satisfied "satisfied",
        /// Something required does not hold.
        Violated "violated",
        /// Something required was not shown.
        Incomplete "incomplete",
    }
}

words! {
    /// Why an obligation is judged as it is.
    Why {
        /// It was verified, as far as the level asks.
        Verified "verified",
        /// A check of this subject failed, or could not be carried out. Later passes of the same subject do not count.
        Failed "failed",
        /// Its proof is at hand and does not verify.
        ProofRefused "proof_refused",
        /// No line records it.
        NotRecorded "not_recorded",
        /// It was recorded, and not as verified.
        NotVerified "not_verified",
        /// It was verified at a lower level than required.
        LevelTooLow "level_too_low",
        /// Its proof is not at hand.
        ProofMissing "proof_missing",
        /// Its proof verifies, and is about something else.
        ProofForeign "proof_foreign",
        /// Its proof is at hand, and is none that can be verified.
        ProofNotVerified "proof_not_verified",
    }
}

impl Why {
    const fn answer(self) -> Answer {
        match self {
            Self::Verified => Answer::Satisfied,
            Self::Failed | Self::ProofRefused => Answer::Violated,
            Self::NotRecorded
            | Self::NotVerified
            | Self::LevelTooLow
            | Self::ProofMissing
            | Self::ProofForeign
            | Self::ProofNotVerified => Answer::Incomplete,
        }
    }
}

/// The verdict on all obligations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The verdict. Nothing required and nothing recorded is incomplete.
    pub answer: Answer,
    /// The verdict on each, sorted.
    pub obligations: Vec<Judged>,
}

/// The verdict on one obligation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The policy.
    pub policy_id: String,
    /// What was to be checked.
    pub invariant_id: String,
    /// Of what; `None` when nothing was recorded.
    pub subject: Option<Digest>,
    /// The verdict.
    pub answer: Answer,
    /// Why.
    pub why: Why,
    /// The line that decided.
    pub line: Option<u64>,
}
