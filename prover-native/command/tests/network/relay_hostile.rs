//! Relays that lie to whoever commits, and the way from a run to a challenge that was answered. Everything is on loopback, and ends by itself.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::support::{DAY_MS, commit, key, registry, relay_key, serve};
use capseal_network::{
    http::{Bounds, Client},
    relay::{Registered, RelayFailure, attestations},
};
use capseal_trust::{
    keys::{KeyStore, Passphrase},
    trust_file,
};
use verifier_core::{
    Digest, Limits, Trust,
    capsule::{Capsule, entry},
    container::Container,
    relay::{ARCHIVAL, Challenge, Commit, CommitReceipt, Message},
};

/// Answers a commit and its challenge with what it was given.
struct Liar {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Liar {
    fn new(receipt: (u16, Vec<u8>), challenge: (u16, Vec<u8>)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (address, over) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let ended = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                let mut reader = BufReader::new(stream);
                let (mut line, mut first, mut len) = (String::new(), String::new(), 0);
                while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                    if first.is_empty() {
                        first.clone_from(&line);
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        len = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut sent = vec![0; len];
                let _ = reader.read_exact(&mut sent);
                let (status, body) = if first.starts_with("POST") { &receipt } else { &challenge };
                let head =
                    format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let mut stream = reader.into_inner();
                let _ = stream.write_all(&[head.as_bytes(), body].concat());
            }
        });
        Self { address, over, thread: Some(thread) }
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

const BOUNDS: Bounds = Bounds {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(2),
    answer: Duration::from_secs(2),
    total: Duration::from_secs(20),
    bytes_per_second: 8 << 10,
    retries: 0,
};

fn client(address: SocketAddr) -> Client {
    Client::new(&format!("http://{address}"), BOUNDS).unwrap()
}

fn receipt_of(commit: &Commit, position: u64) -> Vec<u8> {
    let Commit { header_commit_hash, da_hash, .. } = *commit;
    let schema = CommitReceipt::SCHEMA.to_owned();
    let receipt = CommitReceipt { schema, header_commit_hash, da_hash, committed_at: 1000, position };
    relay_key().sign_message(&receipt).unwrap()
}

fn challenge_of(commit: &Commit, receipt: &[u8], by: u8) -> Vec<u8> {
    let challenge = Challenge {
        schema: Challenge::SCHEMA.to_owned(),
        mode: ARCHIVAL.to_owned(),
        header_commit_hash: commit.header_commit_hash,
        da_hash: commit.da_hash,
        seed: CommitReceipt::challenge_seed(receipt),
        bits: 80,
        issued_at: 1000,
        not_after: 1000 + DAY_MS,
        registry_root: registry().root(),
    };
    key(by).sign_message(&challenge).unwrap()
}

#[test]
fn a_relay_whose_messages_do_not_hold_together_is_refused_when_it_answers() {
    let (ours, theirs) = (commit("ours"), commit("theirs"));
    let receipt = receipt_of(&ours, 1);
    let challenge = challenge_of(&ours, &receipt, 7);
    let answered = |receipt: (u16, &[u8]), challenge: (u16, &[u8])| {
        let liar = Liar::new((receipt.0, receipt.1.to_vec()), (challenge.0, challenge.1.to_vec()));
        Registered::with(&client(liar.address), &ours)
    };
    let honest = answered((201, &receipt), (200, &challenge)).unwrap();
    assert_eq!((&honest.commit, &honest.challenge), (&receipt, &challenge));
    assert_eq!(Registered::from_json(honest.to_json().as_bytes()), Some(honest));

    type Told<'a> = (u16, &'a [u8]);
    let check = |receipt: Told<'_>, challenge: Told<'_>, expected: fn(&RelayFailure) -> bool| {
        let failure = answered(receipt, challenge).unwrap_err();
        assert!(expected(&failure), "{failure}");
    };
    // Two receipts of one commit, and the challenge of the other one.
    let second = receipt_of(&ours, 2);
    check((201, &second), (200, &challenge), |found| matches!(found, RelayFailure::Equivocation));
    // A challenge that another key signed, and one of another commit: replayed.
    let foreign = challenge_of(&ours, &receipt, 8);
    check((201, &receipt), (200, &foreign), |found| matches!(found, RelayFailure::Equivocation));
    let replayed = challenge_of(&theirs, &receipt_of(&theirs, 1), 7);
    check((201, &receipt), (200, &replayed), |found| matches!(found, RelayFailure::AnotherCommit));
    let other = receipt_of(&theirs, 1);
    check((201, &other), (200, &challenge), |found| matches!(found, RelayFailure::AnotherCommit));
    // A second commit, no challenge, no message, a message without end, a redirect.
    check((409, b""), (200, &challenge), |found| found.to_string().contains("another archive"));
    check((201, &receipt), (404, b""), |found| matches!(found, RelayFailure::NoChallenge));
    check((201, b"yes"), (200, &challenge), |found| matches!(found, RelayFailure::Message(_)));
    check((201, &receipt), (200, &vec![0x84; 1 << 20]), |found| matches!(found, RelayFailure::Message(_)));
    check((302, &receipt), (200, &challenge), |found| matches!(found, RelayFailure::Fetch(_)));
    check((500, b""), (200, &challenge), |found| matches!(found, RelayFailure::Fetch(_)));

