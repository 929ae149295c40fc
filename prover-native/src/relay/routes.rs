//! A relay's paths. Bodies are bounded before they are read, and what may be posted in a second is, too.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    routing::{get, post},
};
use tokio::sync::oneshot;
use verifier_core::{
    Digest,
    cbor::{Item, Value},
    relay::{Commit, MAX_MESSAGE},
};

use super::{Outcome, Register, RegisterError};
use crate::provider::Problem;

/// A register that answers over HTTP.
#[derive(Debug)]
pub struct Service {
    register: Register,
    bucket: Mutex<Bucket>,
    /// Commits and attestations, new ones and known ones, and those that were refused.
    created: AtomicU64,
    known: AtomicU64,
    refused: AtomicU64,
}

impl Service {
    /// Answers for a register, and takes so many commits and attestations in a second.
    pub fn new(register: Register, per_second: u32) -> Self {
        let bucket = Mutex::new(Bucket { rate: per_second.into(), left: per_second.into(), at: Instant::now() });
        let [created, known, refused] = [0; 3].map(AtomicU64::new);
        Self { register, bucket, created, known, refused }
    }

    /// Lines for `/metrics`.
    pub(crate) fn metrics(&self) -> String {
        let mut text = String::from("# TYPE capseal_relay_posts_total counter\n");
        for (outcome, count) in [("created", &self.created), ("known", &self.known), ("refused", &self.refused)] {
            text += &format!("capseal_relay_posts_total{{outcome=\"{outcome}\"}} {}\n", count.load(Ordering::Relaxed));
        }
        text
    }
}

/// Tokens that come back with time; a second's worth at most.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    left: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self) -> bool {
        let now = Instant::now();
        self.left = (self.left + self.rate * now.duration_since(self.at).as_secs_f64()).min(self.rate);
        self.at = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

type Shared = State<Arc<Service>>;

/// The paths of a relay.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(service: Arc<Service>) -> Router<S> {
    Router::new()
        .route("/v1/commits", post(commit))
        .route("/v1/commits/{commit}", get(receipt))
        .route("/v1/commits/{commit}/challenge", get(challenge))
        .route("/v1/commits/{commit}/attestations", get(attestations).post(attest))
        .route("/v1/registry/{root}", get(registry))
        .with_state(service)
}

