//! The vectors: receipts that must be accepted, and receipts that must be refused with the code of their folder.
//!
//! Base receipts are made ([`crate::base`]) and committed; every other vector is derived from them by a change that its name
//! says, so that the folder can be written again, byte for byte. `tests/vectors/README.md` describes the folder.

mod archive;
mod binding;
mod claim;
mod event_log;
mod form;
mod frozen;
mod log;
mod proof;
mod relay;
mod run;
pub(crate) mod rv32im;
mod sampling;
mod trust;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use verifier_core::{
    Digest, ReasonCode, VerifyOptions,
    cbor::{Item, Value},
};

use crate::{base::BASES, hostile, receipt::Receipt, reseal::Layers};

pub use frozen::{FROZEN, freeze, stable};
pub(crate) use proof::{PROOF, proof_of, restated, with_proof};

/// A receipt with the options that it is verified under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Path below the folder, with slashes, without `.cap`.
    pub path: String,
    /// The receipt.
    pub bytes: Vec<u8>,
    /// Options as JSON; the default ones when there are none.
    pub options: Option<String>,
}

impl Vector {
    /// The options.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn verify_options(&self) -> VerifyOptions {
        let json = self.options.as_deref().unwrap_or("{}");
        VerifyOptions::from_json(json).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    /// The code that it must be refused with; `None` for one that must be accepted.
    pub fn code(&self) -> Option<ReasonCode> {
        let folder = self.path.strip_prefix("reject/")?.split('/').next()?;
        ReasonCode::ALL.iter().copied().find(|code| code.name() == folder)
    }
}

/// The folder of this repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Codes that no vector can have yet, each with the reason: `unreachable.json`.
///
/// # Panics
/// When the file is missing or of another form.
pub fn unreachable_codes() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("unreachable.json")).expect("tests/vectors/unreachable.json");
    serde_json::from_str(&text).expect("an object of texts")
}

/// The vectors below a folder, by path. A file that is neither a receipt nor goes with one is an error.
///
/// # Errors
/// When something cannot be read.
pub fn read(folder: &Path) -> io::Result<Vec<Vector>> {
    let mut vectors = Vec::new();
    for path in files(folder, "cap")? {
        let options = folder.join(format!("{path}.options.json"));
        let options = if options.exists() { Some(fs::read_to_string(options)?) } else { None };
        vectors.push(Vector { bytes: fs::read(folder.join(format!("{path}.cap")))?, path, options });
    }
    Ok(vectors)
}

