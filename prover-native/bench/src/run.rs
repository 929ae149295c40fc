//! What capturing costs: a script with and without it, and hashing inputs beside plain SHA-256.

use std::{
    ffi::OsString,
    fmt, fs,
    hint::black_box,
    io,
    os::unix::ffi::OsStringExt,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use capseal_host::artifacts::{ArtifactStore, digest_of};
use capseal_recorder as run;
use capseal_recorder::{Program, Request, RunError, Silent};

/// What capturing costs.
#[derive(Clone, Debug)]
pub struct RunFigures {
    /// Work of each kind with and without capture.
    pub overheads: Vec<Overhead>,
    /// Hashing files beside hashing memory.
    pub hashing: Hashing,
}

/// Work with and without capture.
#[derive(Clone, Debug)]
pub struct Overhead {
    /// What the work is.
    pub name: &'static str,
    /// The ratio that is aimed at.
    pub goal: f64,
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

/// Measures what capturing costs, and shows each figure when it has it. Takes some minutes; needs python3. Work of a kind whose tools
/// are not there is left out.
///
/// # Errors
/// When the work cannot be done or a file not be written.
pub fn run(show: &mut dyn FnMut(&dyn fmt::Display)) -> Result<RunFigures, RunError> {
    let mut overheads = Vec::new();
    for work in [computing()?, processes(), builds(), working_tree(), small_files()] {
        let folder = tempfile::tempdir().map_err(|error| RunError::System { action: "make a folder", error })?;
        let Some(overhead) = work.measure(folder.path())? else { continue };
        show(&overhead);
        overheads.push(overhead);
    }
    let folder = tempfile::tempdir().map_err(|error| RunError::System { action: "make a folder", error })?;
    let hashing = hashing(folder.path())?;
    show(&hashing);
    Ok(RunFigures { overheads, hashing })
}

impl fmt::Display for Overhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, captured) = self.medians();
        writeln!(f, "  {}, {} pairs", self.name, self.pairs.len())?;
        writeln!(f, "  plain            {:7.3} s", plain.as_secs_f64())?;
        writeln!(f, "  captured         {:7.3} s", captured.as_secs_f64())?;
        writeln!(f, "  ratio            {:7.3}     goal: at most {:.2}", self.ratio(), self.goal)
    }
}

impl fmt::Display for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [sha256, hashing, keeping] = self.speeds().map(|speed| speed / 1e9);
        writeln!(f, "  inputs, {} MiB, {} rounds", self.bytes >> 20, self.rounds.len())?;
        writeln!(f, "  plain SHA-256    {sha256:7.3} GB/s")?;
        writeln!(f, "  hashed           {hashing:7.3} GB/s  ratio {:.3}, goal: at least 0.70", self.hashing_ratio())?;
        writeln!(f, "  hashed and kept  {keeping:7.3} GB/s  ratio {:.3}", self.keeping_ratio())
    }
}

/// Work that is done with and without capture.
struct Work {
    name: &'static str,
    goal: f64,
    /// Run once in an empty folder; work is left out when it fails, because a tool is not there.
    prepare: &'static str,
    /// Run before each measurement.
    reset: &'static str,
    command: Vec<OsString>,
}

/// A script that computes for about two seconds and reads 200 files.
fn computing() -> Result<Work, RunError> {
    Ok(Work {
        name: "a script that works 2 s and reads 200 files",
        goal: 1.25,
        prepare: "mkdir data; for i in $(seq 0 199); do head -c 65536 /dev/urandom > data/$i; done",
        reset: "",
        command: [python()?, "-c".into(), SCRIPT.into()].into(),
    })
}

/// Most of the work is starting.
fn processes() -> Work {
    Work {
        name: "ten thousand processes",
        goal: 1.5,
        prepare: "",
        reset: "",
        command: shell("i=0; while [ $i -lt 10000 ]; do /bin/true; i=$((i+1)); done"),
    }
}

/// Compilers open the same headers again and again.
fn builds() -> Work {
    Work {
        name: "make -j2 of 100 C files",
        goal: 1.5,
        prepare: "command -v make cc || exit 1
            for i in $(seq 100); do
                echo '#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>' > f$i.c
                for j in $(seq 40); do
                    echo \"int f${i}_$j(int n) { int s = $j; for (int k = 0; k < n; k++) s = s * 31 + k; return s; }\" >> f$i.c
                done
            done
            echo 'int main(void) { return 0; }' > main.c
            printf 'o = $(patsubst %%.c,%%.o,$(wildcard *.c))\nall: $(o)\n\tcc -o all $(o)\n' > Makefile",
        reset: "rm -f *.o all",
        command: ["make", "-s", "-j2"].map(OsString::from).into(),
    }
}

