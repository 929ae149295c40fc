//! Process trees of every kind are watched to their end: nothing hangs, and how each ends is recorded.
#![allow(clippy::print_stdout, reason = "inner runs tell what they saw")]

use std::{
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use capseal_recorder::testing::{Folder, artifact, file, paths};
use capseal_recorder::{Capture, CaptureChoice, EventKind, Exit, Mode, Note, Observer, Request, Role, Stream};

#[test]
fn a_failing_child_is_recorded() {
    let folder = Folder::new();
    folder.file("fail.py", "import sys\nprint('so far')\nprint('oh', file=sys.stderr)\nsys.exit(7)\n");
    let mut request = folder.script("fail.py", &[]);
    request.outputs = vec!["never.txt".into()];
    let record = folder.run(&request);
    assert_eq!(record.exit, Exit::Code(7));
    assert_eq!((folder.stdout(&record).as_str(), folder.text(record.stderr).as_str()), ("so far\n", "oh\n"));
    assert_eq!(record.missing_outputs, ["never.txt"]);
}

#[test]
fn a_child_that_is_killed_is_recorded() {
    let folder = Folder::new();
    for (signal, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11)] {
        let record = folder.run(&folder.command(&["sh", "-c", &format!("echo here; kill -{signal} $$; sleep 9")]));
        assert_eq!(record.exit, Exit::Signal(number));
        assert_eq!(folder.stdout(&record), "here\n");
    }
}

#[test]
fn a_child_that_is_stopped_goes_on() {
    let folder = Folder::new();
    let record =
        folder.run(&folder.command(&["sh", "-c", "(sleep 0.3; kill -CONT $$) & kill -STOP $$; echo on; wait"]));
    assert_eq!((record.exit, folder.stdout(&record).as_str()), (Exit::Code(0), "on\n"));
}

#[test]
fn signals_of_every_number_reach_the_child() {
    let folder = Folder::new();
    folder.file(
        "signals.py",
        "
import os, signal
seen = []
for number in (signal.SIGUSR1, signal.SIGTRAP, signal.SIGRTMIN, signal.SIGRTMAX):
    signal.signal(number, lambda number, frame: seen.append(number))
    os.kill(os.getpid(), number)
print(len(seen))
",
    );
    let record = folder.run(&folder.script("signals.py", &[]));
    assert_eq!((record.exit, folder.stdout(&record).as_str()), (Exit::Code(0), "4\n"));
}

#[test]
fn forks_and_threads_are_watched() {
    let folder = Folder::new();
    folder.file(
        "many.py",
        "
import os, threading
for i in range(20): open(f'in{i}', 'w').write(str(i))
def work(i): open(f'thread{i}', 'w').write(open(f'given{i % 3}').read() * i)
threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
[t.start() for t in threads]; [t.join() for t in threads]
for i in range(20):
    if os.fork() == 0:
        open(f'fork{i}', 'w').write(open(f'in{i}').read())
        os._exit(i)
print(sorted(os.waitstatus_to_exitcode(os.wait()[1]) for i in range(20)) == list(range(20)))
",
    );
    for i in 0..3 {
        folder.file(&format!("given{i}"), "g");
    }
    let record = folder.run(&folder.script("many.py", &[]));
    assert_eq!((folder.stdout(&record).as_str(), folder.text(record.stderr).as_str()), ("True\n", ""));
    assert_eq!(paths(&record, Role::Input), ["given0", "given1", "given2"]);
    assert_eq!(record.files_of(Role::Output).count(), 60);
    assert_eq!(file(&record, Role::Output, "fork19").content, artifact("19"));
    let ended = record.timeline.iter().filter(|event| matches!(event.kind, EventKind::ProcessEnded { .. })).count();
    let started = record.timeline.iter().filter(|event| matches!(event.kind, EventKind::ProcessStarted { .. })).count();
    assert_eq!(ended, started + 1, "each process that starts also ends, and threads are no processes");
}

