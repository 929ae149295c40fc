//! A log that the threads of a process append to together.
//!
//! Whoever finds nobody at work writes what all have brought, in one write and with one sync; the others wait for it. Under load
//! the number of syncs does not depend on the number of entries.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{Appended, LogFile, LogFileError, NewEntry};

/// A log for many threads. A clone appends to the same log.
#[derive(Clone, Debug)]
pub struct SharedLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Mutex<Queue>,
    done: Condvar,
}

#[derive(Debug)]
struct Queue {
    /// The file; `None` while somebody is at work with it.
    file: Option<LogFile>,
    waiting: Vec<(u64, NewEntry)>,
    finished: HashMap<u64, Result<Appended, Arc<LogFileError>>>,
    next: u64,
}

impl SharedLog {
    /// Shares a log.
    pub fn new(file: LogFile) -> Self {
        let queue = Queue { file: Some(file), waiting: Vec::new(), finished: HashMap::new(), next: 0 };
        Self(Arc::new(Inner { queue: Mutex::new(queue), done: Condvar::new() }))
    }

    /// Appends an entry. Returns when it is written, or if it is durable, on disk.
    ///
    /// # Errors
    /// As [`LogFile::append`], for all who were written together.
    pub fn append(&self, entry: NewEntry) -> Result<Appended, Arc<LogFileError>> {
        let mut queue = self.queue();
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push((ticket, entry));
        loop {
            if let Some(done) = queue.finished.remove(&ticket) {
                return done;
            }
            queue = match queue.file.take() {
                Some(file) => self.write(file, queue),
                None => self.0.done.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Writes what waits. An entry that breaks a rule fails alone.
    fn write<'a>(&'a self, mut file: LogFile, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        let (tickets, entries): (Vec<u64>, Vec<NewEntry>) = waiting.into_iter().unzip();
        let results: Vec<_> = match file.append(&entries) {
            Ok(appended) => appended.into_iter().map(Ok).collect(),
            Err(LogFileError::Entry(_)) if entries.len() > 1 => entries
                .iter()
                .map(|entry| file.append(std::slice::from_ref(entry)).map(|done| done[0]).map_err(Arc::new))
                .collect(),
            Err(error) => vec![Err(Arc::new(error)); entries.len()],
        };
        let mut queue = self.queue();
        queue.finished.extend(tickets.into_iter().zip(results));
        queue.file = Some(file);
        self.0.done.notify_all();
        queue
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
