//! `capseal pcap verify`, `merkle`, `watch`.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Args;
use verifier_core::{
    Digest, ReasonCode, Refusal,
    pcap::{
        self, Checkpoint, Examination, NoteKey, Options, ProofReport, Report, Witnessed, Witnesses,
        log::event,
        obligation::{Level, Requirement, Resolution, Why},
        report::Anchoring,
        v1::json::Dialect,
    },
};

use super::{
    super::output::{BAD, FAINT, Failure, GOOD, printable, read},
    digest, level, old, signer_key, witness_key,
};
use crate::streams::println;
use capseal_host::cause::Cause;
use capseal_logs::{ProofFolder, examine, refuse_proofs, snapshot};

/// Check a log, a proof or a COSE receipt about one.
///
/// A log of version 1 is answered as such; `--compat` answers exactly what its original tool answers. Without a checkpoint the
/// answer is `unanchored`: whether lines were cut off the end is not shown.
#[derive(Args, Debug)]
pub(super) struct Verify {
    /// The log.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["proof", "receipt"])]
    run: Option<PathBuf>,
    /// A proof about a line, or about two sizes, instead of a log.
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    proof: Option<PathBuf>,
    /// A COSE receipt about a line, or about a later state than the checkpoint, instead of a log.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "proof"], requires = "keys")]
    receipt: Option<PathBuf>,
    /// The line that the receipt is about; - is standard input.
    #[arg(long, value_name = "FILE", requires = "receipt")]
    entry: Option<PathBuf>,
    /// How far to check: S0 form and chain; S1 also a trusted checkpoint, and proofs that exist; S2 also proofs that verify.
    #[arg(long, default_value = "S0", value_parser = level)]
    level: Level,
    /// A checkpoint that was kept outside the log's file.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A key whose checkpoints are trusted: name+id+base64.
    #[arg(long = "key", value_name = "KEY", value_parser = signer_key)]
    keys: Vec<NoteKey>,
    /// A witness that must have cosigned the checkpoint: name+id+base64.
    #[arg(long = "witness", value_name = "KEY", value_parser = witness_key)]
    witnesses: Vec<NoteKey>,
    /// How many of the witnesses must have; all by default.
    #[arg(long, value_name = "N", requires = "witnesses")]
    quorum: Option<usize>,
    /// What must have been checked, at which level at least: POLICY:INVARIANT, with :LEVEL and :SUBJECT behind it if wanted.
    #[arg(long = "require", value_name = "OBLIGATION", value_parser = requirement)]
    requirements: Vec<Requirement>,
    /// Folder with the proofs that obligations refer to. At S2 those are receipts that prove a run about the subject.
    #[arg(long, value_name = "FOLDER")]
    proofs: Option<PathBuf>,
    /// Refuse a log that is not closed.
    #[arg(long)]
    sealed: bool,
    /// Answer for a log of version 1 exactly what the original tool answers.
    #[arg(long)]
    compat: bool,
    /// Version 1: how large floats are spelled, zmij or ryu; found out by default.
    #[arg(long, value_parser = dialect)]
    dialect: Option<Dialect>,
    /// Version 1: the root that the log must have.
    #[arg(long, value_name = "ROOT")]
    expect_root: Option<String>,
    /// Version 1: the number of actions that the log must have.
    #[arg(long, value_name = "N")]
    expect_count: Option<u64>,
    /// Answer with JSON.
    #[arg(long)]
    json: bool,
}

fn dialect(name: &str) -> Result<Dialect, String> {
    let found = Dialect::ALL.into_iter().find(|dialect| dialect.name() == name);
    found.ok_or_else(|| "not one of zmij, ryu".to_owned())
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let mut parts = text.split(':');
    let (Some(policy_id), Some(invariant_id)) = (parts.next(), parts.next()) else {
        return Err("not of the form POLICY:INVARIANT[:LEVEL[:SUBJECT]]".to_owned());
    };
    let least = parts.next().map_or(Ok(Level::S0), level)?;
    let subject = parts.next().map(digest).transpose()?;
    Ok(Requirement { policy_id: policy_id.to_owned(), invariant_id: invariant_id.to_owned(), level: least, subject })
}

impl Verify {
    fn checkpoint(&self) -> Result<Option<Checkpoint>, Failure> {
        let Some(path) = &self.checkpoint else { return Ok(None) };
        let parsed = Checkpoint::parse(&read(path)?);
        parsed.map(Some).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
    }

    /// Whether something is asked that version 1 has no answer to.
    fn asks_for_more(&self) -> bool {
        self.level > Level::S0
            || self.checkpoint.is_some()
            || !self.witnesses.is_empty()
            || !self.requirements.is_empty()
            || self.sealed
    }
}

