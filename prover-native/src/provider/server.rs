//! The server: HTTP/1.1 over a provider's folder, until it is told to stop.
//!
//! Everything it serves is content-addressed and never changes. It knows no users and no secrets; TLS, limits for each client and names are
//! a proxy's business.

use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
    middleware::{self, Next},
    routing::{get, post},
    serve::ListenerExt as _,
};
use tokio::sync::{Semaphore, oneshot};
use verifier_core::Digest;

use super::{
    Folder, Gate, authorization,
    file::{OCTETS, blocking, send},
    open,
    problem::Problem,
};
use crate::relay;

/// A provider that answers.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Serves a folder at an address; port 0 is any that is free.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start(address: SocketAddr, folder: Folder, log: bool) -> io::Result<Self> {
        Self::start_gated(address, folder, log, None)
    }

    /// As [`Server::start`], with some of it for those alone who have a token.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start_gated(address: SocketAddr, folder: Folder, log: bool, gate: Option<Gate>) -> io::Result<Self> {
        Self::start_with(address, folder, log, gate, None)
    }

    /// The same, with a relay beside the provider.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start_with(
        address: SocketAddr,
        folder: Folder,
        log: bool,
        gate: Option<Gate>,
        relay: Option<Arc<relay::Service>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("capseal-provider".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
            let served = runtime.block_on(serve(listener, Shared::new(folder, log, gate, relay), stopped));
            // What still sends a body after the grace has had its time.
            runtime.shutdown_timeout(GRACE);
            served
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it answers.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, finishes those that there are, and ends.
    ///
    /// # Errors
    /// When it failed meanwhile.
    pub fn stop(mut self) -> io::Result<()> {
        drop(self.stop.take());
        self.join()
    }

    /// Answers until the process is asked to end.
    ///
    /// # Errors
    /// When it failed, or signals cannot be heard.
    pub fn run_to_signal(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
            std::future::poll_fn(|context| match (terminate.poll_recv(context), interrupt.poll_recv(context)) {
                (Poll::Pending, Poll::Pending) => Poll::Pending,
                _ => Poll::Ready(()),
            })
            .await;
            Ok::<_, io::Error>(())
        })?;
        self.stop()
    }

    fn join(&mut self) -> io::Result<()> {
        self.thread.take().map_or(Ok(()), |thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the provider's thread panicked")))
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.join();
    }
}

const WORKERS: usize = 2;
/// How long bodies that are being sent may take after the end was asked for.
const GRACE: Duration = Duration::from_secs(10);
/// Requests that are answered at once; more are told to come back.
const MAX_REQUESTS: usize = 512;

struct Shared {
    folder: Folder,
    relay: Option<Arc<relay::Service>>,
    log: bool,
    gate: Option<Arc<Gate>>,
    requests: Semaphore,
    /// Answers by class of status, 2xx to 5xx.
    answered: [AtomicU64; 4],
    bytes: AtomicU64,
}

impl Shared {
    fn new(folder: Folder, log: bool, gate: Option<Gate>, relay: Option<Arc<relay::Service>>) -> Arc<Self> {
        let (requests, gate) = (Semaphore::new(MAX_REQUESTS), gate.map(Arc::new));
        Arc::new(Self { folder, relay, log, gate, requests, answered: Default::default(), bytes: AtomicU64::new(0) })
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    let routes = Router::new()
        .merge(shared.relay.clone().map(relay::routes).unwrap_or_default())
        .route("/v1/blobs/{digest}", get(blob))
        .route("/v1/da/{da_hash}/header", get(da_header))
        .route("/v1/da/{da_hash}/z", get(sketch))
        .route("/v1/da/{da_hash}/rows/{index}", get(row))
        .route("/v1/da/{da_hash}/open", post(open_rows))
        .route("/healthz", get(async || Response::new(Body::from("ok\n"))))
        .route("/metrics", get(metrics))
        .fallback(async || Problem::NotFound.response())
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed.response())
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), around))
        .with_state(shared);
    // Head and body of a row are two writes: the second would wait for the other end to acknowledge the first, which takes its time.
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| drop(stream.set_nodelay(true)));
    let ended = async {
        // An error says that the other end is gone, which is the same request.
        let _ = stopped.await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(ended).await
}

