//! The child's output streams: passed on live, and into the store, piece by piece.

use std::{
    fmt,
    io::{self, PipeReader, Read},
    os::fd::AsFd,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use super::{RunError, record::Stream, request::Observer, sys};
use capseal_host::artifacts::{Artifact, ArtifactStore, ArtifactWriter, StoreError};

/// A stream that is being captured.
#[derive(Debug)]
pub(super) struct Capturing {
    shared: Arc<Shared>,
    ended: Receiver<()>,
}

/// Takes from a stream that is being captured.
#[derive(Debug)]
pub(super) struct Tap(Arc<Shared>);

impl Tap {
    /// Takes and passes on what the pipe holds now, before anything goes into the other stream's: so what a program writes in
    /// turn to both comes out in its order.
    pub(super) fn drain(&self) {
        // What fails here fails again, and counts, where the stream is captured.
        let _ = self.0.take(PIPE_CAPACITY);
    }
}

struct Shared {
    stream: Stream,
    pipe: PipeReader,
    observer: Arc<dyn Observer>,
    sink: Mutex<Sink>,
    passage: Mutex<Passage>,
    /// Whether bytes are being passed on right now: the stream is not idle, whoever reads it is slow.
    passing: AtomicBool,
}

/// From the pipe to the observer, for one thread at a time.
struct Passage {
    buffer: Vec<u8>,
    listening: bool,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("stream", &self.stream).field("sink", &self.sink).finish_non_exhaustive()
    }
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
        sys::set_nonblocking(pipe.as_fd()).map_err(|error| RunError::System { action: "make a pipe", error })?;
        let shared = Arc::new(Shared {
            stream,
            pipe,
            observer,
            sink: Mutex::new(Sink::Open(store.writer())),
            passage: Mutex::new(Passage { buffer: vec![0; BUFFER], listening: true }),
            passing: AtomicBool::new(false),
        });
        let (end, ended) = mpsc::channel();
        let pumped = Arc::clone(&shared);
        // Not joined: something may hold the pipe open for as long as it likes.
        let started = thread::Builder::new().name(format!("capseal-{}", stream.name())).spawn(move || {
            pumped.pump();
            // Nobody waits any more when the record is made already.
            let _ = end.send(());
        });
        started.map_err(|error| RunError::System { action: "start a thread", error })?;
        Ok(Self { shared, ended })
    }

    /// A handle to drain the stream with, from another thread.
    pub(super) fn tap(&self) -> Tap {
        Tap(Arc::clone(&self.shared))
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

    fn pump(&self) {
        while sys::wait_readable(self.pipe.as_fd()).is_ok() && self.take(PIPE_CAPACITY).is_ok_and(|goes_on| goes_on) {}
    }

    /// Passes on what the pipe holds, about `most` bytes of it; tells whether more can come.
    fn take(&self, most: usize) -> io::Result<bool> {
        let mut passage = self.passage.lock().unwrap_or_else(PoisonError::into_inner);
        let Passage { buffer, listening } = &mut *passage;
        let mut taken = 0;
        while taken < most {
            match (&self.pipe).read(buffer) {
                Ok(0) => return Ok(false),
                Ok(n) => {
                    self.pass(&buffer[..n], listening);
                    taken += n;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn pass(&self, bytes: &[u8], listening: &mut bool) {
        // Recorded first: what the user has seen is in the record.
        let mut sink = self.sink();
        if let Sink::Open(writer) = &mut *sink
            && let Err(error) = writer.append(bytes)
        {
            *sink = Sink::Failed(error);
        }
        drop(sink);
        self.passing.store(true, Ordering::SeqCst);
        // A child whose reader has gone away is not told: its run is the same whoever looks on.
        *listening = *listening && self.observer.output(self.stream, bytes).is_ok();
        self.passing.store(false, Ordering::SeqCst);
    }
}

/// What a pipe holds by default.
const BUFFER: usize = 64 << 10;
/// What a pipe holds at most, unless an administrator allows more.
const PIPE_CAPACITY: usize = 1 << 20;
