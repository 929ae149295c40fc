//! Work that waits for a disk or a database: on threads of its own, so many at once. A request holds a thread while it is worked on, and
//! never while its client sends, thinks or reads.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::Problem;

/// How long a request waits for a thread before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// Threads for one kind of work, so that one kind that stalls leaves the others theirs.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    permits: Arc<Semaphore>,
    most: usize,
    deadline: Duration,
}

impl Workers {
    /// So many threads, each of which is waited for no longer than `deadline`.
    pub(crate) fn new(most: usize, deadline: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(most)), most, deadline }
    }

    /// Does something on a thread. What is late is left to end by itself, and keeps its thread until then.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let permit = timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| Problem::Busy)?.map_err(|_| Problem::Internal)?;
        let working = spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        timeout(self.deadline, working).await.map_err(|_| Problem::Busy)?.map_err(|_| Problem::Internal)
    }

    /// Threads that are at work.
    pub(crate) fn busy(&self) -> usize {
        self.most.saturating_sub(self.permits.available_permits())
    }
}
