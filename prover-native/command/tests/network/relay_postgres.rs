//! A relay whose index is in PostgreSQL. Each test has a server of its own, on a socket in a temporary folder, and ends it; where the machine
//! has no PostgreSQL they are skipped, and say so.

use std::{fs, path::Path};

use crate::support::{
    DAY_MS, Http, assert_log_verifies, commit, commits_of, key,
    killed::{prepare, serving, start},
    log_of, open,
    postgres::{PASSWORD, Postgres},
    register, registry, serve, serve_from,
};
use capseal_network::relay::{DatabaseUrl, NotADatabaseUrl, Register, Store};
use verifier_core::{
    Digest,
    cbor::Value,
    relay::{Attestation, Commit, Message},
};

/// A folder, and a database in which a relay registered these.
fn registered(names: &[&str]) -> Option<(tempfile::TempDir, Postgres)> {
    let database = Postgres::start()?;
    let dir = tempfile::tempdir().unwrap();
    let server = serve_from(dir.path(), &database.store(), 1000);
    let http = Http::new(server.address());
    names.iter().for_each(|name| assert_eq!(http.commit(&commit(name)).unwrap().0, 201));
    server.stop().unwrap();
    Some((dir, database))
}

fn lose_disk(dir: &Path) {
    fs::remove_dir_all(dir.join("relay")).unwrap();
}

#[track_caller]
fn assert_refused(dir: &Path, database: &Postgres, expected: &str) {
    let error = open(&dir.join("relay"), &database.store()).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert!(error.next_step().is_some(), "{error}");
}

