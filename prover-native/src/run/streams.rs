//! The child's output streams: passed on live, and into the store, piece by piece.

use std::{
    io::{self, PipeReader, Read},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use super::{RunError, record::Stream, request::Observer};
use crate::artifacts::{Artifact, ArtifactStore, ArtifactWriter, StoreError};

/// A stream that is being captured.
#[derive(Debug)]
pub(super) struct Capturing {
    shared: Arc<Shared>,
    ended: Receiver<()>,
}

#[derive(Debug)]
struct Shared {
    sink: Mutex<Sink>,
    /// Whether bytes are being passed on right now: the stream is not idle, whoever reads it is slow.
    passing: AtomicBool,
}

/// Where captured bytes go. Closed when the record is made; what comes later is passed on, and not recorded.
#[derive(Debug)]
enum Sink {
    Open(ArtifactWriter),
    Failed(StoreError),
    Closed,
}

impl Capturing {
    /// Starts to capture what comes through a pipe.
    ///
    /// # Errors
    /// When the store or the system refuses what is needed.
    pub(super) fn start(
        stream: Stream,
        pipe: PipeReader,
        store: &ArtifactStore,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, RunError> {
        let sink = Mutex::new(Sink::Open(store.writer()));
        let shared = Arc::new(Shared { sink, passing: AtomicBool::new(false) });
        let (end, ended) = mpsc::channel();
        let pumped = Arc::clone(&shared);
        // Not joined: something may hold the pipe open for as long as it likes.
        let started = thread::Builder::new().name(format!("capseal-{}", stream.name())).spawn(move || {
            pump(pipe, stream, &pumped, &*observer);
            // Nobody waits any more when the record is made already.
            let _ = end.send(());
        });
        started.map_err(|error| RunError::System { action: "start a thread", error })?;
        Ok(Self { shared, ended })
    }

    /// Waits for the end of the stream, as long as it is not idle for more than `patience`. Returns what came, and whether
    /// the stream ended.
    ///
    /// # Errors
    /// When what came could not be kept.
    pub(super) fn finish(self, patience: Duration) -> Result<(Artifact, bool), RunError> {
        let ended = loop {
            match self.ended.recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) if self.shared.passing.load(Ordering::SeqCst) => {}
                Err(RecvTimeoutError::Timeout) => break false,
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        let sink = std::mem::replace(&mut *self.shared.sink(), Sink::Closed);
        match sink {
            Sink::Open(writer) => Ok((writer.finish(), ended)),
            Sink::Failed(error) => Err(error.into()),
            Sink::Closed => Err(RunError::System { action: "capture a stream", error: io::ErrorKind::Other.into() }),
        }
    }
}

/// Whoever gives up on a stream gives back its part of the store at once, not when the pipe's last holder is gone.
impl Drop for Capturing {
    fn drop(&mut self) {
        *self.shared.sink() = Sink::Closed;
    }
}

impl Shared {
    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pump(mut pipe: PipeReader, stream: Stream, shared: &Shared, observer: &dyn Observer) {
    let mut buffer = vec![0; BUFFER];
    let mut listening = true;
    loop {
        let n = match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        // Recorded first: what the user has seen is in the record.
        let mut sink = shared.sink();
        if let Sink::Open(writer) = &mut *sink
            && let Err(error) = writer.append(&buffer[..n])
        {
            *sink = Sink::Failed(error);
        }
        drop(sink);
        shared.passing.store(true, Ordering::SeqCst);
        // A child whose reader has gone away is not told: its run is the same whoever looks on.
        listening = listening && observer.output(stream, &buffer[..n]).is_ok();
        shared.passing.store(false, Ordering::SeqCst);
    }
}

/// What a pipe holds by default.
const BUFFER: usize = 64 << 10;
