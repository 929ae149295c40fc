//! Base receipts: those that are made, not derived. They are committed, and made anew only when a format changes.
//!
//! Receipts of `process_v1` come from records that are written by hand, so that making them again gives the same bytes; one
//! comes from a real run. Receipts of `geom_v1` and `rv32im_v1` come from the prover, whose proofs may differ from run to run.

mod record;
pub(crate) mod session;

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use capseal_host::{artifacts::ArtifactStore, whole_file::Existing};
use capseal_machine::assembler::{Assembler, register::*};
use capseal_prover::{GeomProver, rv32im::Recording};
use capseal_recorder as run;
use capseal_recorder::{CaptureChoice, Exit, Mode, Program, Request, Role, Silent};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Committed, Destination, EMBED_LIMIT, Governing};
use verifier_core::{
    Digest, VerifyOptions,
    air::geom::GeomParameters,
    capsule::{ManifestRef, entry},
    rv32im::{Access, Arithmetic, INPUT_BASE, Instruction},
    stark::ParameterSet,
    verify,
};

use self::record::Scene;
use crate::{
    governed,
    receipt::Receipt,
    reseal::Layers,
    vectors::{set_optional, with_proof},
};

/// A receipt that is made.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    /// Its file is `accept/<name>.cap`.
    pub name: &'static str,
    /// Whether making it again gives the same bytes.
    pub reproducible: bool,
    make: fn(&Path) -> Vec<u8>,
}

impl Base {
    /// Makes the receipt.
    ///
    /// # Panics
    /// When it cannot be made; it is verified before it is returned.
    pub fn make(&self) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        (self.make)(folder.path())
    }
}

/// Every base receipt.
pub const BASES: [Base; 19] = [
    recorded("process-typical", |folder| typical(&TYPICAL).seal(folder, EMBED_LIMIT)),
    recorded("process-other", |folder| typical(&OTHER).seal(folder, EMBED_LIMIT)),
    recorded("process-minimal", |folder| minimal().seal(folder, EMBED_LIMIT)),
    recorded("process-unicode", |folder| unicode().seal(folder, EMBED_LIMIT)),
    recorded("process-signal", |folder| signal().seal(folder, EMBED_LIMIT)),
    recorded("process-failed-declared", |folder| failed().seal(folder, EMBED_LIMIT)),
    recorded("process-many-files", |folder| many_files().seal(folder, EMBED_LIMIT)),
    recorded("process-detached", |folder| typical(&TYPICAL).seal(folder, 64)),
    recorded("process-detached-large", |folder| large().seal(folder, 1 << 20)),
    Base { name: "process-run", reproducible: false, make: real_run },
    proven("geom-100", |folder| {
        geom(folder, ParameterSet::Stark100, parameters(64, [1, 1], GeomParameters::DEFAULT_MATRIX))
    }),
    proven("geom-128", |folder| {
        geom(folder, ParameterSet::Stark128, parameters(64, [1, 1], GeomParameters::DEFAULT_MATRIX))
    }),
    proven("geom-other", |folder| {
        geom(folder, ParameterSet::Stark100, parameters(4000, [3, 18_446_744_069_414_584_320], [[2, 7], [1, 8]]))
    }),
    proven("geom-optional-fields", geom_with_optional_fields),
    proven("rv32im-100", |folder| program(folder, 7)),
    proven("rv32im-succeeds", |folder| program(folder, 0)),
    proven("rv32im-every-instruction", every_instruction),
    proven("geom-governed", governed_geom),
    recorded("log-session", log_of_a_session),
];

const fn recorded(name: &'static str, make: fn(&Path) -> Vec<u8>) -> Base {
    Base { name, reproducible: true, make }
}

const fn proven(name: &'static str, make: fn(&Path) -> Vec<u8>) -> Base {
    Base { name, reproducible: false, make }
}

