//! Appending to a log's file: by many processes at once, and through crashes.
//!
//! An append takes the log's lock, reads where the chain stands (its own memory, and what others have written since), and writes whole
//! lines in one write. The disk is waited for after the lock is given back, so that writers share a sync. What a crash left behind the
//! last whole line is put aside and recorded; a line that is whole and wrong is tampering, and refused. A file that was cut, replaced or
//! deleted under a writer stops it: it would acknowledge what nobody finds again.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use verifier_core::{
    Digest,
    pcap::{
        Chain, Examination, LogError, Options,
        log::{HEADER, MAX_LINE, VERSION},
    },
};

use super::{
    LogFileError, Loss, NewEntry,
    examine::feed,
    lock::{LockFile, is_at},
    rotation::Rotation,
    tail,
};
use capseal_host::{clock, whole_file};

/// An entry that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Index of its line.
    pub seq: u64,
    /// Its leaf hash.
    pub leaf: Digest,
}

/// What a crash had left behind the last whole line, and was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Its length in bytes.
    pub bytes: u64,
    /// The file that it is kept in.
    pub kept_as: PathBuf,
}

/// A log that is being written.
#[derive(Debug)]
pub struct LogFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
    lock: LockFile,
    /// Where the log stood when this writer last looked.
    pub(super) known: Option<Known>,
    /// What was put aside and not asked for yet.
    recovered: Option<Recovered>,
    stopped: Option<Stopped>,
    pub(super) rotation: Option<Rotation>,
}

/// The end of a log as a writer knows it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Bytes up to the last line feed.
    pub(super) len: u64,
    pub(super) chain: Chain,
    /// The last line with its line feed: it has to be there again at the next append.
    last: Vec<u8>,
}

/// Why a writer appends no more.
#[derive(Clone, Copy, Debug)]
enum Stopped {
    /// An earlier failure left it open what the file holds.
    Poisoned,
    Lost(Loss),
}

impl LogFile {
    /// Starts a log, which nobody but its owner may read. The header gets `v`, the tool, and the time; `fields` say more.
    ///
    /// # Errors
    /// When the file exists or cannot be written, or a field breaks a rule.
    pub fn create(path: &Path, fields: Map<String, Value>) -> Result<Self, LogFileError> {
        let line = Self::header_line(&now(None), fields)?;
        whole_file::write_private(path, line.as_bytes()).map_err(LogFileError::Create)?;
        Self::open(path)
    }

    /// The first line of a log, with its line feed.
    pub(super) fn header_line(time: &str, fields: Map<String, Value>) -> Result<String, LogFileError> {
        let mut header = fields;
        header.insert("v".to_owned(), VERSION.into());
        header.insert("tool".to_owned(), "capseal".into());
        header.insert("tool_version".to_owned(), env!("CARGO_PKG_VERSION").into());
        let header = Chain::default().write(time, HEADER, header).map_err(LogFileError::Entry)?;
        Ok(format!("{}\n", header.line))
    }

