//! `capseal cap verify`, `debug`.

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Args;
use verifier_core::{
    ReasonCode,
    capability::{
        Decision, MAX_REVOCATION_BYTES, Options, Outcome, Permission, Request, Resource, RevocationList, Rule, Token,
        from_base64, judge,
    },
    pcap::{obligation::Level, second_text},
    sentence::Counted,
};

use super::{
    super::{
        output::{BAD, FAINT, Failure, GOOD, TITLE, printable},
        registry::{now, time},
        sealing::Secret,
    },
    level, permission, resource, show, token_text,
};
use crate::streams::println;
use capseal_host::cause::Cause;

/// What a token is judged by.
#[derive(Args, Debug)]
struct Judged {
    /// The token; - reads standard input.
    token: PathBuf,
    /// An issuer that is trusted: a key of 66 hexadecimal digits, a PEM file, or the name of a key of the store; repeatable.
    #[arg(long, value_name = "KEY")]
    root: Vec<String>,
    /// A revocation list; repeatable.
    #[arg(long, value_name = "FILE")]
    revocations: Vec<PathBuf>,
    /// The lowest number that a list may have: the number of the newest list that you have seen.
    #[arg(long, value_name = "NUMBER", requires = "revocations")]
    min_seq: Option<u64>,
    /// Allow reading and verifying with expired lists; creating and modifying are never allowed with them.
    #[arg(long)]
    stale_reads: bool,
    /// Check the token for a request of this permission: read, create, modify, verify.
    #[arg(long, value_name = "PERMISSION", value_parser = permission, requires_all = ["resource", "audience"])]
    permission: Option<Permission>,
    /// The resource of the request.
    #[arg(long, value_name = "RESOURCE", value_parser = resource, requires = "permission")]
    resource: Option<Resource>,
    /// The provider of the request.
    #[arg(long, value_name = "NAME", requires = "permission")]
    audience: Option<String>,
    /// The level at which the request is logged.
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "S1")]
    level: Level,
    /// The size of the request's content, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    bytes: u64,
    /// The time of the check, such as 2026-01-31T12:34:56Z; now by default.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<u64>,
    /// Print the decision as one line of JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    secret: Secret,
}

impl Judged {
    fn decide(&self) -> Result<(String, Decision), Failure> {
        let text = token_text(&self.token)?;
        let mut options = Options::at(self.at.unwrap_or_else(now));
        options.roots = self.root.iter().map(|root| self.secret.public(root)).collect::<Result<_, _>>()?;
        // Without a list nothing is known, and the decision says so.
        options.stale_reads = self.stale_reads || self.revocations.is_empty();
        for path in &self.revocations {
            let list = fs::read_to_string(path)
                .map_err(|error| Failure::new(format_args!("{}: {}", path.display(), Cause(&error))))?;
            let bytes = from_base64(list.trim_ascii(), MAX_REVOCATION_BYTES).unwrap_or_default();
            let list = RevocationList::read(&bytes);
            options.seen.extend(list.iter().zip(self.min_seq).map(|(list, seq)| (list.list().issuer, seq)));
            options.revocations.push(list);
        }
        if let (Some(permission), Some(resource), Some(audience)) = (self.permission, &self.resource, &self.audience) {
            if resource.is_pattern() {
                let next = "name one resource: what is asked for, not what is granted";
                return Err(Failure::explained_by(format_args!("{resource} stands for many"), next));
            }
            let (resource, audience) = (resource.clone(), audience.clone());
            options.request = Some(Request { audience, permission, resource, level: self.level, bytes: self.bytes });
        }
        let decision = judge(&text, &options, &mut |_, _| false);
        Ok((text, decision))
    }
}

/// Check a token: signatures, the narrowing of links, validity times and revocation.
///
/// With --permission, --resource and --audience, also check that it allows that request. Exit status: 0 the token holds, 11 a rule
/// fails, 20 not a token.
#[derive(Args, Debug)]
pub(super) struct Verify {
    #[command(flatten)]
    judged: Judged,
}

