//! The server under load: threads that ask over loopback, as fast as they are answered. They share the processors with it, so that the
//! figures are a floor.

use std::{
    error::Error,
    fmt, fs,
    io::Read,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ureq::Agent;
use verifier_core::{
    Digest,
    cbor::Item,
    relay::{Commit, CommitReceipt, Signed},
    trust::{REGISTRY_SCHEMA, Registry},
};

use capseal_network::{
    provider::Folder,
    relay::{DatabaseUrl, Rates, Register, Service, Store},
    serve::{Server, Settings},
};
use capseal_trust::keys::SecretKey;

/// Threads that ask.
const CLIENTS: usize = 16;
/// How long each kind is asked for.
const TIME: Duration = Duration::from_secs(3);
/// A row with its path, as an archive of 100 MB has them.
const ROW: usize = 8 * 436 + 32 * 17;
/// A content.
const BLOB: usize = 1 << 20;
const FILES: usize = 64;

/// What came of it.
#[derive(Clone, Debug)]
pub struct ServeFigures {
    /// A line each kind of request.
    pub kinds: Vec<ServeFigure>,
}

/// One kind of request.
#[derive(Clone, Copy, Debug)]
pub struct ServeFigure {
    /// What was asked for.
    pub what: &'static str,
    /// Answers that were whole and right.
    pub right: usize,
    /// Answers that were not, or did not come.
    pub wrong: usize,
    /// How long it took altogether.
    pub time: Duration,
    /// Time of an answer: the median.
    pub p50: Duration,
    /// The time within which 99 of 100 came.
    pub p99: Duration,
}

/// Measures rows, contents and commits; and commits of a relay whose index is in a database, if there is one. It gets a schema for the
/// time.
///
/// # Errors
/// When the disk, the address or the database cannot be had.
pub fn serve(database: Option<&DatabaseUrl>) -> Result<ServeFigures, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let folder = Folder::at(dir.path());
    let da_hash = Digest::of_content(b"an archive");
    let (mut rows, mut blobs) = (Vec::new(), Vec::new());
    for index in 0..FILES {
        let row = content(index, ROW);
        put(&folder.row(&da_hash, index as u64), &row)?;
        rows.push((format!("/v1/da/{da_hash}/rows/{index}"), Digest::of_content(&row)));
        let blob = content(index, BLOB);
        let digest = Digest::of_content(&blob);
        put(&folder.blob(&digest), &blob)?;
        blobs.push((format!("/v1/blobs/{digest}"), digest));
    }
    let server = relay(&dir.path().join("relay"), &Store::File, folder)?;
    let base = format!("http://{}", server.address());
    let fetched = |list: &[(String, Digest)], agent: &Agent, number: usize| {
        let (path, digest) = &list[number % list.len()];
        let answer = agent.get(format!("{base}{path}")).call().ok().and_then(body);
        answer.is_some_and(|(status, bytes)| status == 200 && Digest::of_content(&bytes) == *digest)
    };
    let mut kinds = vec![
        load("rows of 4 kB", |agent, _, number| fetched(&rows, agent, number)),
        load("contents of 1 MiB", |agent, _, number| fetched(&blobs, agent, number)),
        load("commits", |agent, client, number| is_committed(&base, agent, client, number)),
    ];
    server.stop()?;
    if let Some(database) = database {
        kinds.push(commits_in(database, dir.path())?);
    }
    Ok(ServeFigures { kinds })
}

/// A provider and relay with a key of its own.
fn relay(folder: &Path, store: &Store, served: Folder) -> Result<Server, Box<dyn Error>> {
    let registry = Registry { schema: REGISTRY_SCHEMA.to_owned(), keys: Vec::new() };
    let register = Register::open(folder, store, SecretKey::generate(), registry, 80, 1)?;
    let service = Service::new(register, Rates { all: u32::MAX, client: u32::MAX });
    let settings = Settings { relay: Some(Arc::new(service)), ..Settings::of(served) };
    Ok(Server::start_with(&SocketAddr::from(([127, 0, 0, 1], 0)).into(), settings)?)
}

