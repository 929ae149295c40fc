//! Checking a log as it streams by: in bounded memory, on every core.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use rayon::prelude::*;
use verifier_core::{
    Digest, Refusal,
    pcap::{ContentResolver, Examination, LogError, Options, Part, Report, log::MAX_LINE, obligation::Resolution},
};

use super::lock;

/// Looks up no proof.
pub fn refuse_proofs(_: &Digest, _: &Digest) -> Resolution {
    Resolution::Missing
}

/// Checks the log in a file.
///
/// # Errors
/// When the file cannot be read. What is wrong with the log stands in the report.
pub fn examine(path: &Path, options: Options, resolve: ContentResolver<'_>) -> io::Result<Report> {
    let (file, len) = snapshot(path)?;
    examine_reader(file.take(len), options, resolve)
}

/// A log's file with its length at a moment when nobody is writing.
///
/// # Errors
/// When the file cannot be opened.
pub fn snapshot(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let held = lock::hold_shared(path);
    let len = file.metadata()?.len();
    drop(held);
    Ok((file, len))
}

/// Checks a log.
///
/// # Errors
/// When it cannot be read. What is wrong with the log stands in the report.
pub fn examine_reader(log: impl Read, options: Options, resolve: ContentResolver<'_>) -> io::Result<Report> {
    let level = options.level;
    let mut examination = Examination::new(options);
    Ok(match feed(&mut examination, log)? {
        Ok(()) => examination.finish(resolve),
        Err(refusal) => Report::refused(level, examination.log(), refusal),
    })
}

/// Bytes that one core checks at a time: little enough to stay in its cache.
const PIECE: usize = 512 << 10;

/// Reads a log to its end, or to the first line that breaks a rule.
pub(super) fn feed(examination: &mut Examination, mut log: impl Read) -> io::Result<Result<(), Refusal>> {
    let mut pieces: Vec<Vec<u8>> = vec![Vec::new(); rayon::current_num_threads()];
    let mut rest = Vec::new();
    loop {
        let mut filled = 0;
        for piece in &mut pieces {
            piece.clear();
            piece.append(&mut rest);
            fill(&mut log, piece)?;
            let whole = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
            rest.extend_from_slice(&piece[whole..]);
            if rest.len() > MAX_LINE {
                return Ok(Err(Refusal::new(LogError::TooLong.code(), LogError::TooLong)));
            }
            if whole == 0 {
                break;
            }
            piece.truncate(whole);
            filled += 1;
        }
        let parts: Vec<_> = pieces[..filled].par_iter().map(|piece| Part::read(piece)).collect();
        for (part, piece) in parts.into_iter().zip(&pieces) {
            if let Err(refusal) = examination.read_part(part, piece) {
                return Ok(Err(refusal));
            }
        }
        if filled < pieces.len() {
            let torn = || Refusal::new(LogError::TornTail.code(), LogError::TornTail);
            return Ok(if rest.is_empty() { Ok(()) } else { Err(torn()) });
        }
    }
}

/// Fills a piece, and a line more if it takes that to have a whole one.
fn fill(log: &mut impl Read, piece: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let want = (PIECE as u64).saturating_sub(piece.len() as u64).max(64 << 10);
        let read = log.by_ref().take(want).read_to_end(piece)?;
        if read == 0 || piece.len() >= PIECE && (piece.len() > MAX_LINE || piece.contains(&b'\n')) {
            return Ok(());
        }
    }
}
