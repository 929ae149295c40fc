//! A relay's paths. Bodies are bounded before they are read, and what may be posted in a second is, too.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    routing::{get, post},
};
use verifier_core::{
    Digest,
    cbor::{Item, Value},
    relay::{Commit, MAX_MESSAGE},
};

use super::{
    Answer, Full, Outcome, Rates, Register, RegisterError,
    rate::{Bucket, Buckets},
};
use crate::http::{Condition, Exposition, Peer, Problem, Unchanging, Workers, body};

/// A register that answers over HTTP.
#[derive(Debug)]
pub struct Service {
    register: Register,
    rates: Rates,
    all: Mutex<Bucket>,
    clients: Mutex<Buckets<Peer>>,
    /// For lookups and signatures: a store that stalls has these threads, and no others.
    workers: Workers,
    /// Commits and attestations, new ones and known ones, those over a rate, and those that were refused.
    created: AtomicU64,
    known: AtomicU64,
    limited: AtomicU64,
    refused: AtomicU64,
    waiting: AtomicU64,
}

/// Threads that look up and check signatures.
const WORKERS: usize = 16;
/// How long a lookup is waited for: a little longer than the store's own deadline.
const LOOKED_UP: Duration = Duration::from_secs(12);
/// How long a post is waited for: it may be in the batch after the one that the store keeps waiting.
const ANSWERED: Duration = Duration::from_secs(15);

impl Service {
    /// Answers for a register, and takes so many commits and attestations in a second.
    pub fn new(register: Register, rates: Rates) -> Self {
        let now = Instant::now();
        let [created, known, limited, refused, waiting] = [0; 5].map(AtomicU64::new);
        Self {
            register,
            rates,
            all: Mutex::new(Bucket::full(rates.all, now)),
            clients: Mutex::new(Buckets::new(rates.client)),
            workers: Workers::new(WORKERS, LOOKED_UP),
            created,
            known,
            limited,
            refused,
            waiting,
        }
    }

    /// Why it takes nothing at the moment; `None` while all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.register.status().trouble()
    }

    /// Figures.
    pub(crate) fn figures(&self, text: &mut Exposition) {
        let posts = "capseal_relay_posts_total";
        text.family(posts, "counter", "Commits and attestations by what came of them.");
        for (outcome, count) in
            [("created", &self.created), ("known", &self.known), ("limited", &self.limited), ("refused", &self.refused)]
        {
            text.sample(posts, &format!("outcome=\"{outcome}\""), count.load(Ordering::Relaxed));
        }
        let (lines, bytes) = self.register.status().log();
        let up = u8::from(self.trouble().is_none());
        text.one("capseal_relay_queue", "gauge", "Posts that wait for the disk or the store.", self.waiting())
            .one("capseal_relay_up", "gauge", "1 while log and store take commits.", up)
            .one("capseal_relay_log_lines", "gauge", "Lines of the log.", lines)
            .one("capseal_relay_log_bytes", "gauge", "Bytes of the log.", bytes);
    }

    fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Lets a post in: a body no longer than a message, within the client's rate. The body is read first: who is told to come back keeps
    /// the connection.
    async fn admit(&self, client: Peer, request: Request) -> Result<Bytes, Problem> {
        let body = body(request, MAX_MESSAGE, Problem::TooLarge).await?;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.take(client.share(), Instant::now()) { Ok(body) } else { Err(Problem::RateLimited) }
    }

    /// Whether all together are within their rate. What is no message takes nothing from the others.
    fn within_rate(&self) -> bool {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).take(self.rates.all, Instant::now())
    }

    fn refuse(&self, problem: Problem) -> Response<Body> {
        let counter = if problem == Problem::RateLimited { &self.limited } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        problem.response()
    }

    /// Waits for the writer.
    async fn answer(&self, posted: Result<Answer, Full>) -> Response<Body> {
        let Ok(answer) = posted else { return self.refuse(Problem::Busy) };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let answered = tokio::time::timeout(ANSWERED, answer).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let (status, counter, message) = match answered {
            Ok(Ok(Ok(Outcome::Created(message)))) => (StatusCode::CREATED, &self.created, message),
            Ok(Ok(Ok(Outcome::Known(message)))) => (StatusCode::OK, &self.known, message),
            Ok(Ok(Ok(Outcome::Conflict))) => return self.refuse(Problem::CommitConflict),
            Ok(Ok(Ok(Outcome::Unknown))) => return self.refuse(Problem::NoCommit),
            Ok(Ok(Ok(Outcome::Crowded))) => return self.refuse(Problem::TooManyAttestations),
            Ok(Ok(Err(error))) => return self.refuse(problem_of(&error)),
            // The writer is gone.
            Ok(Err(_)) => return self.refuse(Problem::Internal),
            Err(_) => return self.refuse(Problem::StoreUnavailable),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(Body::from(message));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(COSE));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn problem_of(error: &RegisterError) -> Problem {
    match error {
        error if error.is_full() => Problem::StorageFull,
        error if error.is_passing() => Problem::StoreUnavailable,
        error if error.is_loss() => Problem::LogLost,
        _ => Problem::Internal,
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

async fn commit(State(service): Shared, Extension(client): Extension<Peer>, request: Request) -> Response<Body> {
    let body = match service.admit(client, request).await {
        Ok(body) => body,
        Err(problem) => return service.refuse(problem),
    };
    let Some(commit) = Commit::decode(&body).ok().filter(|commit| commit.schema == Commit::SCHEMA) else {
        return service.refuse(Problem::Malformed);
    };
    if !service.within_rate() {
        return service.refuse(Problem::RateLimited);
    }
    let hash = commit.header_commit_hash;
    let mut response = service.answer(service.register.commit(commit)).await;
    if response.status() == StatusCode::CREATED
        && let Ok(place) = HeaderValue::from_str(&format!("/v1/commits/{hash}"))
    {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

async fn attest(
    State(service): Shared,
    Extension(client): Extension<Peer>,
    Path(commit): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some(commit) = Digest::from_hex(&commit) else { return service.refuse(Problem::NoCommit) };
    let body = match service.admit(client, request).await {
        Ok(body) => body,
        Err(problem) => return service.refuse(problem),
    };
    if !service.within_rate() {
        return service.refuse(Problem::RateLimited);
    }
    // Checking a signature is for a thread that may take its time.
    let register = Arc::clone(&service);
    let posted = service.workers.run(move || register.register.attest(&commit, body.to_vec())).await;
    match posted {
        Err(problem) => service.refuse(problem),
        Ok(Err(full)) => service.answer(Err(full)).await,
        Ok(Ok(None)) => service.refuse(Problem::Malformed),
        Ok(Ok(Some(answer))) => service.answer(Ok(answer)).await,
    }
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
    let register = Arc::clone(&service);
    let found = service.workers.run(move || look(&register.register, &commit)).await;
    match found {
        Ok(Ok(Some(found))) => Ok(found),
        Ok(Ok(None)) => Err(Problem::NoCommit),
        Ok(Err(error)) => Err(problem_of(&error)),
        Err(Problem::Busy) => Err(Problem::StoreUnavailable),
        Err(problem) => Err(problem),
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
    match found {
        Err(problem) => problem.response(),
        Ok(content) => {
            let tagged = Unchanging::new(&Digest::of_content(&content).to_string(), kind);
            let condition: Condition = tagged.condition(sent);
            tagged.answer(condition, || Body::from(content))
        }
    }
}
