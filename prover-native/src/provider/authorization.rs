//! The gate of a provider: whoever asks for a protected bundle shows a token and proves that it is theirs. Every decision is logged before
//! anything is served; what cannot be logged is not served.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    middleware::Next,
};
use serde_json::{Map, json};
use verifier_core::{
    Digest,
    capability::{
        Decision, Denial, Expected, MAX_POSSESSION_BYTES, MAX_REVOCATION_BYTES, Options, Permission, Request as Asked,
        Resource, RevocationList, Rule, Token, from_base64, judge,
    },
    pcap::obligation::Level,
    signature::PublicKey,
};

use super::{
    Access, AccessError, Folder,
    nonces::{Nonces, Seen},
    open,
    problem::Problem,
};
use crate::{
    clock,
    pcap::{Action, LogFile, LogFileError, SharedLog},
    whole_file::{self, Existing},
};

/// The scheme of the `Authorization` header, before the token.
pub const AUTHORIZATION_SCHEME: &str = "CapSeal";
/// The header with the proof of possession.
pub const POSSESSION_HEADER: &str = "CapSeal-Possession";
/// Nonces that are remembered: some hundred requests a second, for two windows.
const MAX_NONCES: usize = 1 << 16;
/// The highest level at which this provider logs: on disk before it answers.
const MAX_LEVEL: Level = Level::S1;

/// Decides who may have what is protected.
#[derive(Debug)]
pub struct Gate {
    access: Access,
    lists: Vec<KeptList>,
    decisions: SharedLog,
    nonces: Mutex<Nonces>,
}

impl Gate {
    /// A gate by an access file, with the action log of its decisions, which is started when it is not there.
    ///
    /// # Errors
    /// When the access file, or the log, cannot be used.
    pub fn open(access: &Path, decisions: &Path) -> Result<Self, GateError> {
        let read = Access::read(access).map_err(GateError::Access)?;
        let log = match LogFile::open(decisions) {
            Err(LogFileError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                let mut fields = Map::new();
                fields.insert("run_id".to_owned(), format!("provider {}", read.audience).into());
                LogFile::create(decisions, fields)
            }
            opened => opened,
        };
        let folder = access.parent().unwrap_or(Path::new("."));
        let lists = read.revocations.iter().map(|list| KeptList::new(folder.join(list))).collect();
        let nonces = Mutex::new(Nonces::new(now(), MAX_NONCES));
        Ok(Self { access: read, lists, decisions: SharedLog::new(log.map_err(GateError::Log)?), nonces })
    }

    /// The decision about a request, logged; `None` where everybody may.
    fn decide(&self, asked: &Sent, folder: &Folder) -> Result<Option<Decision>, Problem> {
        let resources = self.access.resources(&asked.path);
        let Some(first) = resources.first() else { return Ok(None) };
        let token = Token::from_text(&asked.token).ok();
        let leaf = token.as_ref().and_then(|token| token.links().last());
        let covered = |resource: &&Resource| {
            leaf.is_some_and(|leaf| leaf.link.grant.resources.iter().any(|granted| granted.covers(resource)))
        };
        let resource = resources.iter().find(covered).unwrap_or(first).clone();
        let level = leaf.map_or(Level::S0, |leaf| leaf.link.grant.level()).min(MAX_LEVEL);
        let options = self.options(asked, folder, resource.clone(), level);
        let mut full = false;
        let decision = judge(&asked.token, &options, &mut |holder, possession| {
            let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            let seen = nonces.use_once(holder, possession, options.at);
            full |= seen == Seen::Full;
            seen != Seen::New
        });
        self.log(asked, &resource, leaf.map(|leaf| leaf.link.subject), level, &decision)?;
        if full { Err(Problem::Busy) } else { Ok(Some(decision)) }
    }

    fn options(&self, asked: &Sent, folder: &Folder, resource: Resource, level: Level) -> Options {
        let (revocations, seen): (Vec<_>, Vec<_>) = self.lists.iter().map(KeptList::current).unzip();
        let audience = self.access.audience.clone();
        let bytes = size(folder, &asked.path);
        Options {
            roots: self.access.roots.clone(),
            revocations,
            seen: seen.into_iter().flatten().collect(),
            stale_reads: self.access.stale_reads,
            request: Some(Asked { audience, permission: Permission::Read, resource, level, bytes }),
            possession: Some(Expected {
                proof: asked.proof.clone(),
                method: asked.method.clone(),
                path: asked.target.clone(),
                body: asked.body,
            }),
            ..Options::at(now())
        }
    }

    fn log(
        &self,
        asked: &Sent,
        resource: &Resource,
        holder: Option<PublicKey>,
        level: Level,
        decision: &Decision,
    ) -> Result<(), Problem> {
        // A token that is refused says nothing about who asks.
        let holder = holder.filter(|_| decision.is_allowed());
        let actor = holder.map_or_else(|| "unknown".to_owned(), |holder| holder.to_string());
        let mut action = Action::new("access", &actor)
            .with("decision", json!(decision.outcome))
            .with("method", asked.method.as_str())
            .with("resource", resource.as_str());
        if let Some(token) = decision.token {
            action = action.with("token", token.to_string());
        }
        if let Some(leaf) = decision.links.last() {
            action = action.with("capability_id", leaf.capability_id.to_string());
        }
        if let (Some(reason), Some(rule)) = (decision.reason, decision.rule) {
            action = action.with("reason", reason.name()).with("rule", rule);
        }
        if let Some(link) = decision.link {
            action = action.with("link", link as u64);
        }
        self.decisions.append(action.at(level).into()).map(drop).map_err(|_| Problem::Internal)
    }
}

