//! Who writes the register: one thread. It takes what has come meanwhile in one go, so that the number of waits for the disk does not grow
//! with the number of commits.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    sync::{Arc, mpsc},
    time::SystemTime,
};

use verifier_core::{
    Digest,
    relay::{ARCHIVAL, Challenge, Commit, CommitReceipt, Message},
};

use super::{
    Outcome, RegisterError, Terms,
    index::{Index, Record, Stored},
    line::{Line, Logged},
};
use crate::{clock, keys::SecretKey, pcap::LogFile};

/// What is to be logged, and who waits for it.
pub(super) struct Job {
    pub(super) line: Line,
    pub(super) reply: Box<dyn FnOnce(Result<Outcome, Arc<RegisterError>>) + Send>,
}

/// Attestations of one commit.
const ATTESTATIONS_MAX: usize = 64;
/// Jobs that one write takes.
pub(super) const BATCH: usize = 512;
/// Lines after which the index waits for the disk: what a crash leaves to be read again.
const INDEX_EVERY: u64 = 4096;

/// Who writes.
pub(super) struct Writer {
    log: LogFile,
    index: Arc<Index>,
    key: SecretKey,
    key_id: Digest,
    terms: Terms,
    /// Lines that are in the log, and that the index could not take yet.
    pending: Vec<(u64, Record)>,
    /// Lines of the log, as far as this writer knows.
    seen: u64,
    /// Lines that the index has on disk.
    durable: u64,
}

impl Writer {
    pub(super) fn new(log: LogFile, index: Arc<Index>, key: SecretKey, terms: Terms) -> Self {
        let key_id = key.public().id();
        Self { log, index, key, key_id, terms, pending: Vec::new(), seen: 0, durable: 0 }
    }

    /// Brings the index up to date from the log.
    pub(super) fn catch_up(&mut self) -> Result<(), RegisterError> {
        // What a crash left behind the last whole line is put aside before anything is read.
        self.log.append(&[])?;
        // A line that a crash left unsynced is about to be answered for.
        self.log.sync()?;
        let path = self.log.path().to_owned();
        let io = |error| RegisterError::Io { path: path.clone(), error };
        let seen = self.index.seen()?;
        self.pending.clear();
        let mut lines = BufReader::new(File::open(&path).map_err(io)?).split(b'\n');
        let mut count = 0;
        while let Some(line) = lines.next().transpose().map_err(io)? {
            if count >= seen
                && let Some(line) = Line::read(&line)
            {
                let record = self.record(line, count)?;
                self.pending.push((count, record));
            }
            count += 1;
        }
        if count < seen {
            return Err(RegisterError::LogLost { path, lines: count, seen });
        }
        self.seen = count;
        self.flush(true)
    }

    /// Works until nobody can send any more.
    pub(super) fn work(mut self, come: &mpsc::Receiver<Job>) {
        while let Ok(first) = come.recv() {
            let batch: Vec<Job> = std::iter::once(first).chain(come.try_iter().take(BATCH - 1)).collect();
            let (lines, replies): (Vec<Line>, Vec<_>) = batch.into_iter().map(|job| (job.line, job.reply)).unzip();
            match self.batch(lines) {
                Ok(outcomes) => replies.into_iter().zip(outcomes).for_each(|(reply, outcome)| reply(Ok(outcome))),
                Err(error) => {
                    let error = Arc::new(error);
                    replies.into_iter().for_each(|reply| reply(Err(Arc::clone(&error))));
                }
            }
        }
        // What the index has not kept, the log has.
        let _ = self.flush(true);
    }

    /// Logs what is new in a batch, all or nothing, and answers each.
    fn batch(&mut self, lines: Vec<Line>) -> Result<Vec<Outcome>, RegisterError> {
        // An index that is behind would let a commit in twice.
        if self.index.reopen()? {
            self.catch_up()?;
        }
        self.flush(false)?;
        let now = clock::millis(SystemTime::now());
        let mut plans = Vec::with_capacity(lines.len());
        let mut new: Vec<Line> = Vec::new();
        let mut begun = Begun::default();
        for line in lines {
            plans.push(match line {
                Line::Commit(Logged { commit, .. }) => self.plan_commit(commit, now, &mut new, &mut begun)?,
                Line::Attestation { commit, key_id, message } => {
                    self.plan_attestation(commit, key_id, message, &mut new, &mut begun)?
                }
            });
        }
        let entries: Vec<_> = new.iter().map(|line| line.entry(&self.key_id)).collect();
        let appended = self.log.append(&entries)?;
        let mut receipts = Vec::with_capacity(new.len());
        for (line, appended) in new.into_iter().zip(&appended) {
            let record = self.record(line, appended.seq)?;
            receipts.push(match &record {
                Record::Commit { stored, .. } => stored.receipt.clone(),
                Record::Attestation { message, .. } => message.clone(),
            });
            self.pending.push((appended.seq, record));
            self.seen = appended.seq + 1;
        }
        self.flush(self.seen >= self.durable + INDEX_EVERY)?;
        Ok(plans.into_iter().map(|plan| plan.outcome(&receipts)).collect())
    }

