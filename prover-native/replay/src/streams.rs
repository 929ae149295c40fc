//! The output streams of a replayed process: pipes, as the recorded run had them, hashed as they come.

use std::{
    io::{self, PipeReader, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use sha2::Digest as _;
use verifier_core::Digest;

/// What came through a stream.
pub(super) struct Printed {
    pub(super) digest: Digest,
    /// Its first bytes.
    pub(super) start: Vec<u8>,
}

/// A stream that is being read.
pub(super) struct Reading {
    /// Bytes so far.
    pub(super) count: Arc<AtomicU64>,
    printed: Receiver<io::Result<Printed>>,
}

/// A pipe, as the recorded run had one, and what comes through it.
pub(super) fn stream() -> io::Result<(io::PipeWriter, Reading)> {
    let (pipe, writer) = io::pipe()?;
    let count = Arc::new(AtomicU64::new(0));
    let (send, printed) = mpsc::channel();
    let counted = Arc::clone(&count);
    // Not joined: without a sandbox, something may hold the pipe open for as long as it likes.
    thread::Builder::new().name("capseal-replay".to_owned()).spawn(move || send.send(read(pipe, &counted)))?;
    Ok((writer, Reading { count, printed }))
}

fn read(mut pipe: PipeReader, count: &AtomicU64) -> io::Result<Printed> {
    let mut hasher = sha2::Sha256::new();
    let mut start = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return Ok(Printed { digest: Digest::new(hasher.finalize().into()), start }),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                count.fetch_add(n as u64, Ordering::Relaxed);
                start.extend(buffer[..n].iter().take(START - start.len()));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Reading {
    /// What came, when the stream has ended by now, or does so soon.
    pub(super) fn finish(self) -> Option<Printed> {
        self.printed.recv_timeout(LINGER).ok()?.ok()
    }
}

/// As much of a stream as tells what the sandbox said.
const START: usize = 512;
/// What the process left behind may hold a stream open for this long.
const LINGER: Duration = Duration::from_secs(5);
