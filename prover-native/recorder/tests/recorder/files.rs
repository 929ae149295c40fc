//! What a run opens is found, with the content it had, in the role that the rules give it.

use std::{fs, os::unix::ffi::OsStrExt};

use capseal_recorder::testing::{Folder, artifact, file, paths};
use capseal_recorder::{EventKind, Exit, Mode, Note, OtherKind, Role};

#[test]
fn a_script_its_inputs_and_outputs_are_found() {
    let folder = Folder::new();
    let script = "#!/usr/bin/env python3
import helper, json, sys
rows = open('data/prices.csv').read()
json.dump({'n': helper.count(rows), 'args': sys.argv[1:]}, open('out.json', 'w'))
print('done')
";
    folder.file("strategy.py", script);
    folder.file("helper.py", "def count(rows): return len(rows.split())\n");
    folder.file("data/prices.csv", "1 2 3\n");
    let request = folder.script("./strategy.py", &["fast", "100%"]);
    for _cached in [false, true] {
        let record = folder.run(&request);
        assert_eq!(record.exit, Exit::Code(0));
        assert_eq!(record.capture.mode, Mode::Observed);
        // Whatever runs the tests may have left descriptors open.
        assert!(
            record.capture.notes.iter().all(|note| *note == Note::InheritedDescriptor),
            "{:?}",
            record.capture.notes
        );
        assert_eq!(record.command.script.as_deref(), Some("strategy.py"));
        assert_eq!(record.command.executable, "/usr/bin/env");
        assert_eq!(record.command.argv, ["/usr/bin/env", "python3", "./strategy.py", "fast", "100%25"]);
        assert_eq!(record.command.arguments, ["fast", "100%25"]);
        assert_eq!(paths(&record, Role::Code), ["helper.py", "strategy.py"]);
        assert_eq!(paths(&record, Role::Input), ["data/prices.csv"]);
        assert_eq!(paths(&record, Role::Output), ["out.json"]);
        let output = file(&record, Role::Output, "out.json");
        assert_eq!(folder.text(output.content), r#"{"n": 3, "args": ["fast", "100%"]}"#);
        assert!(output.access.written && output.observed && !output.declared);
        let input = file(&record, Role::Input, "data/prices.csv");
        assert_eq!(input.content, artifact("1 2 3\n"));
        assert!(input.access.read && !input.access.written && input.observed && !input.changed_during_run);
        let code = file(&record, Role::Code, "strategy.py");
        assert_eq!(code.content, artifact(script));
        assert!(code.declared && code.observed && code.kept);
        assert_eq!(folder.stdout(&record), "done\n");

        let runtime = paths(&record, Role::Runtime);
        assert!(runtime.iter().any(|path| path.contains("/libc.so")), "{runtime:?}");
        assert!(runtime.iter().any(|path| path.contains("/ld-linux")), "{runtime:?}");
        let toolchain = &record.manifests["toolchain"];
        assert!(toolchain["interpreter"]["version"].as_str().unwrap().starts_with("Python 3"), "{toolchain}");
        assert!(!record.files_of(Role::Runtime).any(|file| file.kept));
    }
}

#[test]
fn the_timeline_tells_reads_writes_and_processes() {
    let folder = Folder::new();
    folder.file("step.sh", "cat in.txt > out.txt\nexit 3\n");
    folder.file("in.txt", "data");
    let record = folder.run(&folder.script("step.sh", &[]));
    assert_eq!(record.exit, Exit::Code(3));
    let timeline: Vec<_> = record.timeline.iter().map(|event| &event.kind).collect();
    let at = |wanted: &EventKind| {
        timeline.iter().position(|kind| *kind == wanted).unwrap_or_else(|| panic!("no {wanted:?}: {timeline:#?}"))
    };
    let order = [
        at(&EventKind::RunStarted),
        at(&EventKind::FileRead {
            path: "step.sh".into(),
            role: Role::Code,
            content: artifact("cat in.txt > out.txt\nexit 3\n"),
        }),
        at(&EventKind::FileWritten { path: "out.txt".into(), content: Some(artifact("data")) }),
        at(&EventKind::FileRead { path: "in.txt".into(), role: Role::Input, content: artifact("data") }),
        at(&EventKind::ProcessEnded { process: 2, exit: Exit::Code(0) }),
        at(&EventKind::ProcessEnded { process: 1, exit: Exit::Code(3) }),
        at(&EventKind::RunFinished { exit: Exit::Code(3) }),
    ];
    assert!(order.is_sorted(), "{timeline:#?}");
    assert!(
        at(&EventKind::ProcessStarted { process: 2, parent: 1 })
            < at(&EventKind::ProcessEnded { process: 2, exit: Exit::Code(0) })
    );
    let executed = timeline.iter().filter_map(|kind| match kind {
        EventKind::ProcessExecuted { process, path, content } => Some((*process, path.as_str(), content.is_some())),
        _ => None,
    });
    let executed: Vec<_> = executed.collect();
    assert!(
        matches!(executed[..], [(1, shell, true), (2, cat, true)] if shell.ends_with("/sh") && cat.ends_with("/cat")),
        "{executed:?}"
    );
}

#[test]
fn a_file_that_is_read_and_then_written_is_input_and_output() {
    let folder = Folder::new();
    folder.file(
        "state.py",
        "
s = open('counter').read()
open('counter', 'w').write(str(int(s) + 1))
with open('log', 'a') as log: log.write('more\\n')
with open('table', 'r+') as table: table.seek(2); table.write('XX')
open('untouched', 'r+').read()
",
    );
    for (name, content) in [("counter", "41"), ("log", "first\n"), ("table", "abcdef"), ("untouched", "same")] {
        folder.file(name, content);
    }
    let record = folder.run(&folder.script("state.py", &[]));
    assert_eq!(paths(&record, Role::Input), ["counter", "log", "table", "untouched"]);
    assert_eq!(paths(&record, Role::Output), ["counter", "log", "table"]);
    for (name, before, after) in
        [("counter", "41", "42"), ("log", "first\n", "first\nmore\n"), ("table", "abcdef", "abXXef")]
    {
        let input = file(&record, Role::Input, name);
        assert_eq!(input.content, artifact(before), "{name}");
        assert!(input.changed_during_run && input.access.written, "{name}");
        assert_eq!(file(&record, Role::Output, name).content, artifact(after), "{name}");
    }
    let untouched = file(&record, Role::Input, "untouched");
    assert!(!untouched.changed_during_run && !untouched.access.written);
}

#[test]
fn a_large_file_that_is_overwritten_at_once_is_hashed_as_it_was() {
    let folder = Folder::new();
    let before = vec![7; 48 << 20];
    folder.file("big", &before);
    folder.file("swap.sh", "exec 3<big\n: > big\necho gone >> big\n");
    let record = folder.run(&folder.script("swap.sh", &[]));
    assert_eq!(file(&record, Role::Input, "big").content, artifact(&before));
    assert_eq!(file(&record, Role::Output, "big").content, artifact("gone\n"));
}

#[test]
fn outputs_are_named_as_they_end_up() {
    let folder = Folder::new();
    folder.file(
        "make.py",
        "
import os
def write(path, text):
    with open(path, 'w') as file: file.write(text)
write('out.tmp', 'renamed'); os.rename('out.tmp', 'out.txt')
os.mkdir('dir.tmp'); write('dir.tmp/part', 'moved'); os.rename('dir.tmp', 'dir')
write('scratch', 'gone'); os.remove('scratch')
write('a.tmp', 'linked'); os.link('a.tmp', 'a.txt'); os.unlink('a.tmp')
fd = os.open('.', os.O_TMPFILE | os.O_RDWR); os.write(fd, b'unnamed')
os.link(f'/proc/self/fd/{fd}', 'named', src_dir_fd=os.open('.', os.O_RDONLY))
write('old', 'old'); write('new', 'new'); os.replace('new', 'old')
assert open('out.txt').read() == 'renamed'
os.chdir('dir'); write('../up', 'up')
",
    );
    let record = folder.run(&folder.script("make.py", &[]));
    assert_eq!(folder.text(record.stderr), "");
    let outputs: Vec<_> =
        record.files_of(Role::Output).map(|file| (file.path.as_str(), folder.text(file.content))).collect();
    let expected = [
        ("a.txt", "linked"),
        ("dir/part", "moved"),
        ("named", "unnamed"),
        ("old", "new"),
        ("out.txt", "renamed"),
        ("up", "up"),
    ];
    let expected: Vec<_> = expected.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    assert_eq!(outputs, expected);
    assert!(file(&record, Role::Output, "out.txt").access.read);
    assert!(paths(&record, Role::Input).is_empty());
    let others: Vec<_> = record.others.iter().map(|other| (other.kind, other.path.as_str())).collect();
    assert!(others.contains(&(OtherKind::Temporary, "scratch")), "{others:?}");
}

#[test]
fn names_of_every_kind_are_told_apart() {
    let folder = Folder::new();
    let names = [
        "данные-データ-é.csv".as_bytes(),
        "e\u{301}.csv".as_bytes(),
        b"latin-\xe9.csv",
        b"100%.csv",
        b"100%25.csv",
        b"two\nlines",
    ];
    for name in names {
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
    }
    folder.file(
        "read.py",
        "
import os
for name in os.listdir(b'.'):
    if name != b'read.py': open(name, 'rb').read(), open(b'out-' + name, 'wb').write(name)
",
    );
    let record = folder.run(&folder.script("read.py", &[]));
    let texts = ["100%25.csv", "100%2525.csv", "e\u{301}.csv", "latin-%E9.csv", "two%0Alines", "данные-データ-é.csv"];
    assert_eq!(paths(&record, Role::Input), texts);
    assert_eq!(paths(&record, Role::Output), texts.map(|text| format!("out-{text}")));
    for input in record.files_of(Role::Input) {
        let name = capseal_recorder::string_of(&input.path).unwrap();
        assert_eq!(folder.bytes(input.content), name.as_bytes());
    }
}

#[test]
fn links_are_recorded_by_both_names() {
    let folder = Folder::new();
    folder.file("data/v2.csv", "two");
    std::os::unix::fs::symlink("data/v2.csv", folder.path().join("latest.csv")).unwrap();
    folder.file("both.sh", "cat latest.csv data/v2.csv ./data/../data/v2.csv");
    let record = folder.run(&folder.script("both.sh", &[]));
    assert_eq!(folder.stdout(&record), "twotwotwo");
    assert_eq!(paths(&record, Role::Input), ["data/v2.csv", "latest.csv"]);
    let link = file(&record, Role::Input, "latest.csv");
    assert_eq!((link.real_path.as_deref(), link.content), (Some("data/v2.csv"), artifact("two")));
    assert_eq!(file(&record, Role::Input, "data/v2.csv").real_path, None);
}

#[test]
fn thousands_of_files_are_each_recorded() {
    const COUNT: usize = 2000;
    let folder = Folder::new();
    for i in 0..COUNT {
        folder.file(&format!("in/{i:04}"), i.to_string());
    }
    folder.file(
        "sum.py",
        "
import os
total = sum(int(open(f'in/{name}').read()) for name in os.listdir('in'))
os.mkdir('out')
for i in range(2000): open(f'out/{i:04}', 'w').write(str(total + i))
",
    );
    let record = folder.run(&folder.script("sum.py", &[]));
    assert_eq!(record.files_of(Role::Input).count(), COUNT);
    assert_eq!(record.files_of(Role::Output).count(), COUNT);
    for (i, input) in record.files_of(Role::Input).enumerate() {
        assert_eq!((&input.path, input.content), (&format!("in/{i:04}"), artifact(i.to_string())));
    }
    let total: usize = (0..COUNT).sum();
    assert_eq!(file(&record, Role::Output, "out/1999").content, artifact((total + 1999).to_string()));
}

#[test]
fn what_has_no_content_is_noted_by_kind() {
    let folder = Folder::new();
    folder.file(
        "kinds.py",
        "
import os
os.mkfifo('pipe')
os.close(os.open('pipe', os.O_RDWR))
open('/dev/null').read(); open('/proc/self/status').read(); os.listdir('sub')
",
    );
    folder.file("sub/x", "");
    let record = folder.run(&folder.script("kinds.py", &[]));
    assert_eq!(folder.text(record.stderr), "");
    let others: Vec<_> = record.others.iter().map(|other| (other.kind, other.path.as_str())).collect();
    for expected in [
        (OtherKind::Pipe, "pipe"),
        (OtherKind::Device, "/dev/null"),
        (OtherKind::Kernel, "/proc/self/status"),
        (OtherKind::Folder, "sub"),
    ] {
        assert!(others.contains(&expected), "{expected:?}: {others:?}");
    }
    assert!(paths(&record, Role::Input).is_empty());
}