/// What two runs of one kind differ in.
struct Variant {
    script: &'static str,
    prices: &'static str,
    settings: &'static str,
    arguments: [&'static str; 2],
    zone: &'static str,
    orders: &'static str,
    stdout: &'static str,
    distribution: &'static str,
    exit: Exit,
    started_at: u64,
}

const TYPICAL: Variant = Variant {
    script: "import sys\nprint(sum(float(line) for line in open(sys.argv[1])))\n",
    prices: "101.5\n102.25\n99.75\n",
    settings: "{\"window\": 3}\n",
    arguments: ["prices.csv", "--fast"],
    zone: "UTC",
    orders: "buy 3\n",
    stdout: "303.5\n",
    distribution: "debian",
    exit: Exit::Code(0),
    started_at: 1_769_862_896_789,
};

const OTHER: Variant = Variant {
    script: "import sys\nprint(max(float(line) for line in open(sys.argv[1])))\n",
    prices: "90\n120.5\n",
    settings: "{\"window\": 5}\n",
    arguments: ["prices.csv", "--slow"],
    zone: "Europe/Zurich",
    orders: "sell 1\n",
    stdout: "120.5\n",
    distribution: "fedora",
    exit: Exit::Code(3),
    started_at: 1_770_000_000_000,
};

/// A script with one file in each role, two variables (one of them not set), and something on both streams.
fn typical(variant: &Variant) -> Scene {
    let mut scene = Scene::new("strategy.py", &variant.arguments);
    scene.record.started_at = variant.started_at;
    scene.record.exit = variant.exit;
    scene.file(Role::Code, "strategy.py", variant.script.as_bytes());
    scene.file(Role::Input, "prices.csv", variant.prices.as_bytes());
    scene.file(Role::Config, "settings.json", variant.settings.as_bytes());
    scene.file(Role::Output, "orders.csv", variant.orders.as_bytes());
    scene.variable("TZ", Some(variant.zone));
    scene.variable("LC_ALL", None);
    scene.streams(variant.stdout, "done\n");
    scene.manifest("os", serde_json::json!({ "family": "linux", "distribution": variant.distribution }));
    scene.manifest(
        "toolchain",
        serde_json::json!({ "interpreter": { "path": "/usr/bin/python3", "version": "3.11.2" } }),
    );
    scene
}

/// Nothing but a command: no files, no variables, no manifests, nothing printed, so that the archive has no bytes.
fn minimal() -> Scene {
    Scene::new("true", &[])
}

/// Names and values beyond ASCII, escapes of the record's text form, and empty files.
fn unicode() -> Scene {
    let mut scene =
        Scene::new("strat\u{e9}gie.py", &["--gr\u{fc}\u{df}e", "\u{65e5}\u{672c}\u{8a9e}", "", " \"quoted\" \\ "]);
    scene.file(Role::Code, "strat\u{e9}gie.py", "print('\u{2713}')\n".as_bytes());
    scene.file(Role::Input, "a\u{308}.txt", b"decomposed\n");
    scene.file(Role::Input, "\u{e4}.txt", b"composed\n");
    scene.file(Role::Input, "\u{65e5}\u{672c}/\u{1f512} lock.bin", &[0, 1, 2, 0xfe, 0xff]);
    scene.file(Role::Input, "\u{202e}txt.exe", b"");
    scene.file(Role::Input, "line%0Afeed and %25 and %FF", b"escaped\n");
    scene.file(Role::Output, "empty", b"");
    scene.variable("GREETING", Some("\u{1f44b} %7F\u{2028} end"));
    scene.variable("EMPTY", Some(""));
    scene.variable("NOT_SET", None);
    scene.streams("\u{2713}\n", "");
    scene.manifest(
        "os",
        serde_json::json!({ "distribution_name": "\u{1f427}", "flags": [true, false, -1, 9_007_199_254_740_991_u64] }),
    );
    scene
}

/// A process that a signal ended.
fn signal() -> Scene {
    let mut scene = Scene::new("loop.sh", &[]);
    scene.record.exit = Exit::Signal(9);
    scene.file(Role::Code, "loop.sh", b"while :; do :; done\n");
    scene
}

/// A process that failed, with declared files only.
fn failed() -> Scene {
    let mut scene = Scene::new("fail.sh", &["data.txt"]);
    scene.record.exit = Exit::Code(3);
    scene.record.capture.mode = Mode::Declared { reason: "observation was not asked for".to_owned() };
    scene.file(Role::Code, "fail.sh", b"echo no >&2; exit 3\n");
    scene.file(Role::Input, "data.txt", b"1\n2\n3\n");
    scene.streams("", "no\n");
    scene.manifest("capture", serde_json::json!({ "mode": "declared", "mechanism": "none" }));
    scene
}

/// Many files: contents that several of them share, and one that spans rows of the archive.
fn many_files() -> Scene {
    let mut scene = Scene::new("count.sh", &[]);
    scene.file(Role::Code, "count.sh", b"wc -c data/* > counts\n");
    for number in 0..24 {
        scene.file(Role::Input, &format!("data/{number:02}.txt"), format!("{}\n", number % 18).as_bytes());
    }
    scene.file(Role::Output, "counts", &counting(5_000));
    scene
}

/// Contents that do not all travel: one is over what a detached archive's receipt shows.
fn large() -> Scene {
    let mut scene = typical(&TYPICAL);
    scene.file(Role::Input, "samples.bin", &counting((1 << 20) + 5));
    scene
}

/// Bytes that no two rows share.
fn counting(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_le_bytes).take(len).collect()
}

