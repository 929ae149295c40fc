//! A file that never changes, as the answer to a request: whole, or one range of it.
//!
//! The first piece is read where the file is opened, so that a row is one way to the disk. Each further piece is read when the client has
//! taken the one before: a client that takes its time holds one piece and no thread.

use std::{
    fs::File,
    future::Future,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};
use http_body::{Frame, SizeHint};

use super::Folder;
use crate::http::{Condition, Problem, Unchanging, Workers};

/// The media type of everything that a provider has.
pub(super) const OCTETS: &str = "application/octet-stream";
/// What is read from disk and handed on in one piece.
const PIECE: usize = 64 << 10;

/// A request for a file.
pub(super) struct Wanted {
    pub(super) path: PathBuf,
    pub(super) tag: String,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// Whether ranges of it may be asked for.
    pub(super) ranges: bool,
}

/// Sends a file that never changes, or the part of it that was asked for.
pub(super) async fn send(folder: &Folder, workers: &Workers, wanted: Wanted) -> Response<Body> {
    let Wanted { path, tag, method, headers, ranges } = wanted;
    let content = Unchanging::new(&tag, OCTETS);
    let condition = content.condition(&headers);
    let has_range = ranges && method == Method::GET && condition == Condition::Send && content.is_for_range(&headers);
    let range = has_range.then(|| headers.get(header::RANGE)).flatten();
    let range = range.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (folder, reading) = (folder.clone(), workers.clone());
    let opened = workers.run(move || open_part(&folder, &path, range.as_deref(), reading)).await;
    let Opened { body, len, part } = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(problem)) | Err(problem) => return problem.response(),
    };
    let mut response = content.answer(condition, || Body::new(body));
    if condition == Condition::Failed {
        return response;
    }
    if ranges {
        response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if let Some((first, last)) = part
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {first}-{last}/{len}"))
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

struct Opened {
    body: FileBody,
    len: u64,
    part: Option<(u64, u64)>,
}

fn open_part(folder: &Folder, path: &Path, wanted: Option<&str>, workers: Workers) -> Result<Opened, Problem> {
    let (file, len) = folder.file(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::NotFound,
        _ => Problem::Internal,
    })?;
    let part = wanted.map_or(Ok(None), |wanted| range(wanted, len))?;
    let (first, rest) = part.map_or((0, len), |(first, last)| (first, last - first + 1));
    let mut body = FileBody { file: Arc::new(file), at: first, rest, workers, next: Next::None };
    let piece = read(&body.file, body.at, piece_len(rest)).map_err(|_| Problem::Internal)?;
    body.at += piece.len() as u64;
    body.next = Next::Here(piece);
    Ok(Opened { body, len, part })
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

/// A file as a body.
struct FileBody {
    file: Arc<File>,
    /// Where the piece after the next one begins.
    at: u64,
    /// Bytes that are not handed on yet.
    rest: u64,
    workers: Workers,
    next: Next,
}

type Reading = Pin<Box<dyn Future<Output = io::Result<Bytes>> + Send>>;

/// The piece that is handed on next.
enum Next {
    None,
    Here(Bytes),
    Coming(Reading),
}

fn piece_len(rest: u64) -> usize {
    usize::try_from(rest).unwrap_or(PIECE).min(PIECE)
}

fn read(file: &File, at: u64, len: usize) -> io::Result<Bytes> {
    let mut piece = vec![0; len];
    file.read_exact_at(&mut piece, at)?;
    Ok(piece.into())
}

impl FileBody {
    /// Begins to read the next piece.
    fn ask(&mut self) -> Reading {
        let (file, at, len, workers) = (Arc::clone(&self.file), self.at, piece_len(self.rest), self.workers.clone());
        self.at += len as u64;
        Box::pin(async move {
            let read = workers.run(move || read(&file, at, len)).await;
            read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
    }
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.rest == 0 {
            return Poll::Ready(None);
        }
        if matches!(self.next, Next::None) {
            self.next = Next::Coming(self.ask());
        }
        let piece = match &mut self.next {
            Next::Coming(reading) => match reading.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(piece) => piece,
            },
            Next::Here(piece) => Ok(std::mem::take(piece)),
            Next::None => return Poll::Ready(None),
        };
        self.next = Next::None;
        match piece {
            Ok(piece) => {
                self.rest = self.rest.saturating_sub(piece.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(error) => {
                self.rest = 0;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest)
    }
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
