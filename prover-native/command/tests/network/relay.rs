//! A relay over HTTP: what it registers, what it refuses, and what it remembers. Everything is on loopback, and ends by itself.

use std::{fs, path::Path, process::Command};

use crate::support::{
    DAY_MS, Http, assert_log_verifies, commit, commits_of, key, log_of, open, register, registry, relay_key, serve,
};
use capseal_network::relay::{Registered, Store};
use verifier_core::{
    Digest,
    cbor::{Item, Value},
    relay::{Attestation, Challenge, Commit, CommitReceipt, Message, Signed},
};

fn challenge_path(commit: &Commit) -> String {
    format!("/v1/commits/{}/challenge", commit.header_commit_hash)
}

#[test]
fn the_first_commit_wins_and_is_answered_in_the_same_way_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), 1000);
    let http = Http::new(server.address());
    let first = commit("a run");
    let other = Commit::new(first.header_commit_hash, Digest::of_content(b"another archive"));
    let (status, receipt) = http.commit(&first).unwrap();
    assert_eq!(status, 201);
    assert_eq!(http.commit(&first).unwrap(), (200, receipt.clone()));
    let (status, problem) = http.commit(&other).unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&problem).unwrap();
    assert_eq!((status, &problem["type"]), (409, &"https://capseal.dev/problems/commit-conflict".into()));

    let path = format!("/v1/commits/{}", first.header_commit_hash);
    assert_eq!(http.get(&path), (200, receipt.clone()));
    let (status, challenge) = http.get(&challenge_path(&first));
    assert_eq!(status, 200);
    let registered = Registered { commit: receipt.clone(), challenge: challenge.clone() };
    assert_eq!(registered.check(&first).unwrap(), relay_key().public());
    let said: Signed<CommitReceipt> = Signed::read(&receipt).unwrap();
    // Line 0 is the log's header.
    assert_eq!(said.message.position, 1);
    let asked: Signed<Challenge> = Signed::read(&challenge).unwrap();
    assert_eq!((asked.message.bits, asked.message.registry_root), (80, registry().root()));
    assert_eq!(asked.message.not_after - asked.message.issued_at, DAY_MS);
    server.stop().unwrap();

    // After a restart, and when the index is lost, everything is as it was.
    for lost in [false, true] {
        if lost {
            fs::remove_file(dir.path().join("relay/index.redb")).unwrap();
        }
        let server = serve(dir.path(), 1000);
        let http = Http::new(server.address());
        assert_eq!(http.get(&path), (200, receipt.clone()));
        assert_eq!(http.get(&challenge_path(&first)), (200, challenge.clone()));
        assert_eq!(http.commit(&first).unwrap(), (200, receipt.clone()));
        assert_eq!(http.commit(&other).unwrap().0, 409);
        server.stop().unwrap();
    }
    assert_eq!(commits_of(&log_of(dir.path())), [first.header_commit_hash.to_string()]);
    assert_log_verifies(&log_of(dir.path()));
    let log = log_of(dir.path());
    let verified =
        Command::new(env!("CARGO_BIN_EXE_capseal")).args(["pcap", "verify", "--run"]).arg(log).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn what_is_no_commit_is_refused_and_nothing_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), 1000);
    let http = Http::new(server.address());
    let good = commit("a run").encode();
    for (body, status) in [
        (Vec::new(), 400),
        (good[..good.len() - 1].to_vec(), 400),
        ([good.clone(), vec![0]].concat(), 400),
        (Commit { schema: "capseal/commit/v2".to_owned(), ..commit("a run") }.encode(), 400),
        (vec![0; 1025], 413),
        (vec![0; 10 << 20], 413),
    ] {
        // A body that nobody reads to its end may break the connection instead.
        if let Ok((found, _)) = http.post("/v1/commits", &body) {
            assert_eq!(found, status);
        }
    }
    let hash = commit("a run").header_commit_hash;
    for path in ["", "/challenge", "/attestations"] {
        let (status, problem) = http.get(&format!("/v1/commits/{hash}{path}"));
        assert_eq!(status, 404);
        let problem: serde_json::Value = serde_json::from_slice(&problem).unwrap();
        assert_eq!(problem["code"], "E071_DA_CHALLENGE_MISSING");
    }
    assert_eq!(http.get("/v1/commits/no-digest").0, 404);
    assert_eq!(http.get("/v1/commits").0, 405);
    assert_eq!(http.get(&format!("/v1/registry/{}", registry().root())), (200, registry().encode()));
    assert_eq!(http.get(&format!("/v1/registry/{hash}")).0, 404);
    let metrics = String::from_utf8(http.get("/metrics").1).unwrap();
    assert!(metrics.contains("capseal_relay_posts_total{outcome=\"created\"} 0"), "{metrics}");
    assert!(!metrics.contains("capseal_relay_posts_total{outcome=\"refused\"} 0"), "{metrics}");
    server.stop().unwrap();
    assert_eq!(commits_of(&log_of(dir.path())), Vec::<String>::new());
}

