//! The report on a log (spec: `docs/spec/pcap.md`): what was checked, how far, and what that does not show.
//!
//! The log passes by in pieces, in bounded memory. Asked is for a [`Level`]; a prerequisite that is missing refuses, and never lowers
//! the level in silence. Without a checkpoint the report says `unanchored`: a cut at the end would not be seen.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;

use super::{
    checkpoint::{Checkpoint, CheckpointError, TreeHead},
    log::{self, Log, LogError, Part},
    obligation::{Answer, Citation, Judgement, Ledger, Level, ObligationError, ProofRef, Record, Resolution},
    options::Options,
    witness::Witnessed,
};
use crate::{
    digest::Digest,
    reason::{ExitCode, ReasonCode},
    refusal::Refusal,
};

/// The schema of this version's reports.
pub const SCHEMA: &str = "capseal/log-report/v1";

/// How firmly a log's length is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchoring {
    /// No checkpoint: the end may have been cut off.
    Unanchored,
    /// It extends a checkpoint whose signature was not checked, as no key is trusted.
    Held,
    /// It extends a checkpoint that a trusted key signed.
    Anchored,
}

/// Says what a content, by its digest, comes to as a proof about a subject.
pub type ContentResolver<'a> = &'a mut dyn FnMut(&Digest, &Digest) -> Resolution;

/// Checks a log that is whole in memory.
pub fn verify_log(log: &[u8], options: Options, resolve: ContentResolver<'_>) -> Report {
    let level = options.level;
    let mut examination = Examination::new(options);
    match examination.read(log) {
        Ok(()) => examination.finish(resolve),
        Err(refusal) => Report::refused(level, examination.log(), refusal),
    }
}

/// A log under examination.
#[derive(Clone, Debug)]
pub struct Examination {
    options: Options,
    log: Log,
    ledger: Ledger,
    /// Root at the checkpoint's size.
    anchor: Option<Digest>,
}

impl Examination {
    /// Starts with nothing read.
    pub fn new(options: Options) -> Self {
        Self { options, log: Log::default(), ledger: Ledger::default(), anchor: None }
    }

    /// Takes the next lines, each ended by a line feed.
    ///
    /// # Errors
    /// The first rule that is broken; the log is refused then.
    pub fn read(&mut self, lines: &[u8]) -> Result<(), Refusal> {
        for line in log::whole_lines(lines).map_err(refused)? {
            let entry = self.log.follow(line).map_err(refused)?;
            if entry.is_obligation() {
                self.record(line)?;
            }
            if self.anchor_size() == Some(self.log.chain().lines()) {
                self.anchor = Some(self.log.root());
            }
        }
        Ok(())
    }

    /// Takes the next lines, which were checked apart; `lines` are those that `part` was made of.
    ///
    /// # Errors
    /// As [`Examination::read`].
    pub fn read_part(&mut self, part: Result<Part, LogError>, lines: &[u8]) -> Result<(), Refusal> {
        let reaches_anchor = |part: &Part| self.anchor_size().is_some_and(|size| part.contains(size));
        match part {
            Ok(part) if !reaches_anchor(&part) && self.log.join(&part).is_ok() => {
                part.obligations().iter().try_for_each(|line| self.record(line))
            }
            _ => self.read(lines),
        }
    }

    fn anchor_size(&self) -> Option<u64> {
        self.options.checkpoint.as_ref().map(|checkpoint| checkpoint.head.size)
    }

    fn record(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let malformed = |error: ObligationError| Refusal::new(error.code(), error);
        let event = log::event(line).ok_or_else(|| malformed(ObligationError::Malformed))?;
        let seq = event.get("seq").and_then(serde_json::Value::as_u64).unwrap_or_default();
        let record = Record::from_event(&event).map_err(malformed)?;
        self.ledger.record(seq, record).map_err(malformed)
    }

