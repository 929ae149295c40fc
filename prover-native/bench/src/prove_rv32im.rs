//! How fast runs of RV32IM programs are proven, where the time goes, and how fast the proofs are checked.

use std::{fmt, sync::Arc, time::Instant};

use serde::Serialize;
use verifier_core::{
    Digest,
    air::rv32im,
    rv32im::ProgramImage,
    stark::{ParameterSet, ProofError},
};

use capseal_host::usage::{cpu_time, peak_memory, reset_peak_memory};
use capseal_prover::Phase;
use capseal_prover::rv32im::{Recording, RunError, Rv32imProveError};

/// What is wanted at 2^20 rows.
const WANTED: &str = "50,000 cycles/s on two idle cores, 12 GiB, 350 KiB, 10 ms to verify";

/// Verifications, of which the median counts.
const VERIFICATIONS: usize = 11;

/// Proofs, of which the median by the clock counts.
const PROOFS: usize = 3;

/// Proving a run of some length.
#[derive(Clone, Debug, Serialize)]
pub struct ProvingFigure {
    /// Name of the parameter set.
    pub parameter_set: &'static str,
    /// Rows of the trace.
    pub rows: u32,
    /// Cycles of the run.
    pub cycles: u64,
    /// From the image to the proof, seconds.
    pub seconds: f64,
    /// Processor time of it, seconds; `None` where the system does not tell.
    pub processor_seconds: Option<f64>,
    /// Largest resident memory, bytes; `None` where the system does not tell.
    pub peak_bytes: Option<u64>,
    /// Bytes of the proof.
    pub proof_bytes: usize,
    /// Verifying, the statement's making included, milliseconds; the median.
    pub verify_ms: f64,
    /// Parts of it, in order.
    pub phases: Vec<PhaseFigure>,
}

/// A part of proving.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PhaseFigure {
    /// What is done in it.
    pub name: &'static str,
    /// Its share of the time by the clock, in percent.
    pub percent: f64,
    /// Its processor time, seconds.
    pub processor_seconds: Option<f64>,
}

/// Why there is no figure.
#[derive(Debug)]
pub enum ProvingError {
    /// The run cannot be proven.
    Run(RunError),
    /// The statement is none.
    Statement(rv32im::Rv32imError),
    /// The prover gave up.
    Prove(Rv32imProveError),
    /// The proof was refused.
    Verify(ProofError),
}

/// Proves one run, several times.
///
/// # Errors
/// [`ProvingError`], which an honest prover gives no reason for.
pub(super) fn figure(image: &ProgramImage, set: ParameterSet) -> Result<ProvingFigure, ProvingError> {
    let mut figures = (0..PROOFS).map(|_| one(image, set)).collect::<Result<Vec<_>, _>>()?;
    figures.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    Ok(figures.swap_remove(PROOFS / 2))
}

fn one(image: &ProgramImage, set: ParameterSet) -> Result<ProvingFigure, ProvingError> {
    reset_peak_memory();
    let (start, before) = (Instant::now(), cpu_time());
    let used = || before.zip(cpu_time()).and_then(|(before, after)| after.checked_sub(before));
    let recording = Recording::new(image.clone(), Vec::new())?;
    let (rows, cycles) = (recording.trace_length(), recording.cycles());
    let running = Phase { name: "running", elapsed: start.elapsed(), processor: used() };
    let committed = recording.commit(set)?;
    let (statement, root, tables) =
        (Arc::clone(committed.statement()), committed.trace_root(), committed.tables().to_vec());
    let hash = Digest::of_content(b"benchmark");
    let (proof, phases) = committed.prove_in_phases(hash)?;
    let (seconds, used, peak_bytes) = (start.elapsed().as_secs_f64(), used(), peak_memory());
    let mut times = Vec::with_capacity(VERIFICATIONS);
    for _ in 0..VERIFICATIONS {
        let start = Instant::now();
        let statement = Arc::new(rv32im::Rv32imStatement::new(statement.run().clone(), &tables)?);
        rv32im::verify(&proof, set, &statement, &hash, &root)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let phase = |phase: Phase| PhaseFigure {
        name: phase.name,
        percent: phase.elapsed.as_secs_f64() / seconds * 100.0,
        processor_seconds: phase.processor.map(|used| used.as_secs_f64()),
    };
    Ok(ProvingFigure {
        parameter_set: set.name(),
        rows,
        cycles,
        seconds,
        processor_seconds: used.map(|used| used.as_secs_f64()),
        peak_bytes,
        proof_bytes: proof.len(),
        verify_ms: times[VERIFICATIONS / 2].as_secs_f64() * 1e3,
        phases: [running].into_iter().chain(phases).map(phase).collect(),
    })
}

/// The yardstick, for the table's head.
pub(super) const fn wanted() -> &'static str {
    WANTED
}

impl fmt::Display for ProvingFigure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speed = self.cycles as f64 / self.seconds;
        write!(f, "  {:10} {:>8} rows  {:>7.2} s {speed:>8.0} cycles/s", self.parameter_set, self.rows, self.seconds)?;
        if let Some(processor) = self.processor_seconds {
            write!(f, "  {processor:>6.2} CPU-s ({:.1} us/cycle)", processor * 1e6 / self.cycles as f64)?;
        }
        if let Some(peak) = self.peak_bytes {
            write!(f, "  {:>5.2} GiB", peak as f64 / f64::from(1 << 30))?;
        }
        writeln!(f, "  {:>7} bytes  verify {:.2} ms", self.proof_bytes, self.verify_ms)?;
        write!(f, "            ")?;
        for (index, phase) in self.phases.iter().enumerate() {
            write!(f, "{}{} {:.0} %", if index > 0 { ", " } else { "" }, phase.name, phase.percent)?;
            if let Some(processor) = phase.processor_seconds {
                write!(f, " ({processor:.2} CPU-s)")?;
            }
        }
        writeln!(f)
    }
}

impl From<RunError> for ProvingError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<rv32im::Rv32imError> for ProvingError {
    fn from(error: rv32im::Rv32imError) -> Self {
        Self::Statement(error)
    }
}

impl From<Rv32imProveError> for ProvingError {
    fn from(error: Rv32imProveError) -> Self {
        Self::Prove(error)
    }
}

impl From<ProofError> for ProvingError {
    fn from(error: ProofError) -> Self {
        Self::Verify(error)
    }
}

impl fmt::Display for ProvingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => error.fmt(f),
            Self::Statement(error) => error.fmt(f),
            Self::Prove(error) => error.fmt(f),
            Self::Verify(error) => write!(f, "an honest proof was refused: {error}"),
        }
    }
}

impl std::error::Error for ProvingError {}
