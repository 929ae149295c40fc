//! The child's output streams: passed on live, and into the store, piece by piece.

use std::{
    io::{self, PipeReader, Read},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Instant,
};

use super::{RunError, record::Stream, request::Observer};
use crate::artifacts::{Artifact, ArtifactStore, ArtifactWriter, StoreError};

/// A stream that is being captured.
#[derive(Debug)]
pub(super) struct Capturing {
    sink: Arc<Mutex<Sink>>,
    ended: Receiver<()>,
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
        let sink = Arc::new(Mutex::new(Sink::Open(store.writer()?)));
        let (end, ended) = mpsc::channel();
        let shared = Arc::clone(&sink);
        // Not joined: something may hold the pipe open for as long as it likes.
        let started = thread::Builder::new().name(format!("capseal-{}", stream.name())).spawn(move || {
            pump(pipe, stream, &shared, &*observer);
            // Nobody waits any more when the record is made already.
            let _ = end.send(());
        });
        started.map_err(|error| RunError::System { action: "start a thread", error })?;
        Ok(Self { sink, ended })
    }

    /// Waits for the end of the stream, until a deadline. Returns what came, and whether the stream ended.
    ///
    /// # Errors
    /// When what came could not be kept.
    pub(super) fn finish(self, deadline: Instant) -> Result<(Artifact, bool), RunError> {
        let wait = deadline.saturating_duration_since(Instant::now());
        let ended = self.ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
        match std::mem::replace(&mut *lock(&self.sink), Sink::Closed) {
            Sink::Open(writer) => Ok((writer.finish()?, ended)),
            Sink::Failed(error) => Err(error.into()),
            Sink::Closed => Err(RunError::System { action: "capture a stream", error: io::ErrorKind::Other.into() }),
        }
    }
}

fn pump(mut pipe: PipeReader, stream: Stream, sink: &Mutex<Sink>, observer: &dyn Observer) {
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
        let mut sink = lock(sink);
        if let Sink::Open(writer) = &mut *sink
            && let Err(error) = writer.append(&buffer[..n])
        {
            *sink = Sink::Failed(error);
        }
        drop(sink);
        // A child whose reader has gone away is not told: its run is the same whoever looks on.
        listening = listening && observer.output(stream, &buffer[..n]).is_ok();
    }
}

fn lock(sink: &Mutex<Sink>) -> MutexGuard<'_, Sink> {
    sink.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a pipe holds by default.
const BUFFER: usize = 64 << 10;
