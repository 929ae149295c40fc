//! Audits (spec: `docs/spec/sampling.md`): asks providers for rows of an archive that is kept elsewhere, and fetches what a receipt leaves out.
//!
//! The positions are drawn once, with a nonce that is drawn here and now; retries and other providers are for the same positions. What
//! the answers show is for the verifier core to say.

mod fetch;

use std::{
    fmt, io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use verifier_core::{
    Digest, Limits, Refusal,
    capsule::entry,
    container::Container,
    row_check::{EncodedSketch, RowCheckHeader, Sketch},
    sampling::{Nonce, check_answer},
    verify::{Draw, Plan, Samples, plan_of},
};

use crate::http::{Client, FetchError};

pub use fetch::{FetchFailure, Fetched, fetch};

/// Rows that are asked for at once.
const CONCURRENCY: usize = 8;

/// What came of asking for one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// It was available, and holds.
    Good,
    /// No provider gave it; what the last one said.
    Unavailable(String),
    /// A provider gave something that does not hold, and none gave the row.
    Invalid(Refusal),
}

/// A provider's answer that does not hold, whoever else gave the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The provider.
    pub provider: String,
    /// The row.
    pub index: u64,
    /// Why it does not hold.
    pub refusal: Refusal,
}

/// What was asked for, and what came.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What was asked for; `None` when all of the archive travels.
    pub plan: Option<Plan>,
    /// Goes into the verifier's options.
    pub samples: Samples,
    /// Answers that do not hold.
    pub evidence: Vec<Evidence>,
    /// Providers that gave none.
    pub silent: Vec<Silent>,
}

/// Asks for the rows. `progress` is called from several threads, once for each row, with its place in the plan.
///
/// # Errors
/// When the receipt cannot be read, or there is no randomness.
pub fn audit(
    receipt: &[u8],
    providers: &[Client],
    bits: u32,
    progress: &(impl Fn(usize, &RowOutcome) + Sync),
) -> Result<Audit, AuditError> {
    let nonce = nonce().map_err(AuditError::Random)?;
    let asked = ask(receipt, &Draw::Live { nonce, bits }, providers, progress)?;
    let Answered { plan, answers, evidence, silent } = asked;
    Ok(Audit { plan, samples: Samples { nonce, bits, answers }, evidence, silent })
}

/// A provider that gave nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// The provider.
    pub provider: String,
    /// What it said last, or what kept it from saying anything.
    pub why: String,
}

/// What came of asking for the rows of a draw.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What was asked for; `None` when all of the archive travels.
    pub plan: Option<Plan>,
    /// An answer for each position.
    pub answers: Vec<Option<Vec<u8>>>,
    /// Answers that do not hold.
    pub evidence: Vec<Evidence>,
    /// Providers that gave none.
    pub silent: Vec<Silent>,
}

