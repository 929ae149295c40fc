//! A relay with a database, when either goes away: everything that was acknowledged is there, nothing twice, and log and database agree.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::support::{
    Http, assert_log_verifies, commit, commits_of,
    killed::{Kept, killed},
    log_of,
    postgres::Postgres,
    serve_from,
};

/// Posts commits until it is over, and returns how many the relay could not take.
fn post_through(http: &Http, poster: u32, over: &AtomicBool, kept: &Mutex<Kept>) -> usize {
    let mut unavailable = 0;
    for run in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let name = if run % 2 == 0 { format!("all/{run}") } else { format!("{poster}/{run}") };
        let commit = commit(&name);
        match http.commit(&commit).unwrap() {
            (200 | 201, receipt) => {
                kept.lock().unwrap().insert(name, (commit, receipt));
            }
            (503, problem) => {
                assert!(String::from_utf8(problem).unwrap().contains("store-unavailable"));
                unavailable += 1;
                thread::sleep(Duration::from_millis(5));
            }
            (status, problem) => panic!("{status} {}", String::from_utf8_lossy(&problem)),
        }
    }
    unavailable
}

#[test]
fn a_database_that_goes_and_comes_under_load_loses_nothing_and_takes_nothing_twice() {
    let Some(mut database) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let server = serve_from(dir.path(), &database.store(), 1_000_000);
    let (kept, over): (Mutex<Kept>, _) = (Mutex::new(BTreeMap::new()), AtomicBool::new(false));
    let count = || kept.lock().unwrap().len();
    let unavailable: usize = thread::scope(|scope| {
        let (kept, over) = (&kept, &over);
        let http: Vec<Http> = (0..4).map(|_| Http::new(server.address())).collect();
        let posters = http
            .into_iter()
            .zip(0..)
            .map(|(http, poster)| scope.spawn(move || post_through(&http, poster, over, kept)));
        let posters: Vec<_> = posters.collect();
        let more = |than: usize| {
            while count() < than + 20 && !posters.iter().any(thread::ScopedJoinHandle::is_finished) {
                thread::sleep(Duration::from_millis(5));
            }
        };
        for _ in 0..3 {
            more(count());
            database.stop();
            let (status, _) = Http::new(server.address()).commit(&commit("while it is gone")).unwrap();
            assert_eq!(status, 503);
            database.go_on();
        }
        more(count());
        over.store(true, Ordering::Relaxed);
        posters.into_iter().map(|poster| poster.join().unwrap()).sum()
    });
    assert!(unavailable > 0, "nobody noticed");
    let kept = kept.into_inner().unwrap();
    let http = Http::new(server.address());
    for (name, (commit, receipt)) in &kept {
        assert_eq!(http.get(&format!("/v1/commits/{}", commit.header_commit_hash)), (200, receipt.clone()), "{name}");
        assert_eq!(http.commit(commit).unwrap(), (200, receipt.clone()), "{name}");
    }
    server.stop().unwrap();
    let mut logged = commits_of(&log_of(dir.path()));
    let lines = fs::read_to_string(log_of(dir.path())).unwrap();
    logged.sort();
    let all = logged.len();
    logged.dedup();
    assert_eq!(logged.len(), all, "a commit is logged twice");
    assert_log_verifies(&log_of(dir.path()));
    let rows = database.client().query("SELECT line FROM capseal_lines ORDER BY number", &[]).unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect::<String>(), lines);
}

#[test]
fn a_relay_with_a_database_that_is_killed_keeps_what_it_acknowledged() {
    let Some(database) = Postgres::start() else { return };
    killed(20, Some(&database.url()));
}

#[test]
#[ignore = "minutes; for changes of the register"]
fn a_relay_with_a_database_that_is_killed_200_times_keeps_what_it_acknowledged() {
    let Some(database) = Postgres::start() else { return };
    killed(200, Some(&database.url()));
}
