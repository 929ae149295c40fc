//! A relay that is killed while it registers, over and over.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use capseal_trust::{
    keys::{KeyStore, Passphrase},
    trust_file,
};
use verifier_core::{Trust, relay::Commit};

use super::{Http, assert_log_verifies, commit, commits_of, log_of, registry, relay_key};

/// What was acknowledged, by name.
pub(crate) type Kept = BTreeMap<String, (Commit, Vec<u8>)>;

/// Key, passphrase and trust file in a folder.
pub(crate) fn prepare(dir: &Path) {
    let passphrase = Passphrase::new("a passphrase for tests".to_owned());
    KeyStore::at(dir.join("keys")).add("relay", &relay_key(), &passphrase).unwrap();
    fs::write(dir.join("passphrase"), passphrase.as_bytes()).unwrap();
    let listed = registry();
    let trust = Trust { pin: Some(listed.root()), listed: Some(listed), ..Trust::default() };
    fs::write(dir.join("trust.toml"), trust_file::text(&trust)).unwrap();
    fs::create_dir(dir.join("www")).unwrap();
}

/// The command that serves such a folder, with its index in a database if there is one.
pub(crate) fn serving(dir: &Path, database: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capseal"));
    command
        .args(["serve", "--quiet", "--listen", "127.0.0.1:0", "--relay-key", "relay", "--relay-rate", "1000000"])
        .arg("--data")
        .arg(dir.join("www"))
        .arg("--trust")
        .arg(dir.join("trust.toml"))
        .arg("--keys")
        .arg(dir.join("keys"))
        .arg("--passphrase-file")
        .arg(dir.join("passphrase"))
        .args(database.map(|url| ["--database-url", url]).into_iter().flatten());
    command
}

/// Starts it, and returns where it answers and what it said before that.
pub(crate) fn start(dir: &Path, database: Option<&str>) -> (Child, SocketAddr, String) {
    let mut child = serving(dir, database).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(address) = line.rsplit_once("http://").and_then(|(_, address)| address.trim().parse().ok()) {
            return (child, address, said);
        }
        said += &line;
        said.push('\n');
    }
    let _ = child.wait();
    panic!("the relay did not start: {said}");
}

/// Posts commits until the relay is gone; what was acknowledged goes into `kept`.
fn post(address: SocketAddr, names: impl Iterator<Item = String>, kept: &Mutex<Kept>) {
    let http = Http::new(address);
    for name in names {
        let commit = commit(&name);
        match http.commit(&commit) {
            Ok((200 | 201, receipt)) => {
                kept.lock().unwrap().insert(name, (commit, receipt));
            }
            Ok((0, _)) | Err(_) => return,
            Ok((status, _)) => panic!("status {status}"),
        }
    }
}

/// Kills a relay so many times. With a database, its disk is lost now and then as well.
pub(crate) fn killed(rounds: u32, database: Option<&str>) {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let kept: Mutex<Kept> = Mutex::default();
    let log = log_of(&dir.path().join("www"));
    for round in 0..rounds {
        let (mut relay, address, _) = start(dir.path(), database);
        thread::scope(|scope| {
            for poster in 0..4u32 {
                let kept = &kept;
                // Every other commit is posted by all of them.
                let who = move |run: u32| if run.is_multiple_of(2) { "all".to_owned() } else { poster.to_string() };
                let names = (0..100_000).map(move |run| format!("{round}/{}/{run}", who(run)));
                scope.spawn(move || post(address, names, kept));
            }
            let moment = Duration::from_micros(u64::from(getrandom::u32().unwrap() % 150_000));
            let begun = Instant::now();
            while begun.elapsed() < moment {
                thread::sleep(Duration::from_millis(1));
            }
            // SIGKILL: nothing is finished, nothing is flushed.
            relay.kill().unwrap();
            relay.wait().unwrap();
        });
        let kept = kept.lock().unwrap();
        if round % 20 == 19 || round + 1 == rounds {
            check(dir.path(), database, &log, &kept);
        }
        if database.is_some() && round % 4 == 3 {
            fs::remove_dir_all(dir.path().join("www/relay")).unwrap();
        }
    }
    assert!(!kept.into_inner().unwrap().is_empty(), "no commit was acknowledged before the relay was killed");
}

fn check(dir: &Path, database: Option<&str>, log: &Path, kept: &Kept) {
    // The relay goes on from its log; what a crash tore is put aside by then.
    let (mut relay, address, _) = start(dir, database);
    let http = Http::new(address);
    for (name, (commit, receipt)) in kept {
        let found = http.get(&format!("/v1/commits/{}", commit.header_commit_hash));
        assert_eq!(found, (200, receipt.clone()), "{name} was acknowledged");
        assert_eq!(http.commit(commit).unwrap(), (200, receipt.clone()), "{name} again");
    }
    relay.kill().unwrap();
    relay.wait().unwrap();
    let mut logged = commits_of(log);
    let count = logged.len();
    logged.sort();
    logged.dedup();
    assert_eq!(logged.len(), count, "a commit is logged twice");
    assert!(count >= kept.len());
    assert_log_verifies(log);
}
