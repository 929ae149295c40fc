//! `capseal cap issue`, `delegate`, `revoke`.

use std::{fs, io, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use verifier_core::{
    Digest,
    capability::{
        CapabilityId, MAX_REVOCATION_BYTES, Permission, Permissions, Resource, Revocation, RevocationId,
        RevocationList, from_base64, to_base64,
    },
    pcap::obligation::Level,
};

use super::{
    super::{
        output::{Failure, GOOD, eprintln_line},
        registry::{now, time},
        sealing::Secret,
    },
    bundle, explained, level, permission, put, read_token, resource,
};
use crate::streams::println;
use capseal_host::{
    cause::Cause,
    whole_file::{self, Existing},
};
use capseal_trust::{
    capability::{self, Terms},
    trust_file::moment_text,
};

/// What a link grants.
#[derive(Args, Debug)]
struct Grant {
    /// The key to issue the token to: 66 hexadecimal digits, a PEM file, or the name of a key in the store.
    #[arg(long, value_name = "KEY")]
    to: String,
    /// The permissions to grant, separated by commas: read, create, modify, verify.
    #[arg(long, value_name = "PERMISSIONS", value_delimiter = ',', value_parser = permission)]
    permit: Vec<Permission>,
    /// The resource to grant access to: bundle/HASH for one, bundle/HASH/* for everything below it; repeatable.
    #[arg(long, value_name = "RESOURCE", value_parser = resource)]
    resource: Vec<Resource>,
    /// Grant access to everything in this receipt's bundle.
    #[arg(long, value_name = "RECEIPT")]
    bundle: Vec<PathBuf>,
    /// The provider that accepts the token, by the name in its access file; any provider by default.
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// How long the token is valid, such as 90min or 30days; at most as long as the previous link.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration, conflicts_with = "until")]
    duration: Option<Duration>,
    /// The time at which the token expires, such as 2026-01-31T12:34:56Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<u64>,
    /// The time from which the token is valid.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<u64>,
    /// How many times the token may be passed on, 0 to 7; a new token may not be by default.
    #[arg(long, value_name = "LINKS")]
    depth: Option<u64>,
    /// The lowest level at which the provider must log requests: S0, S1, S2.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    min_level: Option<Level>,
    /// The largest content that a request may transfer.
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Write the token to a file instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Grant {
    fn terms(&self, secret: &Secret) -> Result<Terms, Failure> {
        let mut resources = self.resource.clone();
        for receipt in &self.bundle {
            resources.push(bundle(receipt)?);
        }
        let until = self.duration.map(|time| now().saturating_add(millis(time))).or(self.until);
        Ok(Terms {
            subject: secret.public(&self.to)?,
            permissions: Permissions::of(&self.permit),
            resources,
            audience: self.audience.clone(),
            expires: until.map(|until| until / 1000),
            not_before: self.from.map(|from| from / 1000),
            depth: self.depth,
            min_level: self.min_level,
            max_bytes: self.max_bytes,
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Issue a token. Providers that trust your key give its holder the access that it grants.
#[derive(Args, Debug)]
pub(super) struct Issue {
    /// The key that issues the token (`capseal keys list`).
    #[arg(long, value_name = "NAME")]
    key: String,
    #[command(flatten)]
    grant: Grant,
    #[command(flatten)]
    secret: Secret,
}

pub(super) fn issue(arguments: &Issue) -> Result<ExitCode, Failure> {
    let terms = arguments.grant.terms(&arguments.secret)?;
    if terms.permissions.is_none() || terms.resources.is_empty() || terms.expires.is_none() {
        let next = "name what is granted with --permit, --resource or --bundle, and --for or --until";
        return Err(Failure::explained_by("a token needs permissions, resources and an end", next));
    }
    let key = arguments.secret.open(&arguments.key)?;
    let token = capability::issue(&key, &terms).map_err(explained)?;
    put(arguments.grant.out.as_ref(), &token.to_text())?;
    Ok(ExitCode::SUCCESS)
}

/// Delegate a token: add a link for another key, with the same permissions or fewer.
///
/// Values that are not given are those of the previous link.
#[derive(Args, Debug)]
pub(super) struct Delegate {
    /// The token; - reads standard input.
    token: PathBuf,
    /// The key that the token was issued to.
    #[arg(long, value_name = "NAME")]
    key: String,
    #[command(flatten)]
    grant: Grant,
    #[command(flatten)]
    secret: Secret,
}

pub(super) fn delegate(arguments: &Delegate) -> Result<ExitCode, Failure> {
    let token = read_token(&arguments.token)?;
    let terms = arguments.grant.terms(&arguments.secret)?;
    let key = arguments.secret.open(&arguments.key)?;
    let token = capability::delegate(&token, &key, &terms).map_err(explained)?;
    put(arguments.grant.out.as_ref(), &token.to_text())?;
    Ok(ExitCode::SUCCESS)
}

/// Revoke links: write the next revocation list of a key.
///
/// The issuer of a link, or of an earlier one, may revoke it; all links after it are revoked too. Give the list to each provider; a
/// provider refuses a list that is older than the one it has.
#[derive(Args, Debug)]
pub(super) struct Revoke {
    /// Token files, whose last link is revoked, or ids: 32 hexadecimal digits of a capability, 64 of a link. Without any, the list is renewed.
    what: Vec<String>,
    /// Revoke this link of the token files instead of the last one, counted from 0.
    #[arg(long, value_name = "NUMBER")]
    link: Option<usize>,
    /// The key that issued the link or an earlier one.
    #[arg(long, value_name = "NAME")]
    key: String,
    /// The list to replace by its successor; created if missing.
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// The reason, for human readers.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// How long the list is valid; issue a newer one before then.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "7days")]
    duration: Duration,
    #[command(flatten)]
    secret: Secret,
}

pub(super) fn revoke(arguments: &Revoke) -> Result<ExitCode, Failure> {
    let now = now();
    let ids = arguments.what.iter().map(|what| revoked(what, arguments.link)).collect::<Result<Vec<_>, _>>()?;
    let entry = |id| Revocation { id, revoked_at: now, reason: arguments.reason.clone() };
    let before = match fs::read_to_string(&arguments.list) {
        Ok(text) => Some(list(&text, &arguments.list)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::new(format_args!("{}: {}", arguments.list.display(), Cause(&error)))),
    };
    let key = arguments.secret.open(&arguments.key)?;
    let until = now.saturating_add(millis(arguments.duration));
    let entries = ids.into_iter().map(entry).collect();
    let bytes = capability::revoke(&key, before.as_ref(), entries, now, until).map_err(explained)?;
    whole_file::write(&arguments.list, Existing::Replace, format!("{}\n", to_base64(&bytes)).as_bytes())?;
    let list = RevocationList::read(&bytes).map_err(Failure::from)?;
    let (seq, count) = (list.list().seq, list.list().entries.len());
    println!("{GOOD}✓{GOOD:#} {} is list {seq}, of {count} revoked", arguments.list.display());
    println!("  in use until {}", moment_text(until));
    if before.is_some_and(|before| before.list().entries.len() == count) && !arguments.what.is_empty() {
        eprintln_line("  everything named was revoked before");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is revoked, as its user names it.
fn revoked(what: &str, link: Option<usize>) -> Result<RevocationId, Failure> {
    if let Some(digest) = Digest::from_hex(what) {
        return Ok(RevocationId::Link(digest));
    }
    // 32 digits, twice, are a digest's text.
    if let Some(twice) = Digest::from_hex(&what.repeat(2)) {
        let half = twice.as_bytes().first_chunk().copied().unwrap_or_default();
        return Ok(RevocationId::Capability(CapabilityId::new(half)));
    }
    let token = read_token(what.as_ref())?;
    let at = link.unwrap_or(token.links().len() - 1);
    let link = token.links().get(at).ok_or_else(|| {
        Failure::new(format_args!("{what} has {} links, and none is number {at}", token.links().len()))
    })?;
    Ok(RevocationId::Capability(link.link.id))
}

/// A list's text.
pub(super) fn list(text: &str, path: &std::path::Path) -> Result<RevocationList, Failure> {
    let bytes = from_base64(text.trim_ascii(), MAX_REVOCATION_BYTES).unwrap_or_default();
    RevocationList::read(&bytes).map_err(|denial| {
        Failure::explained_by(format_args!("{}: {denial}", path.display()), "capseal cap revoke writes such lists")
    })
}
