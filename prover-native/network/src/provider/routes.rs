//! A provider's paths: everything is a file that never changes, but for openings of several rows.

use std::{fs, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
    middleware::{self, Next},
    routing::{get, post},
};
use serde_json::json;
use verifier_core::{
    Digest,
    capability::{Decision, MAX_POSSESSION_BYTES, from_base64},
};

use super::{
    Folder, Gate,
    file::{OCTETS, Wanted, send},
    gate::{About, Sent},
    open,
};
use crate::http::{AUTHORIZATION_SCHEME, Exposition, POSSESSION_HEADER, Peer, Problem, Workers, body};

/// A provider that answers over HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    folder: Folder,
    gate: Option<Arc<Gate>>,
    /// For files.
    files: Workers,
    /// For decisions, which check signatures and wait for the log.
    gates: Workers,
}

/// Threads that read files, and threads that decide.
const FILES: usize = 64;
const GATES: usize = 64;
/// How long a file, or a decision, is waited for.
const DEADLINE: Duration = Duration::from_secs(15);

impl Provider {
    pub(crate) fn new(folder: Folder, gate: Option<Arc<Gate>>) -> Self {
        let (files, gates) = (Workers::new(FILES, DEADLINE), Workers::new(GATES, DEADLINE));
        Self { folder, gate, files, gates }
    }

    /// The paths, behind the gate.
    pub(crate) fn routes(&self) -> Router {
        let admitting = middleware::from_fn_with_state(self.clone(), admitted);
        Router::new()
            .route("/v1/blobs/{digest}", get(blob))
            .route("/v1/da/{da_hash}/header", get(da_header))
            .route("/v1/da/{da_hash}/z", get(sketch))
            .route("/v1/da/{da_hash}/rows/{index}", get(row))
            .route("/v1/da/{da_hash}/open", post(open_rows))
            .layer(admitting)
            .with_state(self.clone())
    }

    /// Why something cannot be served; `None` while all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        if !self.folder.is_there() {
            return Some(format!("{} cannot be read", self.folder.path().display()));
        }
        self.gate.as_ref().and_then(|gate| gate.trouble())
    }

    /// Figures.
    pub(crate) fn figures(&self, text: &mut Exposition) {
        let name = "capseal_workers_busy";
        text.family(name, "gauge", "Threads that wait for a disk.");
        text.sample(name, "work=\"files\"", self.files.busy()).sample(name, "work=\"decisions\"", self.gates.busy());
        if let Some(gate) = &self.gate {
            gate.figures(text);
        }
    }

    async fn send(&self, tag: String, path: std::path::PathBuf, asked: Asked, ranges: bool) -> Response<Body> {
        let Asked { method, headers } = asked;
        send(&self.folder, &self.files, Wanted { path, tag, method, headers, ranges }).await
    }
}

/// The parts of a request that an answer depends on.
struct Asked {
    method: Method,
    headers: HeaderMap,
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self { method: parts.method.clone(), headers: parts.headers.clone() })
    }
}

type Shared = State<Provider>;

async fn blob(State(provider): Shared, Path(digest): Path<String>, asked: Asked) -> Response<Body> {
    let Some(digest) = Digest::from_hex(&digest) else { return Problem::NotFound.response() };
    provider.send(digest.to_string(), provider.folder.blob(&digest), asked, true).await
}

async fn da_header(State(provider): Shared, Path(da_hash): Path<String>, asked: Asked) -> Response<Body> {
    part(&provider, &da_hash, "header", asked).await
}

async fn sketch(State(provider): Shared, Path(da_hash): Path<String>, asked: Asked) -> Response<Body> {
    part(&provider, &da_hash, "z", asked).await
}

async fn part(provider: &Provider, da_hash: &str, name: &str, asked: Asked) -> Response<Body> {
    let Some(digest) = Digest::from_hex(da_hash) else { return Problem::NotFound.response() };
    provider.send(format!("{digest}-{name}"), provider.folder.archive(&digest).join(name), asked, false).await
}

async fn row(State(provider): Shared, Path((da_hash, index)): Path<(String, String)>, asked: Asked) -> Response<Body> {
    let number = index.parse::<u64>().ok().filter(|number| number.to_string() == index);
    let (Some(da_hash), Some(index)) = (Digest::from_hex(&da_hash), number) else {
        return Problem::NotFound.response();
    };
    provider.send(format!("{da_hash}-{index}"), provider.folder.row(&da_hash, index), asked, false).await
}