    let liar = Liar::new((201, Vec::new()), (200, vec![0x9f; 1 << 20]));
    let failure = attestations(&client(liar.address), &ours.header_commit_hash).unwrap_err();
    assert!(matches!(failure, RelayFailure::List(_)), "{failure}");
}

struct Scene {
    folder: capseal_recorder::testing::Folder,
}

impl Scene {
    fn new() -> Self {
        let folder = capseal_recorder::testing::Folder::new();
        folder.file("job.sh", "#!/bin/sh\nwc -c < data.bin\n");
        let data: Vec<u8> = (0..1_200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        folder.file("data.bin", data);
        folder.file("passphrase", "a passphrase for tests");
        let store = KeyStore::at(folder.path().join("keys"));
        for (name, key) in [("auditor-1", key(8)), ("auditor-2", key(9)), ("stranger", key(10))] {
            store.add(name, &key, &Passphrase::new("a passphrase for tests".to_owned())).unwrap();
        }
        let listed = registry();
        let trust = Trust { pin: Some(listed.root()), listed: Some(listed), ..Trust::default() };
        folder.file("trust.toml", trust_file::text(&trust));
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn capseal(&self, line: &str) -> Output {
        let words = line.split_whitespace();
        let output = Command::new(env!("CARGO_BIN_EXE_capseal"))
            .args(words)
            .env("CAPSEAL_KEYS", self.path().join("keys"))
            .env("CAPSEAL_PASSPHRASE_FILE", self.path().join("passphrase"))
            .current_dir(self.path())
            .output();
        output.unwrap()
    }

    #[track_caller]
    fn ends(&self, line: &str, status: i32) -> String {
        let output = self.capseal(line);
        let said =
            format!("{line}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{said}");
        said
    }
}

fn named_challenge(receipt: &Path) -> Option<Digest> {
    let receipt = fs::read(receipt).unwrap();
    let container = Container::parse(&receipt, &Limits::DEFAULT).unwrap();
    Capsule::read(container.get(entry::CAPSULE).unwrap()).unwrap().da_challenge_hash
}

#[test]
fn a_run_is_registered_challenged_and_attested() {
    let scene = Scene::new();
    let www = scene.path().join("www");
    fs::create_dir(&www).unwrap();
    let server = serve(&www, 1000);
    let url = format!("http://{}", server.address());
    let run = "run --capture declared --input data.bin --embed-limit 0 --force";
    scene.ends(&format!("{run} --relay {url} -- sh job.sh"), 0);
    let kept = scene.path().join("run.cap.commit.json");
    let first = fs::read(&kept).unwrap();
    let challenge = Registered::from_json(&first).unwrap().challenge;
    assert_eq!(named_challenge(&scene.path().join("run.cap")), Some(Challenge::hash(&challenge)));
    scene.ends(&format!("audit register run.cap --relay {url}"), 0);
    assert_eq!(fs::read(&kept).unwrap(), first, "a relay answers a commit in the same way each time");
    scene.ends("audit export run.cap --out www", 0);

    let challenge = format!("audit run.cap --provider {url} --challenge run.cap.commit.json --trust trust.toml");
    let said = scene.ends(&challenge, 0);
    assert!(said.contains("archival: ") && said.contains("called for by relay"), "{said}");
    // Whom nobody trusts, what is another receipt's, and what is not there.
    scene.ends(&challenge.replace(" --trust trust.toml", ""), 2);
    let said = scene.ends(&challenge.replace(&format!("--provider {url} "), ""), 13);
    assert!(said.contains("E074"), "{said}");
    scene.folder.file("job.sh", "#!/bin/sh\nwc -c data.bin\n");
    scene.ends(&format!("{run} --out other.cap -- sh job.sh"), 0);
    let said = scene.ends(&challenge.replace("audit run.cap", "audit other.cap"), 13);
    assert!(said.contains("E077"), "{said}");

    let attest = |name: &str| scene.ends(&format!("audit run.cap --provider {url} --attest {name} --relay {url}"), 0);
    attest("stranger");
    let by = |threshold: u32| format!("audit run.cap --relay {url} --trust trust.toml --threshold {threshold}");
    assert!(scene.ends(&by(1), 13).contains("E073"));
    attest("auditor-1");
    assert!(scene.ends(&by(1), 0).contains("attested, in the words of auditor 1:"));
    assert!(scene.ends(&by(2), 13).contains("E073"));
    attest("auditor-2");
    assert!(scene.ends(&by(2), 0).contains("attested, in the words of auditor 1"));
    scene.ends("audit run.cap --attestation run.cap.attestation --trust trust.toml", 0);
    let said = scene.ends("audit other.cap --attestation run.cap.attestation --trust trust.toml", 13);
    assert!(said.contains("E077"), "{said}");

    // A relay that is gone: the run is sealed, and can be registered later.
    server.stop().unwrap();
    let said = scene.ends(&format!("{run} --out late.cap --relay {url} -- sh job.sh"), 1);
    assert!(said.contains("the receipt is in place") && scene.path().join("late.cap").exists(), "{said}");
    assert_eq!(named_challenge(&scene.path().join("late.cap")), None);
    let server = serve(&www, 1000);
    scene.ends(&format!("audit register late.cap --relay http://{}", server.address()), 0);
    // A receipt that carries its whole archive has nothing to commit to.
    let said = scene.ends(&format!("run --capture declared --force --out whole.cap --relay {url} -- sh job.sh"), 0);
    assert!(said.contains("not registered"), "{said}");
}