    /// The log as far as it was read.
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Ends the log and judges it.
    pub fn finish(self, resolve: ContentResolver<'_>) -> Report {
        let (vouched, refusal) = match self.check_end() {
            Ok(vouched) => (vouched, None),
            Err(refusal) => ((Anchoring::Unanchored, Vec::new()), Some(refusal)),
        };
        let chain = self.log.chain();
        let mut resolve_any = |citation: &Citation<'_>| match citation.proof_ref {
            ProofRef::Content(digest) => resolve(digest, citation.subject),
            // What was written before the check may stand behind it, and verifies nothing.
            ProofRef::Line { log_id, seq } if Some(*log_id) == chain.log_id() && *seq < citation.line => {
                Resolution::Present
            }
            ProofRef::Line { .. } | ProofRef::Elsewhere(_) => Resolution::Missing,
        };
        let obligations = self.ledger.judge(&self.options.requirements, self.options.level, &mut resolve_any);
        let refusal = refusal.or_else(|| self.judged(&obligations));
        let head = chain.log_id().map(|log_id| TreeHead { log_id, size: chain.lines(), root: self.log.root() });
        Report::new(self.options.level, head, chain.is_closed(), vouched, Some(obligations), refusal)
    }

    /// How firmly the length is known, and by whom else.
    fn check_end(&self) -> Result<(Anchoring, Vec<Witnessed>), Refusal> {
        let chain = self.log.chain();
        let log_id = chain.log_id().ok_or_else(|| refused(LogError::TornTail))?;
        let (anchoring, witnessed) = self.options.vouched()?;
        if let Some(checkpoint) = &self.options.checkpoint {
            self.check_anchor(checkpoint, log_id).map_err(|error| Refusal::new(error.code(), error))?;
        }
        if self.options.level > Level::S0 && anchoring != Anchoring::Anchored {
            let detail = "levels S1 and S2 need a checkpoint that a trusted key signed";
            return Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail));
        }
        if self.options.sealed && !chain.is_closed() {
            return Err(Refusal::new(ReasonCode::LogNotSealed, "the log has no closing line"));
        }
        Ok((anchoring, witnessed))
    }

    fn check_anchor(&self, checkpoint: &Checkpoint, log_id: Digest) -> Result<(), CheckpointError> {
        let TreeHead { log_id: expected_id, size, root } = checkpoint.head;
        if expected_id != log_id {
            return Err(CheckpointError::OtherLog);
        }
        let found = self.log.chain().lines();
        if found < size {
            return Err(CheckpointError::Cut { expected: size, found });
        }
        if self.anchor == Some(root) { Ok(()) } else { Err(CheckpointError::Forked) }
    }

    /// What the obligations refuse. A log in which nothing is recorded and of which nothing is required is judged as a log.
    fn judged(&self, obligations: &Judgement) -> Option<Refusal> {
        let nothing = self.options.requirements.is_empty() && self.ledger.records() == 0;
        let (code, detail) = match obligations.answer {
            Answer::Satisfied => return None,
            Answer::Incomplete if nothing => return None,
            Answer::Violated => (ReasonCode::ObligationViolated, "an obligation does not hold"),
            Answer::Incomplete => (ReasonCode::ObligationIncomplete, "an obligation was not shown to hold"),
        };
        Some(Refusal::new(code, detail))
    }
}

fn refused(error: LogError) -> Refusal {
    Refusal::new(error.code(), error)
}

/// The report on a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Whether the log is accepted at the level asked for.
    pub accepted: bool,
    /// The level asked for.
    pub level: Level,
    /// The level reached; `None` when the log is refused.
    pub reached: Option<Level>,
    /// The log's identity.
    pub log_id: Option<Digest>,
    /// Number of lines.
    pub size: u64,
    /// Root of the tree over the lines.
    pub root: Option<Digest>,
    /// Whether the log is closed.
    pub sealed: bool,
    /// How firmly the length is known; `None` when the log is refused.
    pub anchoring: Option<Anchoring>,
    /// Who cosigned the checkpoint, of those that were asked for; nobody when the log is refused.
    pub witnessed: Vec<Witnessed>,
    /// The verdict on obligations; `None` when the log could not be read to its end.
    pub obligations: Option<Judgement>,
    /// Why the log is refused.
    pub reason: Option<ReasonCode>,
    /// The reason in words.
    pub detail: Option<String>,
    /// What the command exits with.
    pub verifier_exit_status: u8,
    /// What an accepted log does not show.
    pub not_shown: Vec<&'static str>,
}

impl Report {
    /// The report on a log that could not be read to its end.
    pub fn refused(level: Level, read: &Log, refusal: Refusal) -> Self {
        let chain = read.chain();
        let head = chain.log_id().map(|log_id| TreeHead { log_id, size: chain.lines(), root: read.root() });
        Self::new(level, head, chain.is_closed(), (Anchoring::Unanchored, Vec::new()), None, Some(refusal))
    }

    fn new(
        level: Level,
        head: Option<TreeHead>,
        sealed: bool,
        (anchoring, witnessed): (Anchoring, Vec<Witnessed>),
        obligations: Option<Judgement>,
        refusal: Option<Refusal>,
    ) -> Self {
        let reason = refusal.as_ref().map(|refusal| refusal.code);
        let accepted = reason.is_none();
        Self {
            schema: SCHEMA,
            accepted,
            level,
            reached: accepted.then_some(level),
            log_id: head.map(|head| head.log_id),
            size: head.map_or(0, |head| head.size),
            root: head.map(|head| head.root),
            sealed,
            anchoring: accepted.then_some(anchoring),
            not_shown: if accepted { not_shown(sealed, anchoring, &witnessed, level) } else { Vec::new() },
            witnessed: if accepted { witnessed } else { Vec::new() },
            obligations,
            reason,
            detail: refusal.map(|refusal| refusal.detail.to_string()),
            verifier_exit_status: reason.map_or(ExitCode::Verified, ReasonCode::exit_code).number(),
        }
    }

    /// The report as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn not_shown(sealed: bool, anchoring: Anchoring, witnessed: &[Witnessed], level: Level) -> Vec<&'static str> {
    let mut not_shown = alloc::vec!["That what was logged happened, and that everything that happened was logged."];
    match anchoring {
        Anchoring::Unanchored => {
            not_shown.push("That nothing was cut off the end, and who wrote it: unanchored. A checkpoint kept elsewhere shows that.");
        }
        Anchoring::Held => not_shown.push("Who signed the checkpoint: no key is trusted."),
        Anchoring::Anchored => {}
    }
    if anchoring != Anchoring::Unanchored && witnessed.is_empty() {
        not_shown.push("That others are shown the same log: no witness was asked for.");
    }
    if !sealed {
        not_shown.push("That the log is finished: it has no closing line.");
    }
    if level < Level::S1 {
        not_shown.push("That the proofs behind its obligations exist: they are looked up from level S1 on.");
    }
    not_shown
}
