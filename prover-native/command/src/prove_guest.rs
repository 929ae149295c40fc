//! Proving what `capseal run program.elf` has run.

use std::fs;

use verifier_core::{Conclusion, sentence::Counted, stark::ParameterSet};

use super::{
    output::{FAINT, Failure, GOOD, Size, WARNING},
    sealing::Sealing,
};
use crate::streams::eprintln;
use capseal_machine::Program;
use capseal_prover::rv32im::{Recording, RunError, memory_need};
use capseal_sealing as seal;
use capseal_sealing::{Destination, Sealed};

/// Where the receipt goes, how safe the proof is, and what else is sealed.
pub(super) struct ProofOptions<'a> {
    pub(super) destination: Destination,
    pub(super) security: ParameterSet,
    pub(super) sealing: &'a Sealing,
}

/// Proves the run of a program that ended by itself, and seals it.
pub(super) fn prove(program: &Program, input: &[u8], options: &ProofOptions<'_>) -> Result<Sealed, Failure> {
    let ready = options.sealing.ready()?;
    let recording = Recording::new(program.image.clone(), input.to_vec()).map_err(explain)?;
    let rows = recording.trace_length();
    let need = memory_need(rows, options.security);
    eprintln!(
        "  {FAINT}proving {} in {rows} rows; needs about {} of memory{FAINT:#}",
        Counted(recording.cycles(), "cycle"),
        Size(need)
    );
    if let Some(available) = available_memory().filter(|available| *available < need) {
        return Err(Failure::explained_by(
            format_args!("the proof needs about {} of memory, and {} are free", Size(need), Size(available)),
            "end other programs, or prove on a machine with more memory; --no-prove runs without a proof",
        ));
    }
    let mut committed = seal::rv32im_under(recording, options.security, ready.policy.as_ref())?;
    let registration = ready.register(&mut committed);
    ready.sign(&mut committed)?;
    let sealed = committed.write(&options.destination)?;
    let (style, mark) = if sealed.verdict.conclusion == Conclusion::Failed { (WARNING, "!") } else { (GOOD, "✓") };
    eprintln!(
        "{style}{mark}{style:#} proof made ({}), sealed in {} ({})",
        options.security,
        sealed.path.display(),
        Size(sealed.size)
    );
    eprintln!("  capsule {}", sealed.capsule.capsule_hash);
    eprintln!("  next: capseal verify {}", sealed.path.display());
    registration.keep(&sealed.path)?;
    Ok(sealed)
}

fn explain(error: RunError) -> Failure {
    match error {
        RunError::TooLong { .. } => Failure::explained_by(
            error,
            "make the run shorter: --profile shows where its cycles go; --no-prove runs without a proof",
        ),
        other => Failure::new(other),
    }
}

/// Memory that is available without swapping, where the system tells.
fn available_memory() -> Option<u64> {
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    let line = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
