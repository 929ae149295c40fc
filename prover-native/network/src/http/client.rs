//! The client: one provider, asked over HTTP, within bounds of time, bytes and tries.
//!
//! A provider is hostile until its answers hold. Redirects are not followed, so that nobody is led to an address that was not named;
//! bodies are never decompressed, and read up to the length that is expected and one byte.

use std::{
    fmt,
    io::{self, Read, Write},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use ureq::{Agent, Body, http::Response};
use verifier_core::Digest;

use super::Credentials;
use capseal_trust::capability::CapabilityError;

/// A provider.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    /// When everything asked of this provider must be over.
    deadline: Instant,
    bounds: Bounds,
    credentials: Option<Credentials>,
}

/// How patient a client is.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// For a connection.
    pub connect: Duration,
    /// For the first byte of an answer.
    pub first_byte: Duration,
    /// For a whole answer of a row.
    pub answer: Duration,
    /// For everything together.
    pub total: Duration,
    /// Bytes a second that a content comes with at least.
    pub bytes_per_second: u64,
    /// Tries after the first, when the provider may be able to answer later.
    pub retries: u32,
}

impl Bounds {
    /// The documented defaults.
    pub const DEFAULT: Self = Self {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(10),
        answer: Duration::from_secs(30),
        total: Duration::from_secs(120),
        bytes_per_second: 8 << 10,
        retries: 3,
    };
}

impl Client {
    /// A client of the provider at a URL, `https://host/path` or `http://…`.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn new(url: &str, bounds: Bounds) -> Result<Self, FetchError> {
        let known = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = known.and_then(|rest| rest.split(['/', '?', '#']).next()).filter(|host| !host.is_empty());
        // A name and password in a URL would go into logs and messages.
        if host.is_none_or(|host| host.contains('@')) || url.contains(['?', '#']) {
            return Err(FetchError::Url(url.to_owned()));
        }
        let agent = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("capseal/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(bounds.connect))
            .timeout_recv_response(Some(bounds.first_byte))
            .build();
        let deadline = Instant::now() + bounds.total;
        Ok(Self {
            agent: agent.into(),
            base: url.trim_end_matches('/').to_owned(),
            deadline,
            bounds,
            credentials: None,
        })
    }

    /// The same client with what it may be asked to show. Only this provider is shown it: redirects are not followed.
    #[must_use]
    pub fn entitled_by(self, credentials: Option<Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// The URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same provider, with its whole time before it.
    pub fn afresh(&self) -> Self {
        Self { deadline: Instant::now() + self.bounds.total, ..self.clone() }
    }

    /// The same provider, with as much more time as so many bytes may take.
    pub(crate) fn with_time_for(&self, bytes: u64) -> Self {
        let time = Duration::from_secs(bytes / self.bounds.bytes_per_second);
        Self { deadline: self.deadline + time, ..self.clone() }
    }

    /// A row with its path: `len` bytes when the provider is honest, never more than one above.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn row(&self, da_hash: &Digest, index: u64, len: u64) -> Result<Vec<u8>, FetchError> {
        self.with_retries(|| {
            let mut body = Vec::new();
            let path = format!("/v1/da/{da_hash}/rows/{index}");
            self.get(&path, self.bounds.answer)?.take(len.saturating_add(1)).read_to_end(&mut body)?;
            Ok(body)
        })
    }

    /// A content, written to `to`; its bytes are for the caller to check. At most `len` bytes and one are read. One try: a content that was
    /// half written cannot be written again.
    ///
    /// # Errors
    /// When it cannot be had, or not be written.
    pub fn blob(&self, digest: &Digest, len: u64, to: &mut impl Write) -> Result<u64, FetchError> {
        let time = self.bounds.answer + Duration::from_secs(len / self.bounds.bytes_per_second);
        let mut body = self.get(&format!("/v1/blobs/{digest}"), time)?.take(len.saturating_add(1));
        Ok(io::copy(&mut body, to)?)
    }