/// Measures commits of a relay whose index is in a database.
fn commits_in(database: &DatabaseUrl, dir: &Path) -> Result<ServeFigure, Box<dyn Error>> {
    let schema = format!("capseal_bench_{:016x}", getrandom::u64().map_err(|error| error.to_string())?);
    database.execute(&format!("CREATE SCHEMA {schema}"))?;
    let store = Store::Database(database.clone().in_schema(&schema));
    let measured = relay(&dir.join("database"), &store, Folder::at(dir)).and_then(|server| {
        let base = format!("http://{}", server.address());
        let ask = |agent: &Agent, client, number| is_committed(&base, agent, client, number);
        let figure = load("commits, PostgreSQL", ask);
        server.stop()?;
        Ok(figure)
    });
    database.execute(&format!("DROP SCHEMA {schema} CASCADE"))?;
    measured
}

/// Registers a commit. Whose signature its receipt has, and whether it holds, is the relay's work and not the load's.
fn is_committed(base: &str, agent: &Agent, client: usize, number: usize) -> bool {
    let name = Digest::of_content(format!("{client} {number}").as_bytes());
    let commit = Commit::new(name, name);
    let answer = agent.post(format!("{base}/v1/commits")).send(&commit.encode()).ok().and_then(body);
    answer.is_some_and(|(status, bytes)| status == 201 && (!number.is_multiple_of(64) || is_receipt(&bytes, &name)))
}

fn is_receipt(bytes: &[u8], commit: &Digest) -> bool {
    Signed::<CommitReceipt>::read(bytes).is_ok_and(|read| read.message.header_commit_hash == *commit)
}

fn content(index: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_mul(index + 31) >> 3) as u8).collect()
}

fn put(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

fn body(response: ureq::http::Response<ureq::Body>) -> Option<(u16, Vec<u8>)> {
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    response.into_body().into_reader().read_to_end(&mut bytes).ok()?;
    Some((status, bytes))
}

/// Asks until the time is over. `ask` is given a connection, who asks, and how often it has; it says whether the answer was right.
fn load(what: &'static str, ask: impl Fn(&Agent, usize, usize) -> bool + Sync) -> ServeFigure {
    let begun = Instant::now();
    let client = |client: usize| {
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let (mut times, mut wrong) = (Vec::new(), 0);
        while begun.elapsed() < TIME {
            let start = Instant::now();
            if ask(&agent, client, times.len() + wrong) { times.push(start.elapsed()) } else { wrong += 1 }
        }
        (times, wrong)
    };
    let done: Vec<(Vec<Duration>, usize)> = thread::scope(|scope| {
        let client = &client;
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || client(number))).collect();
        clients.into_iter().map(|client| client.join().unwrap_or_default()).collect()
    });
    let time = begun.elapsed();
    let wrong = done.iter().map(|(_, wrong)| wrong).sum();
    let mut times: Vec<Duration> = done.into_iter().flat_map(|(times, _)| times).collect();
    times.sort_unstable();
    let part = |hundredths: usize| times.get(times.len() * hundredths / 100).copied().unwrap_or_default();
    ServeFigure { what, right: times.len(), wrong, time, p50: part(50), p99: part(99) }
}

impl fmt::Display for ServeFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {CLIENTS} connections over loopback, on the server's own processors")?;
        writeln!(f, "  requests             answers/s   p50 ms   p99 ms   wrong or lost")?;
        for figure in &self.kinds {
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let rate = figure.right as f64 / figure.time.as_secs_f64();
            let (p50, p99) = (ms(figure.p50), ms(figure.p99));
            writeln!(f, "  {:<20} {rate:>9.0} {p50:>8.2} {p99:>8.2} {:>15}", figure.what, figure.wrong)?;
        }
        Ok(())
    }
}