/// Paths of the files with an extension, below a folder, without it, in bytewise order.
fn files(folder: &Path, extension: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), folder.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        for item in fs::read_dir(folder)? {
            let item = item?;
            let name = item.file_name().to_string_lossy().into_owned();
            if item.file_type()?.is_dir() {
                folders.push((format!("{prefix}{name}/"), item.path()));
            } else if let Some(stem) = name.strip_suffix(&format!(".{extension}")) {
                found.push(format!("{prefix}{stem}"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes the derived vectors, and removes what is derived no more.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(folder: &Path) -> io::Result<usize> {
    let bases = Bases::read(folder)?;
    let vectors = derived(&bases);
    fs::write(folder.join("sampling.json"), sampling::file(&bases))?;
    fs::write(folder.join("capability.json"), crate::capability::file())?;
    for stale in stale(folder, &vectors)? {
        fs::remove_file(stale)?;
    }
    for Vector { path, bytes, options } in &vectors {
        let file = folder.join(format!("{path}.cap"));
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, bytes)?;
        if let Some(options) = options {
            fs::write(folder.join(format!("{path}.options.json")), options)?;
        }
    }
    Ok(vectors.len())
}

/// Files of `accept/` and `reject/` that are neither base receipts nor derived from them.
///
/// # Errors
/// When a folder cannot be read.
pub fn stale(folder: &Path, derived: &[Vector]) -> io::Result<Vec<PathBuf>> {
    let mut known: BTreeSet<String> = BASES.iter().map(|base| format!("accept/{}.cap", base.name)).collect();
    for Vector { path, options, .. } in derived {
        known.insert(format!("{path}.cap"));
        known.extend(options.as_ref().map(|_| format!("{path}.options.json")));
    }
    let mut stale = Vec::new();
    for part in ["accept", "reject"] {
        for extension in ["cap", "json"] {
            let files = files(&folder.join(part), extension).unwrap_or_default();
            let names = files.into_iter().map(|path| format!("{part}/{path}.{extension}"));
            stale.extend(names.filter(|name| !known.contains(name)).map(|name| folder.join(name)));
        }
    }
    Ok(stale)
}

/// The base receipts that others are derived from.
#[derive(Debug)]
pub struct Bases {
    /// A recorded run of which there is nothing to tell.
    pub minimal: Receipt,
    /// A recorded run with something in every role.
    pub typical: Receipt,
    /// Another run of that kind: another value in every place.
    pub other: Receipt,
    /// A run that failed, with declared files only.
    pub failed: Receipt,
    /// A run that a signal ended.
    pub signal: Receipt,
    /// The typical run with a detached archive.
    pub detached: Receipt,
    /// A detached archive that does not travel whole.
    pub detached_large: Receipt,
    /// The geom machine at `stark-100`.
    pub geom: Receipt,
    /// Another run of the machine.
    pub geom_other: Receipt,
    /// The first run of the machine at `stark-128`.
    pub geom_128: Receipt,
    /// The run of a program, which ends with exit code 7.
    pub rv32im: Receipt,
    /// A run of the machine under a policy.
    pub geom_governed: Receipt,
    /// A sealed action log.
    pub log: Receipt,
}

impl Bases {
    /// Reads them from the folder.
    ///
    /// # Errors
    /// When one is missing.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let read = |name: &str| -> io::Result<Receipt> {
            let path = folder.join(format!("accept/{name}.cap"));
            let bytes = fs::read(&path).map_err(|error| io::Error::new(error.kind(), format!("{path:?}: {error}")))?;
            Ok(Receipt::read(&bytes))
        };
        Ok(Self {
            minimal: read("process-minimal")?,
            typical: read("process-typical")?,
            other: read("process-other")?,
            failed: read("process-failed-declared")?,
            signal: read("process-signal")?,
            detached: read("process-detached")?,
            detached_large: read("process-detached-large")?,
            geom: read("geom-100")?,
            geom_other: read("geom-other")?,
            geom_128: read("geom-128")?,
            rv32im: read("rv32im-100")?,
            geom_governed: read("geom-governed")?,
            log: read("log-session")?,
        })
    }
}

/// Every derived vector, by path.
pub fn derived(bases: &Bases) -> Vec<Vector> {
    let mut vectors = accepted(bases);
    vectors.extend(run::accepted(bases));
    vectors.extend(trust::accepted(bases));
    vectors.extend(sampling::accepted(bases));
    vectors.extend(relay::accepted(bases));
    let mut rejects = Rejects::default();
    for case in hostile::container::cases() {
        rejects.add(case.code, &format!("container-{}", case.name), case.bytes);
    }
    form::add(bases, &mut rejects);
    binding::add(bases, &mut rejects);
    claim::add(bases, &mut rejects);
    proof::add(bases, &mut rejects);
    run::add(bases, &mut rejects);
    rv32im::add(bases, &mut rejects);
    archive::add(bases, &mut rejects);
    event_log::add(bases, &mut rejects);
    log::add(bases, &mut rejects);
    trust::add(bases, &mut rejects);
    sampling::add(bases, &mut rejects);
    relay::add(bases, &mut rejects);
    for case in hostile::receipt::cases(bases) {
        rejects.add(case.code, &format!("hostile-{}", case.name), case.bytes);
    }
    vectors.extend(rejects.vectors);
    vectors.sort_by(|a, b| a.path.cmp(&b.path));
    vectors
}

/// Receipts with what no prover of this version writes, and every verifier accepts.
fn accepted(bases: &Bases) -> Vec<Vector> {
    let vector =
        |name: &str, receipt: Receipt| Vector { path: format!("accept/{name}"), bytes: receipt.bytes(), options: None };
    let bare = bases.detached.changed(Layers::ALL, |receipt| {
        receipt.entries.retain(|name, _| !name.starts_with("artifacts/"));
        for at in 0..receipt.items("payload.artifacts").len() {
            receipt.set(&format!("payload.artifacts.{at}.embedded"), Value::Bool(false));
        }
    });
    let pin = Digest::from_value(bases.typical.value("capsule_hash")).expect("a digest");
    let pin = format!("{{\"level\":\"proof-only\",\"expected_capsule_hash\":\"{pin}\"}}\n");
    vec![
        vector("process-optional-fields", bases.typical.changed(Layers::ALL, set_optional)),
        vector("process-detached-nothing-embedded", bare),
        vector("process-log-of-every-value", event_log::of_every_value(&bases.minimal)),
        Vector { options: Some(pin), ..vector("process-pinned", bases.typical.clone()) },
    ]
}

/// Every key of the header that may be present, and is not in receipts that this version makes.
pub(crate) fn set_optional(receipt: &mut Receipt) {
    let digest = |text: &[u8]| Digest::of_content(text).to_value();
    let policy = record([
        ("policy_id", text("house-rules")),
        ("policy_version", text("2")),
        ("policy_hash", digest(b"a policy")),
        ("track_id", text("main")),
    ]);
    receipt.set("header.policy_ref", policy);
    receipt.set("header.prev_capsule_hash", digest(b"the capsule before"));
    receipt.set("header.da_policy_hash", digest(b"an availability policy"));
    receipt.set("da_challenge_hash", digest(b"a challenge"));
    receipt.set("header.trace_id", text("the maker's name for it, \u{1f4d0}"));
    receipt.set("header.verification_profile", text("policy-enforced"));
}

/// Reject vectors in the making.
#[derive(Debug, Default)]
struct Rejects {
    vectors: Vec<Vector>,
}

impl Rejects {
    fn add(&mut self, code: ReasonCode, name: &str, bytes: Vec<u8>) {
        self.vectors.push(Vector { path: format!("reject/{}/{name}", code.name()), bytes, options: None });
    }

    /// A change after which some layers are recomputed.
    fn change(
        &mut self,
        code: ReasonCode,
        name: &str,
        (receipt, layers): (&Receipt, Layers),
        change: impl Fn(&mut Receipt),
    ) {
        self.add(code, name, receipt.changed(layers, change).bytes());
    }

    fn add_with(&mut self, code: ReasonCode, name: &str, bytes: Vec<u8>, options: &str) {
        self.add(code, name, bytes);
        if let Some(vector) = self.vectors.last_mut() {
            vector.options = Some(format!("{options}\n"));
        }
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A digest of something else.
fn another_digest() -> Value {
    Value::Bytes(Digest::of_content(b"something else").as_bytes().to_vec())
}

fn record<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
