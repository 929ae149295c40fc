//! What capturing costs: a script with and without it, and hashing inputs beside plain SHA-256.

use std::{
    ffi::OsString,
    fmt, fs,
    hint::black_box,
    io::{self, Write},
    os::unix::ffi::OsStringExt,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use crate::{
    artifacts::{ArtifactStore, digest_of},
    run::{self, Program, Request, RunError, Silent},
};

/// What capturing costs.
#[derive(Clone, Debug)]
pub struct RunFigures {
    /// A script with and without capture.
    pub overhead: Overhead,
    /// Hashing files beside hashing memory.
    pub hashing: Hashing,
}

/// A script that works for about two seconds and reads 200 files, with and without capture.
#[derive(Clone, Debug)]
pub struct Overhead {
    /// Times of each pair: without, with.
    pub pairs: Vec<(Duration, Duration)>,
}

impl Overhead {
    /// The median of the pairs' ratios: 1.25 for a quarter more time with capture.
    pub fn ratio(&self) -> f64 {
        median(self.pairs.iter().map(|(plain, captured)| captured.as_secs_f64() / plain.as_secs_f64()))
    }

    /// Median times without and with capture.
    pub fn medians(&self) -> (Duration, Duration) {
        let seconds = |of: fn(&(Duration, Duration)) -> Duration| {
            Duration::from_secs_f64(median(self.pairs.iter().map(|pair| of(pair).as_secs_f64())))
        };
        (seconds(|pair| pair.0), seconds(|pair| pair.1))
    }
}

/// Times of one thread for the same number of bytes, over several rounds.
#[derive(Clone, Debug)]
pub struct Hashing {
    /// Bytes of each round.
    pub bytes: u64,
    /// Times of each round: plain SHA-256 of memory, hashing a file, hashing a file and keeping a copy.
    pub rounds: Vec<[Duration; 3]>,
}

impl Hashing {
    /// Median speeds in bytes a second: plain SHA-256 of memory, hashing a file, hashing a file and keeping a copy.
    pub fn speeds(&self) -> [f64; 3] {
        [0, 1, 2].map(|i| median(self.rounds.iter().map(|round| self.bytes as f64 / round[i].as_secs_f64())))
    }

    /// Median ratio of hashing a file to plain SHA-256, by speed.
    pub fn hashing_ratio(&self) -> f64 {
        median(self.rounds.iter().map(|[plain, hashed, _]| plain.as_secs_f64() / hashed.as_secs_f64()))
    }

    /// Median ratio of hashing a file and keeping a copy to plain SHA-256, by speed.
    pub fn keeping_ratio(&self) -> f64 {
        median(self.rounds.iter().map(|[plain, _, kept]| plain.as_secs_f64() / kept.as_secs_f64()))
    }
}

/// Measures what capturing costs. Takes about half a minute; needs python3.
///
/// # Errors
/// When the script cannot be run or a file not be written.
pub fn run() -> Result<RunFigures, RunError> {
    let folder = tempfile::tempdir().map_err(|error| RunError::System { action: "make a folder", error })?;
    let written = write_script(folder.path());
    written.map_err(|error| RunError::System { action: "write the benchmark's files", error })?;
    let overhead = overhead(folder.path())?;
    let hashing = hashing(folder.path())?;
    Ok(RunFigures { overhead, hashing })
}

impl fmt::Display for RunFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, captured) = self.overhead.medians();
        let [sha256, hashing, keeping] = self.hashing.speeds().map(|speed| speed / 1e9);
        writeln!(f, "  a script that works 2 s and reads 200 files, {} pairs", self.overhead.pairs.len())?;
        writeln!(f, "  plain            {:7.3} s", plain.as_secs_f64())?;
        writeln!(f, "  captured         {:7.3} s", captured.as_secs_f64())?;
        writeln!(f, "  ratio            {:7.3}     goal: at most 1.25", self.overhead.ratio())?;
        writeln!(f, "  inputs, {} MiB, {} rounds", self.hashing.bytes >> 20, self.hashing.rounds.len())?;
        writeln!(f, "  plain SHA-256    {sha256:7.3} GB/s")?;
        writeln!(
            f,
            "  hashed           {hashing:7.3} GB/s  ratio {:.3}, goal: at least 0.70",
            self.hashing.hashing_ratio()
        )?;
        writeln!(f, "  hashed and kept  {keeping:7.3} GB/s  ratio {:.3}", self.hashing.keeping_ratio())
    }
}

fn write_script(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("work.py"), SCRIPT)?;
    fs::create_dir(folder.join("data"))?;
    let block: Vec<u8> = (0..=u8::MAX).cycle().take(FILE_SIZE).collect();
    (0..FILES).try_for_each(|i| {
        let mut file = fs::File::create(folder.join(format!("data/{i}")))?;
        file.write_all(&block)?;
        file.write_all(&[i as u8])
    })
}