/// Looks at many files and opens few.
fn working_tree() -> Work {
    Work {
        name: "git status over 10,000 files, ten times",
        goal: 1.5,
        prepare: "git init -q . || exit 1
            for i in $(seq 100); do mkdir d$i; for j in $(seq 100); do echo $i $j > d$i/$j; done; done
            git add . && git -c user.name=n -c user.email=n@example.org commit -qm all",
        reset: "",
        command: shell("for i in 1 2 3 4 5 6 7 8 9 10; do git status --short; done"),
    }
}

/// Opens many small files, each for the first time: what `npm ci` and linters do.
fn small_files() -> Work {
    Work {
        name: "reading 10,000 files and writing as many",
        goal: 1.5,
        prepare: "for i in $(seq 100); do mkdir -p in/$i; for j in $(seq 100); do echo $i $j > in/$i/$j; done; done",
        reset: "rm -rf out",
        command: ["cp", "-r", "in", "out"].map(OsString::from).into(),
    }
}

fn shell(script: &str) -> Vec<OsString> {
    ["sh", "-c", script].map(OsString::from).into()
}

impl Work {
    fn measure(&self, folder: &Path) -> Result<Option<Overhead>, RunError> {
        if !self.script(self.prepare, folder)? {
            return Ok(None);
        }
        // The first run also fills the caches.
        self.plain(folder)?;
        let mut pairs = Vec::with_capacity(PAIRS);
        for _ in 0..PAIRS {
            pairs.push((self.plain(folder)?, self.captured(folder)?));
        }
        Ok(Some(Overhead { name: self.name, goal: self.goal, pairs }))
    }

    fn script(&self, script: &str, folder: &Path) -> Result<bool, RunError> {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder).stdin(Stdio::null());
        let output = command.output().map_err(|error| RunError::System { action: "run sh", error })?;
        Ok(output.status.success())
    }

    fn plain(&self, folder: &Path) -> Result<Duration, RunError> {
        self.script(self.reset, folder)?;
        let began = Instant::now();
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).current_dir(folder).stdin(Stdio::null());
        let output = command.output().map_err(|error| RunError::System { action: "run the work", error })?;
        match output.status.success() {
            true => Ok(began.elapsed()),
            false => Err(failed()),
        }
    }

    fn captured(&self, folder: &Path) -> Result<Duration, RunError> {
        self.script(self.reset, folder)?;
        let began = Instant::now();
        let store = ArtifactStore::temporary()?;
        let program = Program::Command(self.command.clone());
        let request = Request { working_dir: folder.to_owned(), ..Request::new(program)? };
        let record = run::execute(&request, &store, Arc::new(Silent))?;
        match record.exit.is_success() {
            true => Ok(began.elapsed()),
            false => Err(failed()),
        }
    }
}

/// Reads each file, and then computes with what it has read, for about two seconds in all.
const SCRIPT: &str = "\
total = 0
for i in range(200):
    with open(f'data/{i}', 'rb') as file:
        data = file.read()
    for byte in data:
        total = (total * 31 + byte) & 0xffffffff
print(total)
";

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

fn failed() -> RunError {
    RunError::System { action: "run the benchmark's script", error: io::Error::other("it failed") }
}

const PAIRS: usize = 5;

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
        store.remove(&artifact.digest);
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
        let overhead =
            Overhead { name: "", goal: 1.0, pairs: vec![(ms(10), ms(11)), (ms(20), ms(30)), (ms(10), ms(12))] };
        assert!((overhead.ratio() - 1.2).abs() < 1e-9);
        assert_eq!(overhead.medians(), (ms(10), ms(12)));
        let hashing = Hashing { bytes: 100, rounds: vec![[ms(7), ms(10), ms(14)], [ms(8), ms(10), ms(16)]] };
        assert!((hashing.hashing_ratio() - 0.75).abs() < 1e-9);
        assert!((hashing.keeping_ratio() - 0.5).abs() < 1e-9);
    }
}