#[test]
fn more_commits_than_the_relay_takes_are_told_to_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), 3);
    let http = Http::new(server.address());
    let statuses: Vec<u16> = (0..20).map(|run| http.commit(&commit(&run.to_string())).unwrap().0).collect();
    assert!(statuses.contains(&201) && statuses.contains(&429), "{statuses:?}");
}

#[test]
fn attestations_are_kept_once_for_each_key() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), 1000);
    let http = Http::new(server.address());
    let about = commit("a run");
    let path = format!("/v1/commits/{}/attestations", about.header_commit_hash);
    let attestation = |sampled_at| Attestation {
        schema: Attestation::SCHEMA.to_owned(),
        header_commit_hash: about.header_commit_hash,
        da_hash: about.da_hash,
        sampled_at,
        samples: 118,
    };
    let by = |seed: u8, sampled_at| key(seed).sign_message(&attestation(sampled_at)).unwrap();
    assert_eq!(http.post(&path, &by(8, 1)).unwrap().0, 404);
    http.commit(&about).unwrap();
    assert_eq!(http.post(&path, &by(8, 1)).unwrap(), (201, by(8, 1)));
    assert_eq!(http.post(&path, &by(8, 2)).unwrap(), (200, by(8, 1)));
    assert_eq!(http.post(&path, &by(9, 3)).unwrap().0, 201);
    let mut forged = by(9, 4);
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(http.post(&path, &forged).unwrap().0, 400);
    let elsewhere = commit("another run");
    http.commit(&elsewhere).unwrap();
    let wrong = format!("/v1/commits/{}/attestations", elsewhere.header_commit_hash);
    assert_eq!(http.post(&wrong, &by(8, 1)).unwrap().0, 400, "an attestation about another commit");
    let list = Value::Array(vec![Value::Bytes(by(8, 1)), Value::Bytes(by(9, 3))]).encode();
    assert_eq!(http.get(&path), (200, list.clone()));

    for seed in 10..90 {
        let expected = if seed < 72 { 201 } else { 409 };
        assert_eq!(http.post(&path, &by(seed, 1)).unwrap().0, expected, "{seed}");
    }
    server.stop().unwrap();
    fs::remove_file(dir.path().join("relay/index.redb")).unwrap();
    let server = serve(dir.path(), 1000);
    let again = Http::new(server.address()).get(&path).1;
    let Value::Array(items) = Value::decode(&again).unwrap() else { panic!("no list") };
    assert_eq!((items.len(), &items[..2]), (64, &[Value::Bytes(by(8, 1)), Value::Bytes(by(9, 3))][..]));
    assert_log_verifies(&log_of(dir.path()));
}

#[test]
fn a_log_that_was_cut_is_not_gone_on_from() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("relay");
    drop(register(&folder));
    let before = fs::read(log_of(dir.path())).unwrap();
    let server = serve(dir.path(), 1000);
    Http::new(server.address()).commit(&commit("a run")).unwrap();
    server.stop().unwrap();
    fs::write(log_of(dir.path()), before).unwrap();
    let error = open(&folder, &Store::File).unwrap_err();
    assert!(error.to_string().contains("cut or replaced"), "{error}");
}