/// Reads each file, and then computes with what it has read.
const SCRIPT: &str = "\
import sys
rounds = int(sys.argv[1])
total = 0
for i in range(200):
    with open(f'data/{i}', 'rb') as file:
        data = file.read()
    for _ in range(rounds):
        for byte in data[:4096]:
            total = (total * 31 + byte) & 0xffffffff
print(total)
";
const FILES: usize = 200;
const FILE_SIZE: usize = 64 << 10;

fn overhead(folder: &Path) -> Result<Overhead, RunError> {
    let work = Work { folder, python: python()? };
    let rounds = work.rounds_for(WORK)?;
    let mut pairs = Vec::with_capacity(PAIRS);
    for _ in 0..PAIRS {
        pairs.push((work.plain(rounds)?, work.captured(rounds)?));
    }
    Ok(Overhead { pairs })
}

/// Where the interpreter itself is. `python3` may be a launcher of a version manager, a script that starts dozens of
/// processes before it: its work is not what is measured.
fn python() -> Result<OsString, RunError> {
    let output = Command::new("python3").args(["-c", "import sys; print(sys.executable, end='')"]).output();
    let output = output.map_err(|error| RunError::System { action: "run python3", error })?;
    match output.status.success() {
        true => Ok(OsString::from_vec(output.stdout)),
        false => Err(failed()),
    }
}

/// The script, where it lies, and what runs it.
struct Work<'a> {
    folder: &'a Path,
    python: OsString,
}

impl Work<'_> {
    /// How many rounds of the script's work take a given time here.
    fn rounds_for(&self, time: Duration) -> Result<u32, RunError> {
        // The first run also fills the caches.
        self.plain(1)?;
        let start = self.plain(0)?;
        let probe = self.plain(PROBE)?;
        let round = probe.saturating_sub(start) / PROBE;
        let rounds = time.saturating_sub(start).as_nanos() / round.as_nanos().max(1);
        Ok(u32::try_from(rounds).unwrap_or(u32::MAX).max(1))
    }

    fn plain(&self, rounds: u32) -> Result<Duration, RunError> {
        let began = Instant::now();
        let mut command = Command::new(&self.python);
        command.args(["work.py", &rounds.to_string()]).current_dir(self.folder).stdin(Stdio::null());
        let output = command.output().map_err(|error| RunError::System { action: "run python3", error })?;
        match output.status.success() {
            true => Ok(began.elapsed()),
            false => Err(failed()),
        }
    }

    fn captured(&self, rounds: u32) -> Result<Duration, RunError> {
        let began = Instant::now();
        let store = ArtifactStore::temporary()?;
        let program = Program::Command(vec![self.python.clone(), "work.py".into(), rounds.to_string().into()]);
        let request = Request { working_dir: self.folder.to_owned(), ..Request::new(program)? };
        let record = run::execute(&request, &store, Arc::new(Silent))?;
        match record.exit.is_success() {
            true => Ok(began.elapsed()),
            false => Err(failed()),
        }
    }
}

fn failed() -> RunError {
    RunError::System { action: "run the benchmark's script", error: io::Error::other("it failed") }
}

const WORK: Duration = Duration::from_secs(2);
const PAIRS: usize = 5;
const PROBE: u32 = 5;

fn hashing(folder: &Path) -> Result<Hashing, RunError> {
    let failed = |error| RunError::System { action: "hash the benchmark's file", error };
    let path = folder.join("input");
    let memory: Vec<u8> = (0..=u8::MAX).cycle().take(INPUT_SIZE).collect();
    fs::write(&path, &memory).map_err(failed)?;
    let store = ArtifactStore::temporary()?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        black_box(Sha256::digest(&memory));
        let plain = began.elapsed();

        let began = Instant::now();
        black_box(fs::File::open(&path).and_then(digest_of).map_err(failed)?);
        let hashed = began.elapsed();

        let began = Instant::now();
        let artifact = store.add_file(&path)?;
        let kept = began.elapsed();
        store.remove(&artifact.digest)?;
        rounds.push([plain, hashed, kept]);
    }
    Ok(Hashing { bytes: INPUT_SIZE as u64, rounds })
}

const INPUT_SIZE: usize = 256 << 20;
const ROUNDS: usize = 7;

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_those_of_the_pairs() {
        let ms = Duration::from_millis;
        let overhead = Overhead { pairs: vec![(ms(10), ms(11)), (ms(20), ms(30)), (ms(10), ms(12))] };
        assert!((overhead.ratio() - 1.2).abs() < 1e-9);
        assert_eq!(overhead.medians(), (ms(10), ms(12)));
        let hashing = Hashing { bytes: 100, rounds: vec![[ms(7), ms(10), ms(14)], [ms(8), ms(10), ms(16)]] };
        assert!((hashing.hashing_ratio() - 0.75).abs() < 1e-9);
        assert!((hashing.keeping_ratio() - 0.5).abs() < 1e-9);
    }
}
