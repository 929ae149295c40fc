//! `capseal cap show`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use verifier_core::{
    capability::{LinkView, SignedLink},
    pcap::second_text,
};

use super::{
    super::output::{FAINT, Failure, TITLE, printable},
    read_token,
};
use crate::streams::println;

/// Show the content of a token, link by link, without verifying it.
#[derive(Args, Debug)]
pub(super) struct Show {
    /// The token; - reads standard input.
    token: PathBuf,
    /// Print a JSON array with an object for each link: capability_id, subject, permissions, resource, expires, signature.
    #[arg(long)]
    json: bool,
}

pub(super) fn show(arguments: &Show) -> Result<ExitCode, Failure> {
    let token = read_token(&arguments.token)?;
    if arguments.json {
        let views: Vec<LinkView> = token.links().iter().map(LinkView::from).collect();
        println!("{}", serde_json::to_string(&views)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("token {}  {FAINT}{} bytes, unverified{FAINT:#}", token.digest(), token.as_bytes().len());
    for (index, link) in token.links().iter().enumerate() {
        print(index, link);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a link says, a line each.
pub(super) fn print(index: usize, signed: &SignedLink) {
    let link = &signed.link;
    println!("\n{TITLE}link {index}{TITLE:#}  {}", link.id);
    println!("  from       {}", link.issuer);
    println!("  to         {}", link.subject);
    println!("  may        {}", link.grant.permissions);
    for resource in &link.grant.resources {
        println!("  with       {resource}");
    }
    println!("  at         {}", link.audience.as_deref().map_or("any provider".into(), printable));
    let from = link.not_before.map_or_else(String::new, |from| format!("{} ", second_text(from)));
    println!("  valid      {from}until {}", second_text(link.expires));
    println!("  passed on  {} times more", link.grant.depth);
    if let Some(level) = link.grant.min_level {
        println!("  logged at  {} or above", level.name());
    }
    if let Some(bytes) = link.grant.max_bytes {
        println!("  of at most {bytes} bytes");
    }
    println!("  {FAINT}digest     {}{FAINT:#}", signed.digest);
}
