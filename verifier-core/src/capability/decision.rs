//! The decision about a token, and the list of rules that leads to it.

use alloc::{string::String, vec::Vec};

use serde::{Serialize, Serializer};

use super::{Denial, LinkView, Options, Possession, Request, RevocationList, Rule, Token};
use crate::{
    digest::{Context, Digest},
    reason::ReasonCode,
    signature::PublicKey,
};

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for is allowed.
    Allowed,
    /// The token holds; nothing was asked for.
    Valid,
    /// A rule fails.
    Denied,
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Allowed => "allowed",
            Self::Valid => "valid",
            Self::Denied => "denied",
        })
    }
}

/// A list that was looked at, and whether it was in use at the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevocationState {
    /// Whose list.
    pub issuer: PublicKey,
    /// Its number.
    pub seq: u64,
    /// When it was issued; milliseconds since the Unix epoch.
    pub issued_at: u64,
    /// When there should be a newer one.
    pub next_update: u64,
    /// Whether it was fresh.
    pub fresh: bool,
}

/// The decision about a token: for one request, at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// `capseal/capability-decision/v1`.
    pub schema: &'static str,
    /// What comes of it.
    pub outcome: Outcome,
    /// The reason code of the rule that fails.
    pub reason: Option<ReasonCode>,
    /// Exit status of a command that answers so.
    pub verifier_exit_status: u8,
    /// What a server answers: 200, 401, 403.
    pub http_status: u16,
    /// The name of the rule that fails.
    pub rule: Option<&'static str>,
    /// The link that breaks it, counted from 0.
    pub link: Option<usize>,
    /// What was found.
    pub detail: Option<String>,
    /// Digest of the token, where it can be read.
    pub token: Option<Digest>,
    /// The token's links, unverified when it is denied.
    pub links: Vec<LinkView>,
    /// The lists that concern the token.
    pub revocations: Vec<RevocationState>,
    /// Whether a proof of possession was asked for, and holds.
    pub possession: bool,
    /// What is not shown by it.
    pub not_shown: Vec<&'static str>,
}

/// Judges a token's text. `replayed` is asked about a proof of possession that holds otherwise, and remembers it.
pub fn judge(token: &str, options: &Options, replayed: &mut dyn FnMut(&PublicKey, &Possession) -> bool) -> Decision {
    let token = match Token::from_text(token) {
        Ok(token) => token,
        Err(denial) => return Decision::denied(denial),
    };
    let known = Decision {
        token: Some(token.digest()),
        links: token.links().iter().map(LinkView::from).collect(),
        revocations: concerning(&token, options).map(|list| state(list, options.at)).collect(),
        ..Decision::of(options)
    };
    let mut replayed = |holder: &PublicKey, possession: &Possession| {
        options.seen_nonces.contains(&possession.nonce) || replayed(holder, possession)
    };
    match holds(&token, options).and_then(|()| allows(&token, options, &mut replayed)) {
        Ok(()) => known,
        Err(denial) => Decision {
            token: known.token,
            links: known.links,
            revocations: known.revocations,
            ..Decision::denied(denial)
        },
    }
}

impl Decision {
    const SCHEMA: &str = "capseal/capability-decision/v1";

    fn of(options: &Options) -> Self {
        let mut not_shown = Vec::from(["that nobody but the holder has the holder's key"]);
        if options.request.is_none() {
            not_shown.push("that it is enough for a request: none was named");
        }
        if options.possession.is_none() {
            not_shown.push("that its holder asks: no proof of possession was asked for");
        }
        not_shown.push(if options.revocations.is_empty() {
            "that it was not revoked: there was no list to look at"
        } else {
            "that it was not revoked since the lists were issued"
        });
        Self {
            schema: Self::SCHEMA,
            outcome: if options.request.is_some() { Outcome::Allowed } else { Outcome::Valid },
            reason: None,
            verifier_exit_status: 0,
            http_status: 200,
            rule: None,
            link: None,
            detail: None,
            token: None,
            links: Vec::new(),
            revocations: Vec::new(),
            possession: options.possession.is_some(),
            not_shown,
        }
    }

    /// The decision for a rule that fails.
    pub fn denied(Denial { rule, link, detail }: Denial) -> Self {
        Self {
            schema: Self::SCHEMA,
            outcome: Outcome::Denied,
            reason: Some(rule.code()),
            verifier_exit_status: rule.code().exit_code().number(),
            http_status: rule.http_status(),
            rule: Some(rule.name()),
            link,
            detail: Some(detail),
            token: None,
            links: Vec::new(),
            revocations: Vec::new(),
            possession: false,
            not_shown: Vec::new(),
        }
    }