    /// Opens a log to append to it.
    ///
    /// # Errors
    /// When the file cannot be opened. What it holds is looked at by the first append.
    pub fn open(path: &Path) -> Result<Self, LogFileError> {
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open(path).map_err(LogFileError::io(path))?;
        if !file.metadata().map_err(LogFileError::io(path))?.is_file() {
            return Err(LogFileError::NotALog(path.to_owned()));
        }
        let (path, lock) = (path.to_owned(), LockFile::of(path));
        Ok(Self { path, file, lock, known: None, recovered: None, stopped: None, rotation: None })
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the appends since the last call have put aside; the last, if a crash came between them.
    pub fn take_recovered(&mut self) -> Option<Recovered> {
        self.recovered.take()
    }

    /// Appends entries, all or none, in order and without others between them. Returns when they are written, and when one of
    /// them is durable, when all are on disk.
    ///
    /// # Errors
    /// When nothing was written: a field breaks a rule, the log is closed, was changed, or the file takes no more.
    /// [`LogFileError::NotDurable`] when entries were written and the disk did not confirm it.
    pub fn append(&mut self, entries: &[NewEntry]) -> Result<Vec<Appended>, LogFileError> {
        let appended = self.locked(|log, mut chain| {
            let mut lines = Vec::new();
            let mut appended = Vec::new();
            for NewEntry { kind, fields, .. } in entries {
                appended.push(log.make(&mut lines, &mut chain, kind, fields.clone())?);
            }
            log.write(&lines, chain)?;
            Ok(appended)
        })?;
        if entries.iter().any(|entry| entry.durable) {
            self.sync()?;
        }
        self.rotate_when_full()?;
        Ok(appended)
    }

    /// Looks whether the file is still the one that this writer knows, and puts a torn tail aside.
    ///
    /// # Errors
    /// As [`LogFile::append`].
    pub fn look(&mut self) -> Result<(), LogFileError> {
        self.locked(|_, _| Ok(()))
    }

    /// Bytes of the log when this writer last looked.
    pub fn bytes(&self) -> u64 {
        self.known.as_ref().map_or(0, |known| known.len)
    }

    /// Lines of the log when this writer last looked.
    pub fn lines(&self) -> u64 {
        self.known.as_ref().map_or(0, |known| known.chain.lines())
    }

    /// Closes the log: checks it whole, and appends the line that states its size and root. Returns when it is on disk.
    ///
    /// # Errors
    /// As [`LogFile::append`]; [`LogFileError::Changed`] also when a line before the last breaks a rule.
    pub fn seal(&mut self, fields: Map<String, Value>) -> Result<Appended, LogFileError> {
        let appended = self.locked(|log, chain| {
            if chain.is_closed() {
                return Err(LogFileError::Closed(log.path.clone()));
            }
            let mut examination = Examination::new(Options::default());
            let file = File::open(&log.path).map_err(LogFileError::io(&log.path))?;
            let read = feed(&mut examination, file).map_err(LogFileError::io(&log.path))?;
            let mut whole = examination.log().clone();
            if read.is_err() || whole.chain().head() != chain.head() {
                let line = whole.chain().lines();
                return Err(LogFileError::Changed { path: log.path.clone(), error: LogError::ChainBroken { line } });
            }
            let seq = chain.lines();
            let sealed = whole.seal(&now(Some(&chain)), fields).map_err(LogFileError::Entry)?;
            log.write(format!("{}\n", sealed.line).as_bytes(), whole.chain().clone())?;
            Ok(Appended { seq, leaf: sealed.leaf })
        })?;
        self.sync()?;
        Ok(appended)
    }

    /// Waits until everything that was appended so far, by whomever, is on disk.
    ///
    /// # Errors
    /// [`LogFileError::NotDurable`]; this writer then appends no more.
    pub fn sync(&mut self) -> Result<(), LogFileError> {
        self.file.sync_data().map_err(|error| {
            // After a failed sync the system may have dropped what it could not write: a second sync would say nothing.
            self.stopped = Some(Stopped::Poisoned);
            LogFileError::NotDurable { path: self.path.clone(), error }
        })
    }

    /// Does something while no other writer does, from where the chain stands.
    pub(super) fn locked<T>(
        &mut self,
        work: impl FnOnce(&mut Self, Chain) -> Result<T, LogFileError>,
    ) -> Result<T, LogFileError> {
        match self.stopped {
            None => {}
            Some(Stopped::Poisoned) => return Err(LogFileError::Poisoned(self.path.clone())),
            Some(Stopped::Lost(loss)) => return Err(self.lost(loss)),
        }
        self.lock.hold().map_err(LogFileError::io(&self.path))?;
        let done = self.in_place().and_then(|()| self.stand()).and_then(|chain| work(self, chain));
        let unlocked = self.lock.release().map_err(LogFileError::io(&self.path));
        let done = done?;
        unlocked.map(|()| done)
    }

    /// Whether the file has the log's name still.
    fn in_place(&mut self) -> Result<(), LogFileError> {
        let is_here = |path: &Path| is_at(&self.file, path).map_err(LogFileError::io(&self.path));
        if is_here(&self.path)? {
            return Ok(());
        }
        // The log may have been opened by way of a link.
        let loss = match fs::canonicalize(&self.path) {
            Ok(there) if is_here(&there)? => return Ok(()),
            Ok(_) => Loss::Replaced,
            Err(_) => Loss::Deleted,
        };
        Err(self.lost(loss))
    }

    fn lost(&mut self, loss: Loss) -> LogFileError {
        self.stopped = Some(Stopped::Lost(loss));
        LogFileError::Lost { path: self.path.clone(), loss }
    }

    /// Where the chain stands, with a torn tail put aside.
    fn stand(&mut self) -> Result<Chain, LogFileError> {
        let len = self.file.metadata().map_err(LogFileError::io(&self.path))?.len();
        let known = match self.known.clone() {
            Some(known) => self.catch_up(known, len)?,
            None => self.first_look(len)?,
        };
        let (end, chain) = (known.len, known.chain.clone());
        self.known = Some(known);
        if end < len { self.recover(end, chain) } else { Ok(chain) }
    }

    /// The end of a log that this writer has not seen yet.
    fn first_look(&mut self, len: u64) -> Result<Known, LogFileError> {
        let tail = tail::read(&mut self.file, len).map_err(LogFileError::io(&self.path))?;
        let tail = tail.ok_or_else(|| LogFileError::NotALog(self.path.clone()))?;
        let chain = Chain::after(&tail.line);
        let chain = chain.map_err(|error| LogFileError::Changed { path: self.path.clone(), error })?;
        let mut last = tail.line;
        last.push(b'\n');
        Ok(Known { len: tail.end, chain, last })
    }

    /// The end of a log that this writer knows, with the lines that others have appended since.
    fn catch_up(&mut self, mut known: Known, len: u64) -> Result<Known, LogFileError> {
        if len < known.len {
            return Err(self.lost(Loss::Cut { len, known: known.len }));
        }
        let mut last = vec![0; known.last.len()];
        let place = known.len - last.len() as u64;
        self.file.read_exact_at(&mut last, place).map_err(LogFileError::io(&self.path))?;
        if last != known.last {
            return Err(self.lost(Loss::Rewritten));
        }
        if len == known.len {
            return Ok(known);
        }
        self.file.seek(SeekFrom::Start(known.len)).map_err(LogFileError::io(&self.path))?;
        let mut reader = io::Read::take(BufReader::new(&self.file), len - known.len);
        loop {
            let mut line = Vec::new();
            let mut limited = io::Read::take(&mut reader, MAX_LINE as u64 + 1);
            let read = limited.read_until(b'\n', &mut line).map_err(LogFileError::io(&self.path))?;
            if !line.ends_with(b"\n") && read <= MAX_LINE {
                return Ok(known);
            }
            let followed = known.chain.follow(line.strip_suffix(b"\n").unwrap_or(&line));
            followed.map_err(|error| LogFileError::Changed { path: self.path.clone(), error })?;
            known.len += line.len() as u64;
            known.last = line;
        }
    }

    /// Puts aside what lies behind the last whole line, cuts it off, and says so in the log.
    fn recover(&mut self, end: u64, chain: Chain) -> Result<Chain, LogFileError> {
        let (beside, torn) = tail::put_aside(&self.path, &mut self.file, end).map_err(LogFileError::io(&self.path))?;
        self.file.set_len(end).map_err(LogFileError::io(&self.path))?;
        self.recovered = Some(Recovered { bytes: torn.len() as u64, kept_as: beside.clone() });
        if chain.is_closed() {
            return Ok(chain);
        }
        let name = beside.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let fields = json!({
            "bytes": torn.len(), "digest": Digest::of_content(&torn).to_string(), "kept_as": name, "offset": end,
        });
        let Value::Object(fields) = fields else { return Ok(chain) };
        let (mut lines, mut chain) = (Vec::new(), chain);
        self.make(&mut lines, &mut chain, "recovered", fields)?;
        self.write(&lines, chain.clone())?;
        self.sync()?;
        Ok(chain)
    }

    /// Makes the next line and adds it to `lines`.
    pub(super) fn make(
        &self,
        lines: &mut Vec<u8>,
        chain: &mut Chain,
        kind: &str,
        fields: Map<String, Value>,
    ) -> Result<Appended, LogFileError> {
        let seq = chain.lines();
        if let Some(name) = RESERVED.into_iter().find(|name| fields.contains_key(*name)) {
            return Err(LogFileError::Reserved(name));
        }
        let written = chain.write(&now(Some(chain)), kind, fields).map_err(|error| match error {
            LogError::AfterClosing { .. } => LogFileError::Closed(self.path.clone()),
            error => LogFileError::Entry(error),
        })?;
        lines.extend_from_slice(written.line.as_bytes());
        lines.push(b'\n');
        Ok(Appended { seq, leaf: written.leaf })
    }

    /// Writes lines behind the last one; what cannot be written whole is taken back.
    pub(super) fn write(&mut self, lines: &[u8], chain: Chain) -> Result<(), LogFileError> {
        let Some(known) = &mut self.known else { return Err(LogFileError::Poisoned(self.path.clone())) };
        if lines.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(lines) {
            if self.file.set_len(known.len).is_err() {
                self.stopped = Some(Stopped::Poisoned);
            }
            return Err(LogFileError::Io { path: self.path.clone(), error });
        }
        let whole = lines.strip_suffix(b"\n").unwrap_or(lines);
        let begin = whole.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        *known = Known { len: known.len + lines.len() as u64, chain, last: lines[begin..].to_vec() };
        Ok(())
    }
}

/// Fields that a line has from the log: an entry that states them would state something else than it seems to.
const RESERVED: [&str; 4] = ["prev", "seq", "time", "type"];

/// The time as a line states it: not before the line before, whatever the clock says.
pub(super) fn now(chain: Option<&Chain>) -> String {
    let now = clock::text(clock::now());
    match chain.and_then(Chain::time) {
        Some(before) if *before > *now => before.to_owned(),
        _ => now,
    }
}

/// Whether an error says that a file is not there.
pub(super) fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