async fn open_rows(State(provider): Shared, Path(da_hash): Path<String>, request: Request) -> Response<Body> {
    let Some(da_hash) = Digest::from_hex(&da_hash) else { return Problem::NotFound.response() };
    let body = match body(request, open::MAX_BODY, Problem::TooManyIndices).await {
        Ok(body) => body,
        Err(problem) => return problem.response(),
    };
    let folder = provider.folder.clone();
    let answered = provider.files.run(move || {
        let header = folder.header(&da_hash).ok_or(Problem::NotFound)?;
        let indices = open::indices(&body, header.shape())?;
        open::answer(&folder, &da_hash, header.shape(), &indices)
    });
    match answered.await {
        Ok(Ok(bytes)) => {
            let mut response = Response::new(Body::from(bytes));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(OCTETS));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Ok(Err(problem)) | Err(problem) => problem.response(),
    }
}

/// Answers a request, if its client may have what it is about.
async fn admitted(
    State(provider): Shared,
    Extension(client): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let Some(gate) = provider.gate.clone() else { return next.run(request).await };
    let view = gate.view();
    let path = request.uri().path().to_owned();
    // The router decodes what is escaped, and the access file is read before it: no path of ours needs an escape.
    if view.is_guarding() && path.contains('%') {
        return Problem::NotFound.response();
    }
    let resources = match view.about(&path) {
        About::Shut => return Problem::AccessUnavailable.response(),
        About::Everybody => {
            let response = next.run(request).await;
            // An access file that names a content is there before the content is. What was found may have come since it was looked at.
            let after = gate.view();
            let is_open = after.generation() == view.generation() || matches!(after.about(&path), About::Everybody);
            return if is_open { response } else { Problem::AccessChanged.response() };
        }
        About::Protected(resources) => resources,
    };
    let (parts, sent_body) = request.into_parts();
    // Who shows no token need not be heard to the end.
    let has_token = parts.headers.contains_key(header::AUTHORIZATION);
    let read = match has_token {
        true => body(Request::new(sent_body), open::MAX_BODY, Problem::TooManyIndices).await,
        false => Ok(axum::body::Bytes::new()),
    };
    let read = match read {
        Ok(read) => read,
        Err(problem) => return problem.response(),
    };
    let sent = sent_by(client, &parts.method, &parts.uri, &parts.headers, &read);
    let folder = provider.folder.clone();
    // Signatures and the log take their time: not on a thread that others wait for.
    let decided = provider.gates.run(move || {
        let bytes = size(&folder, &path);
        gate.decide(&view, &resources, &sent, bytes)
    });
    match decided.await {
        Ok(Ok(decision)) if !decision.is_allowed() => refusal(&decision),
        Ok(Ok(_)) => private(next.run(Request::from_parts(parts, Body::from(read))).await),
        Ok(Err(problem)) | Err(problem) => problem.response(),
    }
}

/// An answer that nobody in between keeps for others; whoever has it may.
fn private(mut response: Response<Body>) -> Response<Body> {
    if let Some(value) = response.headers_mut().get_mut(header::CACHE_CONTROL) {
        let kept = value.to_str().unwrap_or_default().replace("public", "private");
        *value = HeaderValue::from_str(&kept).unwrap_or(HeaderValue::from_static("no-store"));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Authorization"));
    response
}

fn sent_by(client: Peer, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Sent {
    // A header that stands there twice is as good as none: others might read the other one.
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let token = one(header::AUTHORIZATION.as_str()).and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(AUTHORIZATION_SCHEME));
    let target = uri.path_and_query().map_or_else(|| uri.path().to_owned(), |target| target.as_str().to_owned());
    let proof = one(POSSESSION_HEADER).map(|text| from_base64(text, MAX_POSSESSION_BYTES).unwrap_or_default());
    Sent {
        method: method.as_str().to_owned(),
        target,
        body: Digest::of_content(body),
        token: token.map_or_else(String::new, |(_, token)| token.to_owned()),
        proof,
        client,
    }
}

/// Bytes of what a path is about: a content, or the archive that a row is of.
fn size(folder: &Folder, path: &str) -> u64 {
    let mut segments = path.trim_start_matches("/v1/").split('/');
    let (kind, digest) = (segments.next(), segments.next().and_then(Digest::from_hex));
    match (kind, digest) {
        (Some("blobs"), Some(digest)) => fs::metadata(folder.blob(&digest)).map_or(0, |blob| blob.len()),
        (Some("da"), Some(digest)) => folder.header(&digest).map_or(0, |header| header.shape().byte_len()),
        _ => 0,
    }
}

/// The problem (RFC 9457) of a request that is denied.
fn refusal(decision: &Decision) -> Response<Body> {
    let status = StatusCode::from_u16(decision.http_status).unwrap_or(StatusCode::FORBIDDEN);
    let rule = decision.rule.unwrap_or_default();
    let body = json!({
        "type": format!("https://capseal.dev/problems/capability/{rule}"),
        "title": decision.reason.map(|reason| reason.meaning()),
        "status": status.as_u16(), "code": decision.reason.map(|reason| reason.name()), "retryable": false,
        "rule": rule, "link": decision.link, "detail": decision.detail,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(AUTHORIZATION_SCHEME));
    }
    response
}