/// What every answer has in common: bounds, headers for browsers, figures, the log.
async fn around(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response<Body> {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = match shared.requests.try_acquire() {
        Err(_) => Problem::Busy.response(),
        Ok(_) if method == Method::OPTIONS => preflight(),
        Ok(_permit) => authorization::admitted(shared.gate.as_ref(), &shared.folder, request, next).await,
    };
    let always = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    for (name, value) in always {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let (status, bytes) = (response.status(), response.body().size_hint().exact().unwrap_or_default());
    let class = usize::from(status.as_u16() / 100).saturating_sub(2).min(3);
    shared.answered[class].fetch_add(1, Ordering::Relaxed);
    shared.bytes.fetch_add(bytes, Ordering::Relaxed);
    if shared.log {
        let line = serde_json::json!({
            "method": method.as_str(), "path": path, "status": status.as_u16(), "bytes": bytes,
            "ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        // A log that nobody reads any more does not stop the answers.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
    response
}

const EXPOSED: &str = "ETag, Content-Length, Content-Range, Accept-Ranges, Retry-After, WWW-Authenticate";

fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Range, If-None-Match, Authorization, CapSeal-Possession"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn blob(State(shared): State<Arc<Shared>>, Path(digest): Path<String>, headers: HeaderMap) -> Response<Body> {
    let Some(digest) = Digest::from_hex(&digest) else { return Problem::NotFound.response() };
    send(shared.folder.blob(&digest), digest.to_string(), headers, true).await
}

async fn da_header(
    State(shared): State<Arc<Shared>>,
    Path(da_hash): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    part(&shared, &da_hash, "header", headers).await
}

async fn sketch(State(shared): State<Arc<Shared>>, Path(da_hash): Path<String>, headers: HeaderMap) -> Response<Body> {
    part(&shared, &da_hash, "z", headers).await
}

async fn part(shared: &Shared, da_hash: &str, name: &str, headers: HeaderMap) -> Response<Body> {
    let Some(digest) = Digest::from_hex(da_hash) else { return Problem::NotFound.response() };
    send(shared.folder.archive(&digest).join(name), format!("{digest}-{name}"), headers, false).await
}

async fn row(
    State(shared): State<Arc<Shared>>,
    Path((da_hash, index)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    let number = index.parse::<u64>().ok().filter(|number| number.to_string() == index);
    let (Some(da_hash), Some(index)) = (Digest::from_hex(&da_hash), number) else {
        return Problem::NotFound.response();
    };
    send(shared.folder.row(&da_hash, index), format!("{da_hash}-{index}"), headers, false).await
}

async fn open_rows(State(shared): State<Arc<Shared>>, Path(da_hash): Path<String>, request: Request) -> Response<Body> {
    let Some(da_hash) = Digest::from_hex(&da_hash) else { return Problem::NotFound.response() };
    let body = axum::body::to_bytes(request.into_body(), open::MAX_BODY).await;
    let Ok(body) = body else { return Problem::TooManyIndices.response() };
    let answered = blocking(move || {
        let header = shared.folder.header(&da_hash).ok_or(Problem::NotFound)?;
        let indices = open::indices(&body, header.shape())?;
        open::answer(&shared.folder, &da_hash, header.shape(), &indices)
    });
    match answered.await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(OCTETS));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(problem) => problem.response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let mut text = String::from("# TYPE capseal_answers_total counter\n");
    for (class, count) in ["2xx", "3xx", "4xx", "5xx"].iter().zip(&shared.answered) {
        text += &format!("capseal_answers_total{{class=\"{class}\"}} {}\n", count.load(Ordering::Relaxed));
    }
    text +=
        &format!("# TYPE capseal_bytes_total counter\ncapseal_bytes_total {}\n", shared.bytes.load(Ordering::Relaxed));
    text += &shared.relay.as_ref().map(|relay| relay.metrics()).unwrap_or_default();
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}
