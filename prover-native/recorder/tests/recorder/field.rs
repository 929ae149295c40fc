//! Situations of the field: programs that clean up, move, hide, trace and jail are recorded as they are, work as they do alone, and what
//! was not seen is noted.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, sync::Arc};

use capseal_host::artifacts::ArtifactStore;
use capseal_recorder as run;
use capseal_recorder::testing::{Folder, artifact, file, paths};
use capseal_recorder::{EventKind, Exit, Note, OtherKind, Request, Role, RunRecord, Silent};

/// Compiles a program; false where there is no compiler, or it lacks what an option asks for.
fn compiled(folder: &Folder, code: &str, options: &[&str]) -> bool {
    folder.file("program.c", code);
    let mut compiler = Command::new("cc");
    compiler.args(["-o", "program", "program.c"]).args(options).current_dir(folder.path());
    let made = compiler.output().is_ok_and(|output| output.status.success());
    fs::remove_file(folder.path().join("program.c")).unwrap();
    made
}

fn shell(folder: &Folder, script: &str) -> RunRecord {
    let record = folder.run(&folder.command(&["sh", "-c", script]));
    assert_eq!(record.exit, Exit::Code(0), "{}", folder.text(record.stderr));
    record
}

fn has(record: &RunRecord, note: Note) -> bool {
    record.capture.notes.contains(&note)
}

#[test]
fn nothing_of_ours_is_seen_in_the_working_folder() {
    let folder = Folder::new();
    folder.file("data", "x");
    folder.file("below/data", "y");
    let run = |script: &str| {
        let store = ArtifactStore::beside(&folder.path().join("run.cap")).unwrap();
        let record = run::execute(&folder.command(&["sh", "-c", script]), &store, Arc::new(Silent)).unwrap();
        let mut said = Vec::new();
        std::io::Read::read_to_end(&mut store.open(&record.stdout.digest).unwrap(), &mut said).unwrap();
        (record.exit, String::from_utf8(said).unwrap())
    };
    assert_eq!(
        run("find . | LC_ALL=C sort; cat data below/data > /dev/null; find . | wc -l | tr -d ' '"),
        (Exit::Code(0), ".\n./below\n./below/data\n./data\n4\n".to_owned())
    );
    assert_eq!(run("rm -rf ./* && ls -A && echo > new"), (Exit::Code(0), String::new()));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["new"]);
}

#[test]
fn files_that_may_hold_credentials_are_not_kept_when_written() {
    let folder = Folder::new();
    let home = folder.path().join("home");
    folder.file("home/.config/tool/token", "old");
    folder.file("home/.netrc", "old");
    let mut request = folder.command(&[
        "sh",
        "-c",
        "echo secret > $HOME/.config/tool/token
         echo secret >> $HOME/.netrc
         echo secret > staged; mv staged $HOME/.config/tool/renamed
         mkdir settings; echo secret > settings/login
         echo secret > .env.local
         ln -s $HOME/.config/tool link; echo secret > link/linked
         echo public > result; echo public > home/visible",
    ]);
    let set = |request: &mut Request, name: &str, value: &Path| {
        request.environment.retain(|(known, _)| known != name);
        request.environment.push((name.into(), value.into()));
    };
    set(&mut request, "HOME", &home);
    set(&mut request, "XDG_CONFIG_HOME", &folder.path().join("settings"));
    let record = folder.run(&request);
    assert_eq!(record.exit, Exit::Code(0), "{}", folder.text(record.stderr));
    assert!(has(&record, Note::CredentialsNotKept));
    let outputs = paths(&record, Role::Output);
    for secret in
        ["home/.config/tool/token", "home/.config/tool/renamed", "settings/login", ".env.local", "link/linked"]
    {
        assert!(!outputs.contains(&secret), "{outputs:?}");
    }
    assert!(outputs.contains(&"result") && outputs.contains(&"home/visible"), "{outputs:?}");
    for content in folder.store().iter() {
        assert!(!folder.bytes(content).windows(6).any(|window| window == b"secret") || content == record.stdout);
    }
    let told = record.timeline.iter().any(|event| {
        matches!(&event.kind, EventKind::FileWritten { path, content: None } if path == "home/.config/tool/token")
    });
    assert!(told);

    // What is declared is wanted.
    let mut request = folder.command(&["sh", "-c", "echo x > .env"]);
    request.outputs = vec![".env".into()];
    let record = folder.run(&request);
    assert_eq!(paths(&record, Role::Output), [".env"]);
    assert!(!has(&record, Note::CredentialsNotKept));
}

#[test]
fn what_is_moved_was_used_under_its_old_name_and_is_left_under_its_new_one() {
    let folder = Folder::new();
    for name in ["old", "linked", "over", "dir/a", "dir/below/b", "read"] {
        folder.file(name, name);
    }
    let record = shell(&folder, "mv old new; ln linked link; mv over read; mv dir moved; cat moved/a new > /dev/null");
    assert_eq!(paths(&record, Role::Input), ["dir/a", "dir/below/b", "linked", "old", "over"]);
    let outputs =
        [("link", "linked"), ("moved/a", "dir/a"), ("moved/below/b", "dir/below/b"), ("new", "old"), ("read", "over")];
    assert_eq!(paths(&record, Role::Output), outputs.map(|(name, _)| name));
    for (name, content) in outputs {
        assert_eq!(file(&record, Role::Output, name).content, artifact(content), "{name}");
    }
}

