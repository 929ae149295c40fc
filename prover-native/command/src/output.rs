//! What commands print: colours where a person looks, failures with their cause and the next step.

use std::{
    error::Error,
    fmt::{self, Display},
    io,
    path::Path,
};

use anstyle::{AnsiColor, Style};
use verifier_core::Limits;

use super::streams::eprintln;
use capseal_host::{cause::Cause, whole_file};

/// Something that holds.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Something that holds and is no success: a program that failed, say.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
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

    /// What is wrong together with what the user can do about it.
    pub(super) fn explained_by(what: impl Display, next: &'static str) -> Self {
        Self { next: Some(next), ..Self::new(what) }
    }

    /// Standard output that cannot be written.
    pub(super) fn of_output(error: &io::Error) -> Self {
        Self::new(format_args!("cannot write the output: {}", Cause(error)))
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
    eprintln!("{BAD}error{BAD:#}: {}", failure.what);
    if let Some(next) = failure.next {
        eprintln!("{FAINT}  {next}{FAINT:#}");
    }
}

/// Prints a line to standard error: what capseal says while standard output belongs to a program.
pub(super) fn eprintln_line(line: impl Display) {
    eprintln!("{line}");
}

/// Bytes of a program, a document or a message at most; each has a limit of its own, far below.
const MOST_BYTES: usize = 256 << 20;

/// Reads a file whole, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read_at_most(path, MOST_BYTES)?;
    if bytes.len() > MOST_BYTES {
        let most = Size(MOST_BYTES as u64);
        return Err(Failure::new(format_args!(
            "{} has more than {most}, which is more than anything that is read here",
            path.display()
        )));
    }
    Ok(bytes)
}

/// Reads a receipt, or standard input for `-`. Of what is longer than a receipt may be, only so much that the verifier refuses it.
pub(super) fn read_receipt(path: &Path) -> Result<Vec<u8>, Failure> {
    read_at_most(path, Limits::DEFAULT.file_bytes)
}

fn read_at_most(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        return Ok(whole_file::take_at_most(io::stdin().lock(), most)?);
    }
    let failed = |error: io::Error| Failure::new(format_args!("cannot read {}: {}", path.display(), Cause(&error)));
    whole_file::read_at_most(path, most).map_err(failed)
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

/// Text from a receipt, safe to print: control and direction characters, which could rewrite a terminal's line, are escaped.
pub(super) fn printable(text: &str) -> String {
    let escaped = |character: char| character.is_control() || is_format(character);
    text.chars().flat_map(|c| if escaped(c) { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

/// Characters that are not seen and change how others are: separators of lines, joiners, marks and overrides of direction,
/// variation of tags (Unicode's general categories Cf, Zl, Zp as far as they reorder, hide or break).
const fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_rewrite_a_line_is_escaped() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\u{2028}"), "a\\u{1b}[2Jb\\u{202e}c\\u{2028}");
        assert_eq!(printable("данные é 🦀"), "данные é 🦀");
    }
}
