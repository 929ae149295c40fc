//! `capseal verify`.

use std::{path::PathBuf, process::ExitCode};

use anstyle::Style;
use clap::Args;
use verifier_core::{
    Conclusion, Digest, Level, Outcome, RunReport, Status, Verdict, VerifyOptions, policy::Inclusion, verify,
};

use super::audit::Sampling;
use super::{
    output::{BAD, FAINT, Failure, GOOD, TITLE, WARNING, printable, read, read_receipt},
    policy::print_answers,
    registry::{digest, now, read_trust, time},
};
#[cfg(feature = "network")]
use crate::streams::println;

/// Check receipts.
///
/// Says what was run and how it ended, lists every check with its outcome, those that were not asked for included, and what an accepted
/// receipt does not show.
///
/// Exit status, of the first receipt that is refused: 0 all accepted at the level asked for, 10 proof, 11 policy or level, 12 commitment or
/// binding, 13 availability, 20 not a receipt; 1 when a file cannot be read, 2 for wrong usage. A program that failed gives no status of its
/// own: ask for --require-exit 0.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Receipts; `-` reads one from standard input.
    #[arg(required = true, value_name = "RECEIPT")]
    receipts: Vec<PathBuf>,
    /// How far to check: proof-only, policy-enforced, full.
    #[arg(long, default_value = "proof-only", value_parser = level)]
    level: Level,
    /// Identity that the receipt must have: pins a receipt that nobody signed.
    #[arg(long, value_name = "CAPSULE_HASH", value_parser = digest)]
    expect: Option<Digest>,
    /// The trust file (`capseal registry`); required for every level above proof-only.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The policy document that must apply, instead of the one that the receipt brings along.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Shows that the policy is in the registry that the trust file pins (`capseal policy registry prove`).
    #[arg(long, value_name = "FILE")]
    policy_inclusion: Option<PathBuf>,
    /// The time to judge keys and ages at, such as 2026-01-31T12:34:56Z; now by default.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<u64>,
    /// The least status to accept, such as POLICY_ENFORCED.
    #[arg(long, value_name = "STATUS", value_parser = status)]
    require_status: Option<Status>,
    /// The exit code that the program must have ended with: 0 refuses a run that failed.
    #[arg(long, value_name = "CODE")]
    require_exit: Option<u64>,
    #[cfg(feature = "network")]
    #[command(flatten)]
    sampling: Sampling,
    /// Print each verdict as one line of JSON.
    #[arg(long)]
    json: bool,
}

fn level(name: &str) -> Result<Level, String> {
    Level::from_name(name).ok_or_else(|| "not one of proof-only, policy-enforced, full".to_owned())
}

fn status(name: &str) -> Result<Status, String> {
    let known = Status::from_name(name).filter(|status| *status != Status::Rejected);
    known.ok_or_else(|| "not one of PROOF_ONLY, POLICY_SELF_REPORTED, POLICY_ENFORCED, FULLY_VERIFIED".to_owned())
}

fn options(arguments: &Arguments) -> Result<VerifyOptions, Failure> {
    let text = |path: &PathBuf| -> Result<String, Failure> {
        String::from_utf8(read(path)?).map_err(|_| Failure::new(format_args!("{} is no text", path.display())))
    };
    let inclusion = arguments.policy_inclusion.as_ref().map(|path| -> Result<Inclusion, Failure> {
        Inclusion::from_json(&text(path)?).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
    });
    Ok(VerifyOptions {
        level: arguments.level,
        expected_capsule_hash: arguments.expect,
        trust: arguments.trust.as_deref().map(read_trust).transpose()?,
        policy: arguments.policy.as_ref().map(text).transpose()?,
        policy_inclusion: inclusion.transpose()?,
        at: Some(arguments.at.unwrap_or_else(now)),
        require_status: arguments.require_status,
        require_exit: arguments.require_exit,
        ..VerifyOptions::default()
    })
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let options = options(arguments)?;
    let mut exit = 0;
    for (place, receipt) in arguments.receipts.iter().enumerate() {
        let bytes = read_receipt(receipt)?;
        let verdict = verify(&bytes, &options);
        #[cfg(feature = "network")]
        let verdict = sampled(&bytes, verdict, &options, &arguments.sampling)?;
        if arguments.json {
            println!("{}", verdict.to_json());
        } else {
            if place > 0 {
                println!();
            }
            println!("{TITLE}{}{TITLE:#}", receipt.display());
            print(&verdict);
        }
        // The first refusal decides, so that one bad receipt among many is never hidden.
        exit = if exit == 0 { verdict.verifier_exit_status } else { exit };
    }
    Ok(ExitCode::from(exit))
}