pub(super) fn verify(arguments: &Verify) -> Result<ExitCode, Failure> {
    let options = Options {
        level: arguments.level,
        checkpoint: arguments.checkpoint()?,
        trusted: arguments.keys.clone(),
        witnesses: Witnesses::new(arguments.witnesses.clone(), arguments.quorum)?,
        requirements: arguments.requirements.clone(),
        sealed: arguments.sealed,
    };
    let run = match (&arguments.run, &arguments.proof, &arguments.receipt) {
        (Some(run), ..) => run,
        (None, Some(proof), _) => return verify_proof(arguments, &options, proof),
        (None, None, Some(receipt)) => return verify_receipt(arguments, &options, receipt),
        (None, None, None) => return Err(Failure::new("there is no log")),
    };
    if arguments.compat || is_old(run)? {
        if arguments.asks_for_more() {
            let next = "version 1 has none of it: put the log under a new one with `capseal pcap migrate`";
            return Err(Failure::explained(
                std::io::Error::other(
                    "the log is of version 1, and levels, checkpoints, witnesses, obligations or a seal were asked for",
                ),
                next,
            ));
        }
        let asked = old::Asked {
            compat: arguments.compat,
            json: arguments.json,
            dialect: arguments.dialect,
            expect_root: arguments.expect_root.as_deref(),
            expect_count: arguments.expect_count,
        };
        return Ok(old::verify(&old::read(run, arguments.compat)?, &asked));
    }
    let unread = |path: &PathBuf| ProofFolder::read(path).map_err(unreadable(path));
    let mut proofs = arguments.proofs.as_ref().map(unread).transpose()?;
    let mut resolve = |content: &Digest, subject: &Digest| {
        proofs.as_mut().map_or(Resolution::Missing, |proofs| proofs.resolve(content, subject))
    };
    let report = examine(run, options, &mut resolve).map_err(unreadable(run))?;
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print(&report);
    }
    Ok(ExitCode::from(report.verifier_exit_status))
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    |error| Failure::new(format_args!("cannot read {}: {}", path.display(), Cause(&error)))
}

/// Bytes of a first line that are looked at.
const FIRST_LINE: u64 = 1 << 20;

fn is_old(path: &Path) -> Result<bool, Failure> {
    let mut first = Vec::new();
    File::open(path).and_then(|file| file.take(FIRST_LINE).read_to_end(&mut first)).map_err(unreadable(path))?;
    Ok(old::is_old(&first))
}

fn print(report: &Report) {
    match (report.reason, report.reached) {
        (Some(reason), _) => {
            println!("{BAD}✗ REFUSED{BAD:#}  {}", reason.name());
            println!("  {}", report.detail.as_deref().map(printable).unwrap_or_default());
        }
        (None, reached) => {
            println!("{GOOD}✓ {}{GOOD:#}  {}", reached.map(Level::name).unwrap_or_default(), anchored(report.anchoring))
        }
    }
    if let (Some(log_id), Some(root)) = (report.log_id, report.root) {
        println!(
            "  log  {log_id}\n  root {root}\n  size {}, {}",
            report.size,
            if report.sealed { "closed" } else { "open" }
        );
    }
    print_witnesses(&report.witnessed);
    if let Some(judgement) = &report.obligations {
        for judged in &judgement.obligations {
            // Below S1 nobody looked at what the line says: that it is there is all that is known.
            let (answer, why) = match (report.reached, judged.why) {
                (Some(Level::S0), Why::Verified) => ("recorded", "as verified, in the words of its writer"),
                (_, why) => (judged.answer.name(), why.name()),
            };
            println!("  {answer} {}:{} {why}", printable(&judged.policy_id), printable(&judged.invariant_id));
        }
        if judgement.obligations.is_empty() {
            println!("  {FAINT}no obligations were recorded{FAINT:#}");
        }
    }
    for line in &report.not_shown {
        println!("  {FAINT}· not shown: {line}{FAINT:#}");
    }
}

fn anchored(anchoring: Option<Anchoring>) -> &'static str {
    match anchoring {
        Some(Anchoring::Anchored) => "anchored: extends a checkpoint that a trusted key signed",
        Some(Anchoring::Held) => "extends the checkpoint, whose signature was not checked",
        Some(Anchoring::Unanchored) | None => "unanchored: no checkpoint was given",
    }
}

fn verify_proof(arguments: &Verify, options: &Options, path: &Path) -> Result<ExitCode, Failure> {
    let text = String::from_utf8(read(path)?).map_err(|_| Failure::new("the proof is not a text"))?;
    answer(arguments, &pcap::verify_proof(&text, options))
}

