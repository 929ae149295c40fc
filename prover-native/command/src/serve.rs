//! `capseal serve`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use verifier_core::{
    sampling::MAX_BITS,
    signature::Purpose,
    trust::{Registry, judge},
    verify::Samples,
};

use super::{
    output::{BAD, Failure, GOOD, eprintln_line},
    registry::read_trust,
    sealing::Secret,
};
use capseal_host::{cause::Cause, clock};
use capseal_network::{
    provider::{Folder, Gate},
    relay::{DatabaseUrl, Rates, Register, Service, Store},
    serve::{Limits, Listen, Log, Proxy, Server, Settings},
};
use capseal_trust::trust_file::moment_text;

/// Serve bundles to whoever audits or fetches them, until SIGTERM or SIGINT; and be a relay, when told to.
///
/// The folder is what `capseal audit export` writes. HTTP without TLS: put a proxy in front of it before others can reach it. Its access
/// file, DIR/access.toml, is read again when it changes, and so are revocation lists; SIGHUP reads all of them, and goes on in the log of
/// decisions that is there then.
///
/// A relay logs which receipt was committed when, and signs one challenge for each: which rows of its archive everybody may then ask for.
/// With --relay-key it keeps its log and index in DIR/relay; `capseal pcap verify --run DIR/relay/log.jsonl` checks the log.
///
/// With --database-url the index is in PostgreSQL, with the lines of the log beside it: a commit is answered once it is on disk and the
/// database has committed it. Where DIR/relay is empty and the database is not, the log is written again from there.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to listen: ADDRESS:PORT, NAME:PORT, or unix:PATH for a socket file.
    #[arg(long, value_name = "WHERE", default_value = "127.0.0.1:8490")]
    listen: Listen,
    /// Where figures (/metrics) and readiness (/readyz) are, when they are not for everybody.
    #[arg(long, value_name = "WHERE")]
    operator_listen: Option<Listen>,
    /// A proxy that says in X-Forwarded-For for whom it asks: an address, a network such as 10.0.0.0/8, or `unix` for whoever comes by the
    /// socket file; again for each further one. Limits for each client need it behind a proxy.
    #[arg(long, value_name = "PROXY")]
    trusted_proxy: Vec<Proxy>,
    /// Connections that one client may have; half of all when not named. A trusted proxy has no limit here, and is to set one for its clients.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    client_connections: Option<u32>,
    /// The access file: which bundles are for those alone who have a token; DIR/access.toml when that is there.
    #[arg(long, value_name = "FILE")]
    access: Option<PathBuf>,
    /// The action log of who was let in and who was not; DIR/decisions.jsonl when not named.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Write no line for each request to standard error.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    relay: Relay,
    #[command(flatten)]
    secret: Secret,
}

const EXAMPLES: &str = "\
Examples:
  capseal audit export run.cap --out www && capseal serve --data www      a provider
  capseal keys new relay && capseal registry add trust.toml relay --purpose relay
  capseal serve --data www --relay-key relay --trust trust.toml            and a relay
  capseal serve … --database-url postgres://relay@localhost/relay          which outlives its disk
  capseal run --relay http://127.0.0.1:8490 ./job.py                       commits to it";

/// The relay's part.
#[derive(Args, Debug)]
struct Relay {
    /// Be a relay too, and sign with this key of the store.
    #[arg(long, value_name = "NAME", requires = "trust")]
    relay_key: Option<String>,
    /// Trust file with the registry under which the relay issues; it lists the relay's key with the purpose `relay`.
    #[arg(long, value_name = "FILE", requires = "relay_key")]
    trust: Option<PathBuf>,
    /// Keep the relay's index, and the lines of its log as well, in this PostgreSQL database, which one relay has for itself. The password
    /// may come from PGPASSWORD instead. There is no TLS: name a local socket (postgres://USER@%2Frun%2Fpostgresql/NAME) or a proxy.
    #[arg(long, value_name = "URL", requires = "relay_key")]
    database_url: Option<String>,
    /// Bits that its challenges ask for.
    #[arg(long, value_name = "BITS", default_value_t = Samples::DEFAULT_BITS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_BITS)))]
    relay_bits: u32,
    /// How many days a challenge is good for.
    #[arg(long, value_name = "DAYS", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..=36500))]
    relay_days: u32,
    /// Commits and attestations that it takes in a second, from everybody together.
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    relay_rate: u32,
    /// Those that it takes in a second from one client; a quarter of all when not named.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    relay_client_rate: Option<u32>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if !arguments.data.is_dir() {
        return Err(Failure::explained_by(
            format_args!("{} is no folder", arguments.data.display()),
            "make one with capseal audit export",
        ));
    }
    let relay = match (&arguments.relay.relay_key, &arguments.relay.trust) {
        (Some(name), Some(trust)) => Some(Arc::new(relay(arguments, name, trust)?)),
        _ => None,
    };
    let gate = Arc::new(gate(arguments)?);
    let protected = gate.is_guarding();
    let what = if relay.is_some() { "serving and relaying" } else { "serving" };
    let settings = Settings {
        gate: Some(gate),
        relay,
        log: Log::to_stderr(!arguments.quiet),
        proxies: arguments.trusted_proxy.clone(),
        operator: arguments.operator_listen.clone(),
        limits: Limits {
            client_connections: arguments.client_connections.map(|count| count as usize),
            ..Limits::DEFAULT
        },
        ..Settings::of(Folder::at(&arguments.data))
    };
    let server = Server::start_with(&arguments.listen, settings)
        .map_err(|error| Failure::new(format_args!("cannot listen on {}: {}", arguments.listen, Cause(&error))))?;
    let place = match server.listen() {
        Listen::Tcp(address) => format!("http://{address}"),
        socket @ Listen::Socket(_) => socket.to_string(),
    };
    eprintln_line(format_args!("{GOOD}✓{GOOD:#} {what} {} on {place}", arguments.data.display()));
    if protected {
        eprintln_line("  bundles of its access file are for those alone who have a token");
    }
    server.run_to_signal()?;
    Ok(ExitCode::SUCCESS)
}