fn now() -> u64 {
    clock::millis(SystemTime::now())
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

/// What a client sent, as far as the decision depends on it.
#[derive(Debug)]
struct Sent {
    method: String,
    path: String,
    /// The path with its query.
    target: String,
    body: Digest,
    token: String,
    proof: Option<Vec<u8>>,
}

impl Sent {
    fn new(method: &Method, uri: &axum::http::Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        // A header that stands there twice is as good as none: others might read the other one.
        let one = |name: &str| {
            let mut values = headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
        };
        let token = one(header::AUTHORIZATION.as_str()).and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(AUTHORIZATION_SCHEME));
        let target = uri.path_and_query().map_or_else(|| uri.path().to_owned(), |target| target.as_str().to_owned());
        let proof = one(POSSESSION_HEADER).map(|text| from_base64(text, MAX_POSSESSION_BYTES).unwrap_or_default());
        Self {
            method: method.as_str().to_owned(),
            path: uri.path().to_owned(),
            target,
            body: Digest::of_content(body),
            token: token.map_or_else(String::new, |(_, token)| token.to_owned()),
            proof,
        }
    }
}

/// Answers a request, if whoever asks may.
pub(super) async fn admitted(
    gate: Option<&Arc<Gate>>,
    folder: &Folder,
    request: Request,
    next: Next,
) -> Response<Body> {
    // The router decodes what is escaped, and the access file is read before it: no path of ours needs an escape.
    if gate.is_some() && request.uri().path().contains('%') {
        return Problem::NotFound.response();
    }
    let protecting = gate.filter(|gate| !gate.access.resources(request.uri().path()).is_empty());
    let Some(gate) = protecting.map(Arc::clone) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, open::MAX_BODY).await else {
        return Problem::TooManyIndices.response();
    };
    let sent = Sent::new(&parts.method, &parts.uri, &parts.headers, &body);
    let folder = folder.clone();
    // Signatures and the log take their time: not on a thread that others wait for.
    let decided = tokio::task::spawn_blocking(move || gate.decide(&sent, &folder)).await;
    match decided.unwrap_or(Err(Problem::Internal)) {
        Ok(Some(decision)) if !decision.is_allowed() => refusal(&decision),
        Ok(_) => {
            let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
            // Nobody in between keeps it for others; whoever has it may.
            if let Some(value) = response.headers_mut().get_mut(header::CACHE_CONTROL) {
                let kept = value.to_str().unwrap_or_default().replace("public", "private");
                *value = HeaderValue::from_str(&kept).unwrap_or(HeaderValue::from_static("no-store"));
            }
            response.headers_mut().insert(header::VARY, HeaderValue::from_static("Authorization"));
            response
        }
        Err(problem) => problem.response(),
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

/// A revocation list on disk: read again when it changes, and the highest number that it ever had.
#[derive(Debug)]
struct KeptList {
    path: PathBuf,
    /// Where the number is kept, so that an older list is refused after a restart too.
    seen_path: PathBuf,
    read: Mutex<ReadList>,
}

#[derive(Debug)]
struct ReadList {
    /// Time of change and length of the file that was read.
    stamp: Option<(u128, u64)>,
    list: Result<RevocationList, Denial>,
    seen: Option<(PublicKey, u64)>,
}

impl KeptList {
    fn new(path: PathBuf) -> Self {
        let mut seen_path = path.clone().into_os_string();
        seen_path.push(".seen");
        let list = Err(Denial::new(Rule::RevocationInvalid, "the list was not read"));
        let seen_path = PathBuf::from(seen_path);
        let read = Mutex::new(ReadList { stamp: None, list, seen: kept_number(&seen_path) });
        Self { path, seen_path, read }
    }

    /// The list as it is now, and what was seen of its issuer.
    fn current(&self) -> (Result<RevocationList, Denial>, Option<(PublicKey, u64)>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = fs::metadata(&self.path).ok().and_then(|file| {
            let changed = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some((changed.as_nanos(), file.len()))
        });
        if stamp.is_none() || stamp != read.stamp {
            read.list = self.read_file();
            read.stamp = stamp;
            if let Ok(list) = &read.list {
                let found = (list.list().issuer, list.list().seq);
                if read.seen.is_none_or(|seen| seen.0 != found.0 || seen.1 < found.1) {
                    let text = format!("{} {}\n", found.0, found.1);
                    match whole_file::write(&self.seen_path, Existing::Replace, text.as_bytes()) {
                        Ok(_) => read.seen = Some(found),
                        Err(error) => read.list = Err(Denial::new(Rule::RevocationInvalid, error)),
                    }
                }
            }
        }
        (read.list.clone(), read.seen)
    }

    fn read_file(&self) -> Result<RevocationList, Denial> {
        let unreadable = |_| Denial::new(Rule::RevocationInvalid, "the provider cannot read its revocation list");
        let text = fs::read_to_string(&self.path).map_err(unreadable)?;
        RevocationList::read(&from_base64(text.trim_ascii(), MAX_REVOCATION_BYTES).unwrap_or_default())
    }
}

fn kept_number(path: &Path) -> Option<(PublicKey, u64)> {
    let text = fs::read_to_string(path).ok()?;
    let (issuer, seq) = text.trim_ascii().split_once(' ')?;
    Some((PublicKey::from_hex(issuer)?, seq.parse().ok()?))
}

/// A gate that cannot be opened.
#[derive(Debug)]
pub enum GateError {
    /// The access file.
    Access(AccessError),
    /// The log of decisions.
    Log(LogFileError),
}

impl std::fmt::Display for GateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Access(error) => error.fmt(f),
            Self::Log(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for GateError {}
