//! Logs on disk: many writers, crashes, and what is found afterwards.

use std::{
    collections::HashSet,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use capseal_logs::{Action, LogFile, LogFileError, Loss, NewEntry, SharedLog, examine, examine_reader, refuse_proofs};
use serde_json::{Map, Value};
use verifier_core::pcap::{
    LogError, Options, Report,
    log::{event, whole_lines},
    obligation::Level,
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("run.jsonl")
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn action(name: &str) -> NewEntry {
    Action::new(name, "test").into()
}

fn report(path: &Path) -> Report {
    examine(path, Options::default(), &mut refuse_proofs).unwrap()
}

fn events(path: &Path) -> Vec<Map<String, Value>> {
    whole_lines(&fs::read(path).unwrap()).unwrap().map(|line| event(line).unwrap()).collect()
}

fn append_bytes(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_log_is_written_closed_and_accepted() {
    let folder = Folder::new();
    let mut log = LogFile::create(&folder.log(), Map::new()).unwrap();
    let appended = log.append(&[action("a"), action("b")]).unwrap();
    assert_eq!(appended.iter().map(|appended| appended.seq).collect::<Vec<_>>(), [1, 2]);
    let sealed = log.seal(Map::new()).unwrap();
    assert_eq!(sealed.seq, 3);
    let report = report(&folder.log());
    assert!(report.accepted && report.sealed);
    assert_eq!(report.size, 4);
    assert!(matches!(log.append(&[action("c")]), Err(LogFileError::Closed(_))));
    assert!(matches!(log.seal(Map::new()), Err(LogFileError::Closed(_))));
    assert!(matches!(LogFile::create(&folder.log(), Map::new()), Err(LogFileError::Create(_))));
}

#[test]
fn writers_see_what_others_wrote() {
    let folder = Folder::new();
    let mut one = LogFile::create(&folder.log(), Map::new()).unwrap();
    let mut two = LogFile::open(&folder.log()).unwrap();
    for _ in 0..3 {
        one.append(&[action("one")]).unwrap();
        two.append(&[action("two")]).unwrap();
    }
    assert_eq!(report(&folder.log()).size, 7);
}

#[test]
fn entries_that_break_a_rule_leave_nothing() {
    let folder = Folder::new();
    let mut log = LogFile::create(&folder.log(), Map::new()).unwrap();
    let before = fs::read(folder.log()).unwrap();
    for fields in [
        Action::new("x", "test").with("float", 1.5),
        Action::new("x", "test").with("Upper", 1),
        Action::new("x", "test").with("null", Value::Null),
        Action::new("x", "test").with("large", "x".repeat(1 << 20)),
    ] {
        assert!(matches!(log.append(&[action("good"), fields.into()]), Err(LogFileError::Entry(_))));
    }
    assert_eq!(fs::read(folder.log()).unwrap(), before);
    log.append(&[action("good")]).unwrap();
    assert!(report(&folder.log()).accepted);
}

#[test]
fn a_torn_tail_is_put_aside_and_recorded() {
    let folder = Folder::new();
    let mut log = LogFile::create(&folder.log(), Map::new()).unwrap();
    log.append(&[action("a")]).unwrap();
    let len = fs::metadata(folder.log()).unwrap().len();
    let torn = "{\"action\":\"half".repeat(1000);
    for round in 0..2 {
        append_bytes(&folder.log(), torn.as_bytes());
        assert!(!report(&folder.log()).accepted);
        LogFile::open(&folder.log()).unwrap().append(&[action("b")]).unwrap();
        let report = report(&folder.log());
        assert!(report.accepted);
        assert_eq!(report.size, 4 + 2 * round);
    }
    let recovered = &events(&folder.log())[2];
    assert_eq!((&recovered["type"], &recovered["offset"]), (&"recovered".into(), &len.into()));
    let kept = folder.0.path().join(recovered["kept_as"].as_str().unwrap());
    assert_eq!(fs::read_to_string(kept).unwrap(), torn);
    assert_eq!(folder.names().len(), 4, "the log, its lock, and two copies");
    // The first writer goes on as well.
    log.append(&[action("c")]).unwrap();
    assert!(report(&folder.log()).accepted);
}

#[test]
fn a_whole_line_that_is_wrong_is_tampering() {
    let folder = Folder::new();
    let mut log = LogFile::create(&folder.log(), Map::new()).unwrap();
    log.append(&[action("a")]).unwrap();
    let honest = fs::read(folder.log()).unwrap();
    for line in ["\n", "{}\n", "{\"action\":\"x\"}\n", "\0\0\0\n"] {
        fs::write(folder.log(), [&honest, line.as_bytes()].concat()).unwrap();
        let refused = LogFile::open(&folder.log()).unwrap().append(&[action("b")]);
        assert!(matches!(refused, Err(LogFileError::Changed { .. })), "{line:?}");
        assert_eq!(fs::read(folder.log()).unwrap(), [&honest, line.as_bytes()].concat());
    }
    // An older line that was changed is seen when the log is closed.
    let text = String::from_utf8(honest).unwrap();
    fs::write(folder.log(), text.replacen("capseal", "capsule", 1)).unwrap();
    let mut log = LogFile::open(&folder.log()).unwrap();
    log.append(&[action("b")]).unwrap();
    assert!(matches!(log.seal(Map::new()), Err(LogFileError::Changed { .. })));
    for nothing in ["", "no line feed"] {
        fs::write(folder.log(), nothing).unwrap();
        assert!(matches!(LogFile::open(&folder.log()).unwrap().append(&[action("a")]), Err(LogFileError::NotALog(_))));
    }
}

/// A log of three actions, and its writer.
fn written(folder: &Folder) -> LogFile {
    let mut log = LogFile::create(&folder.log(), Map::new()).unwrap();
    (0..3).for_each(|number| drop(log.append(&[action(&number.to_string())]).unwrap()));
    log
}

/// Where the line with this number begins.
fn place_of(log: &Path, line: usize) -> u64 {
    let bytes = fs::read(log).unwrap();
    bytes.split_inclusive(|byte| *byte == b'\n').take(line).map(|line| line.len() as u64).sum()
}

#[test]
fn a_log_that_is_taken_from_its_writer_stops_it_for_good() {
    type Take = fn(&Path);
    let cases: [(&str, Take); 8] = [
        ("was deleted", |log| fs::remove_file(log).unwrap()),
        ("was deleted", |log| fs::rename(log, log.with_extension("1")).unwrap()),
        ("was replaced", |log| {
            fs::copy(log, log.with_extension("copy")).unwrap();
            fs::rename(log.with_extension("copy"), log).unwrap();
        }),
        ("was cut", |log| OpenOptions::new().write(true).open(log).unwrap().set_len(place_of(log, 2)).unwrap()),
        ("was cut", |log| OpenOptions::new().write(true).open(log).unwrap().set_len(0).unwrap()),
        ("was rewritten", |log| {
            let bytes = fs::read(log).unwrap();
            fs::write(log, vec![b'\n'; bytes.len()]).unwrap();
        }),
        // Cut, and grown again beyond its length by another writer.
        ("was rewritten", |log| {
            OpenOptions::new().write(true).open(log).unwrap().set_len(place_of(log, 2)).unwrap();
            let mut other = LogFile::open(log).unwrap();
            (0..9).for_each(|number| drop(other.append(&[action(&format!("other {number}"))]).unwrap()));
        }),
        ("was changed", |log| append_bytes(log, b"{}\n")),
    ];
    for (expected, take) in cases {
        let folder = Folder::new();
        let mut log = written(&folder);
        take(&folder.log());
        let error = log.append(&[action("after")]).unwrap_err();
        assert!(error.to_string().contains(expected) && error.next_step().is_some(), "{expected}: {error}");
        if let LogFileError::Lost { .. } = error {
            // It does not go on when somebody puts back what is as good.
            let again = log.append(&[action("again")]).unwrap_err();
            assert!(matches!(again, LogFileError::Lost { .. }), "{expected}: {again}");
        }
        assert!(!fs::read_to_string(folder.log()).is_ok_and(|text| text.contains("\"after\"")), "{expected}");
    }
}

#[test]
fn a_failed_write_does_not_make_a_writer_forget() {
    let folder = Folder::new();
    let mut log = written(&folder);
    // What is refused before it is written, and what others write, leave the writer where it stands.
    assert!(log.append(&[NewEntry::new("action", Map::from_iter([("Bad".to_owned(), 1.into())]), Level::S0)]).is_err());
    LogFile::open(&folder.log()).unwrap().append(&[action("others")]).unwrap();
    assert_eq!(log.append(&[action("own")]).unwrap()[0].seq, 5);
    OpenOptions::new().write(true).open(folder.log()).unwrap().set_len(place_of(&folder.log(), 5)).unwrap();
    let error = log.append(&[action("after")]).unwrap_err();
    assert!(matches!(error, LogFileError::Lost { loss: Loss::Cut { .. }, .. }), "{error}");
}

#[test]
fn nobody_who_reads_a_log_holds_up_its_writers() {
    let folder = Folder::new();
    let mut log = written(&folder);
    let reader = fs::File::open(folder.log()).unwrap();
    reader.lock().unwrap();
    assert_eq!(log.append(&[action("meanwhile")]).unwrap()[0].seq, 4);
    for name in folder.names() {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(folder.0.path().join(&name)).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{name} is for its owner alone");
    }
    // Who deletes the lock while it is not held keeps nobody out, and lets no two in.
    fs::remove_file(folder.0.path().join("run.jsonl.lock")).unwrap();
    LogFile::open(&folder.log()).unwrap().append(&[action("another")]).unwrap();
    assert_eq!(log.append(&[action("own")]).unwrap()[0].seq, 6);
}

#[test]
fn a_torn_tail_is_kept_once_however_often_it_is_tried() {
    let folder = Folder::new();
    drop(written(&folder));
    let end = fs::metadata(folder.log()).unwrap().len();
    append_bytes(&folder.log(), b"{\"torn");
    // As a writer leaves it that was killed between the copy and the cut.
    fs::write(folder.0.path().join(format!("run.jsonl.torn-{end}")), b"{\"torn").unwrap();
    LogFile::open(&folder.log()).unwrap().append(&[action("after")]).unwrap();
    assert_eq!(folder.names().iter().filter(|name| name.contains("torn")).count(), 1, "{:?}", folder.names());
    assert!(report(&folder.log()).accepted);
}

#[test]
fn a_log_goes_on_in_a_new_file_that_states_the_old_one() {
    let folder = Folder::new();
    let header = Map::from_iter([("run_id".to_owned(), "a run".into())]);
    let mut log = LogFile::create(&folder.log(), header.clone()).unwrap().rotating(2000, header);
    (0..40).for_each(|number| drop(log.append(&[action(&number.to_string())]).unwrap()));
    let kept: Vec<String> = folder.names().into_iter().filter(|name| name.starts_with("run-")).collect();
    assert!(kept.len() > 2, "{kept:?}");
    let mut actions = 0;
    let mut before: Option<(String, u64)> = None;
    for name in kept.iter().map(String::as_str).chain(["run.jsonl"]) {
        let path = folder.0.path().join(name);
        assert!(report(&path).accepted, "{name}");
        let events = events(&path);
        assert_eq!(events[0]["run_id"], "a run");
        if let Some((head, lines)) = &before {
            assert_eq!(
                (&events[0]["continues"]["head"], &events[0]["continues"]["lines"]),
                (&head.as_str().into(), &(*lines).into())
            );
        }
        actions += events.iter().filter(|event| event["type"] == "action").count();
        if name != "run.jsonl" {
            assert_eq!(
                (&events.last().unwrap()["type"], &events.last().unwrap()["kept_as"]),
                (&"continued".into(), &name.into())
            );
        }
        let text = fs::read(&path).unwrap();
        let last = text.strip_suffix(b"\n").unwrap().rsplit(|byte| *byte == b'\n').next().unwrap();
        before = Some((verifier_core::pcap::Chain::after(last).unwrap().head().to_string(), events.len() as u64));
    }
    assert_eq!(actions, 40);
}

#[test]
fn a_log_that_its_operator_moved_away_is_begun_anew_on_request() {
    let folder = Folder::new();
    let mut log = written(&folder);
    log.reopen().unwrap();
    assert_eq!(log.append(&[action("same")]).unwrap()[0].seq, 4, "nothing was moved");
    for empty in [false, true] {
        fs::rename(folder.log(), folder.0.path().join(format!("moved-{empty}"))).unwrap();
        if empty {
            fs::write(folder.log(), b"").unwrap();
        }
        log.reopen().unwrap();
        assert_eq!(log.append(&[action("new")]).unwrap()[0].seq, 1);
        assert!(report(&folder.log()).accepted);
        assert_eq!(events(&folder.log())[0]["continues"]["lines"], if empty { 2 } else { 5 });
    }
}

#[test]
fn what_the_log_states_itself_no_entry_states() {
    let folder = Folder::new();
    let mut log = written(&folder);
    for name in ["prev", "seq", "time", "type"] {
        let error = log.append(&[Action::new("real", "test").with(name, "forged").into()]).unwrap_err();
        assert!(matches!(error, LogFileError::Reserved(_)), "{name}: {error}");
    }
    for name in ["action", "actor", "level"] {
        let stated = Action::new("real", "test").with_all(Map::from_iter([(name.to_owned(), "forged".into())]));
        assert!(matches!(stated, Err(LogFileError::Stated(_))), "{name}");
    }
    assert_eq!(log.append(&[action("after")]).unwrap()[0].seq, 4);
}

#[test]
fn threads_share_a_log() {
    let folder = Folder::new();
    let log = SharedLog::new(LogFile::create(&folder.log(), Map::new()).unwrap());
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let log = log.clone();
            thread::spawn(move || {
                for i in 0..100 {
                    let entry = Action::new(&i.to_string(), &thread.to_string()).at(Level::S1);
                    log.append(entry.into()).unwrap();
                }
                // One that breaks a rule fails alone.
                assert!(matches!(
                    log.append(Action::new("x", "y").with("no", 0.5).into()).map_err(Arc::into_inner),
                    Err(Some(LogFileError::Entry(LogError::NotCanonical { .. })) | None)
                ));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let report = report(&folder.log());
    assert!(report.accepted);
    assert_eq!(report.size, 801);
    assert_in_order(&folder.log(), 8, 100);
}

/// Every writer's entries are there once, in order.
fn assert_in_order(log: &Path, writers: usize, each: usize) {
    let mut next = vec![0; writers];
    for event in events(log).iter().filter(|event| event["type"] == "action") {
        let writer: usize = event["actor"].as_str().unwrap().parse().unwrap();
        assert_eq!(event["action"], next[writer].to_string());
        next[writer] += 1;
    }
    assert_eq!(next, vec![each; writers]);
}

/// `capseal pcap log --stdin`, an entry at a time.
struct Writer {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Writer {
    fn start(log: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_capseal"))
            .args(["pcap", "log", "--stdin", "--run"])
            .arg(log)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    /// Whether the entry was acknowledged.
    fn append(&mut self, actor: &str, action: &str, level: &str) -> bool {
        let line = format!("{{\"action\":\"{action}\",\"actor\":\"{actor}\",\"level\":\"{level}\"}}\n");
        let mut answer = String::new();
        self.child.stdin.as_mut().is_some_and(|stdin| stdin.write_all(line.as_bytes()).is_ok())
            && self.answers.read_line(&mut answer).is_ok()
            && answer.ends_with("}\n")
    }
}

fn write_from_processes(processes: usize, each: usize) {
    let folder = Folder::new();
    drop(LogFile::create(&folder.log(), Map::new()).unwrap());
    let threads: Vec<_> = (0..processes)
        .map(|process| {
            let log = folder.log();
            thread::spawn(move || {
                let mut writer = Writer::start(&log);
                for i in 0..each {
                    assert!(writer.append(&process.to_string(), &i.to_string(), "S0"));
                }
                drop(writer.child.stdin.take());
                assert!(writer.child.wait().unwrap().success());
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let report = report(&folder.log());
    assert!(report.accepted);
    assert_eq!(report.size, 1 + (processes * each) as u64);
    assert_in_order(&folder.log(), processes, each);
}

#[test]
fn processes_append_to_one_log() {
    write_from_processes(8, 50);
}

#[test]
#[ignore = "takes about half a minute"]
fn eight_processes_append_two_thousand_entries_each() {
    write_from_processes(8, 2000);
}

/// Kills writers at moments spread over their work; what was acknowledged is there once, in order, and the log is whole.
fn kill_writers(times: u32) {
    let folder = Folder::new();
    drop(LogFile::create(&folder.log(), Map::new()).unwrap());
    let mut acknowledged = Vec::new();
    for time in 0..times {
        let mut writer = Writer::start(&folder.log());
        let pid = writer.child.id();
        // Spread without a clock's help, from the moment of the first answer on.
        let delay = Duration::from_micros(u64::from(time.wrapping_mul(2_654_435_761) >> 18));
        let actor = time.to_string();
        let mut i = 0;
        let mut kill_at = None;
        while writer.append(&actor, &i.to_string(), if i % 3 == 0 { "S1" } else { "S0" }) {
            acknowledged.push((actor.clone(), i.to_string()));
            i += 1;
            let at = *kill_at.get_or_insert_with(|| Instant::now() + delay);
            if Instant::now() >= at {
                // Entries on the way when the writer dies.
                let stdin = writer.child.stdin.as_mut().unwrap();
                let more: String =
                    (0..200).map(|_| format!("{{\"action\":\"unanswered\",\"actor\":\"{pid}\"}}\n")).collect();
                let _ = stdin.write_all(more.as_bytes());
                thread::sleep(delay / 8);
                writer.child.kill().unwrap();
                break;
            }
        }
        writer.child.wait().unwrap();
        if time % 5 == 0 {
            // What a crash of the machine leaves, and a kill seldom does.
            append_bytes(&folder.log(), &b"{\"action\":\"half"[..(time % 14) as usize + 1]);
        }
    }
    LogFile::open(&folder.log()).unwrap().append(&[action("last")]).unwrap();
    let report = report(&folder.log());
    assert!(report.accepted, "{report:?}");
    let found: Vec<_> = events(&folder.log())
        .iter()
        .filter(|event| event["type"] == "action" && event["action"] != "unanswered" && event["action"] != "last")
        .map(|event| (event["actor"].as_str().unwrap().to_owned(), event["action"].as_str().unwrap().to_owned()))
        .collect();
    // Entries that were written and not answered any more are there as well.
    let asked: HashSet<_> = acknowledged.iter().cloned().collect();
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len());
    let answered: Vec<_> = found.into_iter().filter(|entry| asked.contains(entry)).collect();
    assert!(answered == acknowledged, "{} entries of {}", answered.len(), acknowledged.len());
    let recovered = events(&folder.log()).iter().filter(|event| event["type"] == "recovered").count();
    assert!(recovered >= times as usize / 5);
}

#[test]
fn killed_writers_lose_nothing_acknowledged() {
    kill_writers(12);
}

#[test]
#[ignore = "takes about a minute"]
fn five_hundred_killed_writers_lose_nothing_acknowledged() {
    kill_writers(500);
}

#[test]
fn a_long_log_is_checked_in_pieces() {
    let folder = Folder::new();
    let mut log = LogFile::create(&folder.log(), Map::new()).unwrap();
    let long = "x".repeat(700_000);
    let entries: Vec<NewEntry> = (0..4000)
        .map(|i| match i {
            // Lines longer than a piece.
            1000 | 1001 | 3999 => Action::new(&i.to_string(), "0").with("long", long.as_str()).into(),
            _ => Action::new(&i.to_string(), "0").with("note", "y".repeat(200)).into(),
        })
        .collect();
    log.append(&entries).unwrap();
    log.seal(Map::new()).unwrap();
    let bytes = fs::read(folder.log()).unwrap();
    let mut whole = verifier_core::pcap::Log::default();
    whole.read(&bytes).unwrap();
    let report = report(&folder.log());
    assert!(report.accepted && report.sealed);
    assert_eq!((report.size, report.root), (4002, Some(whole.root())));
    // The line that is wrong is named alike, wherever it is.
    for line in [0usize, 1, 999, 2500, 4001] {
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let at = lines[line].len() - 3;
        lines[line][at] ^= 1;
        let spoilt = lines.concat();
        let expected = verifier_core::pcap::Log::default().read(&spoilt).unwrap_err();
        let report = examine_reader(spoilt.as_slice(), Options::default(), &mut refuse_proofs).unwrap();
        assert_eq!(report.detail, Some(expected.to_string()));
    }
    let endless = vec![b'x'; 3 << 20];
    let report = examine_reader(endless.as_slice(), Options::default(), &mut refuse_proofs).unwrap();
    assert_eq!(report.detail, Some(LogError::TooLong.to_string()));
}
