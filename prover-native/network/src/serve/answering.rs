//! What every answer has in common: who asks, headers for browsers, figures, the log; and whether the server is there and ready.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header},
    middleware::{self, Next},
    routing::get,
};
use serde_json::json;

use super::{
    Log, Proxy, Settings,
    clients::Clients,
    connections,
    figures::{Answers, note_start, server_figures},
    proxies,
};
use crate::{
    http::{Exposition, Peer, Problem, Workers},
    provider::{Gate, Provider},
    relay,
};

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    provider: Provider,
    folder: std::path::PathBuf,
    gate: Option<Arc<Gate>>,
    relay: Option<Arc<relay::Service>>,
    log: Log,
    proxies: Vec<Proxy>,
    /// Whether figures are for operators alone.
    has_operator: bool,
    answers: Answers,
    connections: Arc<connections::Figures>,
    clients: Arc<Clients>,
    most_connections: usize,
    /// For readiness and figures, which look at disks.
    looking: Workers,
    /// Begins the identities of requests.
    start: u64,
    requests: AtomicU64,
    trouble: Mutex<Vec<(&'static str, String)>>,
}

/// Threads that look whether all is well.
const LOOKING: usize = 2;
/// How often that is done unasked, and how long it may take.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Shared {
    pub(super) fn new(settings: Settings, most_connections: usize) -> Arc<Self> {
        let Settings { folder, gate, relay, log, proxies, operator, limits } = settings;
        note_start();
        let path = folder.path().to_owned();
        let clients = Clients::new(limits.of_client(most_connections), proxies.clone(), log.clone());
        Arc::new(Self {
            provider: Provider::new(folder, gate.clone()),
            folder: path,
            gate,
            relay,
            log,
            proxies,
            has_operator: operator.is_some(),
            answers: Answers::default(),
            connections: Arc::default(),
            clients: Arc::new(clients),
            most_connections,
            looking: Workers::new(LOOKING, LOOK_EVERY),
            start: getrandom::u64().unwrap_or_default(),
            requests: AtomicU64::new(0),
            trouble: Mutex::default(),
        })
    }

    pub(super) const fn most_connections(&self) -> usize {
        self.most_connections
    }

    pub(super) fn connections(&self) -> Arc<connections::Figures> {
        Arc::clone(&self.connections)
    }

    pub(super) fn clients(&self) -> Arc<Clients> {
        Arc::clone(&self.clients)
    }

    /// Before the end: what is not in a log yet.
    pub(super) fn finish(&self) {
        if let Some(gate) = &self.gate {
            gate.finish();
        }
    }

    /// What is not well, by the part that it concerns.
    fn look(&self) -> Vec<(&'static str, String)> {
        let provider = self.provider.trouble().map(|why| ("provider", why));
        let relay = self.relay.as_ref().and_then(|relay| relay.trouble()).map(|why| ("relay", why));
        provider.into_iter().chain(relay).collect()
    }

    /// What is not well now; that it cannot be told is not well.
    async fn troubles(self: &Arc<Self>) -> Vec<(&'static str, String)> {
        let shared = Arc::clone(self);
        let looked = self.looking.run(move || shared.look()).await;
        let found = looked.unwrap_or_else(|_| vec![("disk", "it does not answer".to_owned())]);
        let mut before = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if *before != found {
            for (part, why) in &found {
                if !before.contains(&(*part, why.clone())) {
                    self.log.event("error", "trouble", json!({ "part": part, "error": why }));
                }
            }
            for (part, _) in before.iter().filter(|(part, _)| !found.iter().any(|(other, _)| other == part)) {
                self.log.event("info", "recovered", json!({ "part": part }));
            }
            before.clone_from(&found);
        }
        found
    }

    fn id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.start.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

/// Looks now and then whether all is well, so that the log says when something goes and when it comes back.
pub(super) async fn watch(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let _ = shared.troubles().await;
    }
}

/// Everything that is for everybody.
pub(super) fn routes(shared: &Arc<Shared>) -> Router {
    let operated: Router = if shared.has_operator { Router::new() } else { operating(shared) };
    Router::new()
        .merge(shared.relay.clone().map(relay::routes).unwrap_or_default())
        .merge(shared.provider.routes())
        .merge(operated)
        .route("/healthz", get(healthz))
        .fallback(async || Problem::NotFound.response())
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed.response())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), around))
}

