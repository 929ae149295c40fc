//! How fast the STC commits, beside plain SHA-256 of the same bytes.
//!
//! Speeds are bytes per second of processor time, all threads and the making of the rows included, so that neither the
//! number of cores nor other work on the machine enters. Rows are made as they are read, never stored.

use std::fmt;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use verifier_core::stc::{ARCHIVE_ARITY, ARCHIVE_CHUNK_LEN, ARCHIVE_ROW_SIZE, Arity, Tree, leaf};

use capseal_archive::commit::{CommitError, commit_rows};
use capseal_host::usage::{cpu_time, peak_memory, reset_peak_memory};

/// Bytes committed to.
const LEN: u64 = 1 << 30;

/// Bytes committed to for each row size: enough for a figure, little enough to repeat.
const LEN_BY_ROW_SIZE: u64 = 256 << 20;

/// Runs, of which the median counts.
const RUNS: usize = 5;

/// Leaves of the tree that is timed node by node: many, as processor time is counted in hundredths of a second.
const TREE_LEAVES: usize = 1 << 21;

/// Figures of the STC.
#[derive(Clone, Debug, Serialize)]
pub struct StcFigures {
    /// Bytes committed to in each run.
    pub bytes: u64,
    /// Threads that hash.
    pub threads: usize,
    /// Plain SHA-256 on one thread, GiB per second of processor time.
    pub plain_gib_per_core_second: f64,
    /// STC over rows of 4,096 bytes, GiB per second of processor time.
    pub stc_gib_per_core_second: f64,
    /// STC, GiB per second of the clock.
    pub stc_gib_per_second: f64,
    /// STC's speed per core used over plain SHA-256's.
    pub ratio: f64,
    /// Peak of resident memory while committing, bytes.
    pub peak_memory: Option<u64>,
    /// The same ratio for other row sizes.
    pub by_row_size: Vec<RowSizeFigure>,
    /// One inner node of a binary tree on one thread, nanoseconds.
    pub binary_node_nanoseconds: f64,
}

/// Cost of rows of a size.
#[derive(Clone, Debug, Serialize)]
pub struct RowSizeFigure {
    /// Bytes per row.
    pub row_size: usize,
    /// GiB per second of processor time.
    pub gib_per_core_second: f64,
    /// Over plain SHA-256.
    pub ratio: f64,
}

impl fmt::Display for StcFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "STC, {} MiB of {ARCHIVE_ROW_SIZE}-byte rows, {} threads:", self.bytes >> 20, self.threads)?;
        writeln!(f, "  plain SHA-256    {:6.3} GiB/s per core used", self.plain_gib_per_core_second)?;
        writeln!(f, "  STC              {:6.3} GiB/s per core used", self.stc_gib_per_core_second)?;
        writeln!(f, "  ratio            {:6.3}", self.ratio)?;
        writeln!(f, "  STC by the clock {:6.3} GiB/s", self.stc_gib_per_second)?;
        match self.peak_memory {
            Some(peak) => writeln!(f, "  peak memory      {:6} MiB", peak.div_ceil(1 << 20))?,
            None => writeln!(f, "  peak memory      not known on this system")?,
        }
        writeln!(f, "  binary node      {:6.0} ns", self.binary_node_nanoseconds)?;
        writeln!(f, "  row size   GiB/s per core used   ratio")?;
        for figure in &self.by_row_size {
            writeln!(f, "  {:8} {:21.3} {:7.3}", figure.row_size, figure.gib_per_core_second, figure.ratio)?;
        }
        Ok(())
    }
}