/// As [`audit`], however the rows are drawn.
///
/// # Errors
/// When the receipt cannot be read, or there is no randomness.
pub fn ask(
    receipt: &[u8],
    draw: &Draw,
    providers: &[Client],
    progress: &(impl Fn(usize, &RowOutcome) + Sync),
) -> Result<Answered, AuditError> {
    let plan = plan_of(receipt, draw, &Limits::DEFAULT).map_err(AuditError::Receipt)?;
    let nothing = || Answered { plan: None, answers: Vec::new(), evidence: Vec::new(), silent: Vec::new() };
    let Some(plan) = plan else { return Ok(nothing()) };
    let sketch = encoded_sketch(receipt).map_err(AuditError::Receipt)?;
    let told = providers.iter().map(|_| Mutex::default()).collect();
    let asked = Asked { sketch: &sketch, plan: &plan, providers, told, evidence: Mutex::default() };
    // The order tells a provider nothing: rows in the order of their numbers look unlike a reader's.
    let order = shuffled(plan.positions.len()).map_err(AuditError::Random)?;
    let answers = Mutex::new(vec![None; plan.positions.len()]);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CONCURRENCY.min(order.len()) {
            scope.spawn(|| {
                while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (outcome, answer) = asked.row(plan.positions[place]);
                    progress(place, &outcome);
                    locked(&answers)[place] = answer;
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    let silent = providers.iter().zip(&asked.told).filter_map(|(provider, told)| {
        let told = locked(told);
        let why = told.last.clone().filter(|_| !told.has_answered)?;
        Some(Silent { provider: provider.base().to_owned(), why })
    });
    let silent = silent.collect();
    let evidence = asked.evidence.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Answered { plan: Some(plan), answers, evidence, silent })
}

struct Asked<'a> {
    sketch: &'a EncodedSketch,
    plan: &'a Plan,
    providers: &'a [Client],
    /// What each provider has come to.
    told: Vec<Mutex<Told>>,
    evidence: Mutex<Vec<Evidence>>,
}

/// What a provider has come to.
#[derive(Default)]
struct Told {
    has_answered: bool,
    /// Rows for which there was no connection: after two, nobody tries again.
    dead_ends: u32,
    last: Option<String>,
}

const MOST_DEAD_ENDS: u32 = 2;

impl Asked<'_> {
    /// One row, of the first provider that has it. An answer that does not hold is kept when there is no other: it fails the audit by its
    /// own code, as it is more than an absence.
    fn row(&self, index: u64) -> (RowOutcome, Option<Vec<u8>>) {
        let mut outcome = (RowOutcome::Unavailable("no provider was named".to_owned()), None);
        for (provider, told) in self.providers.iter().zip(&self.told) {
            let given_up = {
                let told = locked(told);
                (told.dead_ends >= MOST_DEAD_ENDS && !told.has_answered).then(|| told.last.clone().unwrap_or_default())
            };
            if let Some(why) = given_up {
                if outcome.1.is_none() {
                    outcome.0 = RowOutcome::Unavailable(why);
                }
                continue;
            }
            let row = provider.row(&self.plan.da_hash, index, self.plan.answer_len as u64);
            locked(told).note(&row);
            match row {
                Err(error) if outcome.1.is_none() => outcome.0 = RowOutcome::Unavailable(error.to_string()),
                Err(_) => {}
                Ok(answer) => match check_answer(self.sketch, index, &answer) {
                    Ok(_) => return (RowOutcome::Good, Some(answer)),
                    Err(error) => {
                        let refusal = Refusal::new(error.code(), error);
                        let provider = provider.base().to_owned();
                        locked(&self.evidence).push(Evidence { provider, index, refusal: refusal.clone() });
                        outcome = (RowOutcome::Invalid(refusal), Some(answer));
                    }
                },
            }
        }
        outcome
    }
}

impl Told {
    fn note(&mut self, row: &Result<Vec<u8>, FetchError>) {
        match row {
            Ok(_) => self.has_answered = true,
            Err(error) => {
                self.dead_ends += u32::from(error.is_dead_end());
                self.last = Some(error.to_string());
            }
        }
    }
}

/// What rows of a receipt's archive are checked against.
fn encoded_sketch(receipt: &[u8]) -> Result<EncodedSketch, Refusal> {
    let container = Container::parse(receipt, &Limits::DEFAULT).map_err(|error| Refusal::new(error.code(), error))?;
    let part = |name| container.get(name).unwrap_or_default();
    let header = RowCheckHeader::from_bytes(part(entry::ROW_CHECK_HEADER));
    let header = header.map_err(|error| Refusal::new(error.code(), error))?;
    let sketch = Sketch::parse(&header, part(entry::ROW_CHECK_SKETCH));
    Ok(sketch.map_err(|error| Refusal::new(error.code(), error))?.encode())
}

fn nonce() -> io::Result<Nonce> {
    let mut bytes = [0; Digest::LEN];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(Nonce::new(bytes))
}

/// The places 0 to `count`, in a random order. That some orders are likelier by 2^-50 does not matter here.
fn shuffled(count: usize) -> io::Result<Vec<usize>> {
    let mut places: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let drawn = getrandom::u64().map_err(io::Error::other)? % (last as u64 + 1);
        places.swap(last, drawn as usize);
    }
    Ok(places)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An audit that could not be made.
#[derive(Debug)]
pub enum AuditError {
    /// The receipt cannot be read.
    Receipt(Refusal),
    /// The system gives no randomness.
    Random(io::Error),
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipt(refusal) => refusal.fmt(f),
            Self::Random(error) => write!(f, "the system gives no randomness: {error}"),
        }
    }
}

impl std::error::Error for AuditError {}
