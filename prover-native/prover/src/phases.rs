//! What of a proof's making takes how long.

use std::time::{Duration, Instant};

use capseal_host::usage::cpu_time;

/// A part of a proof's making.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// What is done in it.
    pub name: &'static str,
    /// By the clock.
    pub elapsed: Duration,
    /// Processor time of all threads; `None` where the system does not tell.
    pub processor: Option<Duration>,
}

/// Parts in order.
pub(super) type Phases = Vec<Phase>;

/// Notes when parts end.
pub(super) struct Clock {
    last: Instant,
    used: Option<Duration>,
    phases: Phases,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { last: Instant::now(), used: cpu_time(), phases: Vec::new() }
    }

    /// Ends a part.
    pub(super) fn lap(&mut self, name: &'static str) {
        let used = cpu_time();
        let processor = self.used.zip(used).and_then(|(before, after)| after.checked_sub(before));
        self.phases.push(Phase { name, elapsed: self.last.elapsed(), processor });
        (self.last, self.used) = (Instant::now(), used);
    }

    pub(super) fn into_phases(self) -> Phases {
        self.phases
    }
}
