//! A connection whose client has to take what it asked for: not fast, but at a least rate.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// Over such a time
const WINDOW: Duration = Duration::from_secs(30);
/// a client that keeps the server waiting has to take so many bytes: one KiB a second.
const LEAST: u64 = 30 << 10;

/// A stream that ends when its reader is too slow.
pub(super) struct Patient<S> {
    stream: S,
    /// While the client keeps the server waiting: when that is judged, and what it has taken since.
    window: Option<(Pin<Box<Sleep>>, u64)>,
}

impl<S> Patient<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, window: None }
    }

    fn took(&mut self, bytes: usize) {
        if let Some((until, taken)) = &mut self.window {
            *taken += bytes as u64;
            if *taken >= LEAST && until.is_elapsed() {
                self.window = None;
            }
        }
    }

    /// Whether the client has kept the server waiting for too long.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let until = || Instant::now() + WINDOW;
        let (sleep, taken) = self.window.get_or_insert_with(|| (Box::pin(sleep_until(until())), 0));
        while sleep.as_mut().poll(context).is_ready() {
            if *taken < LEAST {
                return true;
            }
            *taken = 0;
            sleep.as_mut().reset(until());
        }
        false
    }

    fn judged(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.took(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Pending if self.is_over(context) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            other => other,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judged(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judged(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
