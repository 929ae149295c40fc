//! Verifying whole receipts, from bytes to verdict.

use std::{fmt, time::Instant};

use verifier_core::{VerifyOptions, air::geom::GeomParameters, stark::ParameterSet, verify as verify_receipt};

use capseal_host::{artifacts::ArtifactStore, whole_file::Existing};
use capseal_recorder as run;
use capseal_recorder::{CaptureChoice, Program, Request, Silent};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Committed, Destination, EMBED_LIMIT};

/// What came of it.
#[derive(Clone, Debug)]
pub struct VerifyFigures {
    /// A line each receipt.
    pub receipts: Vec<ReceiptFigure>,
}

/// Verifying one receipt.
#[derive(Clone, Debug)]
pub struct ReceiptFigure {
    /// What it is.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: usize,
    /// Milliseconds, the median.
    pub milliseconds: f64,
}

/// Seals three receipts and verifies each of them many times.
///
/// # Errors
/// When one cannot be sealed.
pub fn verify() -> Result<VerifyFigures, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let geom = |steps, set| -> Result<Committed, Box<dyn std::error::Error>> {
        let parameters = GeomParameters::new(steps, GeomParameters::DEFAULT_INITIAL, GeomParameters::DEFAULT_MATRIX)?;
        Ok(seal::geom(parameters, set)?)
    };
    let store = ArtifactStore::temporary()?;
    let mut request = Request::new(Program::Command(["sh", "-c", "echo hello"].map(Into::into).to_vec()))?;
    request.capture = CaptureChoice::Declared;
    let record = run::execute(&request, &store, std::sync::Arc::new(Silent))?;
    let place =
        ArchivePlace { embed_limit: EMBED_LIMIT, detached: folder.path().join("archive"), existing: Existing::Replace };
    let sealed = [
        ("process_v1, echo", seal::process(&record, store, &place)?),
        ("geom_v1, 4,096 steps, stark-100", geom(4096, ParameterSet::Stark100)?),
        ("geom_v1, 32,768 steps, stark-100", geom(32_768, ParameterSet::Stark100)?),
        ("geom_v1, 32,768 steps, stark-128", geom(32_768, ParameterSet::Stark128)?),
    ];
    let mut receipts = Vec::new();
    for (name, committed) in sealed {
        let path = folder.path().join("receipt.cap");
        committed.write(&Destination { path: path.clone(), existing: Existing::Replace })?;
        let bytes = std::fs::read(path)?;
        receipts.push(ReceiptFigure { name, bytes: bytes.len(), milliseconds: median_milliseconds(&bytes) });
    }
    Ok(VerifyFigures { receipts })
}

const RUNS: usize = 101;

fn median_milliseconds(bytes: &[u8]) -> f64 {
    let options = VerifyOptions::default();
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(verify_receipt(std::hint::black_box(bytes), &options));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

impl fmt::Display for VerifyFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  median of {RUNS} verifications, from bytes to verdict; goal: below 5 ms")?;
        for ReceiptFigure { name, bytes, milliseconds } in &self.receipts {
            writeln!(f, "  {name:<34} {bytes:>9} B  {milliseconds:>7.3} ms")?;
        }
        Ok(())
    }
}
