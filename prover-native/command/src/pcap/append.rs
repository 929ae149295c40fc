//! `capseal pcap new-run`, `log`, `seal`, `migrate`.

use std::{
    io::{BufRead, stdin},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    thread,
};

use clap::Args;
use serde_json::{Map, Value, json};
use verifier_core::{
    Digest,
    pcap::obligation::{Level, Obligation, Outcome, ProofRef, Record},
};

use super::{
    super::output::{BAD, Failure, GOOD, read},
    digest, explained, level, old,
};
use crate::streams::{eprintln, println};
use capseal_host::{cause::Cause, clock};
use capseal_logs::{Action, Appended, LogFile, LogFileError, NewEntry, Recovered};

/// Start a log and print its path.
#[derive(Args, Debug)]
pub(super) struct NewRun {
    /// Folder for the log; made if it is missing.
    #[arg(long, default_value = "artifacts/pcap", value_name = "FOLDER")]
    out: PathBuf,
    /// The log's own path, instead of a new name in the folder.
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    file: Option<PathBuf>,
    /// The policy that the run is under.
    #[arg(long, value_name = "NAME")]
    policy_id: Option<String>,
}

pub(super) fn new_run(arguments: &NewRun) -> Result<ExitCode, Failure> {
    let run_id = random_id()?;
    let mut fields = fields(json!({ "run_id": run_id }));
    if let Some(policy_id) = &arguments.policy_id {
        fields.insert("policy_id".to_owned(), policy_id.as_str().into());
    }
    let path = match &arguments.file {
        Some(file) => file.clone(),
        None => {
            let cannot = |error| Failure::new(format_args!("{}: {}", arguments.out.display(), Cause(&error)));
            std::fs::create_dir_all(&arguments.out).map_err(cannot)?;
            // Two runs that start in one second have two names.
            let second: String = clock::text(clock::now()).chars().take(19).collect();
            let second = second.replace(['-', ':'], "");
            arguments.out.join(format!("run-{second}Z-{}.jsonl", &run_id[..8]))
        }
    };
    LogFile::create(&path, fields).map_err(explained)?;
    println!("{}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn random_id() -> Result<String, Failure> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| Failure::new(format_args!("the system gives no randomness: {error}")))?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Append to a log.
///
/// An entry of level S0 is acknowledged when it is written, of S1 and S2 when it is on disk. Its number and its leaf hash are printed
/// then. What a crash had left behind the last whole line is put aside first, and said on standard error.
#[derive(Args, Debug)]
pub(super) struct Log {
    /// The log.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// What was done.
    #[arg(long, required_unless_present_any = ["stdin", "invariant_id"])]
    action: Option<String>,
    /// The actor.
    #[arg(long, default_value = "cli")]
    actor: String,
    /// How much depends on it: S0, S1, S2.
    #[arg(long, default_value = "S0", value_parser = level)]
    level: Level,
    /// Name of a proof that is kept elsewhere.
    #[arg(long, value_name = "NAME")]
    psp_ref: Option<String>,
    /// A field more: a JSON value, or else a text.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
    more: Vec<(String, Value)>,
    /// Read entries from standard input: a JSON object a line. Each is answered by a line.
    #[arg(long, conflicts_with_all = ["action", "psp_ref", "more", "invariant_id"])]
    stdin: bool,
    /// Record an obligation: the check.
    #[arg(long, value_name = "NAME", requires_all = ["policy_id", "result", "proof_ref", "subject"], conflicts_with = "action")]
    invariant_id: Option<String>,
    /// The policy that asks for the check.
    #[arg(long, value_name = "NAME", requires = "invariant_id")]
    policy_id: Option<String>,
    /// How the check came out: verified, failed, error, skipped.
    #[arg(long, value_parser = outcome, requires = "invariant_id")]
    result: Option<Outcome>,
    /// What stands behind that: sha256:HEX, log:LOG_ID#SEQ, psp:NAME.
    #[arg(long, value_parser = proof_ref, requires = "invariant_id")]
    proof_ref: Option<ProofRef>,
    /// SHA-256 of what was checked.
    #[arg(long, value_parser = digest, requires = "invariant_id")]
    subject: Option<Digest>,
    /// Answer with JSON.
    #[arg(long)]
    json: bool,
}

fn field(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "not of the form NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

fn outcome(name: &str) -> Result<Outcome, String> {
    Outcome::from_name(name).ok_or_else(|| "not one of verified, failed, error, skipped".to_owned())
}

fn proof_ref(text: &str) -> Result<ProofRef, String> {
    ProofRef::parse(text).ok_or_else(|| "not one of sha256:<hex>, log:<log id>#<seq>, psp:<name>".to_owned())
}

pub(super) fn log(arguments: Log) -> Result<ExitCode, Failure> {
    let mut log = LogFile::open(&arguments.run).map_err(explained)?;
    if arguments.stdin {
        return log_stdin(&mut log);
    }
    let json = arguments.json;
    let appended = log.append(&[entry(arguments)?]);
    print(&mut log, appended, json)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what was appended, and what was put aside before that: also when nothing was appended after it.
fn print(log: &mut LogFile, appended: Result<Vec<Appended>, LogFileError>, json: bool) -> Result<(), Failure> {
    let mut recovered = log.take_recovered();
    if let Some(Recovered { bytes, kept_as }) = &recovered {
        eprintln!("{BAD}!{BAD:#} a crash had torn the log's end: {bytes} bytes are kept in {}", kept_as.display());
    }
    for Appended { seq, leaf } in appended.map_err(explained)? {
        if json {
            let mut answer = json!({ "seq": seq, "leaf": leaf.to_string() });
            if let Some(Recovered { bytes, kept_as }) = recovered.take() {
                answer["recovered"] = json!({ "bytes": bytes, "kept_as": kept_as.display().to_string() });
            }
            println!("{answer}");
        } else {
            println!("{GOOD}✓{GOOD:#} {seq} {leaf}");
        }
    }
    Ok(())
}

fn entry(arguments: Log) -> Result<NewEntry, Failure> {
    let Log { action, actor, level, psp_ref, more, invariant_id, policy_id, result, proof_ref, subject, .. } =
        arguments;
    let obligation = (invariant_id, policy_id, result, proof_ref, subject);
    if let (Some(invariant_id), Some(policy_id), Some(result), Some(proof_ref), Some(subject)) = obligation {
        let obligation = Obligation { policy_id, invariant_id, result, proof_ref };
        return Ok(NewEntry::from(&Record { obligation, subject, level }));
    }
    let action = action.ok_or_else(|| Failure::new("there is no action"))?;
    let mut entry = Action::new(&action, &actor).at(level);
    if let Some(psp_ref) = psp_ref {
        entry = entry.with("psp_ref", psp_ref);
    }
    let mut fields = Map::new();
    for (name, value) in more {
        if fields.insert(name.clone(), value).is_some() {
            return Err(Failure::new(format_args!("the field {name:?} is stated twice")));
        }
    }
    Ok(entry.with_all(fields).map_err(explained)?.into())
}

/// Entries that wait are written together, with one sync for all.
const GROUP: usize = 1024;

fn log_stdin(log: &mut LogFile) -> Result<ExitCode, Failure> {
    let (send, receive) = mpsc::sync_channel(GROUP);
    thread::spawn(move || stdin().lock().lines().try_for_each(|line| send.send(line).map_err(drop)));
    while let Ok(first) = receive.recv() {
        let lines: Vec<String> =
            std::iter::once(first).chain(receive.try_iter().take(GROUP)).collect::<Result<_, _>>()?;
        let entries = lines.iter().map(|line| read_entry(line)).collect::<Result<Vec<_>, _>>()?;
        let appended = log.append(&entries);
        print(log, appended, true)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// An entry as a line of standard input has it: `type`, `action` by default, `level`, S0 by default, and fields.
fn read_entry(line: &str) -> Result<NewEntry, Failure> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
        return Err(Failure::new(format_args!("not a JSON object: {line}")));
    };
    let kind = fields.remove("type").unwrap_or_else(|| "action".into());
    let kind = kind.as_str().ok_or_else(|| Failure::new(format_args!("`type` is not a text: {line}")))?;
    let level = fields.entry("level").or_insert_with(|| Level::S0.name().into()).as_str().and_then(Level::from_name);
    let level = level.ok_or_else(|| Failure::new(format_args!("`level` is not one of S0, S1, S2: {line}")))?;
    Ok(NewEntry::new(kind, fields, level))
}

/// Close a log: check it whole, and append the line that states its size and root.
#[derive(Args, Debug)]
pub(super) struct Seal {
    /// The log.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// Answer with JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn seal(arguments: &Seal) -> Result<ExitCode, Failure> {
    let mut log = LogFile::open(&arguments.run).map_err(explained)?;
    let sealed = log.seal(Map::new()).map(|appended| vec![appended]);
    print(&mut log, sealed, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Put a log of version 1 under a new log, without rewriting it.
///
/// The new log states the old one's bytes by their SHA-256, its root, its count and what the original tool answers. The old file stays
/// as it is; with both files, anyone can compare the hash.
#[derive(Args, Debug)]
pub(super) struct Migrate {
    /// The log of version 1.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// The new log.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn migrate(arguments: &Migrate) -> Result<ExitCode, Failure> {
    let bytes = read(&arguments.run)?;
    if !old::is_old(&bytes) {
        return Err(Failure::new(format_args!("{} is not a log of version 1", arguments.run.display())));
    }
    let report = verifier_core::pcap::v1::check(&bytes);
    let mut migrated = fields(json!({
        "actions": report.actions, "answer": report.answer.name(), "bytes": bytes.len(), "dialect": report.dialect.name(),
        "digest": Digest::of_content(&bytes).to_string(), "findings": report.findings.len() as u64 + report.more_findings,
        "name": name_of(&arguments.run),
    }));
    if let verifier_core::pcap::v1::Merkle::Root(root) = report.merkle {
        migrated.insert("merkle".to_owned(), root.into());
    }
    let mut log = LogFile::create(&arguments.out, fields(json!({ "run_id": random_id()? }))).map_err(explained)?;
    let appended = log.append(&[NewEntry::new("migrated", migrated, Level::S2)]);
    print(&mut log, appended, false)?;
    Ok(ExitCode::SUCCESS)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
