//! `capseal bench`.

use std::{
    env,
    process::{Command, ExitCode},
};

use clap::{Args, ValueEnum};

use super::{
    output::{Failure, TITLE},
    serve::database,
};
use crate::streams::{print, println};
use capseal_bench as bench;
use capseal_prover::LaneSet;

/// Measure this machine, each figure beside its yardstick, as medians of several runs.
///
/// Figures vary from machine to machine; ratios vary less. Run it while nothing else runs.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The figures to measure; all by default.
    #[arg(value_enum)]
    figures: Vec<Figure>,
    /// Measure commits with a relay's index in this PostgreSQL database too, in a schema that is dropped afterwards. The password may come
    /// from PGPASSWORD.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Prove RV32IM programs with these lanes, instead of the widest that the processor has: scalar, neon, avx2 or avx512.
    #[arg(long, value_name = "SET", value_parser = lanes)]
    lanes: Option<LaneSet>,
    /// Leave out what the command that measures several figures prints itself.
    #[arg(long, hide = true)]
    alone: bool,
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
    /// What `capseal run` adds to a script, to builds and to thousands of processes, and how fast it hashes inputs.
    Run,
    /// Checking and writing action logs, beside plain SHA-256 and plain syncs.
    Pcap,
    /// Judging capability tokens.
    Cap,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let figures = match &arguments.figures[..] {
        [] => Figure::value_variants(),
        named => named,
    };
    if let Some(lanes) = arguments.lanes {
        lanes.force().map_err(Failure::new)?;
    }
    if !arguments.alone {
        println!("{} threads, {} lanes, {}", rayon::current_num_threads(), LaneSet::current(), processor());
    }
    match figures {
        [figure] => measure(*figure, arguments.database_url.as_deref())?,
        figures => figures.iter().try_for_each(|figure| in_a_process(*figure, arguments))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures in a process of its own: what another figure has left in memory would count as this one's.
fn in_a_process(figure: Figure, arguments: &Arguments) -> Result<(), Failure> {
    let name = figure.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut command = Command::new(env::current_exe()?);
    command.args(["bench", "--alone", &name]);
    command.args(arguments.database_url.iter().flat_map(|url| ["--database-url", url]));
    command.args(arguments.lanes.iter().flat_map(|lanes| ["--lanes", lanes.name()]));
    if command.status()?.success() { Ok(()) } else { Err(Failure::new(format_args!("{name} could not be measured"))) }
}

fn measure(figure: Figure, database_url: Option<&str>) -> Result<(), Failure> {
    let title = |title: &str| println!("\n{TITLE}{title}{TITLE:#}");
    match figure {
        Figure::Geom => {
            title("geom_v1");
            println!("{}", bench::geom()?);
        }
        Figure::Rv32im => {
            title("rv32im_v1");
            println!("{}", bench::rv32im()?);
        }
        Figure::Verify => {
            title("whole receipts");
            println!("{}", bench::verify().map_err(Failure::new)?);
        }
        Figure::Trust => {
            title("signatures and policies");
            println!("{}", bench::trust().map_err(Failure::new)?);
        }
        Figure::Stc => {
            title("STC");
            println!("{}", bench::stc()?);
        }
        Figure::Archive => {
            title("archives");
            println!("{}", bench::archive().map_err(Failure::new)?);
        }
        Figure::Serve => {
            title("capseal serve");
            let database = database_url.map(database).transpose()?;
            println!("{}", bench::serve(database.as_ref()).map_err(Failure::new)?);
        }
        Figure::Run => {
            title("capseal run");
            bench::run(&mut |figure| print!("{figure}"))?;
        }
        Figure::Pcap => {
            title("action logs");
            println!("{}", bench::pcap().map_err(Failure::new)?);
        }
        Figure::Cap => {
            title("capability tokens");
            println!("{}", bench::cap()?);
        }
    }
    Ok(())
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}
