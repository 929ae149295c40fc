//! Running receipts again: the same, and each way to differ.

use std::{fs, path::PathBuf, time::Duration};

use capseal_archive::bundle::Bundle;
use capseal_host::whole_file::Existing;
use capseal_recorder::testing::{Folder, paths};
use capseal_recorder::{CaptureChoice, Exit, Program, Request, Role, RunRecord};
use capseal_replay::{Place, Replay, ReplayError, ReplayOptions, Sandbox, replay};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Destination, EMBED_LIMIT};
use serde_json::json;
use verifier_core::{ReasonCode, air::geom::GeomParameters, stark::ParameterSet};

struct Sealed {
    _folder: Folder,
    _out: tempfile::TempDir,
    bytes: Vec<u8>,
    archive: PathBuf,
}

/// Runs a script in a folder of its own, seals it, and removes the folder's files: a replay must not find them.
fn sealed(folder: Folder, args: &[&str], embed_limit: u64) -> Sealed {
    let request = Request {
        capture: CaptureChoice::Auto,
        recorded_env: vec!["GREETING".to_owned()],
        environment: [("GREETING", "hello"), ("PATH", "/usr/bin:/bin")].map(|(k, v)| (k.into(), v.into())).to_vec(),
        ..folder.request(Program::Script { path: "job.py".into(), args: args.iter().map(Into::into).collect() })
    };
    let record = folder.run(&request);
    let out = tempfile::tempdir().unwrap();
    let archive = out.path().join("run.cap.archive");
    let place = ArchivePlace { embed_limit, detached: archive.clone(), existing: Existing::Keep };
    let committed = seal::process(&record, folder.store(), &place).unwrap();
    let destination = Destination { path: out.path().join("run.cap"), existing: Existing::Keep };
    let written = committed.write(&destination).unwrap();
    let bytes = fs::read(&written.path).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    Sealed { _folder: folder, _out: out, bytes, archive }
}

/// Containers may forbid what bubblewrap needs; the comparison is the same without it.
fn options() -> ReplayOptions {
    ReplayOptions { unprotected: Sandbox::available() == Sandbox::None, timeout: Some(Duration::from_secs(60)) }
}

fn again(sealed: &Sealed) -> Replay {
    let archive = Some(sealed.archive.as_path()).filter(|path| path.is_file());
    replay(&Bundle::open(&sealed.bytes, archive).unwrap(), &options()).unwrap()
}

fn codes(replay: &Replay) -> Vec<ReasonCode> {
    replay.differences.iter().map(|difference| difference.code).collect()
}

const HONEST: &str = "\
import os, sys
data = open('data/in.csv').read()
os.mkdir('out')
open('out/result.txt', 'w').write(data.upper() + os.environ['GREETING'] + sys.argv[1])
print('done', file=sys.stderr)
sys.exit(3)
";

#[test]
fn an_honest_run_comes_to_the_same_from_the_receipt_alone() {
    let folder = Folder::new();
    folder.file("job.py", HONEST);
    folder.file("data/in.csv", "a,b\n");
    let replay = again(&sealed(folder, &["x"], EMBED_LIMIT));
    assert_eq!(replay.differences, []);
    assert!(replay.agreed.iter().any(|line| line.starts_with("out/result.txt")), "{:?}", replay.agreed);
    assert!(replay.agreed.iter().any(|line| line.contains("exit code 3")));
}

#[test]
fn and_from_a_detached_archive() {
    let folder = Folder::new();
    folder.file("job.py", HONEST);
    folder.file("data/in.csv", "a long line\n".repeat(200_000));
    let sealed = sealed(folder, &["x"], 0);
    assert_eq!(again(&sealed).differences, []);
    // Without the archive nothing is run; with another one neither.
    let bundle = Bundle::open(&sealed.bytes, None).unwrap();
    assert_eq!(replay(&bundle, &options()).unwrap_err().code(), ReasonCode::ReplayImpossible);
    let mut archive = fs::read(&sealed.archive).unwrap();
    archive.iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(&sealed.archive, archive).unwrap();
    let bundle = Bundle::open(&sealed.bytes, Some(&sealed.archive)).unwrap();
    assert!(matches!(replay(&bundle, &options()), Err(ReplayError::Bundle(_))));
}

