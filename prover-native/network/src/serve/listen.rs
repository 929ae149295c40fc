//! Where a server listens: an address, a name with a port, or a socket file.

use std::{
    fmt, fs, io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    pin::Pin,
    str::FromStr,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::Peer;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address, or a name, with a port; port 0 is any that is free.
    Tcp(String),
    /// A socket file, for a proxy on the same machine: its owner and group may connect.
    Socket(PathBuf),
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address.to_string())
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err("unix: needs a path".to_owned()) } else { Ok(Self::Socket(path.into())) };
        }
        if text.starts_with(['/', '.']) {
            return Ok(Self::Socket(text.into()));
        }
        let port = text.rsplit_once(':').filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        match port {
            Some(_) => Ok(Self::Tcp(text.to_owned())),
            None => Err("not ADDRESS:PORT, NAME:PORT or unix:PATH".to_owned()),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What listens.
#[derive(Debug)]
pub(super) enum Bound {
    Tcp(TcpListener),
    Socket(UnixListener, PathBuf),
}

impl Bound {
    /// Listens.
    pub(super) fn new(listen: &Listen) -> io::Result<Self> {
        let bound = match listen {
            Listen::Tcp(address) => Self::Tcp(TcpListener::bind(&*address.to_socket_addrs()?.collect::<Vec<_>>())?),
            Listen::Socket(path) => {
                remove_stale(path)?;
                let listener = UnixListener::bind(path)?;
                fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
                Self::Socket(listener, path.clone())
            }
        };
        match &bound {
            Self::Tcp(listener) => listener.set_nonblocking(true)?,
            Self::Socket(listener, _) => listener.set_nonblocking(true)?,
        }
        Ok(bound)
    }

    /// The address; none of a socket file.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Socket(..) => None,
        }
    }

    pub(super) fn into_listener(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener) => Listener::Tcp(tokio::net::TcpListener::from_std(listener)?),
            Self::Socket(listener, path) => Listener::Socket(tokio::net::UnixListener::from_std(listener)?, path),
        })
    }
}

/// Removes the socket file of a server that is gone.
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    match is_socket.then(|| UnixStream::connect(path)) {
        Some(Ok(_)) => Err(io::ErrorKind::AddrInUse.into()),
        Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Ok(()),
    }
}

/// What takes connections.
pub(super) enum Listener {
    Tcp(tokio::net::TcpListener),
    Socket(tokio::net::UnixListener, PathBuf),
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Head and body are two writes: the second would wait for the other end to acknowledge the first, which takes its time.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::Address(address.ip().to_canonical())))
            }
            Self::Socket(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Socket(stream), Peer::Local))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Socket(_, path) = self {
            let _ = fs::remove_file(path);
        }
    }
}

/// A connection.
pub(super) enum Stream {
    Tcp(tokio::net::TcpStream),
    Socket(tokio::net::UnixStream),
}

macro_rules! on {
    ($self:ident, $stream:ident => $work:expr) => {
        match $self.get_mut() {
            Stream::Tcp($stream) => $work,
            Stream::Socket($stream) => $work,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_read(context, into))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_and_socket_files_are_told_apart() {
        let listen = |text: &str| text.parse::<Listen>();
        assert_eq!(listen("127.0.0.1:1"), Ok(Listen::Tcp("127.0.0.1:1".to_owned())));
        assert_eq!(listen("[::1]:8490"), Ok(Listen::Tcp("[::1]:8490".to_owned())));
        assert_eq!(listen("localhost:1"), Ok(Listen::Tcp("localhost:1".to_owned())));
        assert_eq!(listen("unix:run/s"), Ok(Listen::Socket("run/s".into())));
        assert_eq!(listen("/run/s"), Ok(Listen::Socket("/run/s".into())));
        for wrong in ["", "localhost", "unix:", ":80", "localhost:99999", "localhost:http"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_listened_on_and_a_stale_socket_file_is_replaced() {
        assert!(Bound::new(&"localhost:0".parse().unwrap()).unwrap().address().unwrap().ip().is_loopback());
        let folder = tempfile::tempdir().unwrap();
        let listen = Listen::Socket(folder.path().join("socket"));
        let first = Bound::new(&listen).unwrap();
        assert_eq!(Bound::new(&listen).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        Bound::new(&listen).unwrap();
        let file = Listen::Socket(folder.path().join("file"));
        fs::write(folder.path().join("file"), "kept").unwrap();
        assert_eq!(Bound::new(&file).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"kept");
    }
}