    /// What lies at a path, `most` bytes and one at most; `None` when it is not there.
    ///
    /// # Errors
    /// When nobody says whether it is.
    pub fn find(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, FetchError> {
        self.with_retries(|| {
            let mut body = Vec::new();
            match self.get(path, self.bounds.answer) {
                Ok(reader) => reader.take(most.saturating_add(1)).read_to_end(&mut body)?,
                Err(FetchError::Status { status: 404, .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            Ok(Some(body))
        })
    }

    /// Posts what may be posted twice. Gives the answer, `most` bytes and one at most.
    ///
    /// # Errors
    /// When it was not taken.
    pub fn post(&self, path: &str, kind: &str, body: &[u8], most: u64) -> Result<Vec<u8>, FetchError> {
        self.with_retries(|| {
            let time = self.time(self.bounds.answer)?;
            let request = self.agent.post(format!("{}{path}", self.base)).header("Content-Type", kind).config();
            let response = request.timeout_global(Some(time)).build().send(body).map_err(FetchError::Transport)?;
            let mut answer = Vec::new();
            let reader = accepted(response, &[200, 201])?.into_body().into_reader();
            reader.take(most.saturating_add(1)).read_to_end(&mut answer)?;
            Ok(answer)
        })
    }

    fn get(&self, path: &str, time: Duration) -> Result<impl Read + use<>, FetchError> {
        let time = self.time(time)?;
        let mut request = self.agent.get(format!("{}{path}", self.base));
        // A proof is for one try: its nonce is used up by it.
        if let Some(credentials) = &self.credentials {
            for (name, value) in credentials.headers("GET", path, &self.base).map_err(FetchError::Credentials)? {
                request = request.header(name, value);
            }
        }
        let request = request.config();
        let response = request.timeout_global(Some(time)).build().call().map_err(FetchError::Transport)?;
        Ok(accepted(response, &[200])?.into_body().into_reader())
    }

    /// As much of a time as is left of everything's.
    fn time(&self, time: Duration) -> Result<Duration, FetchError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(FetchError::Late) } else { Ok(time.min(left)) }
    }

    /// Tries again what may go better, after a random time, until the tries or the time are used up.
    fn with_retries<T>(&self, attempt: impl Fn() -> Result<T, FetchError>) -> Result<T, FetchError> {
        let mut tries = 0;
        loop {
            match attempt() {
                Err(error) if error.is_passing() && tries < self.bounds.retries => {
                    tries += 1;
                    let pause = error.retry_after().unwrap_or_else(|| jitter(tries));
                    if Instant::now() + pause >= self.deadline {
                        return Err(error);
                    }
                    thread::sleep(pause);
                }
                done => return done,
            }
        }
    }
}

/// Any time up to a quarter of a second, doubled with each try.
fn jitter(tries: u32) -> Duration {
    let most = Duration::from_millis(250) * 2u32.saturating_pow(tries.saturating_sub(1));
    most.min(Duration::from_secs(5)).mul_f64(f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX))
}

/// Refuses what is no answer: any other status, and any encoding of the content.
fn accepted(response: Response<Body>, statuses: &[u16]) -> Result<Response<Body>, FetchError> {
    let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let status = response.status().as_u16();
    if !statuses.contains(&status) {
        let retry_after = text("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let rule = matches!(status, 401 | 403).then(|| rule_of(response.into_body())).flatten();
        return Err(FetchError::Status { status, retry_after, rule });
    }
    if let Some(encoding) = text("content-encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Encoded(encoding.chars().take(40).collect()));
    }
    Ok(response)
}

/// The rule of capability tokens that a provider says is not kept. It is a name, or nothing is repeated of what was sent.
fn rule_of(body: Body) -> Option<String> {
    let mut problem = Vec::new();
    body.into_reader().take(MOST_PROBLEM).read_to_end(&mut problem).ok()?;
    let problem: Value = serde_json::from_slice(&problem).ok()?;
    let rule = problem.get("rule")?.as_str()?;
    let is_name = (1..=64).contains(&rule.len()) && rule.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name.then(|| rule.to_owned())
}

/// Bytes of a problem that are read.
const MOST_PROBLEM: u64 = 4096;

/// Why something could not be had.
#[derive(Debug)]
pub enum FetchError {
    /// Not the URL of a provider.
    Url(String),
    /// No connection, no answer in time, or an answer that is not HTTP.
    Transport(ureq::Error),
    /// The body broke off, or could not be written.
    Body(io::Error),
    /// Another status than 200.
    Status {
        /// The status.
        status: u16,
        /// When to come back.
        retry_after: Option<Duration>,
        /// The rule that the token does not keep, as the provider names it.
        rule: Option<String>,
    },
    /// The body is encoded, which was not asked for.
    Encoded(String),
    /// The proof that the token is ours cannot be made.
    Credentials(CapabilityError),
    /// The time for the whole audit is over.
    Late,
}

impl FetchError {
    /// Whether another try may go better.
    fn is_passing(&self) -> bool {
        match self {
            Self::Transport(error) => !matches!(kind_of(error), Some(DeadEnd::NoTls | DeadEnd::NoSuchName)),
            Self::Body(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Self::Url(_) | Self::Encoded(_) | Self::Credentials(_) | Self::Late => false,
        }
    }

    /// Whether nobody is there who could answer anything else: no connection, no TLS, no such name.
    pub(crate) fn is_dead_end(&self) -> bool {
        match self {
            Self::Transport(error) => kind_of(error).is_some(),
            Self::Url(_) | Self::Late | Self::Credentials(_) => true,
            Self::Body(_) | Self::Status { .. } | Self::Encoded(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after: Some(time), .. } => Some((*time).min(MOST_RETRY_AFTER)),
            _ => None,
        }
    }
}

/// Why there is no connection that HTTP could be spoken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeadEnd {
    Refused,
    Unreachable,
    NoSuchName,
    NoConnection,
    NoTls,
    NotHttp,
}

fn kind_of(error: &ureq::Error) -> Option<DeadEnd> {
    match error {
        ureq::Error::HostNotFound => Some(DeadEnd::NoSuchName),
        ureq::Error::ConnectionFailed | ureq::Error::Timeout(ureq::Timeout::Connect) => Some(DeadEnd::NoConnection),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Some(DeadEnd::NoTls),
        ureq::Error::Protocol(_) => Some(DeadEnd::NotHttp),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(DeadEnd::Refused),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some(DeadEnd::Unreachable),
            // What rustls says about bytes that are no TLS comes as such an error.
            io::ErrorKind::InvalidData => Some(DeadEnd::NoTls),
            _ => None,
        },
        _ => None,
    }
}

/// Names what is wrong with a connection.
fn transport(error: &ureq::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match kind_of(error) {
        Some(DeadEnd::Refused) => f.write_str("the connection was refused: nobody listens there"),
        Some(DeadEnd::Unreachable) => f.write_str("the host cannot be reached"),
        Some(DeadEnd::NoSuchName) => f.write_str("there is no host of that name"),
        Some(DeadEnd::NoConnection) => f.write_str("there was no connection in time"),
        Some(DeadEnd::NoTls) => write!(f, "no TLS is spoken there, or not as it should be ({error}): is it http://?"),
        Some(DeadEnd::NotHttp) => write!(f, "no HTTP is spoken there ({error}): is it https://?"),
        None => write!(f, "{error}"),
    }
}

/// A provider that wants more time than that is not available.
const MOST_RETRY_AFTER: Duration = Duration::from_secs(30);

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => {
                write!(f, "{url} is not the URL of a provider (https://… without name, query and fragment)")
            }
            Self::Transport(error) => transport(error, f),
            Self::Body(error) => write!(f, "the answer broke off: {error}"),
            Self::Status { status: status @ 300..=399, .. } => write!(f, "status {status}: redirects are not followed"),
            Self::Status { status: status @ (401 | 403), rule, .. } => {
                let what = if *status == 401 {
                    "the provider wants a token that holds"
                } else {
                    "the token is not enough for this"
                };
                write!(f, "status {status}: {what}")?;
                rule.as_ref().map_or(Ok(()), |rule| write!(f, " ({rule}; docs/spec/capability.md names the rules)"))
            }
            Self::Status { status: 404, .. } => f.write_str(
                "status 404: it is not there; a provider's URL ends before /v1, and is asked for archives that were exported to it",
            ),
            Self::Status { status, .. } => write!(f, "status {status}"),
            Self::Encoded(encoding) => write!(f, "the answer is encoded ({encoding}), which was not asked for"),
            Self::Credentials(error) => error.fmt(f),
            Self::Late => f.write_str("the time for the audit is over"),
        }
    }
}

impl std::error::Error for FetchError {}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Body(error)
    }
}