#[test]
fn a_run_that_depends_on_chance_diverges_and_the_first_difference_is_named() {
    let folder = Folder::new();
    folder.file("job.py", "import os\nopen('a.bin', 'wb').write(os.urandom(16))\nprint('same')\n");
    let replay = again(&sealed(folder, &[], EMBED_LIMIT));
    let first = &replay.differences[0];
    assert!(first.detail.starts_with("a.bin"), "{first:?}");
    assert!(matches!(first.code, ReasonCode::ReplayEventDiverged | ReasonCode::ReplayOutputDiverged));
    assert!(replay.agreed.iter().any(|line| line.starts_with("/dev/stdout")));
}

#[test]
fn another_end_is_the_first_difference() {
    // The recorded run finds a file that nobody tells of; the replay does not.
    let folder = Folder::new();
    let outside = tempfile::tempdir().unwrap();
    let mark = outside.path().join("mark");
    fs::create_dir(&mark).unwrap();
    folder.file("job.py", format!("import os, sys\nsys.exit(0 if os.path.exists({mark:?}) else 7)\n"));
    let sealed = sealed(folder, &[], EMBED_LIMIT);
    fs::remove_dir(&mark).unwrap();
    let replay = again(&sealed);
    assert_eq!(codes(&replay), [ReasonCode::ReplayExitDiverged]);
    assert!(replay.differences[0].detail.contains("exit code 7"), "{:?}", replay.differences);
}

#[test]
fn a_run_without_end_is_ended() {
    let folder = Folder::new();
    let outside = tempfile::tempdir().unwrap();
    let mark = outside.path().join("mark");
    fs::create_dir(&mark).unwrap();
    folder.file("job.py", format!("import os, time\nwhile not os.path.exists({mark:?}): time.sleep(0.1)\n"));
    let sealed = sealed(folder, &[], EMBED_LIMIT);
    fs::remove_dir(&mark).unwrap();
    let options = ReplayOptions { timeout: Some(Duration::from_secs(1)), ..options() };
    let replay = replay(&Bundle::open(&sealed.bytes, None).unwrap(), &options).unwrap();
    assert_eq!(codes(&replay), [ReasonCode::ReplayExitDiverged]);
}

#[test]
fn a_sandboxed_run_has_no_network_and_leaves_nothing() {
    if Sandbox::available() == Sandbox::None {
        return;
    }
    let folder = Folder::new();
    let script = "import os, socket\nprint(len(socket.if_nameindex()) > 1 or os.path.exists('/tmp/left'))\n\
                  open('/tmp/left', 'w').write('x')\n";
    let _ = fs::remove_file("/tmp/left");
    folder.file("job.py", script);
    let sealed = sealed(folder, &[], EMBED_LIMIT);
    fs::remove_file("/tmp/left").unwrap();
    let replay = again(&sealed);
    assert_eq!(replay.place, Place::Process(Sandbox::Bubblewrap));
    assert!(!PathBuf::from("/tmp/left").exists());
    assert!(replay.agreed.iter().any(|line| line.starts_with("/tmp/left")), "{replay:?}");
}

/// Runs a command in a folder that is set up by a shell script, seals it, and runs it again.
fn command_again(set_up: &str, command: &[&str]) -> (RunRecord, Result<Replay, ReplayError>) {
    let folder = Folder::new();
    shell(&folder, set_up);
    let record = folder.run(&folder.command(command));
    let bytes = seal_record(&record, &folder);
    shell(&folder, "find . -mindepth 1 -not -path './.venv*' -delete 2>/dev/null; true");
    let again = replay(&Bundle::open(&bytes, None).unwrap(), &options());
    (record, again)
}

fn shell(folder: &Folder, script: &str) {
    let status = std::process::Command::new("sh").args(["-ec", script]).current_dir(folder.path()).status().unwrap();
    assert!(status.success(), "{script}");
}

fn seal_record(record: &RunRecord, folder: &Folder) -> Vec<u8> {
    let out = tempfile::tempdir().unwrap();
    let place =
        ArchivePlace { embed_limit: EMBED_LIMIT, detached: out.path().join("archive"), existing: Existing::Keep };
    let destination = Destination { path: out.path().join("run.cap"), existing: Existing::Keep };
    let written = seal::process(record, folder.store(), &place).unwrap().write(&destination).unwrap();
    fs::read(&written.path).unwrap()
}

