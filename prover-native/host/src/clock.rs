//! Times as receipts write them: UTC with milliseconds, `2026-01-31T12:34:56.789Z`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time now.
///
/// # Units
/// Milliseconds since the Unix epoch.
pub fn now() -> u64 {
    millis(SystemTime::now())
}

/// Milliseconds since the Unix epoch as text.
pub fn text(ms: u64) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(ms)).to_string()
}

/// Milliseconds since the Unix epoch; a clock before it reads as zero.
pub fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
