//! `capseal bench`.

use std::process::ExitCode;

use anstream::println;
use clap::{Args, ValueEnum};

use super::{
    output::{Failure, TITLE},
    serve::database,
};
use crate::{bench, prove::LaneSet};

/// Measure this machine: every figure beside its yardstick, medians of several runs.
///
/// Figures vary from machine to machine; ratios vary less. Run it while nothing else runs.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// What to measure; everything when nothing is named.
    #[arg(value_enum)]
    figures: Vec<Figure>,
    /// Measure commits with a relay's index in this PostgreSQL database too, in a schema that is dropped afterwards. The password may come
    /// from PGPASSWORD.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Prove RV32IM programs with these lanes, instead of the widest that the processor has: scalar, neon, avx2 or avx512.
    #[arg(long, value_name = "SET", value_parser = lanes)]
    lanes: Option<LaneSet>,
}

fn lanes(name: &str) -> Result<LaneSet, String> {
    let named = LaneSet::ALL.into_iter().find(|set| set.name() == name);
    named.ok_or_else(|| format!("not one of {}", LaneSet::ALL.map(LaneSet::name).join(", ")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// Proving and verifying geom_v1, beside the original's figures.
    Geom,
    /// Running RV32IM programs, and proving the runs.
    Rv32im,
    /// Verifying whole receipts.
    Verify,
    /// What signatures, registries and policies add to it.
    Trust,
    /// Committing to rows, beside plain SHA-256.
    Stc,
    /// Encoding archives of 1 MB to 1 GB, and auditing them over loopback. Writes 10 GB to the temporary folder.
    Archive,
    /// Requests a second that `capseal serve` answers as a provider and as a relay.
    Serve,
    /// What `capseal run` adds to a script, and how fast it hashes inputs.
    Run,
    /// Checking and writing action logs, beside plain SHA-256 and plain syncs.
    Pcap,
    /// Judging capability tokens.
    Cap,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let wanted = |figure| arguments.figures.is_empty() || arguments.figures.contains(&figure);
    if let Some(lanes) = arguments.lanes {
        lanes.force().map_err(Failure::new)?;
    }
    println!("{} threads, {} lanes, {}", rayon::current_num_threads(), LaneSet::current(), processor());
    if wanted(Figure::Geom) {
        println!("\n{TITLE}geom_v1{TITLE:#}\n{}", bench::geom()?);
    }
    if wanted(Figure::Rv32im) {
        println!("\n{TITLE}rv32im_v1{TITLE:#}\n{}", bench::rv32im()?);
    }
    if wanted(Figure::Verify) {
        println!("\n{TITLE}whole receipts{TITLE:#}\n{}", bench::verify().map_err(Failure::new)?);
    }
    if wanted(Figure::Trust) {
        println!("\n{TITLE}signatures and policies{TITLE:#}\n{}", bench::trust().map_err(Failure::new)?);
    }
    if wanted(Figure::Stc) {
        println!("\n{TITLE}STC{TITLE:#}\n{}", bench::stc()?);
    }
    if wanted(Figure::Archive) {
        println!("\n{TITLE}archives{TITLE:#}\n{}", bench::archive().map_err(Failure::new)?);
    }
    if wanted(Figure::Serve) {
        let database = arguments.database_url.as_deref().map(database).transpose()?;
        println!("\n{TITLE}capseal serve{TITLE:#}\n{}", bench::serve(database.as_ref()).map_err(Failure::new)?);
    }
    if wanted(Figure::Run) {
        println!("\n{TITLE}capseal run{TITLE:#}\n{}", bench::run()?);
    }
    if wanted(Figure::Pcap) {
        println!("\n{TITLE}action logs{TITLE:#}\n{}", bench::pcap().map_err(Failure::new)?);
    }
    if wanted(Figure::Cap) {
        println!("\n{TITLE}capability tokens{TITLE:#}\n{}", bench::cap()?);
    }
    Ok(ExitCode::SUCCESS)
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}