fn verify_receipt(arguments: &Verify, options: &Options, path: &Path) -> Result<ExitCode, Failure> {
    let entry = arguments.entry.as_ref().map(|path| read(path)).transpose()?;
    let line = entry.as_ref().map(|entry| entry.strip_suffix(b"\n").unwrap_or(entry));
    answer(arguments, &pcap::verify_receipt(&read(path)?, line, options))
}

fn answer(arguments: &Verify, report: &ProofReport) -> Result<ExitCode, Failure> {
    match (report.reason, report.log_id, report.root) {
        _ if arguments.json => println!("{}", serde_json::to_string(report)?),
        (Some(reason), ..) => return Ok(refuse(reason, report.detail.as_deref().unwrap_or_default())),
        (None, Some(log_id), Some(root)) => {
            println!("{GOOD}✓{GOOD:#} {}", anchored(report.anchoring));
            println!("  log  {log_id}\n  root {root}\n  size {}", report.size);
            print_witnesses(&report.witnessed);
        }
        (None, ..) => {}
    }
    Ok(ExitCode::from(report.verifier_exit_status))
}

fn print_witnesses(witnessed: &[Witnessed]) {
    for Witnessed { name, time } in witnessed {
        println!("  witnessed by {} at {time}", printable(name));
    }
}

fn refuse(reason: ReasonCode, detail: &str) -> ExitCode {
    println!("{BAD}✗ REFUSED{BAD:#}  {}\n  {}", reason.name(), printable(detail));
    ExitCode::from(reason.exit_code().number())
}

/// Print the root of a log.
///
/// The log is checked first; for one of version 1, `--compat` prints what the original prints, unchecked.
#[derive(Args, Debug)]
pub(super) struct Merkle {
    /// The log.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// Answer for a log of version 1 exactly what the original tool answers.
    #[arg(long)]
    compat: bool,
    /// Answer with JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn merkle(arguments: &Merkle) -> Result<ExitCode, Failure> {
    let run = &arguments.run;
    if arguments.compat || is_old(run)? {
        let asked = old::Asked {
            compat: arguments.compat,
            json: arguments.json,
            dialect: None,
            expect_root: None,
            expect_count: None,
        };
        return old::merkle(&old::read(run, arguments.compat)?, &asked);
    }
    let report = examine(run, Options::default(), &mut refuse_proofs).map_err(unreadable(run))?;
    // Obligations that do not hold leave the root what it is.
    let judged = [ReasonCode::ObligationViolated, ReasonCode::ObligationIncomplete];
    match (report.reason.filter(|reason| !judged.contains(reason)), report.root) {
        (None, Some(root)) if !arguments.json => println!("{root}"),
        (None, Some(_)) => println!("{}", report.to_json()),
        (reason, _) => {
            let reason = reason.unwrap_or(ReasonCode::EventLogMismatch);
            return Ok(refuse(reason, report.detail.as_deref().unwrap_or_default()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Follow a log: check and print each entry as it is appended, until the log is closed.
#[derive(Args, Debug)]
pub(super) struct Watch {
    /// The log.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
}

const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn watch(arguments: &Watch) -> Result<ExitCode, Failure> {
    let path = &arguments.run;
    let mut examination = Examination::new(Options::default());
    let mut seen = 0;
    loop {
        let (mut file, len) = snapshot(path).map_err(unreadable(path))?;
        if len < seen {
            return Ok(refuse(ReasonCode::CheckpointMismatch, "the log is shorter than it was: its end was cut off"));
        }
        let mut new = Vec::new();
        file.seek(SeekFrom::Start(seen)).map_err(unreadable(path))?;
        file.take(len - seen).read_to_end(&mut new).map_err(unreadable(path))?;
        let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        for line in new[..whole].split_inclusive(|byte| *byte == b'\n') {
            if let Err(Refusal { code, detail }) = examination.read(line) {
                return Ok(refuse(code, &detail.to_string()));
            }
            print_entry(line);
        }
        seen += whole as u64;
        if examination.log().chain().is_closed() {
            return Ok(ExitCode::SUCCESS);
        }
        thread::sleep(PAUSE);
    }
}

fn print_entry(line: &[u8]) {
    let Some(event) = event(line.strip_suffix(b"\n").unwrap_or(line)) else { return };
    let text = |name: &str| event.get(name).and_then(|value| value.as_str()).map(printable).unwrap_or_default();
    let seq = event.get("seq").and_then(serde_json::Value::as_u64).unwrap_or_default();
    println!("{seq:>6} {FAINT}{}{FAINT:#} {:<12} {} {}", text("time"), text("type"), text("actor"), text("action"));
}
