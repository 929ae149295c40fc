//! The gate of a provider: a protected bundle is for those who show a token and prove that it is theirs. Every decision is logged before
//! anything is served; what cannot be logged is not served.
//!
//! The access file is looked at with each request. One that comes while the provider runs protects from then on; one that cannot be read,
//! or is gone, shuts what it protected.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::Instant,
};

use serde_json::json;
use verifier_core::{
    Digest,
    capability::{
        Decision, Denial, Expected, Options, Permission, Possession, Request as Asked, Resource, Rule, Token, judge,
    },
    pcap::obligation::Level,
    signature::PublicKey,
};

use super::{
    Access, AccessError,
    decisions::Decisions,
    lists::{List, Memory},
    nonces::{Bounds, Nonces, Seen, Shown},
    stamp::Stamp,
};
use crate::http::{Exposition, Peer, Problem};
use capseal_host::clock;
use capseal_logs::{Action, LogFileError};

/// Nonces that are remembered, and how many of them one party or client has.
const NONCES: Bounds = Bounds { all: 1 << 17, share: 1 << 14 };
/// The highest level at which this provider logs: on disk before it answers.
const MAX_LEVEL: Level = Level::S1;
/// Bytes at which the log of decisions is continued in a new file.
const DECISIONS: u64 = 64 << 20;

/// Decides who may have what is protected.
#[derive(Debug)]
pub struct Gate {
    access: PathBuf,
    decisions: PathBuf,
    view: RwLock<Arc<View>>,
    /// There from the first access file on.
    kept: OnceLock<Kept>,
    nonces: Mutex<Nonces>,
}

/// What outlives every change of the access file.
#[derive(Debug)]
struct Kept {
    decisions: Decisions,
    memory: Arc<Memory>,
}

/// What is protected, as far as the access file says now.
#[derive(Debug)]
pub(super) struct View {
    stamp: Option<Stamp>,
    /// Another with every change.
    generation: u64,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// There is no access file, and was none.
    Open,
    Guarded(Arc<Guard>),
    /// The file cannot be used: what it protected is shut; without any that could be read, everything.
    Shut(Option<Arc<Guard>>, String),
}

/// An access file with its lists.
#[derive(Debug)]
struct Guard {
    access: Access,
    lists: Vec<List>,
}

/// What a path is about.
#[derive(Debug)]
pub(super) enum About {
    Everybody,
    Shut,
    Protected(Vec<Resource>),
}

impl View {
    /// What a path is about.
    pub(super) fn about(&self, path: &str) -> About {
        let resources = |guard: &Guard| guard.access.resources(path);
        match &self.state {
            State::Open => About::Everybody,
            State::Guarded(guard) => match resources(guard) {
                found if found.is_empty() => About::Everybody,
                found => About::Protected(found),
            },
            State::Shut(Some(guard), _) if resources(guard).is_empty() => About::Everybody,
            State::Shut(..) => About::Shut,
        }
    }

    /// Whether anything is protected.
    pub(super) const fn is_guarding(&self) -> bool {
        !matches!(self.state, State::Open)
    }

    /// Which of the access file's states it is.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    const fn guard(&self) -> Option<&Arc<Guard>> {
        match &self.state {
            State::Guarded(guard) | State::Shut(Some(guard), _) => Some(guard),
            State::Open | State::Shut(None, _) => None,
        }
    }
}

/// What is told of a revocation list.
type Figure = fn(&verifier_core::capability::Revocations) -> u64;

impl Gate {
    /// A gate by an access file that has to be there, with the action log of its decisions, which is started when it is not there.
    ///
    /// # Errors
    /// When the access file, or the log, cannot be used.
    pub fn open(access: &Path, decisions: &Path) -> Result<Self, GateError> {
        Access::read(access).map_err(GateError::Access)?;
        Self::watch(access, decisions)
    }