#[test]
fn ordinary_ways_to_work_replay() {
    let python = |script: &'static str| ["python3".to_owned(), "-c".to_owned(), script.to_owned()];
    let shell = |script: &'static str| ["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    let cases: &[(&str, &str, [String; 3])] = &[
        ("beside and renamed", "", shell("t=$(mktemp ./tmp.XXXXXX); echo 42 > $t; mv $t result")),
        (
            "a temporary file with a random name",
            "",
            python(
                "import tempfile, os\nf = tempfile.NamedTemporaryFile(dir='.', delete=False)\nf.write(b'x'); f.close()\nos.replace(f.name, 'out')",
            ),
        ),
        ("in the folder for them, and gone", "echo a > in", shell("t=$(mktemp); cp in $t; sort $t > out; rm $t")),
        ("a folder staged", "", shell("mkdir staging; echo 1 > staging/x; mv staging final")),
        (
            "a folder staged under a random name",
            "",
            shell("d=$(mktemp -d ./st.XXXXXX); mkdir $d/sub; echo 1 > $d/sub/x; mv $d final"),
        ),
        (
            "without a name, linked in",
            "",
            python(
                "import os\nfd = os.open('.', os.O_TMPFILE | os.O_RDWR); os.write(fd, b'x')\nos.link(f'/proc/self/fd/{fd}', 'named', src_dir_fd=os.open('.', os.O_RDONLY))",
            ),
        ),
        (
            "exchanged",
            "echo old > b",
            python(
                "import ctypes\nopen('a', 'w').write('A')\nassert ctypes.CDLL(None).renameat2(-100, b'a', -100, b'b', 2) == 0",
            ),
        ),
        ("an input moved and read", "mkdir d; echo 1 > d/x; echo 2 > y", shell("mv d e; mv y e/y; cat e/x e/y")),
        ("a hard link read and written", "echo 1 > a; ln a b", shell("echo 2 >> a; cat b")),
        ("a hard link made", "echo 1 > a", shell("ln a b; cat b; stat -c %h a")),
        ("a link read", "mkdir s; echo data > s/A; ln -s s/A data.csv", shell("cat data.csv; readlink data.csv")),
        (
            "links in a row, one absolute",
            "mkdir s; echo data > s/A; ln -s \"$PWD/s\" t; ln -s t/A u",
            shell("cat u; readlink -f u | xargs basename"),
        ),
        ("a link made", "", shell("ln -s nowhere latest; readlink latest")),
        (
            "a link replaced",
            "echo 1 > v1; ln -s v1 cur; echo 2 > v2",
            shell("ln -s v2 cur.new; mv -T cur.new cur; cat cur"),
        ),
        ("a dangling link met", "ln -s gone l", shell("cat l || readlink l; test -L l")),
        ("empty folders", "mkdir -p a/b c", shell("test -d a/b && rmdir c && mkdir d && find . -type d | sort")),
        (
            "a folder listed and not read",
            "mkdir d; touch d/z d/a d/m; echo x > d/b",
            shell("ls -U d; ls -l --time-style=+%s d | cut -c1-10"),
        ),
        (
            "sizes of files that are not read",
            "head -c 12345 /dev/zero > big",
            shell("stat -c '%n %s %a' big; wc -c < /dev/null"),
        ),
        (
            "modes",
            "echo x > a; chmod 640 a; echo 'echo hi' > s; chmod 755 s; mkdir p; chmod 750 p",
            shell("stat -c %a a p; ./s"),
        ),
        (
            "times",
            "echo x > a; touch -d @1000000000 a; mkdir d; touch -hd @999999999 d; ln -s a l; touch -hd @5 l",
            shell("stat -c %Y a d l; cp -p a b; stat -c %Y b"),
        ),
        (
            "newer or older",
            "echo s > src; echo o > obj; touch -d @2000 src; touch -d @3000 obj",
            shell("[ obj -nt src ] && echo fresh || cp src obj"),
        ),
        ("changed in place", "echo 1 > state", shell("read n < state; echo $((n + 1)) > state; cat state")),
        ("appended to", "echo 1 > log", shell("echo 2 >> log")),
        ("cut", "printf abcdef > f", shell("truncate -s 3 f; cat f")),
        ("emptied unread", "echo 1 > f", shell("echo 2 > f")),
        ("deleted", "echo 1 > f; echo 2 > g", shell("cat f; rm f g; ls")),
        (
            "standard streams by name",
            "",
            shell("echo a; echo b > /dev/stdout; echo c > /dev/stderr; echo d > /dev/fd/1; echo e | cat /dev/stdin"),
        ),
        ("a here document", "", shell("cat <<E\nhi\nE\ncat /dev/fd/3 3<<E\nthere\nE")),
        (
            "names of every kind",
            "echo 1 > 'a b'; echo 2 > '100%'; printf 3 > \"$(printf 'l\\351')\"",
            shell("cat *; for f in *; do cp \"$f\" \"x-$f\"; done"),
        ),
        (
            "a program of the folder",
            "mkdir bin; printf '#!/bin/sh\\nexec cat \"$@\"\\n' > bin/t; chmod +x bin/t; echo x > in",
            shell("bin/t in"),
        ),
        (
            "in folders of the machine for them",
            "rm -rf /tmp/capseal-test-there && mkdir -p /tmp/capseal-test-there/a",
            shell(
                "echo 1 > /tmp/capseal-test-there/a/p; mv /tmp/capseal-test-there/a/p /tmp/capseal-test-there/q; mkdir /tmp/capseal-test-there/b",
            ),
        ),
        ("a failure", "", shell("echo no > out; exit 7")),
    ];
    for (name, set_up, command) in cases {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let (record, again) = command_again(set_up, &command);
        let again = again.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again.differences, [], "{name}");
        assert!(!record.obstacles.iter().any(|obstacle| obstacle.certain), "{name}: {:?}", record.obstacles);
    }
}