#[test]
fn the_first_commit_wins_also_after_a_restart_and_when_the_disk_is_lost() {
    let Some(database) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (store, log) = (database.store(), log_of(dir.path()));
    let first = commit("a run");
    let other = Commit::new(first.header_commit_hash, Digest::of_content(b"another archive"));
    let path = format!("/v1/commits/{}", first.header_commit_hash);
    let server = serve_from(dir.path(), &store, 1000);
    let http = Http::new(server.address());
    assert_eq!(http.get(&path).0, 404);
    let (status, receipt) = http.commit(&first).unwrap();
    assert_eq!(status, 201);
    let challenge = http.get(&format!("{path}/challenge"));
    assert_eq!(challenge.0, 200);
    server.stop().unwrap();
    let logged = fs::read(&log).unwrap();

    for lost in [false, true] {
        if lost {
            lose_disk(dir.path());
        }
        let server = serve_from(dir.path(), &store, 1000);
        let http = Http::new(server.address());
        assert_eq!(http.commit(&first).unwrap(), (200, receipt.clone()));
        assert_eq!(http.commit(&other).unwrap().0, 409);
        assert_eq!(http.get(&path), (200, receipt.clone()));
        assert_eq!(http.get(&format!("{path}/challenge")), challenge);
        server.stop().unwrap();
        assert_eq!(fs::read(&log).unwrap(), logged, "lost: {lost}");
    }
    assert!(!dir.path().join("relay/index.redb").exists());
    assert_log_verifies(&log);
    // The tables are for everybody's tools.
    let asked = "SELECT encode(header_commit_hash, 'hex'), number, line::jsonb ->> 'action'
                 FROM capseal_commits JOIN capseal_lines USING (number)";
    let row = database.client().query_one(asked, &[]).unwrap();
    let found: (String, i64, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(found, (first.header_commit_hash.to_string(), 1, "commit".to_owned()));
}

#[test]
fn attestations_are_kept_once_for_each_key_and_outlive_the_disk() {
    let Some(database) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = database.store();
    let server = serve_from(dir.path(), &store, 1000);
    let http = Http::new(server.address());
    let about = commit("a run");
    let path = format!("/v1/commits/{}/attestations", about.header_commit_hash);
    let by = |seed: u8, sampled_at| {
        let (schema, samples) = (Attestation::SCHEMA.to_owned(), 118);
        let Commit { header_commit_hash, da_hash, .. } = about;
        let attestation = Attestation { schema, header_commit_hash, da_hash, sampled_at, samples };
        key(seed).sign_message(&attestation).unwrap()
    };
    assert_eq!(http.post(&path, &by(8, 1)).unwrap().0, 404);
    http.commit(&about).unwrap();
    assert_eq!(http.post(&path, &by(9, 1)).unwrap(), (201, by(9, 1)));
    assert_eq!(http.post(&path, &by(9, 2)).unwrap(), (200, by(9, 1)));
    assert_eq!(http.post(&path, &by(8, 3)).unwrap().0, 201);
    for seed in 10..80 {
        let expected = if seed < 72 { 201 } else { 409 };
        assert_eq!(http.post(&path, &by(seed, 1)).unwrap().0, expected, "{seed}");
    }
    let list = http.get(&path);
    let Value::Array(items) = Value::decode(&list.1).unwrap() else { panic!("no list") };
    assert_eq!((items.len(), &items[..2]), (64, &[Value::Bytes(by(9, 1)), Value::Bytes(by(8, 3))][..]));
    server.stop().unwrap();
    lose_disk(dir.path());
    let server = serve_from(dir.path(), &store, 1000);
    assert_eq!(Http::new(server.address()).get(&path), list);
    assert_log_verifies(&log_of(dir.path()));
}

#[test]
fn a_relay_moves_from_a_file_to_a_database_and_catches_up_where_that_is_behind() {
    let Some(database) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let post = |server: capseal_network::serve::Server, name: &str| {
        let answer = Http::new(server.address()).commit(&commit(name)).unwrap();
        server.stop().unwrap();
        answer
    };
    let first = post(serve(dir.path(), 1000), "first");
    assert_eq!(post(serve_from(dir.path(), &database.store(), 1000), "first"), (200, first.1.clone()));
    let second = post(serve_from(dir.path(), &database.store(), 1000), "second");
    assert_eq!(second.0, 201);
    // As if the relay had been killed between the log and the database.
    let taken_back = "DELETE FROM capseal_commits WHERE number = 2; DELETE FROM capseal_lines WHERE number = 2";
    database.client().batch_execute(taken_back).unwrap();
    assert_eq!(post(serve_from(dir.path(), &database.store(), 1000), "second"), (200, second.1));
    assert_eq!(post(serve(dir.path(), 1000), "first"), (200, first.1), "and back");
    assert_eq!(commits_of(&log_of(dir.path())).len(), 2);
}

#[test]
fn a_second_relay_is_refused_and_so_is_another_key() {
    let Some((dir, database)) = registered(&["a run"]) else { return };
    let store = database.store();
    let first = open(&dir.path().join("relay"), &store).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    assert_refused(elsewhere.path(), &database, "another relay writes to the database");
    assert!(!log_of(elsewhere.path()).exists());
    // The same folder with another store: the log is written by one.
    let error = open(&dir.path().join("relay"), &Store::File).unwrap_err();
    assert!(error.to_string().contains("another relay has locked"), "{error}");
    drop(first);
    let error = Register::open(elsewhere.path(), &store, key(8), registry(), 80, DAY_MS).unwrap_err();
    assert!(error.to_string().contains("another key"), "{error}");
    drop(open(&elsewhere.path().join("relay"), &store).unwrap());
    assert_eq!(commits_of(&log_of(elsewhere.path())), commits_of(&log_of(dir.path())));
}

#[test]
fn a_database_that_was_changed_is_refused() {
    let Some((dir, database)) = registered(&["first", "second", "third"]) else { return };
    let mut client = database.client();
    client.batch_execute("CREATE SCHEMA kept; SET search_path = kept").unwrap();
    for table in ["lines", "commits", "attestations", "store"] {
        client.batch_execute(&format!("CREATE TABLE {table} AS TABLE public.capseal_{table}")).unwrap();
    }
    client.batch_execute("SET search_path = public").unwrap();
    let mut refused = |change: &str, expected: &str| {
        client.batch_execute(change).unwrap();
        assert_refused(dir.path(), &database, expected);
        client
            .batch_execute(
                "TRUNCATE capseal_lines, capseal_commits, capseal_attestations, capseal_store;
                 INSERT INTO capseal_store TABLE kept.store; INSERT INTO capseal_lines TABLE kept.lines;
                 INSERT INTO capseal_commits TABLE kept.commits; INSERT INTO capseal_attestations TABLE kept.attestations",
            )
            .unwrap();
        drop(open(&dir.path().join("relay"), &database.store()).unwrap());
    };
    refused("UPDATE capseal_lines SET line = line || ' ' WHERE number = 1", "different lines 1");
    refused("UPDATE capseal_lines SET line = '{}' WHERE number = 3", "different lines 3");
    refused(
        "DELETE FROM capseal_commits WHERE number = 1; DELETE FROM capseal_lines WHERE number = 1",
        "a line is missing",
    );
    refused("INSERT INTO capseal_lines VALUES (4, '{}')", "cut or replaced");
    refused("DELETE FROM capseal_commits WHERE number = 2", "does not follow");
    refused("UPDATE capseal_commits SET da_hash = header_commit_hash WHERE number = 2", "does not follow");
    refused(
        "INSERT INTO capseal_commits SELECT da_hash, da_hash, 0, receipt, challenge FROM capseal_commits WHERE number = 2",
        "does not follow",
    );
    refused(
        "INSERT INTO capseal_attestations SELECT 2, header_commit_hash, da_hash, receipt FROM capseal_commits WHERE number = 2",
        "does not follow",
    );
    refused("UPDATE capseal_store SET version = 2", "another version");
    refused("UPDATE capseal_store SET relay = sha256('')", "another key");
    refused("DELETE FROM capseal_store", "which relay's it is");
}

#[test]
fn a_log_that_was_changed_is_refused_and_none_is_made_of_lines_that_are_no_log() {
    let Some((dir, database)) = registered(&["first", "second"]) else { return };
    let log = log_of(dir.path());
    let whole = fs::read_to_string(&log).unwrap();
    let cut: String = whole.lines().take(2).map(|line| format!("{line}\n")).collect();
    fs::write(&log, cut).unwrap();
    assert_refused(dir.path(), &database, "cut or replaced");
    // Another log of the same relay, as long as this one.
    let elsewhere = tempfile::tempdir().unwrap();
    let server = serve(elsewhere.path(), 1000);
    for name in ["1", "2", "3"] {
        Http::new(server.address()).commit(&commit(name)).unwrap();
    }
    server.stop().unwrap();
    assert_refused(elsewhere.path(), &database, "different lines 0");

    lose_disk(dir.path());
    database.client().execute("UPDATE capseal_lines SET line = replace(line, 'commit', 'commit ')", &[]).unwrap();
    assert_refused(dir.path(), &database, "no log that verifies");
    assert_eq!(fs::read_dir(dir.path().join("relay")).unwrap().count(), 1, "the lock, and nothing of a log");
}

#[test]
fn messages_that_are_not_the_relays_are_not_sent() {
    let Some((dir, database)) = registered(&["first", "second"]) else { return };
    let [first, second] = ["first", "second"].map(commit);
    // Whole messages of the relay, about another commit.
    let swapped = "UPDATE capseal_commits c SET receipt = o.receipt, challenge = o.challenge
                   FROM capseal_commits o WHERE o.number <> c.number";
    for change in ["UPDATE capseal_commits SET receipt = '\\x00'", swapped] {
        database.client().batch_execute(change).unwrap();
        let server = serve_from(dir.path(), &database.store(), 1000);
        let http = Http::new(server.address());
        for commit in [&first, &second] {
            let path = format!("/v1/commits/{}", commit.header_commit_hash);
            assert_eq!(http.get(&path).0, 500);
            assert_eq!(http.get(&format!("{path}/challenge")).0, 500);
            assert_eq!(http.commit(commit).unwrap().0, 500);
        }
        assert_eq!(http.commit(&commit(change)).unwrap().0, 201, "others are served");
        server.stop().unwrap();
    }
    // The way out: an empty database is filled from the log.
    let emptied = "TRUNCATE capseal_lines, capseal_commits, capseal_attestations";
    database.client().batch_execute(emptied).unwrap();
    let server = serve_from(dir.path(), &database.store(), 1000);
    assert_eq!(Http::new(server.address()).commit(&first).unwrap().0, 200);
}

#[test]
fn a_row_of_another_writer_wins_and_nothing_is_acknowledged_against_it() {
    let Some((dir, database)) = registered(&["first"]) else { return };
    let server = serve_from(dir.path(), &database.store(), 1000);
    let http = Http::new(server.address());
    // Somebody writes without the lock.
    database.client().batch_execute("INSERT INTO capseal_lines VALUES (2, 'theirs')").unwrap();
    assert_ne!(http.commit(&commit("second")).unwrap().0 / 100, 2);
    assert_eq!(http.commit(&commit("third")).unwrap().0, 500);
    assert_eq!(http.get(&format!("/v1/commits/{}", commit("second").header_commit_hash)).0, 404);
    assert_eq!(http.get(&format!("/v1/commits/{}", commit("first").header_commit_hash)).0, 200);
    server.stop().unwrap();
    assert_refused(dir.path(), &database, "different lines 2");
}

#[test]
fn a_database_without_room_refuses_what_it_cannot_keep_and_loses_nothing() {
    let Some((dir, database)) = registered(&["first"]) else { return };
    let server = serve_from(dir.path(), &database.store(), 1000);
    let http = Http::new(server.address());
    let full = "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
                CREATE TRIGGER no_room BEFORE INSERT ON capseal_commits EXECUTE FUNCTION no_room()";
    database.client().batch_execute(full).unwrap();
    for _ in 0..3 {
        assert_eq!(http.commit(&commit("second")).unwrap().0, 507);
    }
    database.client().batch_execute("DROP FUNCTION no_room CASCADE").unwrap();
    // It was in the log already.
    assert_eq!(http.commit(&commit("second")).unwrap().0, 200);
    assert_eq!(http.commit(&commit("third")).unwrap().0, 201);
    server.stop().unwrap();
    assert_eq!(commits_of(&log_of(dir.path())).len(), 3);
    assert_log_verifies(&log_of(dir.path()));
}

#[test]
fn the_command_takes_the_password_from_the_environment_and_says_what_it_restored() {
    let Some(mut database) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let said = |url: &str, password: Option<&str>| {
        let mut command = serving(dir.path(), Some(url));
        password.map(|password| command.env("PGPASSWORD", password));
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let wrong = said(&database.url_with("capseal:secret%20word"), None);
    assert!(wrong.contains("password authentication failed") && !wrong.contains("secret"), "{wrong}");
    let wrong = said(&database.url_with("capseal"), Some("secret word"));
    assert!(wrong.contains("password authentication failed") && !wrong.contains("secret"), "{wrong}");
    let wrong = said("postgres://capseal:secret@word@/x?secret=secret", None);
    assert!(wrong.contains("not a database's URL") && !wrong.contains("secret"), "{wrong}");

    let (mut relay, address, _) = start(dir.path(), Some(&database.url()));
    assert_eq!(Http::new(address).commit(&commit("a run")).unwrap().0, 201);
    relay.kill().unwrap();
    relay.wait().unwrap();
    lose_disk(&dir.path().join("www"));
    let (mut relay, _, restored) = start(dir.path(), Some(&database.url()));
    relay.kill().unwrap();
    relay.wait().unwrap();
    assert!(restored.contains("again from the database: 2 lines"), "{restored}");

    database.stop();
    let gone = said(&database.url(), None);
    assert!(gone.contains("see that PostgreSQL runs") && !gone.contains(PASSWORD), "{gone}");
}

#[test]
fn a_url_that_is_printed_has_no_password() {
    let url: DatabaseUrl = "postgres://relay:secret@db.internal/capseal".parse().unwrap();
    assert_eq!((format!("{url}"), format!("{url:?}")), ("database capseal at db.internal".to_owned(), url.to_string()));
    for wrong in ["", "relay", "host=db.internal password=secret", "mysql://db", "postgres://", "postgres://x?port=no"]
    {
        assert_eq!(wrong.parse::<DatabaseUrl>().unwrap_err(), NotADatabaseUrl, "{wrong}");
    }
}

/// A relay with the file as its index, for comparison: it refuses a second one as well.
#[test]
fn a_folder_has_one_relay() {
    let dir = tempfile::tempdir().unwrap();
    let first = register(dir.path());
    assert!(open(dir.path(), &Store::File).unwrap_err().to_string().contains("another relay has locked"));
    drop(first);
    drop(register(dir.path()));
}
