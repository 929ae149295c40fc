//! A log that the threads of a process append to together.
//!
//! Whoever finds nobody at work writes what all have brought, in one write and with one sync, and hands the work to one of those who came
//! meanwhile. Under load the number of syncs does not depend on the number of entries.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Appended, LogFile, LogFileError, NewEntry};

/// A log for many threads. A clone appends to the same log.
#[derive(Clone, Debug)]
pub struct SharedLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Whoever works holds it; nobody else asks for it.
    file: Mutex<LogFile>,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    busy: bool,
    waiting: Vec<(Arc<Slot>, NewEntry)>,
}

/// Where a thread waits for its own entry, so that nobody is woken in vain.
#[derive(Debug)]
struct Slot {
    turn: Mutex<Turn>,
    changed: Condvar,
}

#[derive(Debug)]
enum Turn {
    Waiting,
    /// It is this thread's turn to write what waits.
    Work,
    Done(Result<Appended, Arc<LogFileError>>),
}

impl Slot {
    fn set(&self, turn: Turn) {
        *lock(&self.turn) = turn;
        self.changed.notify_one();
    }

    /// The entry's outcome, or `None` when it is this thread's turn.
    fn wait(&self) -> Option<Result<Appended, Arc<LogFileError>>> {
        let mut turn = lock(&self.turn);
        loop {
            match std::mem::replace(&mut *turn, Turn::Waiting) {
                Turn::Waiting => turn = self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner),
                Turn::Work => return None,
                Turn::Done(done) => return Some(done),
            }
        }
    }
}

impl SharedLog {
    /// Shares a log.
    pub fn new(file: LogFile) -> Self {
        Self(Arc::new(Inner { file: Mutex::new(file), queue: Mutex::default() }))
    }

    /// Appends an entry. Returns when it is written, or if it is durable, on disk.
    ///
    /// # Errors
    /// As [`LogFile::append`]; what is wrong with the file concerns all who were written together, a wrong entry only itself.
    pub fn append(&self, entry: NewEntry) -> Result<Appended, Arc<LogFileError>> {
        let slot = Arc::new(Slot { turn: Mutex::new(Turn::Waiting), changed: Condvar::new() });
        let mut queue = lock(&self.0.queue);
        queue.waiting.push((Arc::clone(&slot), entry));
        let work = !std::mem::replace(&mut queue.busy, true);
        drop(queue);
        if work {
            self.work();
        }
        loop {
            match slot.wait() {
                Some(done) => return done,
                None => self.work(),
            }
        }
    }

    /// Does something with the log's file, alone.
    pub fn with<T>(&self, work: impl FnOnce(&mut LogFile) -> T) -> T {
        work(&mut lock(&self.0.file))
    }

    /// Writes what waits, and hands on.
    fn work(&self) {
        let waiting = std::mem::take(&mut lock(&self.0.queue).waiting);
        let (slots, entries): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        let results = append_all(&mut lock(&self.0.file), &entries);
        let mut queue = lock(&self.0.queue);
        match queue.waiting.first() {
            Some((next, _)) => next.set(Turn::Work),
            None => queue.busy = false,
        }
        drop(queue);
        slots.iter().zip(results).for_each(|(slot, result)| slot.set(Turn::Done(result)));
    }
}

fn append_all(file: &mut LogFile, entries: &[NewEntry]) -> Vec<Result<Appended, Arc<LogFileError>>> {
    match file.append(entries) {
        Ok(appended) => appended.into_iter().map(Ok).collect(),
        // One of them breaks a rule: each for itself.
        Err(LogFileError::Entry(_) | LogFileError::Reserved(_)) if entries.len() > 1 => {
            entries.iter().flat_map(|entry| append_all(file, std::slice::from_ref(entry))).collect()
        }
        Err(error) => vec![Err(Arc::new(error)); entries.len()],
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
