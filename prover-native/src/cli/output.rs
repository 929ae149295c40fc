//! What commands print: colours where a person looks, failures with their cause and the next step.

use std::{
    error::Error,
    fmt::{self, Display},
    fs,
    io::{self, Read},
    path::Path,
};

use anstyle::{AnsiColor, Style};

use crate::cause::Cause;

/// Something that holds.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Something that does not hold.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// A title.
pub(super) const TITLE: Style = Style::new().bold();
/// Something secondary.
pub(super) const FAINT: Style = Style::new().dimmed();

/// A command that could not be carried out: what failed, why, and what to do.
#[derive(Debug)]
pub(super) struct Failure {
    what: String,
    next: Option<&'static str>,
}

impl Failure {
    /// Exit status of a command that could not be carried out.
    pub(super) const EXIT: u8 = 1;

    pub(super) fn new(what: impl Display) -> Self {
        Self { what: what.to_string(), next: None }
    }

    /// Adds what the user can do about it.
    pub(super) fn and_then(self, next: &'static str) -> Self {
        Self { next: Some(next), ..self }
    }

    /// An error together with what the user can do about it.
    pub(super) fn explained(error: impl Error, next: impl Into<Option<&'static str>>) -> Self {
        Self { next: next.into(), ..Self::from(error) }
    }
}

/// Errors of the library say their cause themselves.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// Prints a failure to standard error.
pub(super) fn eprint_failure(failure: &Failure) {
    anstream::eprintln!("{BAD}error{BAD:#}: {}", failure.what);
    if let Some(next) = failure.next {
        anstream::eprintln!("{FAINT}  {next}{FAINT:#}");
    }
}

/// Prints a line to standard error: what capseal says while standard output belongs to a program.
pub(super) fn eprintln_line(line: impl Display) {
    anstream::eprintln!("{line}");
}

/// Reads a file whole, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    fs::read(path).map_err(|error| Failure::new(format_args!("cannot read {}: {}", path.display(), Cause(&error))))
}

/// Bytes as people write them.
pub(super) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = UNITS[0];
        for next in &UNITS[1..] {
            if value < 1024.0 {
                break;
            }
            value /= 1024.0;
            unit = next;
        }
        write!(f, "{value:.1} {unit}")
    }
}

/// Text from a receipt, safe to print: control characters (which could rewrite a terminal) are escaped.
pub(super) fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}
