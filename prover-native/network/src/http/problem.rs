//! Problems (RFC 9457): what a client did wrong, or what is not here, as JSON that programs read.

use axum::{
    body::Body,
    http::{Response, StatusCode, header},
};
use serde_json::json;
use verifier_core::ReasonCode;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    MethodNotAllowed,
    Malformed,
    IndexOutOfRange,
    TooManyIndices,
    RangeNotSatisfiable(u64),
    Busy,
    Internal,
    NoCommit,
    CommitConflict,
    TooManyAttestations,
    TooLarge,
    RateLimited,
    StorageFull,
    StoreUnavailable,
    PreconditionFailed,
    TimedOut,
    LogLost,
    AccessUnavailable,
    AccessChanged,
    TooManyProofs,
}

impl Problem {
    const fn parts(self) -> (StatusCode, &'static str, &'static str, bool) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing here.", false),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not offered here.", false)
            }
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read.", false),
            Self::IndexOutOfRange => {
                (StatusCode::UNPROCESSABLE_ENTITY, "index-out-of-range", "The archive has no such row.", false)
            }
            Self::TooManyIndices => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-many-indices", "More rows than one answer has.", false)
            }
            Self::RangeNotSatisfiable(_) => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "range-not-satisfiable", "No such range.", false)
            }
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many requests at once.", true),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The provider failed.", true),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "The content is another one.", false)
            }
            Self::TimedOut => (StatusCode::REQUEST_TIMEOUT, "timed-out", "The request did not come in time.", true),
            Self::LogLost => {
                let title = "The log was cut, replaced or deleted: nothing is acknowledged any more.";
                (StatusCode::INTERNAL_SERVER_ERROR, "log-lost", title, false)
            }
            Self::AccessUnavailable => {
                let title = "It cannot be told who may have this.";
                (StatusCode::SERVICE_UNAVAILABLE, "access-unavailable", title, true)
            }
            Self::AccessChanged => {
                let title = "Who may have this has just changed.";
                (StatusCode::SERVICE_UNAVAILABLE, "access-changed", title, true)
            }
            Self::TooManyProofs => {
                let title = "More requests with this token, or from this client, than one has.";
                (StatusCode::TOO_MANY_REQUESTS, "too-many-proofs", title, true)
            }
            Self::NoCommit => (StatusCode::NOT_FOUND, "not-found", "There is no such commit here.", false),
            Self::CommitConflict => {
                (StatusCode::CONFLICT, "commit-conflict", "Another archive was committed under this hash.", false)
            }
            Self::TooManyAttestations => {
                (StatusCode::CONFLICT, "too-many-attestations", "The commit has as many attestations as it may.", false)
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "More than any message has.", false),
            Self::RateLimited => {
                (StatusCode::TOO_MANY_REQUESTS, "rate-limited", "More commits at once than the relay takes.", true)
            }
            Self::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "storage-full", "The disk is full.", true),
            Self::StoreUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", "The relay's database does not answer.", true)
            }
        }
    }

    /// The response.
    pub(crate) fn response(self) -> Response<Body> {
        let (status, kind, title, retryable) = self.parts();
        let code = match self {
            Self::NotFound => Some(ReasonCode::AvailabilityFailed.name()),
            Self::NoCommit => Some(ReasonCode::DaChallengeMissing.name()),
            _ => None,
        };
        let body = json!({
            "type": format!("https://capseal.dev/problems/{kind}"), "title": title, "status": status.as_u16(),
            "code": code, "retryable": retryable,
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        if self == Self::TimedOut {
            headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        }
        if retryable {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        if let Self::RangeNotSatisfiable(len) = self
            && let Ok(value) = header::HeaderValue::from_str(&format!("bytes */{len}"))
        {
            headers.insert(header::CONTENT_RANGE, value);
        }
        response
    }
}