#[test]
fn a_build_goes_by_the_times_of_files() {
    let set_up = "printf 'all: a.o b.o\\n\\tcat a.o b.o > all\\n%%.o: %%.c\\n\\techo cc $<; cp $< $@\\n' > Makefile\n\
                  echo a > a.c; echo b > b.c; cp a.c a.o; cp b.c b.o\n\
                  touch -d @1000 a.c b.c Makefile; touch -d @2000 b.o; touch -d @500 a.o";
    let (record, again) = command_again(set_up, &["make"]);
    let again = again.unwrap();
    assert_eq!(again.differences, []);
    assert!(paths(&record, Role::Output).contains(&"a.o") && !paths(&record, Role::Output).contains(&"b.o"));
}

#[test]
fn a_virtual_environment_of_the_folder_is_taken_from_this_machine() {
    let set_up = "python3 -m venv --without-pip .venv\n\
                  p=$(echo .venv/lib/python3*/site-packages)/pkg; mkdir $p; echo 'word = \"x\"' > $p/__init__.py\n\
                  echo 'import sys, pkg; print(pkg.word, sys.prefix != sys.base_prefix)' > s.py";
    let (record, again) = command_again(set_up, &[".venv/bin/python", "s.py"]);
    assert_eq!(record.exit, Exit::Code(0));
    let again = again.unwrap();
    assert_eq!(again.differences, []);
    assert!(!record.files.iter().any(|file| file.kept && file.path.contains("site-packages")));
    // Where it is gone, the answer is that it is lacking.
    let folder = Folder::new();
    shell(&folder, set_up);
    let record = folder.run(&folder.command(&[".venv/bin/python", "s.py"]));
    let bytes = seal_record(&record, &folder);
    shell(&folder, "rm -r .venv");
    let bundle = Bundle::open(&bytes, None).unwrap();
    let again = replay(&bundle, &options()).map(|again| again.reason());
    assert!(matches!(again, Err(_) | Ok(Some(ReasonCode::ReplayImpossible))), "{again:?}");
}

