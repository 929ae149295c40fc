//! `capseal verify`.

use std::{path::PathBuf, process::ExitCode};

use anstream::println;
use clap::Args;
use verifier_core::{
    ClaimClass, Digest, Level, Outcome, Status, Verdict, VerifyOptions, backend::Backend, policy::Inclusion, verify,
};

use super::{
    audit::Sampling,
    output::{BAD, FAINT, Failure, GOOD, TITLE, printable, read, read_receipt},
    policy::print_answers,
    registry::{digest, now, read_trust, time},
};

/// Check receipts.
///
/// Lists every check with its outcome, those that were not asked for included, and what an accepted receipt does not show.
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
    /// Whom to trust for what (`capseal registry`); no level above proof-only is reached without it.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The policy document that must apply, instead of the one that the receipt brings along.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Shows that the policy is in the registry that the trust file pins (`capseal policy registry prove`).
    #[arg(long, value_name = "FILE")]
    policy_inclusion: Option<PathBuf>,
    /// The time to judge keys and ages at, such as 2026-01-31T12:34:56Z; now when not named.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<u64>,
    /// The least status to accept, such as POLICY_ENFORCED.
    #[arg(long, value_name = "STATUS", value_parser = status)]
    require_status: Option<Status>,
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
        ..VerifyOptions::default()
    })
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let options = options(arguments)?;
    let mut exit = 0;
    for (place, receipt) in arguments.receipts.iter().enumerate() {
        let bytes = read_receipt(receipt)?;
        let mut verdict = verify(&bytes, &options);
        if arguments.sampling.is_asked() && wants_samples(&verdict) {
            let credentials = arguments.sampling.credentials()?;
            let samples = Some(arguments.sampling.sample(&bytes, credentials.as_ref())?.samples);
            verdict = verify(&bytes, &VerifyOptions { samples, ..options.clone() });
        }
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
        exit = if exit == 0 { verdict.exit_code } else { exit };
    }
    Ok(ExitCode::from(exit))
}

/// Nobody is asked for rows of a receipt that is refused anyway, or that carries its whole archive.
fn wants_samples(verdict: &Verdict) -> bool {
    let last = verdict.checks.last();
    verdict.availability.is_none() && (verdict.is_accepted() || last.is_some_and(|check| check.code.is_some()))
}

/// Prints a verdict for people.
pub(super) fn print(verdict: &Verdict) {
    let (style, mark) = if verdict.is_accepted() { (GOOD, "✓") } else { (BAD, "✗") };
    let status = serde_json::to_value(verdict.status).ok();
    let status = status.as_ref().and_then(|status| status.as_str()).unwrap_or_default();
    match (&verdict.reason, verdict.claim_class) {
        (Some(reason), _) => {
            println!("{style}{mark} {status}{style:#}  {}", reason.name());
            println!("  {}", reason.meaning());
        }
        (None, class) => {
            let log = verdict.backend.as_deref() == Some(Backend::LogV1.id());
            println!(
                "{style}{mark} {status}{style:#}  {}",
                class.map(|class| class_line(class, log)).unwrap_or_default()
            );
        }
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
            println!("  {FAINT}·{FAINT:#} {caveat}");
        }
    }
}

/// What stands behind the claim. A sealed log is witnessed too, and there is nothing to run again.
const fn class_line(class: ClaimClass, log: bool) -> &'static str {
    match class {
        ClaimClass::Witnessed if log => {
            "witnessed: the log, intact and closed; that it tells what happened is its writers' word"
        }
        ClaimClass::Proven => "proven: a STARK over the execution itself; nobody has to be trusted for it",
        ClaimClass::Witnessed => "witnessed: the maker's record, intact; run it again to check what it says",
    }
}