#[test]
fn what_a_cut_leaves_is_read() {
    let folder = Folder::new();
    folder.file("kept", "abcdef");
    folder.file("emptied", "abcdef");
    folder.file("cut.py", "import os; os.truncate('kept', 3); os.truncate('emptied', 0)");
    let record = folder.run(&folder.script("cut.py", &[]));
    assert_eq!(paths(&record, Role::Input), ["kept"]);
    assert_eq!(file(&record, Role::Input, "kept").content, artifact("abcdef"));
    assert_eq!(file(&record, Role::Output, "kept").content, artifact("abc"));
    assert_eq!(file(&record, Role::Output, "emptied").content, artifact(""));
}

#[test]
fn an_overlay_file_is_an_input_with_what_it_held() {
    let folder = Folder::new();
    for name in ["lower/appended", "lower/cut", "lower/edited", "lower/moved", "lower/untouched"] {
        folder.file(name, "base\n");
    }
    for name in ["upper", "work", "merged"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let mount = Command::new("mount")
        .args(["-t", "overlay", "overlay", "-o", "lowerdir=lower,upperdir=upper,workdir=work", "merged"])
        .current_dir(folder.path())
        .output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return;
    }
    let mut request = folder.command(&[
        "sh",
        "-c",
        "echo more >> appended; truncate -s 2 cut; cat edited > /dev/null; echo more >> edited; mv moved new; : >> untouched",
    ]);
    request.working_dir = folder.path().join("merged");
    let record = folder.try_run(&request);
    Command::new("umount").arg(folder.path().join("merged")).status().unwrap();
    let record = record.unwrap();
    assert_eq!(record.exit, Exit::Code(0), "{}", folder.text(record.stderr));
    assert_eq!(paths(&record, Role::Input), ["appended", "cut", "edited", "moved", "untouched"]);
    for name in ["appended", "cut", "edited", "moved"] {
        assert_eq!(file(&record, Role::Input, name).content, artifact("base\n"), "{name}");
    }
    assert_eq!(paths(&record, Role::Output), ["appended", "cut", "edited", "new"]);
    assert_eq!(file(&record, Role::Output, "appended").content, artifact("base\nmore\n"));
}

#[test]
fn files_below_another_root_are_named_as_they_are_here() {
    let folder = Folder::new();
    folder.file("root/data/in", "abc");
    folder.file("root/data/old", "old");
    folder.file(
        "jail.py",
        "
import os
os.chroot('root'); os.chdir('/')
open('/data/out', 'w').write(open('/data/in').read())
os.rename('/data/old', '/data/new')
os.chdir('data'); open('relative', 'w').write('x')
",
    );
    let record = folder.run(&folder.script("jail.py", &[]));
    if record.exit != Exit::Code(0) {
        return;
    }
    assert_eq!(paths(&record, Role::Input), ["root/data/in", "root/data/old"]);
    assert_eq!(paths(&record, Role::Output), ["root/data/new", "root/data/out", "root/data/relative"]);
}

#[test]
fn a_drive_of_the_desktop_holds_inputs() {
    let folder = Path::new("/run/media/capseal-test");
    if fs::create_dir_all(folder.join("USB")).is_err() {
        return;
    }
    fs::write(folder.join("USB/data.csv"), "5").unwrap();
    let here = Folder::new();
    let record = here.run(&here.command(&["cat", "/run/media/capseal-test/USB/data.csv"]));
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(paths(&record, Role::Input), ["/run/media/capseal-test/USB/data.csv"]);
}

#[test]
fn what_comes_from_other_processes_is_noted() {
    let folder = Folder::new();
    let python = |code: &str| {
        let record = folder.run(&folder.command(&["python3", "-c", code]));
        assert_eq!(record.exit, Exit::Code(0), "{}", folder.text(record.stderr));
        record.capture.notes.into_iter().filter(|note| *note != Note::StdinNotKept).collect::<Vec<_>>()
    };
    let listener = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let import = "import ctypes, os, socket; ";
    for (code, notes) in [
        ("s = socket.socket(socket.AF_UNIX); s.connect('socket')", &[Note::UnixSocket][..]),
        ("s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('mine')", &[Note::UnixSocket]),
        ("socket.socketpair()", &[]),
        ("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)", &[]),
        ("socket.socket(socket.AF_INET6)", &[Note::Network]),
        ("ctypes.CDLL(None).shmget(0, 4096, 0o1600)", &[Note::SharedMemory]),
        ("os.pipe()", &[]),
    ] {
        assert_eq!(python(&format!("{import}{code}")), notes, "{code}");
    }
    drop(listener);
}

