//! A file that never changes, as the answer to a request: whole, or one range of it.

use std::{
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use super::{Folder, problem::Problem};

/// The media type of everything that a provider has.
pub(super) const OCTETS: &str = "application/octet-stream";
/// What is read from disk and handed on in one piece.
const PIECE: usize = 128 << 10;

/// Sends a file that never changes, or the part of it that was asked for.
pub(super) async fn send(path: PathBuf, tag: String, headers: HeaderMap, ranges: bool) -> Response<Body> {
    let etag = format!("\"{tag}\"");
    let sent = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let unchanged =
        sent(header::IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.split(',').any(|t| t.trim() == etag));
    let wanted = sent(header::RANGE).filter(|_| ranges && sent(header::IF_RANGE).is_none_or(|tag| tag == etag));
    let opened = blocking(move || open_part(&path, wanted.as_deref()));
    let (body, len, part) = match opened.await {
        Ok(opened) => opened,
        Err(problem) => return problem.response(),
    };
    let mut response = Response::new(if unchanged { Body::empty() } else { Body::new(body) });
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::ETAG, &etag);
    set(header::CACHE_CONTROL, "public, max-age=31536000, immutable, no-transform");
    set(header::CONTENT_TYPE, OCTETS);
    if ranges {
        set(header::ACCEPT_RANGES, "bytes");
    }
    if let Some((first, last)) = part {
        set(header::CONTENT_RANGE, &format!("bytes {first}-{last}/{len}"));
    }
    *response.status_mut() = match (unchanged, part) {
        (true, _) => StatusCode::NOT_MODIFIED,
        (false, Some(_)) => StatusCode::PARTIAL_CONTENT,
        (false, None) => StatusCode::OK,
    };
    response
}

type Opened = (FileBody, u64, Option<(u64, u64)>);

fn open_part(path: &Path, wanted: Option<&str>) -> Result<Opened, Problem> {
    let (mut file, len) = Folder::file(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::NotFound,
        _ => Problem::Internal,
    })?;
    let part = wanted.map_or(Ok(None), |wanted| range(wanted, len))?;
    let (first, count) = part.map_or((0, len), |(first, last)| (first, last - first + 1));
    file.seek(SeekFrom::Start(first)).map_err(|_| Problem::Internal)?;
    Ok((FileBody::of(file, count), len, part))
}

/// One range of bytes, first and last; what is not one range is passed over, as the standard has it.
fn range(wanted: &str, len: u64) -> Result<Option<(u64, u64)>, Problem> {
    let Some((first, last)) = wanted.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (first, last) = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last.min(len.saturating_sub(1))),
        (Some(first), None) if last.is_empty() => (first, len.saturating_sub(1)),
        (None, Some(count)) if first.is_empty() && count > 0 => (len.saturating_sub(count), len.saturating_sub(1)),
        _ => return Ok(None),
    };
    if first < len { Ok(Some((first, last))) } else { Err(Problem::RangeNotSatisfiable(len)) }
}

/// A file as a body: read ahead by a thread that may wait, at most two pieces in memory.
struct FileBody {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    rest: u64,
}

impl FileBody {
    fn of(mut file: std::fs::File, len: u64) -> Self {
        let (to_body, pieces) = mpsc::channel(2);
        tokio::task::spawn_blocking(move || {
            let mut rest = len;
            while rest > 0 {
                let mut piece = vec![0; PIECE.min(usize::try_from(rest).unwrap_or(PIECE))];
                let read = file.read_exact(&mut piece);
                rest -= piece.len() as u64;
                let failed = read.is_err();
                if to_body.blocking_send(read.map(|()| piece.into())).is_err() || failed {
                    return;
                }
            }
        });
        Self { pieces, rest: len }
    }
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.pieces.poll_recv(context).map(|piece| {
            piece.map(|piece| {
                let piece = piece?;
                self.rest = self.rest.saturating_sub(piece.len() as u64);
                Ok(Frame::data(piece))
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest)
    }
}

/// Runs what reads files on a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Problem::Internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_others_are_passed_over() {
        for (wanted, found) in [
            ("bytes=0-0", Ok(Some((0, 0)))),
            ("bytes=2-", Ok(Some((2, 9)))),
            ("bytes=-3", Ok(Some((7, 9)))),
            ("bytes=-30", Ok(Some((0, 9)))),
            ("bytes=8-90", Ok(Some((8, 9)))),
            ("bytes=10-", Err(Problem::RangeNotSatisfiable(10))),
            ("bytes=3-2", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("lines=0-1", Ok(None)),
        ] {
            assert_eq!(range(wanted, 10), found, "{wanted}");
        }
    }
}