    fn plan_commit(
        &self,
        commit: Commit,
        now: u64,
        new: &mut Vec<Line>,
        begun: &mut Begun,
    ) -> Result<Plan, RegisterError> {
        let hash = commit.header_commit_hash;
        if let Some((da_hash, place)) = begun.commits.get(&hash) {
            let same = *da_hash == commit.da_hash;
            return Ok(if same { Plan::Again(*place) } else { Plan::Done(Outcome::Conflict) });
        }
        if let Some(stored) = self.index.commit(&hash)? {
            let same = stored.da_hash == commit.da_hash;
            return Ok(Plan::Done(if same { Outcome::Known(stored.receipt) } else { Outcome::Conflict }));
        }
        begun.commits.insert(hash, (commit.da_hash, new.len()));
        new.push(Line::Commit(Logged { commit, committed_at: now, terms: self.terms }));
        Ok(Plan::New(new.len() - 1))
    }

    fn plan_attestation(
        &self,
        commit: Digest,
        key_id: Digest,
        message: Vec<u8>,
        new: &mut Vec<Line>,
        begun: &mut Begun,
    ) -> Result<Plan, RegisterError> {
        if self.index.commit(&commit)?.is_none() && !begun.commits.contains_key(&commit) {
            return Ok(Plan::Done(Outcome::Unknown));
        }
        if let Some(place) = begun.attestations.get(&(commit, key_id)) {
            return Ok(Plan::Again(*place));
        }
        let there = self.index.attestations(&commit)?;
        if let Some((_, kept)) = there.iter().find(|(other, _)| *other == key_id) {
            return Ok(Plan::Done(Outcome::Known(kept.clone())));
        }
        let coming = begun.attestations.keys().filter(|(about, _)| *about == commit).count();
        if there.len() + coming >= ATTESTATIONS_MAX {
            return Ok(Plan::Done(Outcome::Crowded));
        }
        begun.attestations.insert((commit, key_id), new.len());
        new.push(Line::Attestation { commit, key_id, message });
        Ok(Plan::New(new.len() - 1))
    }

    /// Gives the index what it has not got.
    fn flush(&mut self, durable: bool) -> Result<(), RegisterError> {
        if self.pending.is_empty() && (!durable || self.durable == self.seen) {
            return Ok(());
        }
        self.index.add(&self.pending, self.seen, durable)?;
        self.pending.clear();
        if durable {
            self.durable = self.seen;
        }
        Ok(())
    }

    /// What a line comes to: the same each time it is read.
    fn record(&self, line: Line, position: u64) -> Result<Record, RegisterError> {
        Ok(match line {
            Line::Attestation { commit, key_id, message } => Record::Attestation { commit, key_id, message },
            Line::Commit(logged) => {
                let hash = logged.commit.header_commit_hash;
                Record::Commit { hash, stored: self.answer(&logged, position)? }
            }
        })
    }

    fn answer(&self, logged: &Logged, position: u64) -> Result<Stored, RegisterError> {
        let Logged { commit: Commit { header_commit_hash, da_hash, .. }, committed_at, terms } = logged.clone();
        let schema = CommitReceipt::SCHEMA.to_owned();
        let receipt = CommitReceipt { schema, header_commit_hash, da_hash, committed_at, position };
        let receipt = self.key.sign_message(&receipt).map_err(|_| RegisterError::Signature)?;
        let challenge = Challenge {
            schema: Challenge::SCHEMA.to_owned(),
            mode: ARCHIVAL.to_owned(),
            header_commit_hash,
            da_hash,
            seed: CommitReceipt::challenge_seed(&receipt),
            bits: terms.bits.into(),
            issued_at: committed_at,
            not_after: committed_at.saturating_add(terms.lifetime_ms),
            registry_root: terms.registry_root,
        };
        let challenge = self.key.sign_message(&challenge).map_err(|_| RegisterError::Signature)?;
        Ok(Stored { da_hash, receipt, challenge })
    }
}

/// What a batch has begun, by its place among the new lines.
#[derive(Default)]
struct Begun {
    commits: HashMap<Digest, (Digest, usize)>,
    attestations: HashMap<(Digest, Digest), usize>,
}

/// What a job will be answered with.
enum Plan {
    New(usize),
    Again(usize),
    Done(Outcome),
}

impl Plan {
    fn outcome(self, made: &[Vec<u8>]) -> Outcome {
        let at = |place: usize| made.get(place).cloned().unwrap_or_default();
        match self {
            Self::New(place) => Outcome::Created(at(place)),
            Self::Again(place) => Outcome::Known(at(place)),
            Self::Done(outcome) => outcome,
        }
    }
}