async fn commit(State(service): Shared, request: Request) -> Response<Body> {
    let body = match admit(&service, request).await {
        Ok(body) => body,
        Err(problem) => return refuse(&service, problem),
    };
    let Some(commit) = Commit::decode(&body).ok().filter(|commit| commit.schema == Commit::SCHEMA) else {
        return refuse(&service, Problem::Malformed);
    };
    let hash = commit.header_commit_hash;
    let (answer, answered) = oneshot::channel();
    waiting(Arc::clone(&service), move |register| {
        register.commit(commit, move |outcome| drop(answer.send(outcome)));
    })
    .await;
    let mut response = posted(&service, answered.await);
    if response.status() == StatusCode::CREATED
        && let Ok(place) = HeaderValue::from_str(&format!("/v1/commits/{hash}"))
    {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

async fn attest(State(service): Shared, Path(commit): Path<String>, request: Request) -> Response<Body> {
    let Some(commit) = Digest::from_hex(&commit) else { return refuse(&service, Problem::NoCommit) };
    let body = match admit(&service, request).await {
        Ok(body) => body,
        Err(problem) => return refuse(&service, problem),
    };
    let (answer, answered) = oneshot::channel();
    // Checking a signature and waiting for room in the queue are for a thread that may wait.
    waiting(Arc::clone(&service), move |register| {
        register.attest(&commit, body.to_vec(), move |outcome| drop(answer.send(outcome)));
    })
    .await;
    match answered.await {
        // The reply was dropped unused: no attestation.
        Err(_) => refuse(&service, Problem::Malformed),
        answered => posted(&service, answered),
    }
}

async fn waiting(service: Arc<Service>, work: impl FnOnce(&Register) + Send + 'static) {
    let _ = tokio::task::spawn_blocking(move || work(&service.register)).await;
}

/// Lets a post in: within the rate, and a body no longer than a message.
async fn admit(service: &Service, request: Request) -> Result<Bytes, Problem> {
    if !service.bucket.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(Problem::RateLimited);
    }
    axum::body::to_bytes(request.into_body(), MAX_MESSAGE).await.map_err(|_| Problem::TooLarge)
}

fn refuse(service: &Service, problem: Problem) -> Response<Body> {
    service.refused.fetch_add(1, Ordering::Relaxed);
    problem.response()
}

type Answered = Result<Result<Outcome, Arc<RegisterError>>, oneshot::error::RecvError>;

fn posted(service: &Service, answered: Answered) -> Response<Body> {
    let (status, counter, message) = match answered {
        Ok(Ok(Outcome::Created(message))) => (StatusCode::CREATED, &service.created, message),
        Ok(Ok(Outcome::Known(message))) => (StatusCode::OK, &service.known, message),
        Ok(Ok(Outcome::Conflict)) => return refuse(service, Problem::CommitConflict),
        Ok(Ok(Outcome::Unknown)) => return refuse(service, Problem::NoCommit),
        Ok(Ok(Outcome::Crowded)) => return refuse(service, Problem::TooManyAttestations),
        Ok(Err(error)) if error.is_full() => return refuse(service, Problem::StorageFull),
        Ok(Err(error)) if error.is_passing() => return refuse(service, Problem::StoreUnavailable),
        Ok(Err(_)) | Err(_) => return refuse(service, Problem::Internal),
    };
    counter.fetch_add(1, Ordering::Relaxed);
    let mut response = Response::new(Body::from(message));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(COSE));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn receipt(State(service): Shared, Path(commit): Path<String>, headers: HeaderMap) -> Response<Body> {
    immutable(looked_up(service, commit, Register::receipt).await, COSE, &headers)
}

async fn challenge(State(service): Shared, Path(commit): Path<String>, headers: HeaderMap) -> Response<Body> {
    immutable(looked_up(service, commit, Register::challenge).await, COSE, &headers)
}

async fn attestations(State(service): Shared, Path(commit): Path<String>) -> Response<Body> {
    let list = |messages: Vec<Vec<u8>>| Value::Array(messages.into_iter().map(Value::Bytes).collect()).encode();
    match looked_up(service, commit, Register::attestations).await {
        Err(problem) => problem.response(),
        Ok(messages) => {
            let mut response = Response::new(Body::from(list(messages)));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CBOR));
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
    }
}

async fn looked_up<T: Send + 'static>(
    service: Arc<Service>,
    commit: String,
    look: impl FnOnce(&Register, &Digest) -> Result<Option<T>, RegisterError> + Send + 'static,
) -> Result<T, Problem> {
    let commit = Digest::from_hex(&commit).ok_or(Problem::NoCommit)?;
    let found = tokio::task::spawn_blocking(move || look(&service.register, &commit)).await;
    match found {
        Ok(Ok(Some(found))) => Ok(found),
        Ok(Ok(None)) => Err(Problem::NoCommit),
        Ok(Err(error)) if error.is_passing() => Err(Problem::StoreUnavailable),
        Ok(Err(_)) | Err(_) => Err(Problem::Internal),
    }
}

async fn registry(State(service): Shared, Path(root): Path<String>, headers: HeaderMap) -> Response<Body> {
    let found = Digest::from_hex(&root).and_then(|root| service.register.registry(&root)).map(Item::encode);
    immutable(found.ok_or(Problem::NotFound), CBOR, &headers)
}

const COSE: &str = "application/cose";
const CBOR: &str = "application/cbor";

/// What never changes, as a provider sends it.
fn immutable(found: Result<Vec<u8>, Problem>, kind: &'static str, sent: &HeaderMap) -> Response<Body> {
    let content = match found {
        Ok(content) => content,
        Err(problem) => return problem.response(),
    };
    let etag = format!("\"{}\"", Digest::of_content(&content));
    let tags = sent.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = tags.is_some_and(|tags| tags == "*" || tags.split(',').any(|tag| tag.trim() == etag));
    let mut response = Response::new(if unchanged { Body::empty() } else { Body::from(content) });
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let cached = HeaderValue::from_static("public, max-age=31536000, immutable, no-transform");
    headers.insert(header::CACHE_CONTROL, cached);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}