/// The verdict again with rows that the provider sent, where they were asked for and change something.
#[cfg(feature = "network")]
fn sampled(bytes: &[u8], verdict: Verdict, options: &VerifyOptions, sampling: &Sampling) -> Result<Verdict, Failure> {
    if !sampling.is_asked() || !wants_samples(&verdict) {
        return Ok(verdict);
    }
    let credentials = sampling.credentials()?;
    let samples = Some(sampling.sample(bytes, credentials.as_ref())?.samples);
    Ok(verify(bytes, &VerifyOptions { samples, ..options.clone() }))
}

/// Nobody is asked for rows of a receipt that is refused anyway, or that carries its whole archive.
#[cfg(feature = "network")]
fn wants_samples(verdict: &Verdict) -> bool {
    let last = verdict.checks.last();
    verdict.availability.is_none() && (verdict.is_accepted() || last.is_some_and(|check| check.code.is_some()))
}

/// Prints a verdict for people.
pub(super) fn print(verdict: &Verdict) {
    print_headline(verdict);
    if let Some(run) = &verdict.run {
        println!();
        print_run(run);
    }
    println!();
    for check in &verdict.checks {
        let (style, mark) = match check.outcome {
            Outcome::Passed => (GOOD, "✓"),
            Outcome::Failed => (BAD, "✗"),
            Outcome::Skipped => (FAINT, "–"),
        };
        println!("  {style}{mark}{style:#} {:<13}{}", check.id.name(), printable(&check.detail));
    }
    if let Some(policy) = &verdict.policy {
        println!("\n  {TITLE}{}, track {}{TITLE:#}", printable(&policy.policy_id), printable(&policy.track_id));
        print_answers(&policy.rules);
    }
    if !verdict.not_proven.is_empty() {
        println!("\n  {TITLE}This receipt does not show{TITLE:#}");
        for caveat in &verdict.not_proven {
            println!("  {FAINT}·{FAINT:#} {}", printable(caveat));
        }
    }
}

/// The conclusion in a word and in sentences.
pub(super) fn print_headline(verdict: &Verdict) {
    let (style, mark) = match verdict.conclusion {
        Conclusion::Proven | Conclusion::Demonstration | Conclusion::Witnessed => (GOOD, "✓"),
        Conclusion::Failed => (WARNING, "!"),
        Conclusion::Refused => (BAD, "✗"),
    };
    let word = verdict.conclusion.name();
    match verdict.reason {
        Some(reason) => println!("{style}{mark} {word}{style:#}  {}\n  {}", reason.name(), verdict.headline),
        None => println!("{style}{mark} {word}{style:#}  {}", printable(&verdict.headline)),
    }
}

/// What was run, how it ended, what it wrote, and what its capture missed.
fn print_run(run: &RunReport) {
    let line = |name: &str, value: &str| println!("  {TITLE}{name:<13}{TITLE:#}  {value}");
    if let Some(command) = &run.command {
        line("command", &command_line(command));
    }
    if let Some(program) = run.program {
        line("program", &format!("image {program}"));
    }
    let style = if run.failed { WARNING } else { Style::new() };
    if let Some(code) = run.exit_code {
        line("exit code", &format!("{style}{code}{style:#}"));
    }
    if let Some(signal) = run.signal {
        line("signal", &format!("{style}{signal}{style:#}"));
    }
    line("outputs", &outputs(run));
    if let Some(notes) = run.notes.as_ref().filter(|notes| !notes.is_empty()) {
        line("notes", &notes.join(", "));
    }
}

/// Outputs by name; those that a line does not hold are counted.
fn outputs(run: &RunReport) -> String {
    const NAMED: usize = 6;
    let mut names: Vec<String> = run.outputs.iter().take(NAMED).map(|file| printable(&file.path)).collect();
    match run.outputs_total.saturating_sub(names.len() as u64) {
        0 if names.is_empty() => names.push("none".to_owned()),
        0 => {}
        more => names.push(format!("and {more} more")),
    }
    names.join(", ")
}

/// A command as it would be typed; an argument with other characters than usual shows where it begins and ends.
pub(super) fn command_line(command: &[String]) -> String {
    const SHOWN: usize = 300;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let word = |word: &String| match word.is_empty() || !word.chars().all(plain) {
        true => serde_json::Value::from(word.as_str()).to_string(),
        false => word.clone(),
    };
    let line = command.iter().map(word).collect::<Vec<_>>().join(" ");
    let line = printable(&line);
    if line.chars().count() <= SHOWN { line } else { line.chars().take(SHOWN).chain(['…']).collect() }
}