/// What is for operators.
pub(super) fn operator_routes(shared: &Arc<Shared>) -> Router {
    let fallback = async || Problem::NotFound.response();
    operating(shared).route("/healthz", get(healthz)).fallback(fallback)
}

fn operating(shared: &Arc<Shared>) -> Router {
    let routes = Router::new().route("/readyz", get(readyz)).route("/metrics", get(metrics));
    routes.with_state(Arc::clone(shared))
}

/// That the process answers, and nothing else.
async fn healthz() -> Response<Body> {
    Response::new(Body::from("ok\n"))
}

/// Whether everything that is offered can be done. Why not, the log says, and the body where only operators read it.
async fn readyz(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let troubles = shared.troubles().await;
    let failing: Vec<_> = troubles.iter().map(|(part, _)| *part).collect();
    let mut body = json!({ "ready": failing.is_empty(), "failing": failing });
    if shared.has_operator {
        body["why"] = troubles.iter().map(|(part, why)| ((*part).to_owned(), json!(why))).collect();
    }
    let mut response = Response::new(Body::from(format!("{body}\n")));
    if !troubles.is_empty() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let looked = Arc::clone(&shared);
    let text = shared.looking.run(move || {
        let mut text = Exposition::default();
        server_figures(&mut text, &looked.folder);
        looked.answers.figures(&mut text);
        let connections = &looked.connections;
        let get = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        text.one("capseal_connections", "gauge", "Connections that are open.", get(&connections.open))
            .one("capseal_connections_most", "gauge", "Connections that there may be.", looked.most_connections)
            .one("capseal_connections_total", "counter", "Connections that were taken.", get(&connections.taken))
            .one("capseal_accept_failures_total", "counter", "Connections not taken.", get(&connections.failed))
            .one(
                "capseal_client_refused_total",
                "counter",
                "Connections refused as their client has as many as it may.",
                looked.clients.refused(),
            )
            .one("capseal_log_dropped_total", "counter", "Lines of the log that nobody read.", looked.log.dropped());
        looked.provider.figures(&mut text);
        if let Some(relay) = &looked.relay {
            relay.figures(&mut text);
        }
        text.into_text()
    });
    let mut response = match text.await {
        Ok(text) => Response::new(Body::from(text)),
        Err(problem) => return problem.response(),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}

/// Characters of a path that the log has.
const MOST_PATH: usize = 256;

async fn around(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let began = Instant::now();
    let client = proxies::client(&shared.proxies, peer, request.headers());
    let id = given_id(client != peer, request.headers()).unwrap_or_else(|| shared.id());
    let (method, path): (Method, String) =
        (request.method().clone(), request.uri().path().chars().take(MOST_PATH).collect());
    request.extensions_mut().insert(client);
    let answering = shared.answers.begin();
    let mut response = match method {
        _ if !has_one_host(&request) => Problem::Malformed.response(),
        Method::OPTIONS => preflight(),
        _ => next.run(request).await,
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
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    let size = response.body().size_hint().exact().unwrap_or_default();
    let (status, bytes) = (response.status(), if method == Method::HEAD { 0 } else { size });
    let took = began.elapsed();
    answering.end(status, bytes, took);
    shared.log.request(|| {
        let ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        json!({
            "id": id, "client": client.to_string(), "method": method.as_str(), "path": path,
            "status": status.as_u16(), "bytes": bytes, "ms": ms,
        })
    });
    response
}

/// A request of HTTP/1.1 names one host (RFC 9112, 3.2): two could be read in two ways.
fn has_one_host(request: &Request) -> bool {
    let count = request.headers().get_all(header::HOST).iter().count();
    count == 1 || (count == 0 && request.version() < Version::HTTP_11)
}

/// The identity that a trusted proxy gave a request.
fn given_id(is_proxied: bool, headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id").filter(|_| is_proxied)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=64).contains(&id.len()) && id.bytes().all(is_plain)).then(|| id.to_owned())
}

const EXPOSED: &str = "ETag, Content-Length, Content-Range, Accept-Ranges, Retry-After, WWW-Authenticate, X-Request-Id";

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