fn relay(arguments: &Arguments, name: &str, trust: &Path) -> Result<Service, Failure> {
    let registry = registry(trust)?;
    let key = arguments.secret.open(name)?;
    if let Err(unfit) = judge(&registry, &key.public(), Purpose::Relay, clock::now()) {
        return Err(Failure::explained_by(
            format_args!("the key {name} {unfit}: nobody would trust this relay"),
            "list it with capseal registry add … --purpose relay, and pin the registry",
        ));
    }
    let folder = arguments.data.join("relay");
    let lifetime = Duration::from_secs(u64::from(arguments.relay.relay_days) * 24 * 60 * 60);
    let lifetime_ms = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
    if let Some(listed) = registry.find(&key.public()).filter(|key| key.valid_until < clock::now() + lifetime_ms) {
        let (ends, days) = (moment_text(listed.valid_until), arguments.relay.relay_days);
        eprintln_line(format_args!(
            "{BAD}!{BAD:#} the key {name} ends at {ends}, before the challenges that it signs, which are good for {days} days: nobody \
             accepts them afterwards\n  list it for longer (capseal registry add --until), or let them end sooner (--relay-days)"
        ));
    }
    let store = match &arguments.relay.database_url {
        Some(url) => Store::Database(database(url)?),
        None => Store::File,
    };
    let register = Register::open(&folder, &store, key, registry, arguments.relay.relay_bits, lifetime_ms);
    let register = register.map_err(|error| {
        let what = format!("the relay cannot start: {error}");
        error.next_step().map_or_else(|| Failure::new(&what), |next| Failure::explained_by(&what, next))
    })?;
    if register.restored() > 0 {
        let (lines, log) = (register.restored(), folder.join("log.jsonl"));
        eprintln_line(format_args!("  wrote {} again from the database: {lines} lines", log.display()));
    }
    let all = arguments.relay.relay_rate;
    let client = arguments.relay.relay_client_rate.unwrap_or_else(|| all.div_ceil(4));
    Ok(Service::new(register, Rates { all, client }))
}

/// Where a database is. No error has the URL in it, as that may have a password.
pub(super) fn database(url: &str) -> Result<DatabaseUrl, Failure> {
    let url: DatabaseUrl = url.parse()?;
    let password = std::env::var_os("PGPASSWORD").map(OsString::into_encoded_bytes);
    Ok(match password {
        Some(password) => url.or_password(&password),
        None => url,
    })
}

fn registry(path: &Path) -> Result<Registry, Failure> {
    let trust = read_trust(path)?;
    let registry = trust.registry().map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?;
    Ok(registry.clone())
}

/// The gate. The access file of the folder may come while the server runs; one that lies there is never passed over, and one that was named
/// has to be there.
fn gate(arguments: &Arguments) -> Result<Gate, Failure> {
    let beside = arguments.data.join(ACCESS_FILE);
    let decisions = arguments.decisions.clone().unwrap_or_else(|| arguments.data.join("decisions.jsonl"));
    let gate = match &arguments.access {
        Some(named) if beside.exists() && !is_same_file(named, &beside) => {
            return Err(Failure::explained_by(
                format_args!("{} is there, and another access file was named", beside.display()),
                "name that one, or move it away: what it lists would be for everybody",
            ));
        }
        Some(named) => Gate::open(named, &decisions),
        None => Gate::watch(&beside, &decisions),
    };
    gate.map_err(|error| {
        let next = error.next_step();
        Failure::explained(error, next)
    })
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The access file of a provider's folder.
pub(super) const ACCESS_FILE: &str = "access.toml";
