//! The server's own log: a JSON object a line, on standard error. Who reads it may stop reading: then lines are dropped and counted, and
//! nobody waits.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use serde_json::{Map, Value, json};

use capseal_host::clock;

/// Lines that wait for the reader.
const WAITING: usize = 4096;
/// How long the end waits for the last lines to be read.
const LAST: Duration = Duration::from_millis(500);

/// Where lines go. A clone goes to the same place.
#[derive(Clone, Debug)]
pub struct Log(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    requests: bool,
    lines: Mutex<Option<mpsc::SyncSender<String>>>,
    dropped: Arc<AtomicU64>,
    all_dropped: AtomicU64,
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Log {
    /// No lines.
    pub const NONE: Self = Self(None);

    /// Lines on standard error; `requests` when each request has one.
    pub fn to_stderr(requests: bool) -> Self {
        let (lines, come) = mpsc::sync_channel::<String>(WAITING);
        let (end, ended) = mpsc::channel();
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        let started = thread::Builder::new().name("capseal-log".to_owned()).spawn(move || {
            for line in come {
                // What cannot be written is nobody's to read.
                let _ = io::stderr().write_all(line.as_bytes());
                let count = counted.swap(0, Ordering::Relaxed);
                if count > 0 {
                    let line = line_of("warn", "log-dropped", json!({ "lines": count }));
                    let _ = io::stderr().write_all(line.as_bytes());
                }
            }
            drop(end);
        });
        if started.is_err() {
            return Self::NONE;
        }
        let (lines, ended, all_dropped) = (Mutex::new(Some(lines)), Mutex::new(ended), AtomicU64::new(0));
        Self(Some(Arc::new(Inner { requests, lines, dropped, all_dropped, ended })))
    }

    /// Something that happened, at a level (`info`, `warn`, `error`).
    pub fn event(&self, level: &str, event: &str, fields: Value) {
        if let Self(Some(inner)) = self {
            inner.send(line_of(level, event, fields));
        }
    }

    /// A request that was answered.
    pub(super) fn request(&self, fields: impl FnOnce() -> Value) {
        if let Self(Some(inner)) = self
            && inner.requests
        {
            inner.send(line_of("info", "request", fields()));
        }
    }

    /// Lines that nobody read.
    pub(super) fn dropped(&self) -> u64 {
        self.0.as_ref().map_or(0, |inner| inner.all_dropped.load(Ordering::Relaxed))
    }

    /// Takes no more lines, and waits a moment for those that there are.
    pub(super) fn close(&self) {
        if let Self(Some(inner)) = self {
            drop(inner.lines.lock().unwrap_or_else(PoisonError::into_inner).take());
            let ended = inner.ended.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = ended.recv_timeout(LAST);
        }
    }
}

impl Inner {
    fn send(&self, line: String) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = &*lines
            && lines.try_send(line).is_err()
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.all_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn line_of(level: &str, event: &str, fields: Value) -> String {
    let mut line = Map::new();
    line.insert("time".to_owned(), clock::text(clock::now()).into());
    line.insert("level".to_owned(), level.into());
    line.insert("event".to_owned(), event.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    format!("{}\n", Value::Object(line))
}
