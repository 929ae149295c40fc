//! Running receipts again: the same, and each way to differ.

use std::{fs, path::PathBuf, time::Duration};

use prover_native::{
    bundle::Bundle,
    replay::{Place, Replay, ReplayError, ReplayOptions, Sandbox, replay},
    run::{CaptureChoice, Program, Request},
    seal::{self, ArchivePlace, Destination, EMBED_LIMIT},
    whole_file::Existing,
};
use run_support::Folder;
use verifier_core::{ReasonCode, air::geom::GeomParameters, stark::ParameterSet};

mod run_support;

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
    let receipt = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/accept/rv32im-100.cap");
    let bytes = fs::read(receipt).unwrap();
    let replay = replay(&Bundle::open(&bytes, None).unwrap(), &options()).unwrap();
    assert_eq!((replay.place, replay.differences.len(), replay.agreed.len()), (Place::Machine, 0, 3));
}
