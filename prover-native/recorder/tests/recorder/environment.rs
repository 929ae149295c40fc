//! What is recorded of the environment: the allow-list and nothing else; and what is declared.
#![allow(clippy::print_stdout, reason = "inner runs tell what they saw")]

use std::{collections::BTreeMap, fs};

use capseal_recorder::testing::{Folder, artifact, file, paths};
use capseal_recorder::{CaptureChoice, Exit, Mode, Request, Role, Stdin};

#[test]
fn a_secret_never_enters_a_record() {
    const SECRET: &str = "hunter2-0d5e9a";
    let folder = Folder::new();
    folder.file(
        "use.py",
        "
import os, subprocess
assert os.environ['API_KEY'] == 'hunter2-' + '0d5e9a'
subprocess.run(['sh', '-c', 'test -n \"$0\"', os.environ['API_KEY']], check=True)
open('/proc/self/environ').read()
assert 'API_KEY' in open('.env').read() + open(os.environ['HOME'] + '/.aws/credentials').read()
print(os.environ['REGION'])
",
    );
    for capture in [CaptureChoice::Observed, CaptureChoice::Declared] {
        let mut request = Request { capture, ..folder.script("use.py", &[]) };
        request.environment.push(("API_KEY".into(), SECRET.into()));
        request.environment.push(("REGION".into(), "eu%1".into()));
        folder.file(".env", format!("API_KEY={SECRET}"));
        folder.file("home/.aws/credentials", format!("key = {SECRET}"));
        request.environment.retain(|(name, _)| name != "HOME");
        request.environment.push(("HOME".into(), folder.path().join("home").into()));
        request.recorded_env = vec!["REGION".into(), "NOT_SET".into()];
        let record = folder.run(&request);
        assert_eq!(record.exit, Exit::Code(0), "{}", folder.text(record.stderr));
        let expected = [("NOT_SET".to_owned(), None), ("REGION".to_owned(), Some("eu%251".to_owned()))];
        assert_eq!(record.env, BTreeMap::from(expected));
        assert!(!format!("{record:?}").contains(SECRET));
        for artifact in folder.store().iter() {
            let content = folder.bytes(artifact);
            assert!(!content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        }
    }
}

#[test]
fn a_declared_folder_is_an_input_whole() {
    let folder = Folder::new();
    folder.file("read.py", "print(open('data/sub/b').read(), open('extra').read())");
    for (name, content) in [("data/a", "A"), ("data/sub/b", "B"), ("extra", "E"), ("conf.toml", "C"), ("helper.py", "")]
    {
        folder.file(name, content);
    }
    std::os::unix::fs::symlink("sub/b", folder.path().join("data/link")).unwrap();
    std::os::unix::fs::symlink("..", folder.path().join("data/loop")).unwrap();
    let request = Request {
        inputs: vec!["./data/".into(), "helper.py".into()],
        config: Some("conf.toml".into()),
        ..folder.script("read.py", &[])
    };
    for (capture, extra) in [(CaptureChoice::Observed, true), (CaptureChoice::Declared, false)] {
        let record = folder.run(&Request { capture, ..request.clone() });
        let mut expected = vec!["data/a", "data/link", "data/sub/b"];
        expected.extend(extra.then_some("extra"));
        expected.push("helper.py");
        assert_eq!(paths(&record, Role::Input), expected);
        assert_eq!(paths(&record, Role::Config), ["conf.toml"]);
        assert_eq!(paths(&record, Role::Code), ["read.py"]);
        let used = file(&record, Role::Input, "data/sub/b");
        assert_eq!((used.content, used.declared, used.observed, used.kept), (artifact("B"), true, extra, true));
        let unused = file(&record, Role::Input, "data/a");
        assert_eq!((unused.content, unused.declared, unused.observed, unused.kept), (artifact("A"), true, false, true));
        assert_eq!(file(&record, Role::Input, "data/link").real_path.as_deref(), Some("data/sub/b"));
    }
}

#[test]
fn declared_outputs_are_found_with_and_without_observation() {
    let folder = Folder::new();
    folder.file(
        "write.py",
        "
import os
os.makedirs('out/sub', exist_ok=True)
open('out/a', 'w').write('A'); open('out/sub/b', 'w').write('B'); open('other', 'w').write('O')
",
    );
    folder.file("out/before", "was there");
    let request = Request { outputs: vec!["out".into()], ..folder.script("write.py", &[]) };
    for (capture, other) in [(CaptureChoice::Observed, true), (CaptureChoice::Declared, false)] {
        let record = folder.run(&Request { capture, ..request.clone() });
        let mut expected = vec!["out/a", "out/before", "out/sub/b"];
        if other {
            expected.insert(0, "other");
        }
        assert_eq!(paths(&record, Role::Output), expected);
        let written = file(&record, Role::Output, "out/sub/b");
        assert_eq!((written.content, written.declared, written.observed), (artifact("B"), true, other));
        let before = file(&record, Role::Output, "out/before");
        assert!(before.declared && !before.observed && !before.access.written);
        assert_eq!(matches!(record.capture.mode, Mode::Observed), other);
    }
}

#[test]
fn the_manifests_name_the_machine_and_the_capture() {
    let folder = Folder::new();
    folder.file("x.sh", "true");
    let record = folder.run(&folder.script("x.sh", &[]));
    let found = record.manifests.keys().filter(|name| *name != "container").collect::<Vec<_>>();
    assert_eq!(found, ["capture", "cpu", "os", "replay", "runtime", "toolchain"]);
    let manifest = |name: &str, field: &str| record.manifests[name][field].clone();
    assert_eq!(manifest("capture", "mode"), "observed");
    assert_eq!(manifest("os", "family"), "linux");
    assert_eq!(manifest("os", "architecture"), std::env::consts::ARCH);
    assert!(manifest("cpu", "memory_bytes").as_u64().unwrap() > 1 << 20);
    assert_eq!(manifest("toolchain", "capseal"), env!("CARGO_PKG_VERSION"));
    let runtime = manifest("runtime", "files");
    assert_eq!(runtime.as_array().unwrap().len(), record.files_of(Role::Runtime).count());
    assert!(runtime[0]["sha256"].as_str().unwrap().len() == 64);
    assert!(manifest("toolchain", "interpreter")["path"].as_str().unwrap().ends_with("sh"));
}

/// Runs a test of this file in a process of its own, with a standard input of its own.
fn with_stdin(stdin: impl Into<std::process::Stdio>, write: &[u8]) -> String {
    use std::io::Write;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::inner_stdin", "--nocapture"])
        .env("CAPSEAL_TEST_INNER", "1")
        .stdin(stdin)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(write).unwrap();
    }
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn standard_input_is_the_callers() {
    let folder = Folder::new();
    let path = folder.file("in.txt", "from a file");
    let said = with_stdin(fs::File::open(&path).unwrap(), b"");
    assert!(
        said.contains(&format!(
            "stdin {:?} inputs [(\"{}\", 11)] said \"from a file\"",
            Stdin::File(path.display().to_string()),
            path.display()
        )),
        "{said}"
    );
    let said = with_stdin(std::process::Stdio::null(), b"");
    assert!(said.contains("stdin Null inputs [] said \"\""), "{said}");
    let said = with_stdin(std::process::Stdio::piped(), b"from a pipe");
    assert!(said.contains("stdin Pipe inputs [] said \"from a pipe\""), "{said}");
}

/// The run of the test above; does nothing by itself.
#[test]
fn inner_stdin() {
    if std::env::var_os("CAPSEAL_TEST_INNER").is_none() {
        return;
    }
    let folder = Folder::new();
    let record = folder.run(&folder.command(&["cat"]));
    let inputs: Vec<_> = record.files_of(Role::Input).map(|file| (&file.path, file.content.size)).collect();
    println!("stdin {:?} inputs {inputs:?} said {:?}", record.stdin, folder.stdout(&record));
}

#[test]
fn no_standard_input_at_all_is_an_empty_one() {
    let test = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "\"$0\" --exact environment::inner_stdin --nocapture <&-"])
        .arg(test)
        .env("CAPSEAL_TEST_INNER", "1");
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(said.contains("stdin Null inputs [] said \"\""), "{said}");
}

