//! Bodies of requests: bounded in bytes and in time. While one is read nothing but its own bytes is held.

use std::time::Duration;

use axum::{
    body::{Bytes, to_bytes},
    extract::Request,
};

use super::Problem;

/// How long a body may take. The largest has 16 KiB.
const BODY: Duration = Duration::from_secs(10);

/// Reads the body of a request. One that is longer than `most` bytes is answered with `too_long`.
pub(crate) async fn body(request: Request, most: usize, too_long: Problem) -> Result<Bytes, Problem> {
    let read = to_bytes(request.into_body(), most);
    tokio::time::timeout(BODY, read).await.map_err(|_| Problem::TimedOut)?.map_err(|_| too_long)
}
