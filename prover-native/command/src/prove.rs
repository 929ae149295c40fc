//! `capseal prove`.

use std::{ops::RangeInclusive, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use verifier_core::{air::geom::GeomParameters, sentence::Counted, stark::ParameterSet};

use super::{
    output::{Failure, GOOD, Size},
    sealing::Sealing,
};
use crate::streams::println;
use capseal_host::whole_file::Existing;
use capseal_sealing as seal;
use capseal_sealing::Destination;

/// Make a demonstration receipt with a STARK in it.
///
/// To prove your own program: capseal run program.elf (capseal new-guest creates a project for one).
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    machine: Machine,
}

#[derive(Debug, Subcommand)]
enum Machine {
    Geom(Geom),
}

/// Run the geom machine, a demonstration machine with fixed steps and no user code, and prove every step.
#[derive(Args, Debug)]
struct Geom {
    /// Number of steps.
    #[arg(long, value_parser = clap::value_parser!(u32).range(STEPS))]
    steps: u32,
    /// x1 and x2 before the first step.
    #[arg(long, num_args = 2, value_names = ["X1", "X2"])]
    initial: Option<Vec<u64>>,
    /// The 2x2 matrix, by rows.
    #[arg(long, num_args = 4, value_names = ["A", "B", "C", "D"])]
    matrix: Option<Vec<u64>>,
    /// Security of the proof: stark-100 or stark-128, in bits that are proven for SHA-256 as a random oracle.
    #[arg(long, default_value = "stark-100", value_parser = parameter_set)]
    security: ParameterSet,
    /// Where to write the receipt.
    #[arg(long, default_value = "geom.cap", value_name = "FILE")]
    out: PathBuf,
    /// Replace the file at `--out`.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    sealing: Sealing,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

const STEPS: RangeInclusive<i64> = GeomParameters::MIN_STEPS as i64..=GeomParameters::MAX_STEPS as i64;

pub(super) fn parameter_set(name: &str) -> Result<ParameterSet, String> {
    ParameterSet::from_name(name).ok_or_else(|| "not one of stark-100, stark-128".to_owned())
}

pub(super) fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Machine::Geom(geom) = arguments.machine;
    let pair = |values: &[u64]| [values[0], values[1]];
    let initial = geom.initial.as_deref().map_or(GeomParameters::DEFAULT_INITIAL, pair);
    let matrix = geom.matrix.as_deref();
    let matrix = matrix.map_or(GeomParameters::DEFAULT_MATRIX, |rows| [pair(&rows[..2]), pair(&rows[2..])]);
    let parameters = GeomParameters::new(geom.steps, initial, matrix)?;
    let existing = if geom.force { Existing::Replace } else { Existing::Keep };
    let destination = Destination { path: geom.out, existing };
    let ready = geom.sealing.ready()?;
    let mut committed = seal::geom_under(parameters, geom.security, ready.policy.as_ref())?;
    let registration = ready.register(&mut committed);
    ready.sign(&mut committed)?;
    let sealed = committed.write(&destination)?;
    registration.keep(&sealed.path)?;
    if geom.json {
        println!(
            "{}",
            serde_json::json!({
                "receipt": sealed.path, "size": sealed.size, "verdict": sealed.verdict,
            })
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{GOOD}✓{GOOD:#} {} of a demonstration machine proven, sealed in {} ({})",
        Counted(geom.steps.into(), "step"),
        sealed.path.display(),
        Size(sealed.size)
    );
    println!("  capsule {}", sealed.capsule.capsule_hash);
    println!("  next: capseal verify {}", sealed.path.display());
    Ok(ExitCode::SUCCESS)
}