    /// The same for an access file that may come later. Where there was one, it has to be there.
    ///
    /// # Errors
    /// As [`Gate::open`]; [`GateError::Gone`] when something shows that there was an access file.
    pub fn watch(access: &Path, decisions: &Path) -> Result<Self, GateError> {
        let nonces = Mutex::new(Nonces::new(Instant::now(), NONCES));
        let view = View { stamp: None, generation: 0, state: State::Open };
        let gate = Self {
            access: access.to_owned(),
            decisions: decisions.to_owned(),
            view: RwLock::new(Arc::new(view)),
            kept: OnceLock::new(),
            nonces,
        };
        if Access::is_at(access).map_err(|error| GateError::Access(AccessError::new(access, error)))? {
            let guard = gate.read_guard()?;
            gate.show(Stamp::of(access), State::Guarded(guard));
            return Ok(gate);
        }
        match gate.evidence() {
            Some(evidence) => Err(GateError::Gone { access: access.to_owned(), evidence }),
            None => Ok(gate),
        }
    }

    /// A file that shows that there was an access file.
    fn evidence(&self) -> Option<PathBuf> {
        let beside = |path: &Path, more: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(more);
            PathBuf::from(name)
        };
        [self.decisions.clone(), beside(&self.decisions, ".seen"), beside(&self.access, ".lock")]
            .into_iter()
            .find(|path| path.exists())
    }

    /// Reads the access file, with what has to be there beside it.
    fn read_guard(&self) -> Result<Arc<Guard>, GateError> {
        let access = Access::read(&self.access).map_err(GateError::Access)?;
        let kept = self.kept(&access.audience)?;
        let folder = self.access.parent().unwrap_or(Path::new("."));
        let list = |said| List::new(folder, said, &access.roots, &kept.memory);
        let lists = access.revocations.iter().map(list).collect();
        Ok(Arc::new(Guard { access, lists }))
    }

    fn kept(&self, audience: &str) -> Result<&Kept, GateError> {
        if let Some(kept) = self.kept.get() {
            return Ok(kept);
        }
        let opened = Decisions::open(&self.decisions, audience, DECISIONS);
        let (decisions, is_new) = opened.map_err(GateError::Log)?;
        let memory = Arc::new(Memory::open(&self.decisions, is_new));
        Ok(self.kept.get_or_init(|| Kept { decisions, memory }))
    }

    fn show(&self, stamp: Option<Stamp>, state: State) -> Arc<View> {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let shown = Arc::new(View { stamp, generation: view.generation + 1, state });
        *view = Arc::clone(&shown);
        shown
    }

    /// What is protected now.
    pub(super) fn view(&self) -> Arc<View> {
        let view = Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner));
        let stamp = Stamp::of(&self.access);
        let is_same = match &view.state {
            State::Open => stamp.is_none(),
            State::Guarded(_) => Stamp::is_same(view.stamp.as_ref(), stamp.as_ref()),
            // Where nothing is there, there is nothing to read again.
            State::Shut(..) => {
                view.stamp == stamp && stamp.as_ref().is_none_or(|stamp| Stamp::is_same(Some(stamp), Some(stamp)))
            }
        };
        if is_same { view } else { self.reread(&view, stamp) }
    }

    fn reread(&self, before: &View, stamp: Option<Stamp>) -> Arc<View> {
        let state = match self.read_guard() {
            Ok(guard) => {
                let is_same = matches!(&before.state, State::Guarded(known) if known.access == guard.access);
                if is_same {
                    let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
                    *view = Arc::new(View { stamp, generation: view.generation, state: before.state.clone() });
                    return Arc::clone(&view);
                }
                State::Guarded(guard)
            }
            Err(error) => State::Shut(before.guard().cloned(), error.to_string()),
        };
        self.show(stamp, state)
    }

    /// Reads access file and lists again, whatever their times say, and goes on in the log of decisions that is there now.
    ///
    /// # Errors
    /// What cannot be used; it shuts what it protected.
    pub fn reload(&self) -> Result<(), String> {
        let before = Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner));
        if before.is_guarding() || Access::is_at(&self.access).unwrap_or(true) {
            let stamp = Stamp::of(&self.access);
            let state = match self.read_guard() {
                Ok(guard) => State::Guarded(guard),
                Err(error) => State::Shut(before.guard().cloned(), error.to_string()),
            };
            self.show(stamp, state);
        }
        if let Some(kept) = self.kept.get() {
            kept.decisions.reopen().map_err(|error| error.to_string())?;
        }
        self.trouble().map_or(Ok(()), Err)
    }

    /// Whether anything is protected now.
    pub fn is_guarding(&self) -> bool {
        self.view().is_guarding()
    }

    /// Why something that is protected cannot be had by anybody; `None` while all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        let view = self.view();
        if let State::Shut(_, why) = &view.state {
            return Some(why.clone());
        }
        let lists = view.guard().into_iter().flat_map(|guard| &guard.lists);
        let unusable = lists.filter_map(|list| Some(format!("{}: {}", list.name(), list.current().err()?))).next();
        unusable.or_else(|| self.kept.get()?.decisions.trouble())
    }

    /// The decision about a request, logged.
    pub(super) fn decide(
        &self,
        view: &View,
        resources: &[Resource],
        asked: &Sent,
        bytes: u64,
    ) -> Result<Decision, Problem> {
        let (Some(guard), Some(kept), Some(first)) = (view.guard(), self.kept.get(), resources.first()) else {
            return Err(Problem::AccessUnavailable);
        };
        let token = Token::from_text(&asked.token).ok();
        let links = token.as_ref().map(Token::links).unwrap_or_default();
        let leaf = links.last();
        let covered = |resource: &&Resource| {
            leaf.is_some_and(|leaf| leaf.link.grant.resources.iter().any(|granted| granted.covers(resource)))
        };
        let resource = resources.iter().find(covered).unwrap_or(first).clone();
        let level = leaf.map_or(Level::S0, |leaf| leaf.link.grant.level()).min(MAX_LEVEL);
        let options = guard.options(&kept.memory, asked, resource.clone(), level, bytes);
        let party = links.first().map(|link| link.link.subject);
        let mut seen = Seen::New;
        let decision = judge(&asked.token, &options, &mut |holder: &PublicKey, possession: &Possession| {
            let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            let shown = Shown { holder, party: party.as_ref().unwrap_or(holder), client: asked.client };
            seen = nonces.use_once(&shown, possession, options.at, Instant::now());
            seen == Seen::Before
        });
        let holder = leaf.map(|leaf| leaf.link.subject);
        match seen {
            Seen::New | Seen::Before => {
                log(&kept.decisions, asked, &resource, (holder, level), &decision)?;
                Ok(decision)
            }
            Seen::Early => {
                let denial = Denial::new(Rule::PossessionStale, "it was made before this provider was started");
                let Decision { token, links, revocations, .. } = decision;
                let decision = Decision { token, links, revocations, ..Decision::denied(denial) };
                log(&kept.decisions, asked, &resource, (holder, level), &decision)?;
                Ok(decision)
            }
            Seen::Crowded | Seen::Full => {
                let (rule, problem) = match seen {
                    Seen::Crowded => ("too_many_proofs", Problem::TooManyProofs),
                    _ => ("busy", Problem::Busy),
                };
                let action = action(asked, &resource, holder, &decision).with("decision", "denied").with("rule", rule);
                kept.decisions.deny(action, level, rule, holder).map_err(|_| Problem::Internal)?;
                Err(problem)
            }
        }
    }

    /// Figures.
    pub(crate) fn figures(&self, text: &mut Exposition) {
        let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner).len();
        text.one("capseal_access_nonces", "gauge", "Nonces of proofs that are remembered.", nonces);
        let shut = u8::from(matches!(self.view().state, State::Shut(..)));
        text.one("capseal_access_shut", "gauge", "1 while the access file cannot be used.", shut);
        if let Some(kept) = self.kept.get() {
            let name = "capseal_access_decisions_total";
            text.family(name, "counter", "Decisions: allowed, or the rule that was not kept.");
            for (rule, count) in kept.decisions.counts() {
                text.sample(name, &format!("rule=\"{rule}\""), count);
            }
            let (lines, bytes) = kept.decisions.size();
            text.one("capseal_access_log_lines", "gauge", "Lines of the log of decisions.", lines).one(
                "capseal_access_log_bytes",
                "gauge",
                "Bytes of the log of decisions.",
                bytes,
            );
        }
        let view = self.view();
        let lists: Vec<_> = view.guard().into_iter().flat_map(|guard| &guard.lists).collect();
        let families: [(&str, &str, Figure); 3] = [
            ("capseal_access_list_seq", "Number of a revocation list.", |list| list.seq),
            ("capseal_access_list_issued_seconds", "When a revocation list was issued.", |list| list.issued_at / 1000),
            ("capseal_access_list_next_seconds", "When there should be a newer one.", |list| list.next_update / 1000),
        ];
        for (name, help, value) in families {
            text.family(name, "gauge", help);
            for list in &lists {
                if let Ok(read) = list.current() {
                    text.sample(name, &format!("file={}", json!(list.name())), value(read.list()));
                }
            }
        }
        text.family("capseal_access_list_up", "gauge", "1 while a revocation list can be used.");
        for list in &lists {
            let up = u8::from(list.current().is_ok());
            text.sample("capseal_access_list_up", &format!("file={}", json!(list.name())), up);
        }
    }

    /// States what the log of decisions has not stated yet: before the end.
    pub(crate) fn finish(&self) {
        if let Some(kept) = self.kept.get() {
            let _ = kept.decisions.state_unsaid();
        }
    }
}

