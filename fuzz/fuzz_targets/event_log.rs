//! Any bytes: the event log's reader answers, and sees every line of a log that it accepts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier_core::{Limits, event_log};

fuzz_target!(|bytes: &[u8]| {
    let events = event_log::events(bytes);
    if let Ok(summary) = event_log::check(bytes, &Limits::DEFAULT) {
        assert_eq!(events.len() as u64, summary.lines);
        assert_eq!(events.last(), Some(&summary.last));
    }
});