/// Measures the STC. Takes about half a minute on two cores.
///
/// # Errors
/// [`CommitError`], which the rows made here give no reason for.
pub fn stc() -> Result<StcFigures, CommitError> {
    let (mut plain, mut stc) = (Vec::new(), Vec::new());
    let mut peak = None;
    for _ in 0..RUNS {
        plain.push(Spent::on(|| hash_plain(LEN))?);
        reset_peak_memory();
        stc.push(Spent::on(|| commit(LEN, ARCHIVE_ROW_SIZE))?);
        peak = peak.max(peak_memory());
    }
    let by_row_size = (6..=16).step_by(2).map(|log| row_size_figure(1 << log)).collect::<Result<_, _>>()?;
    let plain = speed(LEN, plain.iter().map(|spent| spent.processor));
    let stc_gib_per_core_second = speed(LEN, stc.iter().map(|spent| spent.processor));
    Ok(StcFigures {
        bytes: LEN,
        threads: rayon::current_num_threads(),
        plain_gib_per_core_second: plain,
        stc_gib_per_core_second,
        stc_gib_per_second: speed(LEN, stc.iter().map(|spent| spent.clock)),
        ratio: stc_gib_per_core_second / plain,
        peak_memory: peak,
        by_row_size,
        binary_node_nanoseconds: binary_node_nanoseconds()?,
    })
}

fn row_size_figure(row_size: usize) -> Result<RowSizeFigure, CommitError> {
    let (mut plain, mut stc) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        plain.push(Spent::on(|| hash_plain(LEN_BY_ROW_SIZE))?.processor);
        stc.push(Spent::on(|| commit(LEN_BY_ROW_SIZE, row_size))?.processor);
    }
    let gib_per_core_second = speed(LEN_BY_ROW_SIZE, stc.into_iter());
    let ratio = gib_per_core_second / speed(LEN_BY_ROW_SIZE, plain.into_iter());
    Ok(RowSizeFigure { row_size, gib_per_core_second, ratio })
}

fn binary_node_nanoseconds() -> Result<f64, CommitError> {
    let leaves: Vec<_> = (0..TREE_LEAVES as u64).map(|i| leaf(&i.to_le_bytes())).collect();
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let leaves = leaves.clone();
        let build = || {
            std::hint::black_box(Tree::build(Arity::BINARY, leaves).root());
            Ok(())
        };
        times.push(Spent::on(build)?.processor);
    }
    Ok(median(times.into_iter()).as_nanos() as f64 / (TREE_LEAVES - 1) as f64)
}

fn commit(len: u64, row_size: usize) -> Result<(), CommitError> {
    std::hint::black_box(commit_rows(rows(len), row_size, ARCHIVE_ARITY, ARCHIVE_CHUNK_LEN)?);
    Ok(())
}

fn hash_plain(len: u64) -> Result<(), CommitError> {
    let mut rows = rows(len);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; PATTERN_LEN];
    loop {
        let read = rows.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    std::hint::black_box(hasher.finalize());
    Ok(())
}

const PATTERN_LEN: usize = 1 << 20;

/// `len` bytes: a pattern of 1 MiB over and over, at the cost of copying it.
fn rows(len: u64) -> impl Read {
    struct Repeat {
        pattern: Vec<u8>,
        position: usize,
    }
    impl Read for Repeat {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let len = (&self.pattern[self.position..]).read(buf)?;
            self.position = (self.position + len) % self.pattern.len();
            Ok(len)
        }
    }
    let pattern = (0..PATTERN_LEN as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    Repeat { pattern, position: 0 }.take(len)
}

/// Time that something took.
struct Spent {
    clock: Duration,
    /// Of all threads; where the system does not tell, the clock's time on every thread.
    processor: Duration,
}

impl Spent {
    fn on(work: impl FnOnce() -> Result<(), CommitError>) -> Result<Self, CommitError> {
        let (start, before) = (Instant::now(), cpu_time());
        work()?;
        let clock = start.elapsed();
        let used = before.zip(cpu_time()).and_then(|(before, after)| after.checked_sub(before));
        let processor = used.unwrap_or(clock * rayon::current_num_threads() as u32);
        Ok(Self { clock, processor })
    }
}

/// GiB per second, by the median time.
fn speed(len: u64, times: impl Iterator<Item = Duration>) -> f64 {
    len as f64 / (1u64 << 30) as f64 / median(times).as_secs_f64()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}