/// A script that really runs, as `capseal run` runs it.
fn real_run(folder: &Path) -> Vec<u8> {
    let place = folder.join("example");
    fs::create_dir(&place).expect("a folder for the run");
    let script = place.join("count.sh");
    fs::write(&script, "#!/bin/sh\nwhile read -r word; do echo \"$word\" >> found; done < words\necho counted\n")
        .expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("an executable script");
    fs::write(place.join("words"), "one\ntwo\nthree\n").expect("an input");
    let program = Program::Script { path: "count.sh".into(), args: vec![OsString::from("words")] };
    let request = Request {
        capture: CaptureChoice::Auto,
        recorded_env: vec!["TZ".to_owned()],
        working_dir: place,
        ..Request::new(program).expect("a request")
    };
    let store = ArtifactStore::temporary().expect("a store");
    let record = run::execute(&request, &store, Arc::new(Silent)).expect("a run");
    let place = archive_place(folder, EMBED_LIMIT);
    written(seal::process(&record, store, &place).expect("a receipt"), folder)
}

/// An action log with an obligation, and the report that it refers to.
fn log_of_a_session(folder: &Path) -> Vec<u8> {
    fs::write(folder.join("report.txt"), session::REPORT).expect("a content");
    let store = ArtifactStore::temporary().expect("a store");
    let log = session::closed(&session::entries());
    let place = archive_place(folder, EMBED_LIMIT);
    written(seal::log(log, folder, &["report.txt"], store, &place, None).expect("a receipt"), folder)
}

fn geom(folder: &Path, set: ParameterSet, parameters: GeomParameters) -> Vec<u8> {
    written(seal::geom(parameters, set).expect("a proof"), folder)
}

/// The rules that the governed run of the machine is sealed under.
pub fn governed_rules() -> serde_json::Value {
    serde_json::json!({
        "backends": ["geom_v1"], "require_claim": "proven", "min_security_bits": 100, "exit_codes": [0],
        "capture": ["observed"], "forbid_network": true, "required_public_outputs": ["final_cnt"],
    })
}

fn governed_geom(folder: &Path) -> Vec<u8> {
    let parameters = parameters(64, [1, 1], GeomParameters::DEFAULT_MATRIX);
    let document = governed::policy(&governed_rules()).into_bytes();
    let policy = Governing::new(document, None).expect("a policy with one track");
    written(seal::geom_under(parameters, ParameterSet::Stark100, Some(&policy)).expect("a proof"), folder)
}

/// A proof of a statement that names a policy and a manifest, which no command of this version makes.
fn geom_with_optional_fields(folder: &Path) -> Vec<u8> {
    let (set, parameters) = (ParameterSet::Stark100, parameters(64, [1, 1], GeomParameters::DEFAULT_MATRIX));
    let plain = Receipt::read(&geom(folder, set, parameters));
    let manifest = b"{}\n".to_vec();
    let reference = ManifestRef { name: "os".to_owned(), digest: Digest::of_content(&manifest) };
    let draft = plain.changed(Layers::ALL, |receipt| {
        set_optional(receipt);
        receipt.set_item("payload.manifests", &vec![reference.clone()]);
        receipt.entries.insert(entry::manifest("os"), manifest.clone());
    });
    let instance = draft.record().expect("a capsule").header.instance_hash;
    let proof = GeomProver::commit(parameters, set).prove(instance).expect("a proof");
    let bytes = with_proof(&draft, &proof).bytes();
    let verdict = verify(&bytes, &VerifyOptions::default());
    assert!(verdict.is_accepted(), "{:?}", verdict.refusal());
    bytes
}

