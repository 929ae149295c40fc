//! What a verification costs, measured in a process of its own.

use std::{
    fs, io,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use verifier_core::{VerifyOptions, verify};

/// What the verification of a receipt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The reason code's name; `None` for one that was accepted.
    pub code: Option<String>,
    /// How long it took, reading the file not included.
    pub time: Duration,
    /// The most memory that the process held, the file and the program included; `None` where the system does not tell.
    ///
    /// # Units
    /// Bytes.
    pub peak: Option<u64>,
}

impl Cost {
    /// Verifies a file in this process.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn here(file: &Path) -> io::Result<Self> {
        let bytes = fs::read(file)?;
        let start = Instant::now();
        let verdict = verify(&bytes, &VerifyOptions::default());
        let time = start.elapsed();
        Ok(Self { code: verdict.reason.map(|code| code.name().to_owned()), time, peak: peak() })
    }

    /// Verifies a file in another process: `program` is run with `--child` and the file, and calls [`Self::tell`].
    ///
    /// # Errors
    /// When the process cannot be run, or does not come to an end by itself.
    pub fn in_a_child(program: &Path, file: &Path) -> io::Result<Self> {
        let output = Command::new(program).arg("--child").arg(file).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = || io::Error::other(format!("{}: {} {text}", file.display(), output.status));
        if !output.status.success() {
            return Err(failed());
        }
        Self::parse(&text).ok_or_else(failed)
    }

    /// The line by which a child tells its cost.
    pub fn tell(&self) -> String {
        let peak = self.peak.map(|peak| peak.to_string());
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        format!("{} {} {}", or_none(self.code.clone()), self.time.as_micros(), or_none(peak))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let code = words.next().filter(|word| *word != "-").map(str::to_owned);
        let time = Duration::from_micros(words.next()?.parse().ok()?);
        Some(Self { code, time, peak: words.next()?.parse().ok() })
    }
}

/// The most memory that this process has held, as Linux counts it.
///
/// # Units
/// Bytes.
pub fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
