//! `capseal inspect`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use verifier_core::{
    Inspection, Limits, VerifyOptions, artifact, backend::Backend, capsule::FileRef, container::Container, inspect,
    sentence::Counted, verify,
};

use super::{
    output::{BAD, FAINT, Failure, Size, TITLE, printable, read_receipt},
    rebuild,
    verify::{command_line, print_headline},
};
use crate::streams::println;

/// Show the content of a receipt and the limits of what it shows.
///
/// Reads without judging; the first line is the verdict at the level proof-only.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The receipt; `-` reads it from standard input.
    receipt: PathBuf,
    /// Print the inspection as JSON.
    #[arg(long)]
    json: bool,
    /// Also list every event of the log.
    #[arg(long)]
    events: bool,
    /// Write the receipt's entries below this folder, which must not exist.
    #[arg(long, value_name = "FOLDER")]
    extract: Option<PathBuf>,
    /// Build the Cargo project in this folder, which runs its build scripts, and say whether one of its programs gives the
    /// image of this receipt; exit status 14 when none does.
    #[arg(long, value_name = "FOLDER", conflicts_with = "json")]
    rebuild: Option<PathBuf>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let bytes = read_receipt(&arguments.receipt)?;
    let inspection = inspect(&bytes, &Limits::DEFAULT).map_err(|refusal| {
        Failure::new(format_args!("{}: {}: {}", arguments.receipt.display(), refusal.code.name(), refusal.detail))
    })?;
    if let Some(folder) = &arguments.extract {
        extract(&bytes, folder)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&inspection)?);
        return Ok(ExitCode::SUCCESS);
    }
    let verdict = verify(&bytes, &VerifyOptions::default());
    print_headline(&verdict);
    if !verdict.is_accepted() {
        println!("  {FAINT}what follows is what the file says, and none of it is confirmed{FAINT:#}");
    }
    print(&inspection, arguments.events);
    print_obstacles(&bytes);
    if inspection.backend == Backend::Rv32imV1.id() {
        print_output(&bytes, &inspection);
    }
    if let Some(folder) = &arguments.rebuild {
        return rebuild::compare(&bytes, &inspection, folder);
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether it can be run again, as the record says.
fn print_obstacles(bytes: &[u8]) {
    let Ok(container) = Container::parse(bytes, &Limits::DEFAULT) else { return };
    for obstacle in capseal_replay::obstacles(&container) {
        let detail = printable(&obstacle.detail);
        match obstacle.certain {
            true => println!("  {BAD}this run cannot be replayed{BAD:#}: {detail}"),
            false => println!("  {FAINT}·{FAINT:#} a replay may come to something else: {detail}"),
        }
    }
}

/// What the program wrote, where it is text.
fn print_output(bytes: &[u8], inspection: &Inspection) {
    let outputs = inspection.claim.outputs.iter();
    for output in outputs.filter_map(|file| artifact(bytes, &file.digest, &Limits::DEFAULT)) {
        let Ok(text) = str::from_utf8(output) else { continue };
        println!("\n{TITLE}Output{TITLE:#}");
        text.lines().take(OUTPUT_LINES).for_each(|line| println!("  {}", printable(line)));
        if let Some(more) = text.lines().count().checked_sub(OUTPUT_LINES).filter(|more| *more > 0) {
            println!("  {FAINT}and {} (--extract writes all of it){FAINT:#}", Counted(more as u64, "more line"));
        }
    }
}

/// Lines of a program's output that are shown.
const OUTPUT_LINES: usize = 40;

fn print(inspection: &Inspection, events: bool) {
    let class = inspection.claim_class.and_then(|class| serde_json::to_value(class).ok());
    let class = class.as_ref().and_then(|class| class.as_str()).unwrap_or("unknown");
    line("capsule", inspection.capsule_hash);
    line("backend", format_args!("{} ({class})", printable(&inspection.backend)));
    if let Some(command) = &inspection.command {
        line("command", command_line(command));
    }
    if let Some(directory) = &inspection.directory {
        line("directory", printable(directory));
    }
    if let Some(started) = inspection.started_at_ms {
        line("started", capseal_host::clock::text(started));
    }
    if let Some(exit) = &inspection.exit {
        let after = exit.duration_ms.map(|duration| format!(" after {:.3} s", duration as f64 / 1000.0));
        let after = after.unwrap_or_default();
        match (exit.code, exit.signal) {
            (Some(code), _) => line("exit", format_args!("code {code}{after}")),
            (None, Some(signal)) => line("exit", format_args!("signal {signal}{after}")),
            (None, None) => {}
        }
    }
    if let Some(capture) = &inspection.capture {
        line("capture", printable(capture));
    }
    if let Some(notes) = &inspection.notes {
        line("notes", if notes.is_empty() { "none".to_owned() } else { notes.join(", ") });
    }
    files("code", &inspection.claim.code);
    files("inputs", &inspection.claim.inputs);
    files("config", &inspection.claim.config);
    files("outputs", &inspection.claim.outputs);
    for variable in &inspection.claim.environment {
        let value = variable.value.as_deref().map_or_else(|| "(not set)".to_owned(), printable);
        line("environment", format_args!("{}={value}", printable(&variable.name)));
    }
    if let Some(proof) = &inspection.proof {
        line("proof", format_args!("{} ({}), {}", proof.system, proof.parameter_set, Size(proof.size)));
        for input in &inspection.public_inputs {
            let value = serde_json::to_value(input.value).unwrap_or_default();
            line("public", format_args!("{} = {}", printable(&input.name), value.as_str().unwrap_or_default()));
        }
    }
    let archive = &inspection.archive;
    let artifacts = Counted(archive.artifacts.len() as u64, "artifact");
    line("archive", format_args!("{}, {}, {artifacts}", archive.mode, Size(archive.size)));
    if let Some(policy) = &inspection.policy {
        let (id, version, track) = (printable(&policy.policy_id), &policy.policy_version, &policy.track_id);
        let (version, track) = (printable(version), printable(track));
        line("policy", format_args!("{id} {version}, track {track}  {FAINT}{}{FAINT:#}", policy.policy_hash));
    }
    for signature in &inspection.signatures {
        let (purpose, key) = (signature.purpose.name(), signature.key_id);
        line("signature", format_args!("{purpose}  {FAINT}{key}{FAINT:#}  whom to trust was not asked"));
    }
    for manifest in &inspection.manifests {
        line("manifest", format_args!("{}  {FAINT}{}{FAINT:#}", printable(&manifest.name), manifest.digest));
    }
    if !inspection.events.is_empty() {
        line("events", inspection.events.len());
    }
    if events {
        for event in &inspection.events {
            println!("    {}", printable(&serde_json::to_string(event).unwrap_or_default()));
        }
    }
    println!("\n{TITLE}This receipt does not show{TITLE:#}");
    for caveat in &inspection.not_proven {
        println!("  {FAINT}·{FAINT:#} {}", printable(caveat));
    }
}

fn line(name: &str, value: impl std::fmt::Display) {
    println!("  {TITLE}{name:<12}{TITLE:#} {value}");
}

/// More files than a screen holds are counted, not listed; `--json` has them all.
const LISTED: usize = 12;

fn files(name: &str, files: &[FileRef]) {
    for file in files.iter().take(LISTED) {
        let digest = file.digest.to_string();
        line(name, format_args!("{}  {FAINT}{}… {}{FAINT:#}", printable(&file.path), &digest[..12], Size(file.size)));
    }
    if let Some(more) = files.len().checked_sub(LISTED).filter(|more| *more > 0) {
        line(name, format_args!("{FAINT}and {more} more (--json lists them){FAINT:#}"));
    }
}

/// Entry names are relative, lower-case and free of `..` by the container's grammar.
fn extract(bytes: &[u8], folder: &Path) -> Result<(), Failure> {
    let container = Container::parse(bytes, &Limits::DEFAULT)?;
    fs::create_dir(folder).map_err(|error| Failure::new(format_args!("{}: {error}", folder.display())))?;
    for entry in container.entries() {
        let path = folder.join(entry.name.as_str());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, entry.content).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?;
    }
    Ok(())
}
