//! How a relay is, for its operator: whether it takes anything, and if not, why.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::RegisterError;

/// What a relay's writer found when it last wrote or looked.
#[derive(Debug, Default)]
pub struct Status {
    trouble: Mutex<Option<String>>,
    lines: AtomicU64,
    bytes: AtomicU64,
}

impl Status {
    /// Why nothing is taken at the moment; `None` while all is well.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lines and bytes of the log.
    pub fn log(&self) -> (u64, u64) {
        (self.lines.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    pub(super) fn note(&self, error: Option<&RegisterError>, lines: u64, bytes: u64) {
        self.lines.store(lines, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // While a session rests after a failure, that failure stays the reason.
        if let Some(error) = error
            && error.is_echo()
            && trouble.is_some()
        {
            return;
        }
        *trouble = error.map(ToString::to_string);
    }
}
