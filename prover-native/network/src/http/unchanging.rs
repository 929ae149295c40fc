//! Content that never changes, as the answer to a request: its headers, and what a client that has it already is told (RFC 9110, 13).

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};

use super::Problem;

/// What the preconditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The content is to be sent.
    Send,
    /// The client has it: 304.
    Unchanged,
    /// The client wants another content: 412.
    Failed,
}

/// A content that is known by its tag for ever.
#[derive(Clone, Debug)]
pub(crate) struct Unchanging {
    /// The strong entity tag, with its quotes.
    etag: String,
    kind: &'static str,
}

impl Unchanging {
    /// A content with a tag, which is put into quotes, and a media type.
    pub(crate) fn new(tag: &str, kind: &'static str) -> Self {
        Self { etag: format!("\"{tag}\""), kind }
    }

    /// Judges `If-Match` and `If-None-Match`, in that order. Every line of a header counts.
    pub(crate) fn condition(&self, sent: &HeaderMap) -> Condition {
        if sent.contains_key(header::IF_MATCH) && !self.is_among(sent, header::IF_MATCH, false) {
            return Condition::Failed;
        }
        if self.is_among(sent, header::IF_NONE_MATCH, true) { Condition::Unchanged } else { Condition::Send }
    }

    /// Whether a range may be answered with a range: `If-Range` is not there, or names this content.
    pub(crate) fn is_for_range(&self, sent: &HeaderMap) -> bool {
        sent.get(header::IF_RANGE).is_none_or(|tag| tag.as_bytes() == self.etag.as_bytes())
    }

    /// Whether a header lists the tag. A proxy that changes an encoding marks a tag as weak: `weak` compares what is behind the mark.
    fn is_among(&self, sent: &HeaderMap, name: HeaderName, weak: bool) -> bool {
        let lines = sent.get_all(name);
        let mut tags = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        tags.any(|tag| {
            let tag = tag.trim();
            let strong = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
            tag == "*" || strong == self.etag
        })
    }

    /// The answer for a condition; `body` is sent only where the content is.
    pub(crate) fn answer(&self, condition: Condition, body: impl FnOnce() -> Body) -> Response<Body> {
        let mut response = match condition {
            Condition::Failed => return Problem::PreconditionFailed.response(),
            Condition::Send => Response::new(body()),
            Condition::Unchanged => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response
            }
        };
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        let cached = HeaderValue::from_static("public, max-age=31536000, immutable, no-transform");
        headers.insert(header::CACHE_CONTROL, cached);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_those_of_the_standard() {
        let content = Unchanging::new("a", "text/plain");
        for (lines, expected) in [
            (&[][..], Condition::Send),
            (&[("if-none-match", "\"a\"")], Condition::Unchanged),
            (&[("if-none-match", "W/\"a\"")], Condition::Unchanged),
            (&[("if-none-match", "\"b\", W/\"c\" ,\"a\"")], Condition::Unchanged),
            (&[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")], Condition::Unchanged),
            (&[("if-none-match", "*")], Condition::Unchanged),
            (&[("if-none-match", "\"b\"")], Condition::Send),
            (&[("if-none-match", "a")], Condition::Send),
            (&[("if-match", "\"a\"")], Condition::Send),
            (&[("if-match", "*")], Condition::Send),
            (&[("if-match", "\"b\"")], Condition::Failed),
            (&[("if-match", "W/\"a\"")], Condition::Failed),
            (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], Condition::Failed),
            (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], Condition::Unchanged),
        ] {
            let mut sent = HeaderMap::new();
            for (name, value) in lines {
                sent.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(content.condition(&sent), expected, "{lines:?}");
        }
    }
}