pub(super) fn verify(Verify { judged }: &Verify) -> Result<ExitCode, Failure> {
    let (_, decision) = judged.decide()?;
    if judged.json {
        println!("{}", decision.to_json());
        return Ok(ExitCode::from(decision.verifier_exit_status));
    }
    headline(&decision);
    if decision.reason == Some(ReasonCode::CapabilityRootUntrusted) && judged.root.is_empty() {
        println!("  {FAINT}nobody is trusted by default: name issuers with --root{FAINT:#}");
    }
    for list in &decision.revocations {
        let age = if list.fresh { "in use" } else { "out of use" };
        println!(
            "  revocation as of list {} of {}, {} ({age})",
            list.seq,
            list.issuer,
            second_text(list.issued_at / 1000)
        );
    }
    for line in &decision.not_shown {
        println!("  {FAINT}· not shown: {line}{FAINT:#}");
    }
    Ok(ExitCode::from(decision.verifier_exit_status))
}

fn headline(decision: &Decision) {
    match (decision.outcome, decision.reason, decision.rule) {
        (Outcome::Denied, Some(reason), Some(rule)) => {
            let link = decision.link.map_or(String::new(), |link| format!(", link {link}"));
            println!("{BAD}✗ DENIED{BAD:#}  {}  {FAINT}rule {rule}{link}{FAINT:#}", reason.name());
            println!("  {}", decision.detail.as_deref().map(printable).unwrap_or_default());
        }
        (Outcome::Allowed, ..) => {
            println!("{GOOD}✓ ALLOWED{GOOD:#}  by {}", Counted(decision.links.len() as u64, "link"))
        }
        _ => println!("{GOOD}✓ VALID{GOOD:#}  {}", Counted(decision.links.len() as u64, "link")),
    }
}

/// Explain why a token is refused: list the rules in order, the one that fails, and the content of each link.
///
/// Takes the same options as verify.
#[derive(Args, Debug)]
pub(super) struct Debug {
    #[command(flatten)]
    judged: Judged,
}

pub(super) fn debug(Debug { judged }: &Debug) -> Result<ExitCode, Failure> {
    let (text, decision) = judged.decide()?;
    if judged.json {
        println!("{}", decision.to_json());
        return Ok(ExitCode::from(decision.verifier_exit_status));
    }
    headline(&decision);
    // Links are judged one after the other: what follows the one that fails was not looked at.
    println!(
        "\n  {FAINT}how a token fails, in order, and whether this one does; links are judged one after the other{FAINT:#}"
    );
    let failed = Rule::ALL.iter().position(|rule| decision.rule == Some(rule.name()));
    for (place, rule) in Rule::ALL.iter().enumerate() {
        let (code, name) = (rule.code().number(), rule.name());
        if !asked(*rule, judged.permission.is_some()) {
            println!("  {FAINT}- E{code:03} {name}: not asked{FAINT:#}");
            continue;
        }
        match failed {
            Some(failed) if place > failed => println!("  {FAINT}- E{code:03} {name}: not reached{FAINT:#}"),
            Some(failed) if place == failed => println!("  {BAD}✗ E{code:03} {name}{BAD:#}: {}", rule.code().meaning()),
            _ => println!("  {GOOD}✓{GOOD:#} E{code:03} {name}: does not apply"),
        }
    }
    if let Ok(token) = Token::from_text(&text) {
        for (index, link) in token.links().iter().enumerate() {
            show::print(index, link);
            if decision.link == Some(index) {
                println!("  {BAD}{TITLE}this link breaks the rule{TITLE:#}{BAD:#}");
            }
        }
    }
    Ok(ExitCode::from(decision.verifier_exit_status))
}

/// Rules about a request are judged when one is named; proofs of possession are for a provider to judge.
fn asked(rule: Rule, with_request: bool) -> bool {
    match rule {
        Rule::PossessionMissing
        | Rule::PossessionInvalid
        | Rule::PossessionMismatch
        | Rule::PossessionStale
        | Rule::PossessionReplayed => false,
        Rule::AudienceWrong
        | Rule::PermissionDenied
        | Rule::ResourceDenied
        | Rule::LevelTooLow
        | Rule::LimitExceeded => with_request,
        _ => true,
    }
}
