//! How fast `geom_v1` is proven and checked, beside the original's figures.
//!
//! The original's figures were measured on two AMD EPYC vCPUs with 32 queries; ours are of this machine, now, for proofs of
//! at least 100 proven bits. Verifying is `stark::verify` alone, on one thread, without the receipt around it.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use verifier_core::Digest;
use verifier_core::air::geom::{self, GeomParameters};
use verifier_core::stark::{ParameterSet, ProofError};

use capseal_prover::{GeomProver, ProveError};

/// Runs, of which the median counts.
const RUNS: usize = 41;

/// What the original takes for a number of steps.
struct Original {
    steps: u32,
    prove: Duration,
    verify: Duration,
    proof_bytes: usize,
}

const ORIGINAL: [Original; 2] = [
    Original {
        steps: 4096,
        prove: Duration::from_millis(670),
        verify: Duration::from_micros(20_700),
        proof_bytes: 902_754,
    },
    Original {
        steps: 32_768,
        prove: Duration::from_millis(8960),
        verify: Duration::from_micros(129_900),
        proof_bytes: 4_060_946,
    },
];

/// What proving is to be faster by, verifying to be faster by, and proofs to be smaller by.
const WANTED: [f64; 3] = [100.0, 30.0, 10.0];

/// Figures of `geom_v1`.
#[derive(Clone, Debug, Serialize)]
pub struct GeomFigures {
    /// Threads that prove.
    pub threads: usize,
    /// One row for each parameter set and number of steps.
    pub rows: Vec<GeomFigure>,
}

/// Figures of one parameter set at one number of steps.
#[derive(Clone, Debug, Serialize)]
pub struct GeomFigure {
    /// Name of the parameter set.
    pub parameter_set: &'static str,
    /// Steps of the run.
    pub steps: u32,
    /// Running the machine, committing to the trace and proving; milliseconds.
    pub prove: Milliseconds,
    /// Verifying; milliseconds.
    pub verify: Milliseconds,
    /// Bytes of the proof, the median.
    pub proof_bytes: usize,
    /// The original's time to prove over ours (median).
    pub prove_ratio: f64,
    /// The original's time to verify over ours (median).
    pub verify_ratio: f64,
    /// The original's proof over ours (median).
    pub proof_ratio: f64,
}

/// Times in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Milliseconds {
    /// The median.
    pub median: f64,
    /// The shortest: what an idle machine does.
    pub best: f64,
}

impl fmt::Display for GeomFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "geom_v1, {} threads, medians of {RUNS} runs (best in parentheses):", self.threads)?;
        writeln!(f, "  set         steps   prove ms           verify ms          proof bytes   original / ours")?;
        for row in &self.rows {
            let GeomFigure { parameter_set, steps, prove, verify, proof_bytes, .. } = row;
            write!(f, "  {parameter_set:10} {steps:6} {prove:18} {verify:18} {proof_bytes:11}   ")?;
            let [prove, verify, proof] = [row.prove_ratio, row.verify_ratio, row.proof_ratio];
            writeln!(f, "prove {prove:.0}x  verify {verify:.1}x  proof {proof:.1}x")?;
        }
        let [prove, verify, proof] = WANTED;
        writeln!(f, "  wanted of stark-100: prove {prove:.0}x  verify {verify:.0}x  proof {proof:.0}x")
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.3} ({:.3})", self.median, self.best))
    }
}

/// Measures `geom_v1`. Takes about half a minute on two cores.
///
/// # Errors
/// [`GeomBenchError`], which an honest prover gives no reason for.
pub fn geom() -> Result<GeomFigures, GeomBenchError> {
    let mut rows = Vec::new();
    for set in ParameterSet::ALL {
        for original in &ORIGINAL {
            rows.push(figure(set, original)?);
        }
    }
    Ok(GeomFigures { threads: rayon::current_num_threads(), rows })
}

fn figure(set: ParameterSet, original: &Original) -> Result<GeomFigure, GeomBenchError> {
    let (initial, matrix) = (GeomParameters::DEFAULT_INITIAL, GeomParameters::DEFAULT_MATRIX);
    let parameters = GeomParameters::new(original.steps, initial, matrix).map_err(ProveError::Statement)?;
    let (mut prove, mut proofs) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let instance_hash = Digest::of_content(&run.to_le_bytes());
        let start = Instant::now();
        let committed = GeomProver::commit(parameters, set);
        let (statement, root) = (committed.statement().map_err(ProveError::Statement)?, committed.trace_root());
        let proof = committed.prove(instance_hash)?;
        prove.push(start.elapsed());
        proofs.push((statement, instance_hash, root, proof));
    }
    // Not in the loop above: the prover's threads go to sleep only some time after a proof.
    let mut verify = Vec::new();
    for (statement, instance_hash, root, proof) in &proofs {
        let start = Instant::now();
        geom::verify(proof, set, statement, instance_hash, root)?;
        verify.push(start.elapsed());
    }
    let mut bytes: Vec<usize> = proofs.iter().map(|(.., proof)| proof.len()).collect();
    bytes.sort_unstable();
    let (prove, verify, proof_bytes) = (milliseconds(prove), milliseconds(verify), bytes[RUNS / 2]);
    Ok(GeomFigure {
        parameter_set: set.name(),
        steps: original.steps,
        prove,
        verify,
        proof_bytes,
        prove_ratio: original.prove.as_secs_f64() * 1e3 / prove.median,
        verify_ratio: original.verify.as_secs_f64() * 1e3 / verify.median,
        proof_ratio: original.proof_bytes as f64 / proof_bytes as f64,
    })
}

fn milliseconds(mut times: Vec<Duration>) -> Milliseconds {
    times.sort_unstable();
    let [best, median] = [times[0], times[RUNS / 2]].map(|time| time.as_secs_f64() * 1e3);
    Milliseconds { median, best }
}

/// Why the figures could not be taken.
#[derive(Debug)]
pub enum GeomBenchError {
    /// No proof was made.
    Prove(ProveError),
    /// The proof was refused.
    Verify(ProofError),
}

impl From<ProveError> for GeomBenchError {
    fn from(error: ProveError) -> Self {
        Self::Prove(error)
    }
}

impl From<ProofError> for GeomBenchError {
    fn from(error: ProofError) -> Self {
        Self::Verify(error)
    }
}

impl fmt::Display for GeomBenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prove(error) => error.fmt(f),
            Self::Verify(error) => write!(f, "an honest proof was refused: {error}"),
        }
    }
}

impl std::error::Error for GeomBenchError {}