#[test]
fn what_cannot_be_replayed_is_said_when_it_is_sealed() {
    let folder = Folder::new();
    folder.file("in", "v1\n");
    folder.file("job.sh", "cat in; touch ready; while [ ! -e changed ]; do sleep 0.05; done; cat in\n");
    let path = folder.path().to_owned();
    let other = std::thread::spawn(move || {
        while !path.join("ready").exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(100));
        fs::write(path.join("in"), "v2\n").unwrap();
        fs::write(path.join("changed"), "").unwrap();
    });
    let record = folder.run(&folder.script("job.sh", &[]));
    other.join().unwrap();
    let [obstacle, ..] = &record.obstacles[..] else { panic!("no obstacle") };
    assert!(obstacle.certain && obstacle.detail.starts_with("in was changed during the run"), "{obstacle:?}");
    let bytes = seal_record(&record, &folder);
    let error = replay(&Bundle::open(&bytes, None).unwrap(), &options()).unwrap_err();
    assert!(matches!(&error, ReplayError::Obstacle(detail) if *detail == obstacle.detail), "{error:?}");
    assert_eq!(error.code(), ReasonCode::ReplayImpossible);
}

#[test]
fn a_hostile_tree_is_refused_and_touches_nothing() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("victim"), "mine").unwrap();
    let away = outside.path().to_str().unwrap();
    let folder = Folder::new();
    let mut record = folder.run(&folder.command(&["true"]));
    let link =
        |path: &str, target: &str| json!({"kind": "link", "path": path, "target": target, "modified": "1.000000000"});
    let file = |path: &str| json!({"kind": "file", "path": path, "size": 0, "mode": "644", "modified": "1.000000000"});
    let same = |path: &str, first: &str| {
        let mut entry = file(path);
        entry["same_as"] = first.into();
        entry
    };
    for before in [
        vec![link("l", away), file("l/victim")],
        vec![link("l", ".."), link("l/m", away), file("l/m/victim")],
        vec![file("../victim")],
        vec![file("a/../../victim")],
        vec![file("a"), file("a")],
        vec![file("a"), file("a/b")],
        vec![same("b", &format!("{away}/victim"))],
        vec![link("l", away), same("b", "l/victim")],
        vec![json!({"kind": "folder", "path": "a", "mode": "7777", "modified": "1.000000000"})],
        vec![link("l", "")],
    ] {
        record.manifests.get_mut("replay").unwrap()["before"] = before.clone().into();
        let bytes = seal_record(&record, &folder);
        let again = replay(&Bundle::open(&bytes, None).unwrap(), &options());
        assert!(matches!(again, Err(ReplayError::Tree(_))), "{before:?}: {again:?}");
    }
    assert_eq!(fs::read_to_string(outside.path().join("victim")).unwrap(), "mine");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn what_a_link_leads_to_outside_is_no_output() {
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    // The recorded run writes through a link to a place outside; the replay must not, nor read what is there.
    let folder = Folder::new();
    std::os::unix::fs::symlink(&victim, folder.path().join("out")).unwrap();
    let record = folder.run(&folder.command(&["sh", "-c", "echo changed > out"]));
    let bytes = seal_record(&record, &folder);
    fs::write(&victim, "mine").unwrap();
    let again = replay(&Bundle::open(&bytes, None).unwrap(), &ReplayOptions { timeout: None, unprotected: false });
    if Sandbox::available() == Sandbox::Bubblewrap {
        assert_eq!(again.unwrap().differences, []);
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
}

#[test]
fn machines_come_to_the_same() {
    let parameters = GeomParameters::new(16, [3, 5], [[1, 2], [3, 4]]).unwrap();
    let out = tempfile::tempdir().unwrap();
    let destination = Destination { path: out.path().join("geom.cap"), existing: Existing::Keep };
    seal::geom(parameters, ParameterSet::Stark100).unwrap().write(&destination).unwrap();
    let bytes = fs::read(&destination.path).unwrap();
    let replay = replay(&Bundle::open(&bytes, None).unwrap(), &options()).unwrap();
    assert_eq!((replay.place, replay.differences.len(), replay.agreed.len()), (Place::Machine, 0, 7));
}

#[test]
fn a_proven_program_comes_to_the_same() {
    let receipt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/accept/rv32im-100.cap");
    let bytes = fs::read(receipt).unwrap();
    let replay = replay(&Bundle::open(&bytes, None).unwrap(), &options()).unwrap();
    assert_eq!((replay.place, replay.differences.len(), replay.agreed.len()), (Place::Machine, 0, 3));
}
