//! Bad requests: each error names the file, the cause and the next step. Root may run these tests, so no case rests on
//! a permission that root does not need.

use std::{fs, os::unix::fs::PermissionsExt};

use capseal_recorder::testing::Folder;
use capseal_recorder::{CaptureChoice, Program, Request, RunError};

#[track_caller]
fn refused(folder: &Folder, request: &Request, message: &str, next_step: &str) {
    for capture in [CaptureChoice::Observed, CaptureChoice::Declared] {
        let error = folder.try_run(&Request { capture, ..request.clone() }).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.next_step().contains(next_step), "{}", error.next_step());
    }
}

#[test]
fn a_program_that_cannot_be_run() {
    let folder = Folder::new();
    folder.file("folder/x", "");
    folder.file("data.bin", "no program");
    folder.file("none.py", "#!/opt/none/python9\n");
    folder.file("env.py", "#!/usr/bin/env python9\n");
    folder.file("windows.py", "#!/bin/sh\r\necho\r\n");
    folder.file("empty.py", "#!\n");
    let script =
        |name: &str, message: &str, next_step: &str| refused(&folder, &folder.script(name, &[]), message, next_step);
    script("gone.py", "cannot run gone.py: there is no such file or folder", "put -- before it");
    script("folder", "cannot run folder: it is a folder", "name the script");
    script("data.bin/x", "cannot run data.bin/x: a part of the path is not a folder", "readable");
    script(
        "data.bin",
        "cannot run data.bin: it is not executable, and neither its first line nor its ending names an interpreter",
        "chmod +x",
    );
    script(
        "/dev/null",
        "cannot run /dev/null: it is not executable, and neither its first line nor its ending names an interpreter",
        "chmod",
    );
    script("none.py", "cannot run none.py: its interpreter /opt/none/python9 is not there", "install it");
    script("env.py", "cannot run env.py: its interpreter python9 is not there", "install it");
    script("windows.py", "cannot run windows.py: its interpreter /bin/sh%0D is not there", "carriage return");
    script("empty.py", "cannot run empty.py: its interpreter (empty first line) is not there", "install it");

    let command =
        |argv: &[&str], message: &str, next_step: &str| refused(&folder, &folder.command(argv), message, next_step);
    command(&["no-such-command"], "cannot run no-such-command: no folder of PATH has such a command", "install it");
    command(&["./gone"], "cannot run ./gone: there is no such file or folder", "check the path");
    command(&["./folder"], "cannot run ./folder: it is a folder", "name the script");
    command(&[], "cannot run: no command is given", "name a command");
    command(&["echo", "a\0b"], "cannot run: there is a zero byte after \"a\"", "zero byte");
}

#[test]
fn a_program_that_the_system_does_not_start() {
    let folder = Folder::new();
    let path = folder.file("strange", "\x7fELF is not all it takes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let message =
        format!("cannot start {}: Exec format error (os error 8)", fs::canonicalize(&path).unwrap().display());
    refused(&folder, &folder.script("strange", &[]), &message, "program for this machine");
}

#[test]
fn files_that_are_declared_and_not_there() {
    let folder = Folder::new();
    folder.file("ok.sh", "echo run > ran\n");
    let request = folder.script("ok.sh", &[]);
    let input = Request { inputs: vec!["gone.csv".into()], ..request.clone() };
    refused(&folder, &input, "cannot read the declared gone.csv: there is no such file or folder", "check");
    let config = Request { config: Some("gone.toml".into()), ..request.clone() };
    refused(&folder, &config, "cannot read the declared gone.toml: there is no such file or folder", "check");
    let device = Request { inputs: vec!["/dev/zero".into()], ..request.clone() };
    refused(&folder, &device, "cannot seal the declared /dev/zero: it is no file", "files and folders");
    let elsewhere = Request { working_dir: "/no/such".into(), ..request.clone() };
    refused(&folder, &elsewhere, "cannot run in /no/such: there is no such file or folder", "folder that exists");
    assert!(!folder.path().join("ran").exists(), "nothing is run before the request is in order");

    let output = Request { outputs: vec!["gone.out".into()], ..request };
    refused(&folder, &output, "the run succeeded, and the declared output gone.out is not there", "check");
}

#[test]
fn a_permission_that_is_missing() {
    // Only an ordinary user lacks it; root reads everything.
    let folder = Folder::new();
    let path = folder.file("locked.py", "print(1)");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    match folder.try_run(&folder.script("locked.py", &[])) {
        Ok(_) => assert!(fs::read(&path).is_ok()),
        Err(error) => assert_eq!(error.to_string(), "cannot run locked.py: permission denied"),
    }
}

#[test]
fn a_full_disk_ends_the_record_and_not_the_run() {
    let folder = Folder::new();
    let full = folder.path().join("full");
    fs::create_dir(&full).unwrap();
    let mounted =
        std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(&full).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return;
    }
    let store = capseal_host::artifacts::ArtifactStore::beside(&full.join("run.cap")).unwrap();
    let request = folder.command(&["sh", "-c", "head -c 1000000 /dev/urandom; echo all > all.txt"]);
    let outcome = capseal_recorder::execute(&request, &store, std::sync::Arc::new(capseal_recorder::Silent));
    drop(store);
    let left = fs::read_dir(&full).unwrap().count();
    std::process::Command::new("umount").arg(&full).status().unwrap();
    let error = outcome.unwrap_err();
    assert!(matches!(error, RunError::Store(_)) && error.to_string().ends_with("the disk is full"), "{error}");
    assert!(error.next_step().contains("free some space"));
    assert_eq!(left, 0);
    assert_eq!(fs::read_to_string(folder.path().join("all.txt")).unwrap(), "all\n");
}

#[test]
fn programs_that_can_be_run() {
    let folder = Folder::new();
    for (name, content, mode) in [
        ("extension.sh", "echo ok", 0o644),
        ("first-line", "#!/bin/sh\necho ok", 0o644),
        ("spaces", "#! /bin/sh  -e \necho ok", 0o755),
        ("by-env", "#!/usr/bin/env -S sh -e\necho ok", 0o755),
        ("extension.py", "print('ok')", 0o644),
        ("extension.pl", "print \"ok\\n\"", 0o644),
    ] {
        let path = folder.file(name, content);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let record = folder.run(&folder.script(name, &[]));
        assert_eq!(folder.stdout(&record), "ok\n", "{name}");
        assert_eq!(record.command.script.as_deref(), Some(name));
    }
    let record = folder.run(&folder.request(Program::Script { path: "/bin/echo".into(), args: vec!["ok".into()] }));
    assert_eq!(record.command.argv, ["/bin/echo", "ok"]);
    let record = folder.run(&folder.command(&["sh", "extension.sh"]));
    assert_eq!(record.command.script.as_deref(), Some("extension.sh"));
    let record = folder.run(&folder.command(&["sh", "first-line"]));
    assert_eq!(capseal_recorder::testing::paths(&record, capseal_recorder::Role::Code), ["first-line"]);
}