#[test]
fn a_variable_that_the_code_names_and_nobody_records_stands_in_the_way_of_a_replay() {
    let folder = Folder::new();
    folder.file("show.py", "import os\nprint(os.environ.get('CAPSEAL_RATE'))\n");
    let obstacles = |mut request: Request, recorded: &[&str]| {
        request.environment.push(("CAPSEAL_RATE".into(), "0.1".into()));
        request.environment.push(("CAPSEAL_RATE_OLD".into(), "0.2".into()));
        request.recorded_env = recorded.iter().map(|name| (*name).to_owned()).collect();
        let found = folder.run(&request).obstacles;
        found.into_iter().map(|obstacle| (obstacle.certain, obstacle.detail)).collect::<Vec<_>>()
    };
    let lacking = "the environment variable CAPSEAL_RATE, which its code names, is not recorded";
    let lacking = [(false, lacking.to_owned())];
    assert_eq!(obstacles(folder.script("show.py", &[]), &[]), lacking);
    assert_eq!(obstacles(folder.command(&["sh", "-c", "echo $CAPSEAL_RATE"]), &[]), lacking);
    assert_eq!(obstacles(folder.script("show.py", &[]), &["CAPSEAL_RATE"]), []);
    assert_eq!(obstacles(folder.command(&["sh", "-c", "echo $HOME $PWD"]), &[]), []);
}
