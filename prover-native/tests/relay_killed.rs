//! A relay that is killed while it registers: every commit that it acknowledged is there, none twice, and the log verifies.

mod relay_support;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use prover_native::{
    keys::{KeyStore, Passphrase},
    trust_file,
};
use relay_support::{Http, assert_log_verifies, commit, commits_of, log_of, registry, relay_key};
use verifier_core::{Trust, relay::Commit};

/// Key, passphrase and trust file in a folder.
fn prepare(dir: &Path) {
    let passphrase = Passphrase::new("a passphrase for tests".to_owned());
    KeyStore::at(dir.join("keys")).add("relay", &relay_key(), &passphrase).unwrap();
    std::fs::write(dir.join("passphrase"), passphrase.as_bytes()).unwrap();
    let listed = registry();
    let trust = Trust { pin: Some(listed.root()), listed: Some(listed), ..Trust::default() };
    std::fs::write(dir.join("trust.toml"), trust_file::text(&trust)).unwrap();
    std::fs::create_dir(dir.join("www")).unwrap();
}

fn start(dir: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_capseal"))
        .args(["serve", "--quiet", "--listen", "127.0.0.1:0", "--relay-key", "relay", "--relay-rate", "1000000"])
        .arg("--data")
        .arg(dir.join("www"))
        .arg("--trust")
        .arg(dir.join("trust.toml"))
        .arg("--keys")
        .arg(dir.join("keys"))
        .arg("--passphrase-file")
        .arg(dir.join("passphrase"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit("http://").next().and_then(|address| address.parse().ok());
    let Some(address) = address else {
        let _ = child.kill();
        panic!("the relay did not start: {line}");
    };
    (child, address)
}

/// Posts commits until the relay is gone; what was acknowledged goes into `kept`.
fn post(address: SocketAddr, names: impl Iterator<Item = String>, kept: &Mutex<BTreeMap<String, (Commit, Vec<u8>)>>) {
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

fn killed(rounds: u32) {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let kept: Mutex<BTreeMap<String, (Commit, Vec<u8>)>> = Mutex::default();
    let log = log_of(&dir.path().join("www"));
    for round in 0..rounds {
        let (mut relay, address) = start(dir.path());
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
            check(dir.path(), &log, &kept);
        }
    }
    assert!(!kept.into_inner().unwrap().is_empty(), "no commit was acknowledged before the relay was killed");
}

fn check(dir: &Path, log: &Path, kept: &BTreeMap<String, (Commit, Vec<u8>)>) {
    // The relay goes on from its log; what a crash tore is put aside by then.
    let (mut relay, address) = start(dir);
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

#[test]
fn a_relay_that_is_killed_keeps_what_it_acknowledged() {
    killed(10);
}

#[test]
#[ignore = "minutes; for changes of the register"]
fn a_relay_that_is_killed_200_times_keeps_what_it_acknowledged() {
    killed(200);
}