    /// Whether the token holds, and allows what was asked for if something was.
    pub fn is_allowed(&self) -> bool {
        self.outcome != Outcome::Denied
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether the chain holds, whatever is asked for.
fn holds(token: &Token, options: &Options) -> Result<(), Denial> {
    let issuer = |issuer: &PublicKey| options.roots.contains(issuer);
    chain(token, issuer)?;
    times(token, options.at)?;
    revocations(token, options)
}

/// Whether each link is signed, bound to the one before, and no wider, and the first issuer is one that is trusted.
pub(super) fn chain(token: &Token, trusted: impl Fn(&PublicKey) -> bool) -> Result<(), Denial> {
    let mut parent = None;
    for (index, link) in token.links().iter().enumerate() {
        let denied = |rule, detail: &dyn core::fmt::Display| Denial::of_link(rule, index, detail);
        if parent.is_none() && !trusted(&link.link.issuer) {
            let detail = format_args!("{} is not an issuer that is trusted", link.link.issuer);
            return Err(denied(Rule::RootUntrusted, &detail));
        }
        let signed = link.signed.verify(Context::CAPABILITY);
        signed.map_err(|error| denied(Rule::SignatureInvalid, &error))?;
        if link.link.grant.parent != parent.map(|parent: &super::SignedLink| parent.digest) {
            return Err(denied(Rule::ParentMismatch, &"it is bound to another link than the one before it"));
        }
        if let Some(parent) = parent {
            let within = link.link.within(&parent.link);
            within.map_err(|rule| denied(rule, &"it is wider than the link before it allows"))?;
        }
        parent = Some(link);
    }
    Ok(())
}

fn times(token: &Token, at: u64) -> Result<(), Denial> {
    let second = at / 1000;
    for (index, link) in token.links().iter().enumerate() {
        let link = &link.link;
        if second >= link.expires {
            let detail = format_args!("it expired at {} and it is {second}", link.expires);
            return Err(Denial::of_link(Rule::Expired, index, detail));
        }
        if let Some(start) = link.not_before.filter(|start| second < *start) {
            let detail = format_args!("it is valid from {start} on and it is {second}");
            return Err(Denial::of_link(Rule::NotYetValid, index, detail));
        }
    }
    Ok(())
}

fn concerning<'a>(token: &'a Token, options: &'a Options) -> impl Iterator<Item = &'a RevocationList> {
    options.revocations.iter().flatten().filter(|list| list.concerns(token))
}

fn state(list: &RevocationList, at: u64) -> RevocationState {
    let said = list.list();
    RevocationState {
        issuer: said.issuer,
        seq: said.seq,
        issued_at: said.issued_at,
        next_update: said.next_update,
        fresh: list.is_fresh(at),
    }
}

fn revocations(token: &Token, options: &Options) -> Result<(), Denial> {
    // A list that cannot be read may be the one that matters.
    if let Some(denial) = options.revocations.iter().find_map(|list| list.as_ref().err()) {
        return Err(denial.clone());
    }
    for list in concerning(token, options) {
        let said = list.list();
        let seen = options.seen.iter().filter(|(issuer, _)| *issuer == said.issuer).map(|(_, seq)| *seq).max();
        if let Some(seen) = seen.filter(|seen| said.seq < *seen) {
            let detail = format_args!("list {} of {}, and {seen} was seen before", said.seq, said.issuer);
            return Err(Denial::new(Rule::RevocationRollback, detail));
        }
        list.judge(token)?;
    }
    let changes = options.request.as_ref().is_some_and(|request| request.permission.is_change());
    if options.stale_reads && !changes { Ok(()) } else { fresh(token, options) }
}

/// Asks for a list of the first issuer, and for each issuer's newest list to be in use.
fn fresh(token: &Token, options: &Options) -> Result<(), Denial> {
    let root = token.links().first().map(|link| link.link.issuer);
    if !concerning(token, options).any(|list| Some(list.list().issuer) == root) {
        return Err(Denial::new(Rule::RevocationStale, "there is no revocation list of the token's first issuer"));
    }
    for list in concerning(token, options) {
        let newest =
            |other: &RevocationList| other.list().issuer != list.list().issuer || other.list().seq <= list.list().seq;
        if concerning(token, options).all(newest) && !list.is_fresh(options.at) {
            let said = list.list();
            let detail = format_args!("list {} of {} is in use until {}", said.seq, said.issuer, said.next_update);
            return Err(Denial::new(Rule::RevocationStale, detail));
        }
    }
    Ok(())
}

/// Whether what is asked for is asked by the holder, and is within the last link.
fn allows(
    token: &Token,
    options: &Options,
    replayed: &mut dyn FnMut(&PublicKey, &Possession) -> bool,
) -> Result<(), Denial> {
    let Some((last, leaf)) = token.links().iter().enumerate().next_back() else {
        return Err(Denial::new(Rule::Malformed, "the token has no link"));
    };
    let leaf = &leaf.link;
    if let Some(request) = options.request.as_ref().filter(|request| !request.is_for(leaf)) {
        let meant = leaf.audience.as_deref().unwrap_or_default();
        let detail = format_args!("it is for {meant:?} and {:?} is asked", request.audience);
        return Err(Denial::of_link(Rule::AudienceWrong, last, detail));
    }
    if let Some(expected) = &options.possession {
        let audience = options.request.as_ref().map(|request| request.audience.as_str());
        let audience = audience.or(leaf.audience.as_deref()).unwrap_or_default();
        Possession::judge((&token.digest(), &leaf.subject), (audience, options.at), expected, replayed)?;
    }
    options.request.as_ref().map_or(Ok(()), |request| {
        enough(&leaf.grant, request).map_err(|(rule, detail)| Denial::of_link(rule, last, detail))
    })
}

fn enough(grant: &super::Grant, request: &Request) -> Result<(), (Rule, String)> {
    if !grant.permissions.has(request.permission) {
        let asked = request.permission.name();
        return Err((
            Rule::PermissionDenied,
            alloc::format!("it permits {}, and {asked} is asked for", grant.permissions),
        ));
    }
    if !grant.resources.iter().any(|resource| resource.covers(&request.resource)) {
        return Err((Rule::ResourceDenied, alloc::format!("it is not about {}", request.resource)));
    }
    if request.level < grant.level() {
        let (asked, least) = (request.level.name(), grant.level().name());
        return Err((Rule::LevelTooLow, alloc::format!("it asks for {least}, and this is done at {asked}")));
    }
    if request.bytes > grant.byte_limit() {
        let (asked, most) = (request.bytes, grant.byte_limit());
        return Err((Rule::LimitExceeded, alloc::format!("it allows {most} bytes, and {asked} are asked for")));
    }
    Ok(())
}
