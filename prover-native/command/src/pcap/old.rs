//! Logs of version 1 on the command line.

use std::{io, path::Path, process::ExitCode};

use serde_json::json;
use verifier_core::{
    ReasonCode,
    pcap::v1::{Answer, Merkle, Report, check, json::Dialect},
};

use super::super::output::{BAD, FAINT, Failure, GOOD, printable};
use crate::streams::{eprintln, println};
use capseal_host::cause::Cause;

/// What version 1 cannot show, whatever the answer is.
const NOT_SHOWN: &str = "version 1 cannot show that nothing was cut off the end, nor who wrote it";

/// What is asked of a log of version 1.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) compat: bool,
    pub(super) json: bool,
    pub(super) dialect: Option<Dialect>,
    pub(super) expect_root: Option<&'a str>,
    pub(super) expect_count: Option<u64>,
}

/// Whether a file is a log of version 1: whatever is not one of version 2 by its first line.
pub(super) fn is_old(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = serde_json::from_slice::<serde_json::Value>(first).unwrap_or_default();
    header.get("v").is_none() || header.get("prev").is_none()
}

/// Reads a log; one that is missing is empty to the original.
pub(super) fn read(path: &Path, compat: bool) -> Result<Vec<u8>, Failure> {
    match std::fs::read(path) {
        Err(error) if compat && error.kind() == io::ErrorKind::NotFound => {
            eprintln!("{FAINT}{} is missing: the original takes it for an empty log{FAINT:#}", path.display());
            Ok(Vec::new())
        }
        read => read.map_err(|error| Failure::new(format_args!("cannot read {}: {}", path.display(), Cause(&error)))),
    }
}

pub(super) fn verify(bytes: &[u8], asked: &Asked<'_>) -> ExitCode {
    let report = check(bytes);
    let answer = answer(&report, asked.dialect);
    if asked.compat && !asked.json {
        match answer {
            Answer::Ok => println!("Verify OK"),
            answer => println!("Verify failed: {}", answer.name()),
        }
        return ExitCode::from(u8::from(answer != Answer::Ok));
    }
    let reason = refusal(&report, answer, asked);
    let accepted = if asked.compat { answer == Answer::Ok } else { reason.is_none() };
    let exit = match reason {
        _ if asked.compat => u8::from(!accepted),
        Some(reason) => reason.exit_code().number(),
        None => 0,
    };
    if asked.json {
        println!("{}", view(&report, answer, accepted, reason.filter(|_| !asked.compat), exit));
    } else {
        print(&report, answer, reason, asked);
    }
    ExitCode::from(exit)
}

fn answer(report: &Report, dialect: Option<Dialect>) -> Answer {
    let place = Dialect::ALL.iter().position(|known| Some(*known) == dialect);
    place.and_then(|place| report.by_dialect.get(place)).copied().unwrap_or(report.answer)
}

fn refusal(report: &Report, answer: Answer, asked: &Asked<'_>) -> Option<ReasonCode> {
    let root = match &report.merkle {
        Merkle::Root(root) => Some(root.as_str()),
        Merkle::Empty | Merkle::Malformed => None,
    };
    let pinned = asked.expect_root.is_none_or(|expected| root == Some(expected))
        && asked.expect_count.is_none_or(|expected| report.actions == expected);
    if answer != Answer::Ok || !report.findings.is_empty() {
        Some(ReasonCode::EventLogMismatch)
    } else if pinned {
        None
    } else {
        Some(ReasonCode::CheckpointMismatch)
    }
}

fn view(report: &Report, answer: Answer, accepted: bool, reason: Option<ReasonCode>, exit: u8) -> String {
    let findings: Vec<_> =
        report.findings.iter().map(|found| json!({ "line": found.line, "kind": found.kind.name() })).collect();
    let merkle = match &report.merkle {
        Merkle::Root(root) => Some(root.as_str()),
        Merkle::Empty | Merkle::Malformed => None,
    };
    let view = json!({
        "schema": "capseal/log-report-v1/v1", "accepted": accepted, "answer": answer.name(), "line": report.line,
        "dialect": report.dialect.name(), "merkle": merkle, "actions": report.actions, "findings": findings,
        "more_findings": report.more_findings, "reason": reason, "verifier_exit_status": exit, "not_shown": [NOT_SHOWN],
    });
    view.to_string()
}

fn print(report: &Report, answer: Answer, reason: Option<ReasonCode>, asked: &Asked<'_>) {
    match reason {
        None => println!("{GOOD}✓{GOOD:#} version 1, {} actions, {} floats", report.actions, report.dialect.name()),
        Some(reason) => {
            println!("{BAD}✗{BAD:#} {}", reason.name());
            println!("  the original answers {}{}", answer.name(), at(report.line));
        }
    }
    for finding in &report.findings {
        println!("  {BAD}·{BAD:#} {}", printable(&finding.to_string()));
    }
    if report.more_findings > 0 {
        println!("  and {} more", report.more_findings);
    }
    if reason == Some(ReasonCode::CheckpointMismatch) {
        println!("  the log has {} actions and is not the one expected", report.actions);
    }
    if asked.expect_root.is_none() {
        println!("  {FAINT}· {NOT_SHOWN}{FAINT:#}");
    }
}

fn at(line: u64) -> String {
    if line == 0 { String::new() } else { format!(" at line {line}") }
}

/// The root as the original prints it: nothing for a log without actions.
pub(super) fn merkle(bytes: &[u8], asked: &Asked<'_>) -> Result<ExitCode, Failure> {
    let report = check(bytes);
    if !asked.compat && !report.is_accepted() {
        eprintln!("{BAD}✗{BAD:#} {}", ReasonCode::EventLogMismatch.name());
        report.findings.iter().for_each(|finding| eprintln!("  · {}", printable(&finding.to_string())));
        eprintln!("  the original answers {}{}", report.answer.name(), at(report.line));
        return Ok(ExitCode::from(ReasonCode::EventLogMismatch.exit_code().number()));
    }
    match report.merkle {
        Merkle::Root(root) => println!("{}", printable(&root)),
        Merkle::Empty => println!(),
        Merkle::Malformed => return Err(Failure::new("a line cannot be read, or an action has no hash")),
    }
    Ok(ExitCode::SUCCESS)
}
