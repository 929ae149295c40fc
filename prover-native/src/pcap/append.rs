//! Appending to a log's file: by many processes at once, and through crashes.
//!
//! An append takes the file's lock, reads where the chain stands (its own memory, or the last line when others have written), and
//! writes whole lines in one write. The disk is waited for after the lock is given back, so that writers share a sync. What a crash
//! left behind the last whole line is put aside and recorded; a last line that is whole and wrong is tampering, and refused.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::{Map, Value, json};
use verifier_core::{
    Digest,
    pcap::{
        Chain, Examination, LogError, Options,
        log::{HEADER, VERSION},
    },
};

use super::{LogFileError, NewEntry, examine::feed, tail};
use crate::{
    clock,
    whole_file::{self, Existing},
};

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
    path: PathBuf,
    file: File,
    /// Where the log stood when this writer last looked: its length and its chain.
    known: Option<(u64, Chain)>,
    /// What was put aside and not asked for yet.
    recovered: Option<Recovered>,
    poisoned: bool,
}

impl LogFile {
    /// Starts a log. The header gets `v`, the tool, and the time; `fields` say more.
    ///
    /// # Errors
    /// When the file exists or cannot be written, or a field breaks a rule.
    pub fn create(path: &Path, fields: Map<String, Value>) -> Result<Self, LogFileError> {
        let mut header = fields;
        header.insert("v".to_owned(), VERSION.into());
        header.insert("tool".to_owned(), "capseal".into());
        header.insert("tool_version".to_owned(), env!("CARGO_PKG_VERSION").into());
        let header = Chain::default().write(&now(None), HEADER, header).map_err(LogFileError::Entry)?;
        whole_file::write(path, Existing::Keep, format!("{}\n", header.line).as_bytes())
            .map_err(LogFileError::Create)?;
        Self::open(path)
    }

    /// Opens a log to append to it.
    ///
    /// # Errors
    /// When the file cannot be opened. What it holds is looked at by the first append.
    pub fn open(path: &Path) -> Result<Self, LogFileError> {
        let file = OpenOptions::new().read(true).append(true).open(path).map_err(LogFileError::io(path))?;
        Ok(Self { path: path.to_owned(), file, known: None, recovered: None, poisoned: false })
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
        Ok(appended)
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
            self.poisoned = true;
            LogFileError::NotDurable { path: self.path.clone(), error }
        })
    }

    /// Does something while no other writer does, from where the chain stands.
    fn locked<T>(&mut self, work: impl FnOnce(&mut Self, Chain) -> Result<T, LogFileError>) -> Result<T, LogFileError> {
        if self.poisoned {
            return Err(LogFileError::Poisoned(self.path.clone()));
        }
        self.file.lock().map_err(LogFileError::io(&self.path))?;
        let done = self.stand().and_then(|chain| work(self, chain));
        let unlocked = self.file.unlock().map_err(LogFileError::io(&self.path));
        let done = done?;
        unlocked.map(|()| done)
    }

    /// Where the chain stands, with a torn tail put aside.
    fn stand(&mut self) -> Result<Chain, LogFileError> {
        let len = self.file.metadata().map_err(LogFileError::io(&self.path))?.len();
        if let Some((known, chain)) = &self.known
            && *known == len
        {
            return Ok(chain.clone());
        }
        let tail = tail::read(&mut self.file, len).map_err(LogFileError::io(&self.path))?;
        let tail = tail.ok_or_else(|| LogFileError::NotALog(self.path.clone()))?;
        let chain = Chain::after(&tail.line);
        let chain = chain.map_err(|error| LogFileError::Changed { path: self.path.clone(), error })?;
        self.known = Some((tail.end, chain.clone()));
        if tail.end < len { self.recover(tail.end, chain) } else { Ok(chain) }
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
    fn make(
        &self,
        lines: &mut Vec<u8>,
        chain: &mut Chain,
        kind: &str,
        fields: Map<String, Value>,
    ) -> Result<Appended, LogFileError> {
        let seq = chain.lines();
        let written = chain.write(&now(Some(chain)), kind, fields).map_err(|error| match error {
            LogError::AfterClosing { .. } => LogFileError::Closed(self.path.clone()),
            error => LogFileError::Entry(error),
        })?;
        lines.extend_from_slice(written.line.as_bytes());
        lines.push(b'\n');
        Ok(Appended { seq, leaf: written.leaf })
    }

    /// Writes lines behind the last one; what cannot be written whole is taken back.
    fn write(&mut self, lines: &[u8], chain: Chain) -> Result<(), LogFileError> {
        let Some((len, _)) = self.known.take() else { return Err(LogFileError::Poisoned(self.path.clone())) };
        if let Err(error) = self.file.write_all(lines) {
            self.poisoned = self.file.set_len(len).is_err();
            return Err(LogFileError::Io { path: self.path.clone(), error });
        }
        self.known = Some((len + lines.len() as u64, chain));
        Ok(())
    }
}

/// The time as a line states it: not before the line before, whatever the clock says.
fn now(chain: Option<&Chain>) -> String {
    let now = clock::text(clock::millis(SystemTime::now()));
    match chain.and_then(Chain::time) {
        Some(before) if *before > *now => before.to_owned(),
        _ => now,
    }
}

/// Whether an error says that a file is not there.
pub(super) fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
