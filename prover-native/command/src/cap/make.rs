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
    /// To whom: a public key of 66 hexadecimal digits, a PEM file, or the name of a key of the store.
    #[arg(long, value_name = "KEY")]
    to: String,
    /// What may be done: read, create, modify, verify, with commas between.
    #[arg(long, value_name = "PERMISSIONS", value_delimiter = ',', value_parser = permission)]
    permit: Vec<Permission>,
    /// With what: bundle/HASH for one thing, bundle/HASH/* for everything below it; again for each further one.
    #[arg(long, value_name = "RESOURCE", value_parser = resource)]
    resource: Vec<Resource>,
    /// With everything of this receipt's bundle.
    #[arg(long, value_name = "RECEIPT")]
    bundle: Vec<PathBuf>,
    /// At which provider it is good, by the name that its access file states; at any when not named.
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// For how long, such as 90min, 30days; at most as long as the link before.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration, conflicts_with = "until")]
    duration: Option<Duration>,
    /// First moment at which it is not valid any more, such as 2026-01-31T12:34:56Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<u64>,
    /// First moment at which it is valid.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<u64>,
    /// How many times it may be passed on, 0 to 7. A new token may not be, unless this says so.
    #[arg(long, value_name = "LINKS")]
    depth: Option<u64>,
    /// The lowest level at which the provider has to log what is done: S0, S1, S2.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    min_level: Option<Level>,
    /// The largest content that it may be done with.
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Write the token to a file, instead of printing it.
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

/// Issue a token. Whoever trusts your key lets its holder do what it grants.
#[derive(Args, Debug)]
pub(super) struct Issue {
    /// The key that issues it (capseal keys list).
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

/// Pass a token on: add a link for somebody else, that allows the same or less.
///
/// What is not named is as in the link before.
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
/// Who issued a link, or one before it, may revoke it, and with it every link that follows. Providers have to be given the list; one that was
/// given a newer list refuses an older one.
#[derive(Args, Debug)]
pub(super) struct Revoke {
    /// Token files whose last link is revoked, or ids: 32 hexadecimal digits of a capability, 64 of a link. None signs the list anew.
    what: Vec<String>,
    /// Of token files, revoke this link instead of the last; counted from 0.
    #[arg(long, value_name = "NUMBER")]
    link: Option<usize>,
    /// The key that issued the link, or one before it.
    #[arg(long, value_name = "NAME")]
    key: String,
    /// The list, which is replaced by its successor; made when it is missing.
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// Why, for people.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// For how long the list is in use: until then there should be a newer one.
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
