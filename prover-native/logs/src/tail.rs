//! The end of a log's file: the last whole line, and what a crash left behind it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use verifier_core::pcap::log::MAX_LINE;

/// Bytes that are read at once.
const BLOCK: u64 = 4096;

/// The end of a file.
#[derive(Debug)]
pub(super) struct Tail {
    /// The last whole line, without its line feed; at most one byte more than a line may have.
    pub(super) line: Vec<u8>,
    /// Where the last whole line ends.
    pub(super) end: u64,
}

/// Reads the end of a file of `len` bytes; `None` when it has no whole line.
pub(super) fn read(file: &mut File, len: u64) -> io::Result<Option<Tail>> {
    let Some(feed) = last_line_feed(file, len)? else { return Ok(None) };
    let begin = last_line_feed(file, feed)?.map_or(0, |before| before + 1);
    let begin = begin.max(feed.saturating_sub(MAX_LINE as u64 + 1));
    file.seek(SeekFrom::Start(begin))?;
    let mut line = Vec::new();
    file.take(feed - begin).read_to_end(&mut line)?;
    Ok(Some(Tail { line, end: feed + 1 }))
}

/// Where the last line feed before `end` is.
fn last_line_feed(file: &mut File, end: u64) -> io::Result<Option<u64>> {
    let mut end = end;
    let mut block = [0; BLOCK as usize];
    while end > 0 {
        let begin = end.saturating_sub(BLOCK);
        let bytes = &mut block[..(end - begin) as usize];
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(bytes)?;
        if let Some(place) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(begin + place as u64));
        }
        end = begin;
    }
    Ok(None)
}

/// Copies what lies behind `end` beside the log, on disk, before it is cut off. Returns where it is.
pub(super) fn put_aside(log: &Path, file: &mut File, end: u64) -> io::Result<(PathBuf, Vec<u8>)> {
    file.seek(SeekFrom::Start(end))?;
    let mut torn = Vec::new();
    file.read_to_end(&mut torn)?;
    for attempt in 0u32.. {
        let mut name = log.as_os_str().to_owned();
        name.push(format!(".torn-{end}"));
        if attempt > 0 {
            name.push(format!("-{attempt}"));
        }
        let beside = PathBuf::from(name);
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(&beside) {
            Ok(mut copy) => {
                if let Err(error) = copy.write_all(&torn).and_then(|()| copy.sync_all()) {
                    // Half a copy is none, and on a full disk each attempt would leave one more.
                    let _ = fs::remove_file(&beside);
                    return Err(error);
                }
                return Ok((beside, torn));
            }
            // A crash came between the copy and the cut: the copy is there already. Or it tore at the same place again.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::metadata(&beside).is_ok_and(|copy| copy.len() == torn.len() as u64)
                    && fs::read(&beside).is_ok_and(|copy| copy == torn)
                {
                    File::open(&beside)?.sync_all()?;
                    return Ok((beside, torn));
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