#[test]
fn commits_that_come_together_are_each_answered_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), 100_000);
    let created: usize = std::thread::scope(|scope| {
        let posts = (0..8).map(|_| {
            scope.spawn(|| {
                let http = Http::new(server.address());
                let new = |run: u32| http.commit(&commit(&run.to_string())).unwrap().0 == 201;
                (0..50).filter(|run| new(*run)).count()
            })
        });
        let posts: Vec<_> = posts.collect();
        posts.into_iter().map(|post| post.join().unwrap()).sum()
    });
    assert_eq!(created, 50);
    server.stop().unwrap();
    let mut logged = commits_of(&log_of(dir.path()));
    logged.sort();
    logged.dedup();
    assert_eq!((logged.len(), commits_of(&log_of(dir.path())).len()), (50, 50));
    assert_log_verifies(&log_of(dir.path()));
}

/// Needs a file system of its own: where nothing can be mounted, there is nothing to see.
#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "none"]).arg(dir.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return;
    }
    let outcome = std::panic::catch_unwind(|| {
        let server = serve(dir.path(), 100_000);
        let http = Http::new(server.address());
        let mut kept = vec![http.commit(&commit("first")).unwrap()];
        assert_eq!(kept[0].0, 201);
        // What is left of the disk, to the last byte.
        let ballast = dir.path().join("ballast");
        let _ = fs::write(&ballast, vec![1; 4 << 20]);
        let mut refused = None;
        for run in 0..2000 {
            let answer = http.commit(&commit(&run.to_string())).unwrap();
            if answer.0 != 201 {
                refused = Some((run, answer));
                break;
            }
            kept.push(answer);
        }
        let (run, (status, problem)) = refused.expect("the disk is full");
        assert_eq!(status, 507, "{}", String::from_utf8_lossy(&problem));
        // What was registered is there, and with room the rest can be.
        let first = format!("/v1/commits/{}", commit("first").header_commit_hash);
        fs::remove_file(&ballast).unwrap();
        // 200 when the log had room for it, and nothing else had.
        assert!(matches!(http.commit(&commit(&run.to_string())).unwrap().0, 200 | 201));
        assert_eq!(http.get(&first), (200, kept[0].1.clone()));
        server.stop().unwrap();
        let logged = commits_of(&log_of(dir.path()));
        assert_eq!(logged.len(), kept.len() + 1);
        assert_log_verifies(&log_of(dir.path()));
        let server = serve(dir.path(), 1000);
        assert_eq!(Http::new(server.address()).get(&first), (200, kept[0].1.clone()));
        server.stop().unwrap();
    });
    Command::new("umount").arg(dir.path()).status().unwrap();
    outcome.unwrap();
}

/// Takes a file away, in one of the ways that there are.
type Taking = fn(&Path);