impl Guard {
    fn options(&self, memory: &Memory, asked: &Sent, resource: Resource, level: Level, bytes: u64) -> Options {
        let revocations = self.lists.iter().map(List::current).collect();
        Options {
            roots: self.access.roots.clone(),
            revocations,
            seen: memory.seen(),
            stale_reads: self.access.stale_reads,
            request: Some(Asked {
                audience: self.access.audience.clone(),
                permission: Permission::Read,
                resource,
                level,
                bytes,
            }),
            possession: Some(Expected {
                proof: asked.proof.clone(),
                method: asked.method.clone(),
                path: asked.target.clone(),
                body: asked.body,
            }),
            ..Options::at(clock::now())
        }
    }
}

/// What a client sent, as far as the decision depends on it.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) method: String,
    /// The path with its query.
    pub(super) target: String,
    pub(super) body: Digest,
    pub(super) token: String,
    pub(super) proof: Option<Vec<u8>>,
    pub(super) client: Peer,
}

/// The entry of a decision. A token that is refused says nothing about who asks; one that is not enough was proven to be the holder's.
fn action(asked: &Sent, resource: &Resource, holder: Option<PublicKey>, decision: &Decision) -> Action {
    let actor = holder.map_or_else(|| "unknown".to_owned(), |holder| holder.to_string());
    let mut action = Action::new("access", &actor)
        .with("decision", json!(decision.outcome))
        .with("method", asked.method.as_str())
        .with("resource", resource.as_str());
    if let Some(token) = decision.token {
        action = action.with("token", token.to_string());
    }
    if let Some(leaf) = decision.links.last() {
        action = action.with("capability_id", leaf.capability_id.to_string());
    }
    action
}

