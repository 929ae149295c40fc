//! Output that cannot be written: the command says so once and fails; where its reader has gone it says nothing. No command panics.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

/// The device on which there is never any room.
const FULL: &str = "/dev/full";

/// Commands of many kinds that print to standard output.
fn commands(dir: &Path) -> Vec<Vec<String>> {
    let log = dir.join("log.jsonl").display().to_string();
    let trust = dir.join("trust.toml").display().to_string();
    let made = |words: &[&str]| {
        let made = capseal(dir, words).output().unwrap();
        assert!(made.status.success(), "{words:?}: {}", String::from_utf8_lossy(&made.stderr));
    };
    fs::write(dir.join("passphrase"), "a passphrase\n").unwrap();
    fs::set_permissions(dir.join("passphrase"), fs::Permissions::from_mode(0o600)).unwrap();
    made(&["keys", "new", "me"]);
    made(&["registry", "init", &trust]);
    made(&["registry", "add", &trust, "me"]);
    made(&["registry", "pin", &trust]);
    made(&["run", "--out", "run.cap", "--", "echo", "x"]);
    made(&["pcap", "new-run", "--file", &log]);
    made(&["pcap", "log", "--run", &log, "--action", "x", "--actor", "me"]);
    let words = [
        "--help",
        "--version",
        "help",
        "help serve",
        "run --help",
        "registry verify --help",
        "keys list",
        "keys show me",
        &format!("registry verify {trust}"),
        &format!("registry root {trust}"),
        "verify run.cap",
        "verify --json run.cap",
        "inspect run.cap",
        "inspect --json run.cap",
        "diff run.cap run.cap",
        "replay run.cap",
        &format!("pcap verify --run {log}"),
        &format!("pcap verify --json --run {log}"),
        "run --force --out again.cap -- echo x",
    ];
    words.iter().map(|words| words.split(' ').map(str::to_owned).collect()).collect()
}

fn capseal<'a>(
    dir: &Path,
    words: impl IntoIterator<Item = &'a (impl AsRef<std::ffi::OsStr> + ?Sized + 'a)>,
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capseal"));
    command.args(words).current_dir(dir).stdin(Stdio::null());
    command.env("CAPSEAL_KEYS", dir.join("keys")).env("CAPSEAL_PASSPHRASE_FILE", dir.join("passphrase"));
    command
}

fn to(stdout: impl Into<Stdio>, command: &mut Command) -> Output {
    command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn a_full_disk_is_said_once_and_fails() {
    let dir = tempfile::tempdir().unwrap();
    for words in commands(dir.path()) {
        let full = File::options().write(true).open(FULL).unwrap();
        let ended = to(full, &mut capseal(dir.path(), &words));
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{words:?}: {said}");
        let errors: Vec<&str> = said.lines().filter(|line| line.contains("error")).collect();
        assert_eq!(errors, ["error: cannot write the output: the disk is full"], "{words:?}");
        assert!(!said.contains("panicked"), "{words:?}: {said}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_news() {
    let dir = tempfile::tempdir().unwrap();
    for words in commands(dir.path()).into_iter().filter(|words| words[0] != "run" || words[1] == "--help") {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let ended = to(writer, &mut capseal(dir.path(), &words));
        assert_eq!(ended.status.code(), Some(128 + 13), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{words:?}");
    }
}

#[test]
fn work_goes_on_where_nobody_can_be_told() {
    let dir = tempfile::tempdir().unwrap();
    for words in [&["run", "--out", "run.cap", "--", "echo", "x"][..], &["verify", "run.cap"], &["verify", "none.cap"]]
    {
        let full = File::options().write(true).open(FULL).unwrap();
        let ended = capseal(dir.path(), words).stdout(Stdio::piped()).stderr(full).output().unwrap();
        assert_eq!(ended.status.code(), Some(i32::from(words[1] == "none.cap")), "{words:?}");
    }
}

#[test]
fn an_agent_whose_answers_cannot_be_written_is_told_by_the_status() {
    let dir = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open(FULL).unwrap();
    let mut command = capseal(dir.path(), &["mcp", "--run", "log.jsonl"]);
    let mut child = command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let asked = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\n";
    child.stdin.take().unwrap().write_all(asked).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "error: cannot write the output: the disk is full\n");
}
