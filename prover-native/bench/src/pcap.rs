//! Action logs: how fast they are checked and written, beside plain SHA-256 and plain syncs.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    thread,
    time::Instant,
};

use serde_json::Map;
use sha2::{Digest as _, Sha256};
use verifier_core::{
    Digest,
    pcap::{Options, Report, obligation::Level, tree::leaf},
};

use capseal_host::usage::{cpu_time, peak_memory, reset_peak_memory};
use capseal_logs::{Action, LogFile, LogFileError, NewEntry, SharedLog, examine_reader, refuse_proofs};

/// Bytes of a line, its line feed included.
const LINE: usize = 325;
/// Lines of the log that is checked for its speed.
const LINES: u64 = 1_000_000;
/// Lines of the log that is checked for its memory.
const MANY_LINES: u64 = 10_000_000;
const RUNS: usize = 5;
/// Entries that are appended without a sync, one at a time.
const APPENDS: usize = 20_000;
/// Entries that are appended with a sync each.
const SYNCED_APPENDS: usize = 200;
/// Threads that append durable entries at once, and the entries of each.
const GROUP: (usize, usize) = (256, 100);

/// Figures of action logs.
#[derive(Clone, Debug)]
pub struct PcapFigures {
    /// Plain SHA-256 on one thread, MB per second.
    pub plain_mb_per_second: f64,
    /// Checking a log, MB per second of processor time.
    pub check_mb_per_core_second: f64,
    /// Checking a log, MB per second of the clock.
    pub check_mb_per_second: f64,
    /// Peak of resident memory while 10^7 lines were checked, bytes.
    pub peak_memory: Option<u64>,
    /// Seconds for 10^7 lines, which were made meanwhile.
    pub many_seconds: f64,
    /// One append without a sync, microseconds.
    pub append_microseconds: f64,
    /// One append with a sync, microseconds.
    pub synced_append_microseconds: f64,
    /// Writing as many bytes and one fdatasync, microseconds.
    pub plain_sync_microseconds: f64,
    /// Durable appends per second, from many threads.
    pub grouped_per_second: f64,
}

impl fmt::Display for PcapFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.check_mb_per_core_second / self.plain_mb_per_second;
        writeln!(f, "  lines of {LINE} bytes; goals in brackets")?;
        writeln!(f, "  plain SHA-256       {:8.0} MB/s", self.plain_mb_per_second)?;
        writeln!(f, "  check a log         {:8.0} MB/s per core used (300)", self.check_mb_per_core_second)?;
        writeln!(f, "  … over plain        {ratio:8.2} (0.40)")?;
        writeln!(f, "  … by the clock      {:8.0} MB/s on {} threads", self.check_mb_per_second, threads())?;
        let peak = self.peak_memory.map_or_else(|| "not known".to_owned(), |peak| format!("{} MiB", peak >> 20));
        writeln!(
            f,
            "  10^7 lines          {peak:>8} of memory (64), {:.0} s with the making of them",
            self.many_seconds
        )?;
        writeln!(f, "  append              {:8.1} µs, not synced (10)", self.append_microseconds)?;
        writeln!(f, "  append, synced      {:8.0} µs", self.synced_append_microseconds)?;
        writeln!(
            f,
            "  … over write+sync   {:8.2} (1.30; {:.0} µs)",
            self.synced_append_microseconds / self.plain_sync_microseconds,
            self.plain_sync_microseconds
        )?;
        writeln!(f, "  durable, grouped    {:8.0} appends/s from {} threads (10,000)", self.grouped_per_second, GROUP.0)
    }
}

fn threads() -> usize {
    rayon::current_num_threads()
}

