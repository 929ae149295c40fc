//! The log of decisions: every request that was allowed, and those that were denied. What strangers can make it grow by is bounded: of
//! refusals that come faster than it takes, it states how many there were.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use serde_json::{Map, Value, json};
use verifier_core::{pcap::obligation::Level, signature::PublicKey};

use capseal_logs::{Action, LogFile, LogFileError, SharedLog};

/// Refusals that are logged one by one: so many at once, and as many more as seconds pass. Each proven holder has as many of their own.
const REFUSALS: f64 = 64.0;
/// Holders whose refusals are told apart.
const HOLDERS: usize = 1 << 12;

/// The log, and what it has not stated yet.
#[derive(Debug)]
pub(super) struct Decisions {
    log: SharedLog,
    sparing: Mutex<Sparing>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

#[derive(Debug, Default)]
struct Sparing {
    left: BTreeMap<Option<PublicKey>, (f64, Option<Instant>)>,
    /// Refusals that were not logged, by their rule.
    unsaid: BTreeMap<&'static str, u64>,
}

impl Decisions {
    /// Opens the log, or starts it. Says whether it was started.
    pub(super) fn open(path: &Path, audience: &str, most_bytes: u64) -> Result<(Self, bool), LogFileError> {
        let mut header = Map::new();
        header.insert("run_id".to_owned(), format!("provider {audience}").into());
        let is_new = !path.exists();
        let log = if is_new { LogFile::create(path, header.clone())? } else { LogFile::open(path)? };
        let mut log = log.rotating(most_bytes, header);
        log.look()?;
        let (sparing, counts) = (Mutex::default(), Mutex::default());
        Ok((Self { log: SharedLog::new(log), sparing, counts }, is_new))
    }

    /// Logs what was allowed. What cannot be logged is not served.
    pub(super) fn allow(&self, action: Action, level: Level) -> Result<(), Refused> {
        self.count("allowed");
        self.state_unsaid()?;
        self.append(action, level)
    }

    /// Logs what was denied by a rule; `holder` is who has been proven to ask.
    pub(super) fn deny(
        &self,
        action: Action,
        level: Level,
        rule: &'static str,
        holder: Option<PublicKey>,
    ) -> Result<(), Refused> {
        self.count(rule);
        let now = Instant::now();
        {
            let mut sparing = self.sparing.lock().unwrap_or_else(PoisonError::into_inner);
            if !sparing.has_room(holder, now) {
                *sparing.unsaid.entry(rule).or_default() += 1;
                return Ok(());
            }
        }
        self.state_unsaid()?;
        self.append(action, level)
    }

    /// States how many refusals were not logged one by one.
    pub(super) fn state_unsaid(&self) -> Result<(), Refused> {
        let unsaid = std::mem::take(&mut self.sparing.lock().unwrap_or_else(PoisonError::into_inner).unsaid);
        if unsaid.is_empty() {
            return Ok(());
        }
        let count: u64 = unsaid.values().sum();
        let rules: Map<String, Value> = unsaid.iter().map(|(rule, count)| ((*rule).to_owned(), json!(count))).collect();
        let action = Action::new("refusals", "unknown").with("decision", "denied").with("count", count);
        let stated = self.append(action.with("rules", rules), Level::S0);
        if stated.is_err() {
            let mut sparing = self.sparing.lock().unwrap_or_else(PoisonError::into_inner);
            unsaid.into_iter().for_each(|(rule, count)| *sparing.unsaid.entry(rule).or_default() += count);
        }
        stated
    }

    fn append(&self, action: Action, level: Level) -> Result<(), Refused> {
        self.log.append(action.at(level).into()).map(drop).map_err(|_| Refused)
    }

    fn count(&self, rule: &'static str) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(rule).or_default() += 1;
    }

    /// Decisions by `allowed` or the rule that was not kept.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on in the file that has the log's name now.
    pub(super) fn reopen(&self) -> Result<(), LogFileError> {
        self.log.with(LogFile::reopen)
    }

    /// Why nothing can be logged, if nothing can.
    pub(super) fn trouble(&self) -> Option<String> {
        self.log.with(LogFile::look).err().map(|error| error.to_string())
    }

    /// Lines and bytes of the file.
    pub(super) fn size(&self) -> (u64, u64) {
        self.log.with(|log| (log.lines(), log.bytes()))
    }
}

/// The log does not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

impl Sparing {
    fn has_room(&mut self, holder: Option<PublicKey>, now: Instant) -> bool {
        if self.left.len() >= HOLDERS && !self.left.contains_key(&holder) {
            self.left.retain(|whose, (left, _)| whose.is_none() || *left < REFUSALS - 1.0);
            // Who comes when so many are told apart already shares with the strangers.
            let holder = if self.left.len() >= HOLDERS { None } else { holder };
            return self.take(holder, now);
        }
        self.take(holder, now)
    }

    fn take(&mut self, holder: Option<PublicKey>, now: Instant) -> bool {
        let (left, at) = self.left.entry(holder).or_insert((REFUSALS, None));
        let passed = at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        *left = (*left + passed).min(REFUSALS);
        *at = Some(now);
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}
