//! The server: HTTP/1.1 over a provider's folder, and a relay beside it, until it is told to stop.
//!
//! TLS and names are a proxy's business. No client holds what others need: heads, bodies, idle connections and slow readers have their
//! time, threads are held while a request is worked on, and the end comes within its grace.

mod answering;
mod clients;
mod connections;
mod figures;
mod listen;
mod log;
mod patient;
mod proxies;

use std::{
    future::{Future as _, poll_fn},
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use serde_json::json;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{oneshot, watch},
};

use self::{answering::Shared, clients::Clients, connections::most_connections, listen::Bound};
use crate::{
    provider::{Folder, Gate},
    relay,
};

pub use connections::Limits;
pub use listen::Listen;
pub use log::Log;
pub use proxies::Proxy;

/// What a server does.
#[derive(Debug)]
pub struct Settings {
    /// What it serves.
    pub folder: Folder,
    /// Who may have what of it; everybody all of it, when there is none.
    pub gate: Option<Arc<Gate>>,
    /// The relay beside it.
    pub relay: Option<Arc<relay::Service>>,
    /// Where its log goes.
    pub log: Log,
    /// Proxies that say for whom they ask.
    pub proxies: Vec<Proxy>,
    /// Where figures and readiness are, when they are not for everybody.
    pub operator: Option<Listen>,
    /// How long clients may take.
    pub limits: Limits,
}

impl Settings {
    /// A provider of a folder, without a log.
    pub const fn of(folder: Folder) -> Self {
        Self {
            folder,
            gate: None,
            relay: None,
            log: Log::NONE,
            proxies: Vec::new(),
            operator: None,
            limits: Limits::DEFAULT,
        }
    }
}

/// A server that answers.
#[derive(Debug)]
pub struct Server {
    listen: Listen,
    address: Option<SocketAddr>,
    gate: Option<Arc<Gate>>,
    log: Log,
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<io::Result<()>>>,
}

/// Threads that answer. Whatever waits for a disk or a database has threads of its own.
const WORKERS: usize = 2;
/// Threads that wait for disks and databases, at most; each kind of work has a bound of its own below that.
const BLOCKING: usize = 256;
/// How long the end waits for such a thread.
const LEFT: Duration = Duration::from_secs(1);

impl Server {
    /// Serves a folder at an address; port 0 is any that is free.
    ///
    /// # Errors
    /// When nobody can listen there.
    pub fn start(address: SocketAddr, folder: Folder) -> io::Result<Self> {
        Self::start_with(&address.into(), Settings::of(folder))
    }

    /// Serves what the settings say.
    ///
    /// # Errors
    /// When nobody can listen there.
    pub fn start_with(listen: &Listen, settings: Settings) -> io::Result<Self> {
        let bound = Bound::new(listen)?;
        let operator = settings.operator.as_ref().map(Bound::new).transpose()?;
        let (address, log, gate) = (bound.address(), settings.log.clone(), settings.gate.clone());
        let listen = address.map_or_else(|| listen.clone(), Listen::from);
        let (stop, stopped) = watch::channel(false);
        let (most, limits) = (most_connections(), settings.limits);
        let thread = thread::Builder::new().name("capseal-serve".to_owned()).spawn(move || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(WORKERS).max_blocking_threads(BLOCKING).enable_all().build()?;
            let shared = Shared::new(settings, most);
            let served = runtime.block_on(serve(bound, operator, Arc::clone(&shared), limits, stopped));
            // What still waits for a disk after the grace is left behind.
            runtime.shutdown_timeout(LEFT);
            shared.finish();
            served
        })?;
        Ok(Self { listen, address, gate, log, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub const fn listen(&self) -> &Listen {
        &self.listen
    }

    /// The address where it listens; of a socket file, none that anybody has.
    pub fn address(&self) -> SocketAddr {
        self.address.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
    }

    /// Takes no more requests, gives those that there are their grace, and ends.
    ///
    /// # Errors
    /// When it failed meanwhile.
    pub fn stop(mut self) -> io::Result<()> {
        self.stop.send_replace(true);
        self.join()
    }

    /// Answers until the process is asked to end; a second time ends it at once. SIGHUP has it read access file and lists again, and go on in
    /// the log of decisions that is there then.
    ///
    /// # Errors
    /// When it failed, or signals cannot be heard.
    pub fn run_to_signal(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut heard = Signals::hear()?;
            while let Heard::Reload = heard.next().await {
                self.reload();
            }
            self.log.event("info", "ending", json!({}));
            let (done, ended) = oneshot::channel();
            thread::spawn(move || drop(done.send(self.stop())));
            // Who asks twice does not want to wait.
            let mut ended = std::pin::pin!(ended);
            poll_fn(|context| match ended.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(ended.unwrap_or(Ok(()))),
                Poll::Pending => heard.poll_end(context).map(Ok),
            })
            .await
        })
    }

    /// Reads again what may have changed.
    fn reload(&self) {
        let reloaded = self.gate.as_ref().map_or(Ok(()), |gate| gate.reload());
        match reloaded {
            Ok(()) => self.log.event("info", "reloaded", json!({})),
            Err(error) => self.log.event("error", "reloaded", json!({ "error": error })),
        }
    }

    fn join(&mut self) -> io::Result<()> {
        let ended = self.thread.take().map_or(Ok(()), |thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the server's thread panicked")))
        });
        self.log.close();
        ended
    }
}

/// What the process was asked.
enum Heard {
    Reload,
    End,
}

struct Signals {
    ends: [Signal; 2],
    reload: Signal,
}

impl Signals {
    fn hear() -> io::Result<Self> {
        let ends = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        Ok(Self { ends, reload: signal(SignalKind::hangup())? })
    }

    async fn next(&mut self) -> Heard {
        poll_fn(|context| match self.poll_end(context) {
            Poll::Ready(()) => Poll::Ready(Heard::End),
            Poll::Pending => self.reload.poll_recv(context).map(|_| Heard::Reload),
        })
        .await
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let asked = self.ends.iter_mut().any(|end| end.poll_recv(context).is_ready());
        if asked { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Answers at one place, or at two, until the end.
async fn serve(
    bound: Bound,
    operator: Option<Bound>,
    shared: Arc<Shared>,
    limits: Limits,
    stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let most = shared.most_connections();
    tokio::spawn(answering::watch(Arc::clone(&shared)));
    let operating = operator.map(|operator| {
        let (listener, routes) = (operator.into_listener()?, answering::operator_routes(&shared));
        Ok::<_, io::Error>(tokio::spawn(connections::serve(
            listener,
            routes,
            (OPERATORS, limits),
            (Arc::default(), Arc::new(Clients::unlimited())),
            stopped.clone(),
        )))
    });
    let operating = operating.transpose()?;
    let listener = bound.into_listener()?;
    connections::serve(
        listener,
        answering::routes(&shared),
        (most, limits),
        (shared.connections(), shared.clients()),
        stopped,
    )
    .await;
    if let Some(operating) = operating {
        let _ = operating.await;
    }
    Ok(())
}

/// Connections of operators.
const OPERATORS: usize = 32;

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let _ = self.join();
    }
}