/// Measures action logs, in a folder of the current one, so that syncs reach a real disk. Takes about a minute.
///
/// # Errors
/// When the folder takes no files.
pub fn pcap() -> Result<PcapFigures, Box<dyn std::error::Error>> {
    // First, while the process has used little memory.
    reset_peak_memory();
    let begun = Instant::now();
    check(Lines::new(MANY_LINES))?;
    let many_seconds = begun.elapsed().as_secs_f64();
    let peak_memory = peak_memory();
    let mut log = Vec::with_capacity(LINE * LINES as usize);
    Lines::new(LINES).read_to_end(&mut log)?;
    let (_, plain) = best(|| {
        std::hint::black_box(Sha256::digest(&log));
        Ok(())
    })?;
    let (clock, processor) = best(|| check(log.as_slice()).map(drop))?;
    let bytes = log.len() as f64 / 1e6;
    drop(log);
    let folder = tempfile::tempdir_in(".")?;
    let path = |name| folder.path().join(name);
    Ok(PcapFigures {
        plain_mb_per_second: bytes / plain,
        check_mb_per_core_second: bytes / processor,
        check_mb_per_second: bytes / clock,
        peak_memory,
        many_seconds,
        append_microseconds: append(LogFile::create(&path("a"), Map::new())?, APPENDS, Level::S0)?,
        synced_append_microseconds: append(LogFile::create(&path("b"), Map::new())?, SYNCED_APPENDS, Level::S2)?,
        plain_sync_microseconds: plain_syncs(&path("c"))?,
        grouped_per_second: grouped(LogFile::create(&path("d"), Map::new())?)?,
    })
}

fn check(log: impl Read) -> io::Result<Report> {
    let report = examine_reader(log, Options::default(), &mut refuse_proofs)?;
    if report.accepted { Ok(report) } else { Err(io::Error::other(report.detail.unwrap_or_default())) }
}

/// The shortest of some runs, in seconds of the clock and of processor time.
fn best(mut work: impl FnMut() -> io::Result<()>) -> io::Result<(f64, f64)> {
    let mut best = (f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        let (begun, before) = (Instant::now(), cpu_time());
        work()?;
        let clock = begun.elapsed().as_secs_f64();
        let processor = before.zip(cpu_time()).map(|(before, after)| after.saturating_sub(before).as_secs_f64());
        best = (best.0.min(clock), best.1.min(processor.unwrap_or(clock * threads() as f64)));
    }
    Ok(best)
}

fn entry(level: Level) -> NewEntry {
    Action::new("edit_file", "bench").with("note", "x".repeat(100)).at(level).into()
}

/// Microseconds for one append, the median.
fn append(mut log: LogFile, count: usize, level: Level) -> Result<f64, LogFileError> {
    let entry = [entry(level)];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        log.append(&entry)?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}

fn plain_syncs(path: &std::path::Path) -> io::Result<f64> {
    let mut file: File = OpenOptions::new().create_new(true).append(true).open(path)?;
    let mut times = Vec::new();
    for _ in 0..SYNCED_APPENDS {
        let begun = Instant::now();
        file.write_all(&[b'x'; LINE])?;
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn grouped(log: LogFile) -> Result<f64, LogFileError> {
    let (threads, each) = GROUP;
    let log = SharedLog::new(log);
    let begun = Instant::now();
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let log = log.clone();
            thread::spawn(move || (0..each).all(|_| log.append(entry(Level::S1)).is_ok()))
        })
        .collect();
    let count = threads.len() * each;
    let all = threads.into_iter().all(|thread| thread.join().unwrap_or(false));
    debug_assert!(all);
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// A log that is made while it is read: nothing of it is kept.
struct Lines {
    left: u64,
    seq: u64,
    head: Digest,
    line: Vec<u8>,
    position: usize,
}

impl Lines {
    fn new(lines: u64) -> Self {
        Self { left: lines, seq: 0, head: Digest::default(), line: Vec::new(), position: 0 }
    }

    fn next(&mut self) -> io::Result<()> {
        let Self { seq, head, line, .. } = self;
        line.clear();
        write!(line, "{{\"action\":\"edit_file\",\"actor\":\"bench\",\"note\":\"")?;
        let (kind, version) = if *seq == 0 { ("run_header", ",\"v\":2") } else { ("action", "") };
        let rest = format!(
            "\",\"prev\":\"{head}\",\"seq\":{seq},\"time\":\"2026-01-31T12:34:56.789Z\",\"type\":\"{kind}\"{version}}}"
        );
        line.resize((LINE - 1).saturating_sub(rest.len()).max(line.len()), b'x');
        line.extend_from_slice(rest.as_bytes());
        *head = leaf(line);
        line.push(b'\n');
        *seq += 1;
        self.left -= 1;
        self.position = 0;
        Ok(())
    }
}

impl Read for Lines {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            if self.position == self.line.len() {
                if self.left == 0 {
                    break;
                }
                self.next()?;
            }
            let read = (&self.line[self.position..]).read(&mut buf[filled..])?;
            self.position += read;
            filled += read;
        }
        Ok(filled)
    }
}