/// A program that multiplies two words of input, writes the product's last digit in a line of text, and ends with an exit code.
fn program(folder: &Path, exit_code: i32) -> Vec<u8> {
    let mut program = Assembler::default();
    program.set(A0, INPUT_BASE).load(Access::Word, false, A1, A0, 4).load(Access::Word, false, A2, A0, 8);
    program.register(Arithmetic::Mul, A1, A1, A2).set(A2, 10).register(Arithmetic::Remu, A1, A1, A2);
    program.set(A2, u32::from_le_bytes(*b"0 !\n")).register(Arithmetic::Add, A1, A1, A2);
    program.set(A2, u32::from_le_bytes(*b"ends")).write_output(A2, 0).write_output(A1, 1);
    program.immediate(Arithmetic::Add, A1, ZERO, exit_code).exit_with(A1);
    let input = [6_u32, 7].map(u32::to_le_bytes).concat();
    let recording = Recording::new(program.image().expect("a program"), input).expect("a run");
    written(seal::rv32im(recording, ParameterSet::Stark100).expect("a proof"), folder)
}

/// A program that executes every operation, and holds one instruction of every other form behind a jump: a reader that counts
/// the micro-ops of one of them wrongly refuses it.
fn every_instruction(folder: &Path) -> Vec<u8> {
    let mut program = Assembler::default();
    let over = program.label();
    program.set(A1, 0x8000_0001).set(A2, 7);
    let all: Vec<Instruction> = every_word().filter_map(Instruction::decode).collect();
    let is_operation = |instruction: &&Instruction| {
        matches!(instruction, Instruction::Register { .. } | Instruction::Immediate { .. } | Instruction::Lui { .. })
    };
    for instruction in all.iter().filter(is_operation) {
        program.push(*instruction);
    }
    program.write_output(A3, 0).jump(ZERO, over);
    for instruction in &all {
        program.push(*instruction);
    }
    program.place(over).exit_with(ZERO);
    let recording = Recording::new(program.image().expect("a program"), Vec::new()).expect("a run");
    written(seal::rv32im(recording, ParameterSet::Stark100).expect("a proof"), folder)
}

/// Every opcode with every function, on two registers, on one twice, and on zero.
fn every_word() -> impl Iterator<Item = u32> {
    let opcodes = [0x37, 0x17, 0x6f, 0x67, 0x63, 0x03, 0x23, 0x13, 0x33, 0x0f, 0x73];
    let functions = (0..8_u32).flat_map(|funct3| [0, 0x20, 1].map(|funct7: u32| funct7 << 25 | funct3 << 12));
    let registers = [(A1, A2), (A1, A1), (ZERO, ZERO)].map(|(rs1, rs2)| u32::from(rs2) << 20 | u32::from(rs1) << 15);
    let fields =
        functions.flat_map(move |function| registers.map(|registers| function | registers | u32::from(A3) << 7));
    opcodes.into_iter().flat_map(move |opcode| fields.clone().map(move |fields| fields | opcode)).chain([0x73])
}

fn parameters(steps: u32, initial: [u64; 2], matrix: [[u64; 2]; 2]) -> GeomParameters {
    GeomParameters::new(steps, initial, matrix).expect("parameters of the machine")
}

fn archive_place(folder: &Path, embed_limit: u64) -> ArchivePlace {
    ArchivePlace { embed_limit, detached: folder.join("receipt.archive"), existing: Existing::Replace }
}

/// The receipt's bytes, as they stand on disk.
fn written(committed: Committed, folder: &Path) -> Vec<u8> {
    let destination = Destination { path: folder.join("receipt.cap"), existing: Existing::Replace };
    let sealed = committed.write(&destination).expect("a receipt that the verifier accepts");
    fs::read(sealed.path).expect("the receipt")
}