fn log(
    decisions: &Decisions,
    asked: &Sent,
    resource: &Resource,
    (holder, level): (Option<PublicKey>, Level),
    decision: &Decision,
) -> Result<(), Problem> {
    const FORBIDDEN: u16 = 403;
    let proven = holder.filter(|_| decision.is_allowed() || decision.http_status == FORBIDDEN);
    let mut action = action(asked, resource, proven, decision);
    if let (Some(reason), Some(rule)) = (decision.reason, decision.rule) {
        action = action.with("reason", reason.name()).with("rule", rule);
    }
    if let Some(link) = decision.link {
        action = action.with("link", link as u64);
    }
    let logged = match decision.rule {
        None => decisions.allow(action, level),
        Some(rule) => decisions.deny(action, level, rule, proven),
    };
    logged.map_err(|_| Problem::Internal)
}

/// A gate that cannot be opened.
#[derive(Debug)]
pub enum GateError {
    /// The access file.
    Access(AccessError),
    /// The log of decisions.
    Log(LogFileError),
    /// There was an access file: without it, everything would be for everybody.
    Gone {
        /// Where it has to be.
        access: PathBuf,
        /// What shows that it was there.
        evidence: PathBuf,
    },
}

impl GateError {
    /// What the user can do about it.
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::Access(_) => "capseal audit export --require-token writes access files; nothing is served without",
            Self::Log(_) => "what cannot be logged is not served: give it a log that it can write, with --decisions",
            Self::Gone { .. } => {
                "put the access file back; or, for everything to be for everybody, move its log and its lock away"
            }
        }
    }
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access(error) => error.fmt(f),
            Self::Log(error) => error.fmt(f),
            Self::Gone { access, evidence } => {
                write!(f, "{} is gone, and {} shows that it was there", access.display(), evidence.display())
            }
        }
    }
}

impl std::error::Error for GateError {}