#[test]
fn a_program_that_asks_whether_it_is_traced_hears_what_it_hears_alone() {
    let folder = Folder::new();
    let code = r#"
        #include <stdio.h>
        #include <sys/ptrace.h>
        int main(void) {
            if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) return 3;
            if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0) return 4;
            FILE *out = fopen("out", "w");
            return out ? fclose(out) : 5;
        }
    "#;
    if !cfg!(target_arch = "x86_64") || !compiled(&folder, code, &[]) {
        return;
    }
    let record = folder.run(&folder.command(&["./program"]));
    assert_eq!(record.exit, Exit::Code(0));
    assert!(has(&record, Note::TracedInside));
    assert_eq!(paths(&record, Role::Output), ["out"]);
}

#[test]
fn a_process_that_is_started_out_of_sight_is_watched_all_the_same() {
    let folder = Folder::new();
    let code = r#"
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <sched.h>
        #include <signal.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>
        int main(void) {
            long child = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
            if (child == 0) {
                int in = open("in", O_RDONLY), out = open("out", O_WRONLY | O_CREAT, 0644);
                char c;
                _exit(in >= 0 && read(in, &c, 1) == 1 && write(out, &c, 1) == 1 ? 0 : 7);
            }
            int status;
            return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 8;
        }
    "#;
    if !compiled(&folder, code, &[]) {
        return;
    }
    folder.file("in", "x");
    let record = folder.run(&folder.command(&["./program"]));
    assert_eq!(record.exit, Exit::Code(0));
    assert!(paths(&record, Role::Input).contains(&"in") || has(&record, Note::UntracedProcess));
    assert_eq!(paths(&record, Role::Output), ["out"]);
}

#[test]
fn leak_checkers_find_what_they_find_alone() {
    let folder = Folder::new();
    let code = r#"
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        static void *waits(void *argument) { sleep(argument ? 0 : 60); return 0; }
        int main(int count, char **words) {
            pthread_t other;
            pthread_create(&other, 0, waits, 0);
            if (count > 1) { volatile char *lost = malloc(77); lost = 0; (void)lost; }
            FILE *out = fopen("out", "w");
            return out ? fclose(out) : 5;
        }
    "#;
    if !compiled(&folder, code, &["-fsanitize=address", "-pthread"]) {
        return;
    }
    for arguments in [&["./program"][..], &["./program", "leak"]] {
        let alone =
            Command::new(folder.path().join("program")).args(&arguments[1..]).current_dir(folder.path()).output();
        let alone = alone.unwrap().status.code().map(|code| Exit::Code(code as u8)).unwrap();
        let record = folder.run(&folder.command(arguments));
        assert_eq!(record.exit, alone, "{}", folder.text(record.stderr));
        assert!(has(&record, Note::TracedInside));
        assert_eq!(paths(&record, Role::Output), ["out"]);
    }
}

#[test]
fn a_sparse_file_is_kept_whole() {
    let folder = Folder::new();
    fs::File::create(folder.path().join("disk")).unwrap().set_len(20 << 20).unwrap();
    let record = shell(&folder, "head -c 10 disk > /dev/null; truncate -s 10M made; echo end >> made");
    assert_eq!(file(&record, Role::Input, "disk").content, artifact(vec![0; 20 << 20]));
    let made = file(&record, Role::Output, "made").content;
    assert_eq!(folder.bytes(made).strip_suffix(b"end\n"), Some(&vec![0; 10 << 20][..]));
}

#[test]
fn deep_paths_are_recorded() {
    let folder = Folder::new();
    let deep = "import os
for _ in range(25):
    os.mkdir('0' * 200)
    os.chdir('0' * 200)
open('file', 'w').write('deep')
open('copy', 'w').write(open('file').read())
";
    let record = folder.run(&folder.command(&["python3", "-c", deep]));
    assert_eq!(record.exit, Exit::Code(0), "{}", folder.text(record.stderr));
    let outputs = paths(&record, Role::Output);
    // Longer than a path may be: what cannot be opened by its name is told of.
    assert!(outputs.len() == 2 || has(&record, Note::Unreadable), "{:?}", record.capture.notes);
}

#[test]
fn an_output_that_its_writer_made_unreadable_is_told_of() {
    let folder = Folder::new();
    let test = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &test).unwrap();
    for path in [folder.path(), &test] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(&test);
    command.args(["--exact", "field::inner_unreadable", "--nocapture"]).env("CAPSEAL_TEST_INNER", "1").current_dir("/");
    // Only root can become another.
    let Ok(output) = command.output() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The inner run of the test above; does nothing by itself.
#[test]
fn inner_unreadable() {
    if std::env::var_os("CAPSEAL_TEST_INNER").is_none() {
        return;
    }
    let folder = Folder::new();
    let record = shell(&folder, "echo hi > out; chmod 200 out; echo more >> out");
    assert!(has(&record, Note::Unreadable));
    assert!(record.others.iter().any(|other| other.kind == OtherKind::Unreadable && other.path == "out"));
}
