//! Standard output and error. Commands print with these macros and no others: the standard library's, and those of `anstream`, panic when
//! a stream cannot be written.
//!
//! Output that cannot be written ends the command: its exit status must not say that everybody was told. Standard error is for people
//! who watch; where it cannot be written the work goes on.

use std::{
    fmt,
    io::{self, Write},
    process::exit,
};

use super::output::{Failure, eprint_failure};

/// Status of a process that a SIGPIPE ends. A server, or a program that is run, must not be ended by the signal itself.
const PIPE_CLOSED: i32 = 128 + 13;

macro_rules! to_output {
    ($($text:tt)*) => { $crate::streams::print(format_args!($($text)*)) };
}

macro_rules! line_to_output {
    () => { $crate::streams::print_line(format_args!("")) };
    ($($text:tt)*) => { $crate::streams::print_line(format_args!($($text)*)) };
}

macro_rules! line_to_error {
    () => { $crate::streams::eprint_line(format_args!("")) };
    ($($text:tt)*) => { $crate::streams::eprint_line(format_args!($($text)*)) };
}

pub(crate) use {line_to_error as eprintln, line_to_output as println, to_output as print};

/// Prints to standard output; ends the process when that cannot be written.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    printed(anstream::stdout().lock().write_fmt(text));
}

/// Prints a line to standard output; ends the process when that cannot be written.
pub(crate) fn print_line(text: fmt::Arguments<'_>) {
    printed(writeln!(anstream::stdout().lock(), "{text}"));
}

/// Prints a line to standard error.
pub(crate) fn eprint_line(text: fmt::Arguments<'_>) {
    let written = writeln!(anstream::stderr().lock(), "{text}");
    if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        exit(PIPE_CLOSED);
    }
}

/// Writes what standard output still holds back.
pub(crate) fn finish() {
    printed(io::stdout().flush());
}

/// Ends the process when standard output could not be written; without a word when its reader has gone, as `head` does.
pub(crate) fn printed(written: io::Result<()>) {
    let Err(error) = written else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        exit(PIPE_CLOSED);
    }
    eprint_failure(&Failure::of_output(&error));
    exit(Failure::EXIT.into());
}