#[test]
fn a_chain_of_programs_is_followed() {
    let folder = Folder::new();
    folder.file("run.sh", "#!/bin/sh\nexec env python3 second.py\n");
    folder.file("second.py", "import subprocess, os\nsubprocess.run(['sh', 'third.sh'], check=True)\nos.execv('./fourth', ['fourth', 'x'])\n");
    folder.file("third.sh", "echo third > third.txt\n");
    folder.file("fourth", "#!/bin/sh\ncat third.txt > \"$1\"\n");
    Command::new("chmod").arg("+x").arg(folder.path().join("fourth")).status().unwrap();
    let record = folder.run(&folder.script("run.sh", &[]));
    assert_eq!(folder.text(record.stderr), "");
    assert_eq!(paths(&record, Role::Code), ["fourth", "run.sh", "second.py", "third.sh"]);
    assert_eq!(paths(&record, Role::Output), ["third.txt", "x"]);
    assert!(paths(&record, Role::Input).is_empty());
}

/// Programs that no script makes: a compiler is there, because Rust links with it.
fn compile(folder: &Folder, source: &str, flags: &[&str]) {
    let path = folder.file("program.c", source);
    let status = Command::new("cc")
        .args(["-o", "program", "-O1", "-w"])
        .args(flags)
        .arg(path)
        .current_dir(folder.path())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_local_program_is_code_and_vfork_and_exec_from_a_thread_work() {
    let folder = Folder::new();
    compile(
        &folder,
        r#"
        #include <pthread.h>
        #include <stdio.h>
        #include <sys/wait.h>
        #include <unistd.h>
        static void *run(void *last) {
            char *argv[] = {"program", "last", 0};
            execv("./program", argv);
            return 0;
        }
        static void *idle(void *unused) { pause(); return 0; }
        int main(int argc, char **argv) {
            if (argc > 1) { fclose(fopen(argv[1], "w")); return 5; }
            pid_t child = vfork();
            if (child == 0) { execl("/bin/sh", "sh", "-c", "echo from vfork", (char *)0); _exit(9); }
            waitpid(child, 0, 0);
            pthread_t a, b, c;
            pthread_create(&a, 0, idle, 0);
            pthread_create(&b, 0, idle, 0);
            pthread_create(&c, 0, run, 0);
            pause();
        }
    "#,
        &["-pthread"],
    );
    let record = folder.run(&folder.script("./program", &[]));
    assert_eq!((record.exit, folder.stdout(&record).as_str()), (Exit::Code(5), "from vfork\n"));
    assert_eq!(paths(&record, Role::Code), ["program"]);
    assert_eq!(paths(&record, Role::Output), ["last"]);
    assert!(file(&record, Role::Code, "program").access.executed);
}

#[test]
fn calls_of_another_architecture_are_noted() {
    let folder = Folder::new();
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    // getpid by its 32-bit number, as a 32-bit program would call it; without support for that the kernel sends SIGSEGV.
    compile(
        &folder,
        r#"
        int main(void) {
            long result;
            __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
            return result > 0 ? 0 : 1;
        }
    "#,
        &[],
    );
    let record = folder.run(&folder.script("./program", &[]));
    if record.exit == Exit::Signal(11) {
        return;
    }
    assert_eq!(record.exit, Exit::Code(0));
    assert!(record.capture.notes.contains(&Note::ForeignArchitecture));
}

#[test]
fn a_statically_linked_program_is_watched() {
    let folder = Folder::new();
    compile(
        &folder,
        r#"
        #include <fcntl.h>
        #include <unistd.h>
        int main(void) { char c; return read(open("in", O_RDONLY), &c, 1) == 1 && write(1, &c, 1) == 1 ? 0 : 1; }
    "#,
        &["-static"],
    );
    folder.file("in", "x");
    let record = folder.run(&folder.command(&["./program"]));
    assert_eq!((record.exit, folder.stdout(&record).as_str()), (Exit::Code(0), "x"));
    assert_eq!(paths(&record, Role::Code), ["program"]);
    assert_eq!(paths(&record, Role::Input), ["in"]);
}

#[test]
fn network_sockets_are_noted() {
    let folder = Folder::new();
    let record = folder.run(&folder.command(&["python3", "-c", "import socket; socket.socket(socket.AF_UNIX)"]));
    assert!(!record.capture.notes.contains(&Note::Network));
    let folder = Folder::new();
    let record = folder.run(&folder.command(&["python3", "-c", "import socket; socket.socket()"]));
    assert!(record.capture.notes.contains(&Note::Network));
}

#[test]
fn what_outlives_the_main_process_is_waited_for_and_then_ended() {
    let folder = Folder::new();
    let mut request = folder.command(&["sh", "-c", "(sleep 0.5; echo late > late.txt) & echo main"]);
    let record = folder.run(&request);
    assert!(record.duration_ms < 400, "the duration is the main process's");
    assert_eq!(folder.text(file(&record, Role::Output, "late.txt").content), "late\n");
    assert!(record.capture.notes.is_empty());

    let folder = Folder::new();
    request = folder.command(&["sh", "-c", "sleep 60 & setsid sleep 60 & echo main"]);
    request.linger = Duration::from_millis(300);
    let began = Instant::now();
    let record = folder.run(&request);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!((record.exit, folder.stdout(&record).as_str()), (Exit::Code(0), "main\n"));
    assert!(record.capture.notes.contains(&Note::LeftBehindEnded));
}

#[test]
fn undeclared_and_unwatched_leftovers_do_not_hold_the_record_up() {
    let folder = Folder::new();
    let mut request = folder.command(&["sh", "-c", "(sleep 3; echo late) & echo main"]);
    request.capture = CaptureChoice::Declared;
    request.linger = Duration::from_millis(200);
    let began = Instant::now();
    let record = folder.run(&request);
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(folder.stdout(&record), "main\n");
    assert!(record.capture.notes.contains(&Note::OutputCut));
}

/// Takes its time with each piece of output.
struct Slow;

impl Observer for Slow {
    fn output(&self, _: Stream, _: &[u8]) -> std::io::Result<()> {
        std::thread::sleep(Duration::from_millis(500));
        Ok(())
    }
}

#[test]
fn a_slow_reader_loses_nothing() {
    for capture in [CaptureChoice::Observed, CaptureChoice::Declared] {
        let folder = Folder::new();
        let request = Request {
            capture,
            linger: Duration::from_millis(50),
            ..folder.command(&["sh", "-c", "echo first; sleep 0.1; echo second; sleep 0.1; echo third"])
        };
        let record = folder.run_with(&request, Arc::new(Slow)).unwrap();
        assert_eq!(folder.stdout(&record), "first\nsecond\nthird\n");
        assert!(record.capture.notes.is_empty());
    }
}

/// Writes to a file when the child has said something, and so while it runs.
struct Meddler {
    path: std::path::PathBuf,
    heard: Mutex<Vec<u8>>,
}

impl Observer for Meddler {
    fn output(&self, _: Stream, bytes: &[u8]) -> std::io::Result<()> {
        let mut heard = self.heard.lock().unwrap();
        heard.extend_from_slice(bytes);
        if heard.ends_with(b"read\n") {
            std::fs::write(&self.path, "other")?;
            std::fs::write(self.path.with_extension("flag"), "")?;
        }
        Ok(())
    }
}

#[test]
fn a_file_that_someone_else_changes_meanwhile_is_flagged() {
    let folder = Folder::new();
    folder.file(
        "wait.py",
        "
import os, time
text = open('data.txt').read(), open('kept.txt').read()
print('read', flush=True)
while not os.path.exists('data.flag'): time.sleep(0.01)
print(open('data.txt').read(), flush=True)
",
    );
    let path = folder.file("data.txt", "first");
    folder.file("kept.txt", "kept");
    let record =
        folder.run_with(&folder.script("wait.py", &[]), Arc::new(Meddler { path, heard: Mutex::default() })).unwrap();
    assert_eq!(folder.stdout(&record), "read\nother\n");
    let data = file(&record, Role::Input, "data.txt");
    assert_eq!((data.content, data.changed_during_run), (artifact("first"), true));
    let kept = file(&record, Role::Input, "kept.txt");
    assert_eq!((kept.content, kept.changed_during_run), (artifact("kept"), false));
    let reads = record.timeline.iter().filter_map(|event| match &event.kind {
        EventKind::FileRead { path, content, .. } if path == "data.txt" => Some(*content),
        _ => None,
    });
    assert_eq!(reads.collect::<Vec<_>>(), [artifact("first"), artifact("other")]);
}

#[test]
fn a_run_within_a_run_cannot_watch_and_says_so() {
    let folder = Folder::new();
    let test = std::env::current_exe().unwrap();
    let test = test.to_str().unwrap();
    let mut request = folder.command(&[test, "--exact", "processes::inner_run", "--nocapture"]);
    request.environment.push(("CAPSEAL_TEST_INNER".into(), "1".into()));
    let record = folder.run(&request);
    let said = folder.stdout(&record);
    assert!(said.contains("auto: Declared") && said.contains("observed: cannot observe the run: ptrace"), "{said}");
}

#[test]
fn an_ordinary_user_can_watch() {
    let folder = Folder::new();
    let test = std::env::current_exe().unwrap();
    let copy = folder.path().join("test");
    std::fs::copy(test, &copy).unwrap();
    for path in [folder.path(), &copy] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let as_nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    let mut command = Command::new("setpriv");
    command.args(as_nobody).arg(copy).args(["--exact", "processes::inner_run", "--nocapture"]);
    let output = command.env("CAPSEAL_TEST_INNER", "1").current_dir("/").output();
    // Only root can become another; anybody else shows the same by the other tests.
    let Ok(output) = output.as_ref().map(|output| String::from_utf8_lossy(&output.stdout)) else { return };
    if output.contains("running 1 test") {
        assert!(output.contains("observed: Observed {NoNewPrivileges}"), "{output}");
    }
}

/// The inner run of the tests above; does nothing by itself.
#[test]
fn inner_run() {
    if std::env::var_os("CAPSEAL_TEST_INNER").is_none() {
        return;
    }
    let folder = Folder::new();
    let mut request = folder.command(&["true"]);
    for (name, capture) in [("observed", CaptureChoice::Observed), ("auto", CaptureChoice::Auto)] {
        request.capture = capture;
        match folder.try_run(&request).map(|record| record.capture) {
            Ok(Capture { mode: Mode::Observed, notes }) => println!("{name}: Observed {notes:?}"),
            Ok(Capture { mode: Mode::Declared { reason }, .. }) => println!("{name}: Declared {reason}"),
            Err(error) => println!("{name}: {error}"),
        }
    }
}

#[test]
fn other_children_of_the_caller_are_left_alone() {
    let folder = Folder::new();
    let mut other = Command::new("sh").args(["-c", "sleep 0.2; exit 42"]).spawn().unwrap();
    folder.run(&folder.command(&["sh", "-c", "sleep 0.5"]));
    assert_eq!(other.wait().unwrap().code(), Some(42));
}

#[test]
fn a_debugger_is_refused_and_does_not_wait_for_ever() {
    let folder = Folder::new();
    // As debuggers start programs: the child asks to be traced, before it executes anything.
    folder.file(
        "debug.py",
        "import ctypes, os, signal\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         child = os.fork()\n\
         if child == 0:\n\
         \x20   refused = libc.ptrace(0, 0, 0, 0)\n\
         \x20   if refused == 0: os.kill(os.getpid(), signal.SIGSTOP)\n\
         \x20   os._exit(7 if refused else 0)\n\
         print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n",
    );
    let record = folder.run(&folder.script("debug.py", &[]));
    assert_eq!(folder.stdout(&record), "7\n");
    assert!(record.capture.notes.contains(&Note::TracedInside));
}
