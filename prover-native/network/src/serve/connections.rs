//! Connections: taken, bounded in number and time, and ended.
//!
//! A head has to come within a time that begins with the connection or with the answer before, so that it bounds idle connections too.
//! Bodies of requests and slow readers have bounds of their own (`http::body`, `Patient`).

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    clients::{Clients, Place},
    listen::{Listener, Stream},
    patient::Patient,
};
use crate::http::Peer;

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a head; so long may a connection be idle, too.
    pub head: Duration,
    /// For requests that were begun when the end was asked for.
    pub grace: Duration,
    /// Connections of one client; half of all when not said.
    pub client_connections: Option<usize>,
}

impl Limits {
    /// The documented defaults.
    pub const DEFAULT: Self =
        Self { head: Duration::from_secs(20), grace: Duration::from_secs(8), client_connections: None };

    /// Connections that a client may have where there are so many.
    pub(super) fn of_client(&self, most: usize) -> usize {
        self.client_connections.unwrap_or(most / 2)
    }
}

/// Bytes of a head, and of an answer that the client has not taken yet: a token of eight links and its proof fit in.
const BUFFER: usize = 64 << 10;
/// Files that are open beside those of connections.
const RESERVED: u64 = 128;
/// Connections, where the system allows that many.
const MOST: u64 = 16 << 10;

/// Figures of connections.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) open: AtomicU64,
    pub(super) taken: AtomicU64,
    pub(super) failed: AtomicU64,
}

/// How many connections there may be: each may have a file open as well. Raises the limit of open files as far as it may be raised.
pub(super) fn most_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((files.saturating_sub(RESERVED) / 2).clamp(16, MOST)).unwrap_or(16)
}

/// Takes connections until the end is asked for, and gives those that there are their grace.
pub(super) async fn serve(
    listener: Listener,
    router: Router,
    (most, limits): (usize, Limits),
    (figures, clients): (Arc<Figures>, Arc<Clients>),
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    while let Some(Ok(slot)) = unless(stop.changed(), Arc::clone(&slots).acquire_owned()).await {
        let Some(accepted) = unless(stop.changed(), listener.accept()).await else { break };
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = accepted else {
            // Too many files are open, or a client was gone before it was taken.
            figures.failed.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Some(place) = clients.take(peer) else { continue };
        figures.taken.fetch_add(1, Ordering::Relaxed);
        let open = Open::new(Arc::clone(&figures), slot, place);
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, router, limits.head, stop).await;
            drop(open);
        });
    }
    drop(listener);
    let ended = timeout(limits.grace, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        connections.abort_all();
    }
}

async fn connection(stream: Stream, peer: Peer, router: Router, head: Duration, mut stop: watch::Receiver<bool>) {
    let answering = Answering { router: TowerToHyperService::new(router), peer };
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(BUFFER);
    let connection = builder.serve_connection(TokioIo::new(Patient::new(stream)), answering);
    let mut connection = pin!(connection);
    // Whatever ends a connection, its client has seen it.
    if unless(stop.changed(), connection.as_mut()).await.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// What is done, unless something else comes before it.
async fn unless<T>(other: impl Future, work: impl Future<Output = T>) -> Option<T> {
    let (mut other, mut work) = (pin!(other), pin!(work));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => other.as_mut().poll(context).map(|_| None),
    })
    .await
}

/// Counts a connection as long as it is there.
struct Open {
    figures: Arc<Figures>,
    _slot: OwnedSemaphorePermit,
    _place: Place,
}

impl Open {
    fn new(figures: Arc<Figures>, slot: OwnedSemaphorePermit, place: Place) -> Self {
        figures.open.fetch_add(1, Ordering::Relaxed);
        Self { figures, _slot: slot, _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.figures.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The routes, told who is at the other end.
struct Answering {
    router: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for Answering {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        Box::pin(self.router.call(request))
    }
}