#[test]
fn a_log_that_is_taken_from_a_relay_stops_it_and_it_does_not_start_again() {
    let take: [(&str, Taking); 4] = [
        ("cut", |log| {
            let bytes = fs::read(log).unwrap();
            let keep: usize = bytes.split_inclusive(|byte| *byte == b'\n').take(20).map(<[u8]>::len).sum();
            fs::File::options().write(true).open(log).unwrap().set_len(keep as u64).unwrap();
        }),
        ("deleted", |log| fs::remove_file(log).unwrap()),
        ("replaced", |log| {
            fs::copy(log, log.with_extension("copy")).unwrap();
            fs::rename(log.with_extension("copy"), log).unwrap();
        }),
        ("rewritten", |log| {
            let text = fs::read_to_string(log).unwrap();
            fs::write(log, text.replace("\"commit\"", "\"tommic\"")).unwrap();
        }),
    ];
    for (how, take) in take {
        let dir = tempfile::tempdir().unwrap();
        let server = serve(dir.path(), 100_000);
        let http = Http::new(server.address());
        let first = http.commit(&commit("first")).unwrap();
        (0..30).for_each(|run| assert_eq!(http.commit(&commit(&run.to_string())).unwrap().0, 201));
        take(&log_of(dir.path()));
        for archive in [b"one", b"two"] {
            let taken = Commit::new(Digest::of_content(b"a hash"), Digest::of_content(archive));
            let (status, problem) = http.commit(&taken).unwrap();
            let problem: serde_json::Value = serde_json::from_slice(&problem).unwrap();
            assert_eq!((status, &problem["type"]), (500, &"https://capseal.dev/problems/log-lost".into()), "{how}");
        }
        let path = format!("/v1/commits/{}", commit("first").header_commit_hash);
        assert_eq!(http.get(&path), (200, first.1), "{how}: what was acknowledged is there");
        assert_eq!(http.get("/readyz").0, 503, "{how}");
        server.stop().unwrap();
        // Whoever deleted the log, or put as good a copy in its place, is found out by nobody afterwards: what is lost is the log, not a line.
        if how == "cut" || how == "rewritten" {
            let error = open(&dir.path().join("relay"), &Store::File).unwrap_err();
            assert!(error.is_loss() && error.next_step().is_some(), "{how}: {error}");
        }
        if how == "deleted" {
            assert!(open(&dir.path().join("relay"), &Store::File).unwrap_err().is_loss(), "{how}");
            assert!(!log_of(dir.path()).exists(), "the evidence is as it was");
        }
    }
}

#[test]
fn what_a_relay_keeps_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let server = serve(dir.path(), 1000);
    Http::new(server.address()).commit(&commit("a run")).unwrap();
    server.stop().unwrap();
    let relay = dir.path().join("relay");
    assert_eq!(fs::metadata(&relay).unwrap().permissions().mode() & 0o077, 0);
    for entry in fs::read_dir(relay).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
    }
}

/// What is left of a relay's folder when its process is killed: the files as they are at this moment.
fn killed_copy(of: &Path, lines_less: usize) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["log.jsonl", "index.redb", "head"] {
        fs::copy(of.join(name), copy.path().join(name)).unwrap();
    }
    let log = copy.path().join("log.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let kept: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(&log, kept[..kept.len() - lines_less].concat()).unwrap();
    copy
}

#[test]
fn a_log_that_is_cut_after_a_kill_is_noticed_by_the_next_start_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let writing = register(dir.path());
    for number in 0..5 {
        writing.commit(commit(&format!("run {number}"))).unwrap().blocking_recv().unwrap().unwrap();
        for less in 0..=number {
            let copy = killed_copy(dir.path(), less);
            let opened = open(copy.path(), &Store::File);
            match less {
                0 => drop(opened.unwrap()),
                _ => assert!(matches!(&opened, Err(error) if error.is_loss()), "{less} less of {number}: {opened:?}"),
            }
        }
    }

    // Other lines of the same number, and a log that is gone.
    let copy = killed_copy(dir.path(), 1);
    let other = tempfile::tempdir().unwrap();
    let forged = register(other.path());
    for number in 0..5 {
        forged.commit(commit(&format!("another run {number}"))).unwrap().blocking_recv().unwrap().unwrap();
    }
    fs::copy(other.path().join("log.jsonl"), copy.path().join("log.jsonl")).unwrap();
    assert!(open(copy.path(), &Store::File).unwrap_err().is_loss());
    fs::remove_file(copy.path().join("log.jsonl")).unwrap();
    assert!(open(copy.path(), &Store::File).unwrap_err().is_loss());
    assert!(!copy.path().join("log.jsonl").exists(), "nothing is written into what may be evidence");

    // A head that says nothing that can be read is not passed over.
    let copy = killed_copy(dir.path(), 0);
    fs::write(copy.path().join("head"), "x").unwrap();
    assert!(open(copy.path(), &Store::File).is_err());
}
