//! Who writes the register: one thread. It takes what has come meanwhile in one go, so that the number of waits for the disk does not grow
//! with the number of commits.

use std::{
    collections::HashMap,
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::sync::oneshot;
use verifier_core::{
    Digest,
    relay::{ARCHIVAL, Challenge, Commit, CommitReceipt, Message},
};

use super::{
    Outcome, RegisterError, Terms,
    index::{Entry, Index, Record, Stored},
    line::{Line, Logged},
    log_lines::LogLines,
    status::Status,
};
use capseal_host::clock;
use capseal_logs::{Appended, LogFile};
use capseal_trust::keys::SecretKey;

/// What is to be logged, and who waits for it.
pub(super) struct Job {
    pub(super) line: Line,
    pub(super) reply: oneshot::Sender<Result<Outcome, Arc<RegisterError>>>,
}

/// How often a writer that has nothing to write looks whether log and index are there.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Attestations of one commit.
const ATTESTATIONS_MAX: usize = 64;
/// Jobs that one write takes.
pub(super) const BATCH: usize = 512;
/// Lines after which the index waits for the disk: what a crash leaves to be read again. Also what is in memory while it catches up.
const INDEX_EVERY: u64 = 4096;

/// Who writes.
pub(super) struct Writer {
    log: LogFile,
    /// The same log, as it is read back.
    lines: LogLines,
    index: Arc<dyn Index>,
    key: SecretKey,
    key_id: Digest,
    terms: Terms,
    /// Lines that are in the log, and that the index could not take yet.
    pending: Vec<Entry>,
    /// Lines of the log, as far as this writer knows.
    seen: u64,
    /// Lines that the index has on disk.
    durable: u64,
    /// Whether the log may have lines of which neither the index nor `pending` knows.
    behind: bool,
    status: Arc<Status>,
}

impl Writer {
    pub(super) fn new(
        log: LogFile,
        index: Arc<dyn Index>,
        key: SecretKey,
        terms: Terms,
        status: Arc<Status>,
    ) -> Result<Self, RegisterError> {
        let (key_id, lines) = (key.public().id(), LogLines::open(log.path())?);
        let pending = Vec::new();
        Ok(Self { log, lines, index, key, key_id, terms, pending, seen: 0, durable: 0, behind: true, status })
    }

    /// Brings the index up to date from the log.
    pub(super) fn catch_up(&mut self) -> Result<(), RegisterError> {
        self.behind = true;
        // What a crash left behind the last whole line is put aside before anything is read.
        self.log.look()?;
        // A line that a crash left unsynced is about to be answered for.
        self.log.sync()?;
        self.pending.clear();
        self.lines = LogLines::open(self.log.path())?;
        self.index.follow(&mut self.lines)?;
        self.seen = self.lines.count();
        while let Some(entry) = self.read_back()? {
            self.keep(entry);
            if self.pending.len() as u64 >= INDEX_EVERY {
                self.flush(true)?;
            }
        }
        self.flush(true)?;
        self.behind = false;
        Ok(())
    }

    /// The next line of the log, and what it adds.
    fn read_back(&mut self) -> Result<Option<Entry>, RegisterError> {
        let number = self.lines.count();
        let Some(text) = self.lines.next()? else { return Ok(None) };
        let record = Line::read(&text).map(|line| self.record(line, number)).transpose()?;
        Ok(Some(Entry { number, text, record }))
    }

    fn keep(&mut self, entry: Entry) {
        self.seen = entry.number + 1;
        self.pending.push(entry);
    }

    /// Works until nobody can send any more.
    pub(super) fn work(mut self, come: &mpsc::Receiver<Job>) {
        loop {
            let first = match come.recv_timeout(LOOK_EVERY) {
                Ok(first) => first,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let looked = self.look();
                    self.note(looked.as_ref().err());
                    continue;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            };
            let batch = std::iter::once(first).chain(come.try_iter().take(BATCH - 1));
            // Whoever has left meanwhile is not waited for: a store that stalls would be asked for what nobody wants any more.
            let wanted = batch.filter(|job| !job.reply.is_closed());
            let (lines, replies): (Vec<Line>, Vec<_>) = wanted.map(|job| (job.line, job.reply)).unzip();
            let done = self.batch(lines);
            self.note(done.as_ref().err());
            let (outcomes, error) = match done {
                Ok(outcomes) => (outcomes, None),
                Err(error) => (Vec::new(), Some(Arc::new(error))),
            };
            let mut outcomes = outcomes.into_iter();
            for reply in replies {
                let answer = error.clone().map_or_else(|| outcomes.next().map(Ok), |error| Some(Err(error)));
                // Without an answer the reply is dropped, which says that nothing is acknowledged.
                if let Some(answer) = answer {
                    let _ = reply.send(answer);
                }
            }
        }
        // What the index has not kept, the log has.
        let _ = self.flush(true);
    }

    /// Whether log and index are there, while nobody asks for anything.
    pub(super) fn look(&mut self) -> Result<(), RegisterError> {
        self.log.look()?;
        if self.index.reopen()? || self.behind {
            self.catch_up()?;
        }
        Ok(self.index.ping()?)
    }

    fn note(&self, error: Option<&RegisterError>) {
        self.status.note(error, self.log.lines(), self.log.bytes());
    }

    /// Logs what is new in a batch, all or nothing, and answers each.
    fn batch(&mut self, lines: Vec<Line>) -> Result<Vec<Outcome>, RegisterError> {
        // An index that is behind would let a commit in twice.
        if self.index.reopen()? || self.behind {
            self.catch_up()?;
        }
        self.flush(false)?;
        let mut hashes: Vec<Digest> = lines.iter().map(Line::commit_hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let there = self.index.commits(&hashes)?;
        let now = clock::now();
        let mut plans = Vec::with_capacity(lines.len());
        let mut new: Vec<Line> = Vec::new();
        let mut begun = Begun::default();
        for line in lines {
            plans.push(match line {
                Line::Commit(Logged { commit, .. }) => {
                    let stored = there.get(&commit.header_commit_hash);
                    self.plan_commit(commit, stored, now, &mut new, &mut begun)
                }
                Line::Attestation { commit, .. }
                    if !there.contains_key(&commit) && !begun.commits.contains_key(&commit) =>
                {
                    Plan::Done(Outcome::Unknown)
                }
                Line::Attestation { commit, key_id, message } => {
                    self.plan_attestation(commit, key_id, message, &mut new, &mut begun)?
                }
            });
        }
        let entries: Vec<_> = new.iter().map(|line| line.entry(&self.key_id)).collect();
        // Until they are read back, nobody but the log knows of the lines.
        self.behind = !entries.is_empty();
        let appended = self.log.append(&entries)?;
        let made = self.take_in(&appended)?;
        self.behind = false;
        self.flush(self.seen >= self.durable + INDEX_EVERY)?;
        let outcomes: Option<Vec<Outcome>> = plans.into_iter().map(|plan| plan.outcome(&made)).collect();
        outcomes.ok_or_else(|| self.lost(self.seen))
    }

    /// Reads back what was appended, as it is on disk, and returns the message that each line is answered with.
    fn take_in(&mut self, appended: &[Appended]) -> Result<Vec<Vec<u8>>, RegisterError> {
        let (Some(first), Some(last)) = (appended.first(), appended.last()) else { return Ok(Vec::new()) };
        let mut made = Vec::with_capacity(appended.len());
        while self.lines.count() <= last.seq {
            let entry = self.read_back()?.ok_or_else(|| self.lost(last.seq + 1))?;
            if entry.number >= first.seq {
                let record = entry.record.as_ref().ok_or_else(|| self.lost(last.seq + 1))?;
                made.push(record.message().to_vec());
            }
            self.keep(entry);
        }
        Ok(made)
    }

    fn lost(&self, seen: u64) -> RegisterError {
        RegisterError::LogLost { path: self.lines.path().to_owned(), lines: self.lines.count(), seen }
    }

    fn plan_commit(
        &self,
        commit: Commit,
        stored: Option<&Stored>,
        now: u64,
        new: &mut Vec<Line>,
        begun: &mut Begun,
    ) -> Plan {
        let hash = commit.header_commit_hash;
        if let Some((da_hash, place)) = begun.commits.get(&hash) {
            let same = *da_hash == commit.da_hash;
            return if same { Plan::Again(*place) } else { Plan::Done(Outcome::Conflict) };
        }
        if let Some(stored) = stored {
            let same = stored.da_hash == commit.da_hash;
            return Plan::Done(if same { Outcome::Known(stored.receipt.clone()) } else { Outcome::Conflict });
        }
        begun.commits.insert(hash, (commit.da_hash, new.len()));
        new.push(Line::Commit(Logged { commit, committed_at: now, terms: self.terms }));
        Plan::New(new.len() - 1)
    }

    fn plan_attestation(
        &self,
        commit: Digest,
        key_id: Digest,
        message: Vec<u8>,
        new: &mut Vec<Line>,
        begun: &mut Begun,
    ) -> Result<Plan, RegisterError> {
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
    /// `None` where a message is missing that has to be there: nothing is acknowledged without it.
    fn outcome(self, made: &[Vec<u8>]) -> Option<Outcome> {
        let at = |place: usize| made.get(place).cloned();
        match self {
            Self::New(place) => at(place).map(Outcome::Created),
            Self::Again(place) => at(place).map(Outcome::Known),
            Self::Done(outcome) => Some(outcome),
        }
    }
}
