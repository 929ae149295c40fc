//! Rotation: a log that has grown large is continued in a new file. The old one takes another name, and its last line says that the log
//! goes on; the header of the new one states the old one's last leaf hash, so that neither can be left out without a trace.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use verifier_core::pcap::Chain;

use super::{LogFile, LogFileError, append::now};
use capseal_host::{
    clock,
    whole_file::{self, Existing},
};

/// When a log is continued in a new file, and what the header of that says.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    most_bytes: u64,
    header: Map<String, Value>,
}

impl LogFile {
    /// The same log, continued in a new file whenever it has grown to `most_bytes`. `header` is what each file's header says.
    #[must_use]
    pub fn rotating(mut self, most_bytes: u64, header: Map<String, Value>) -> Self {
        self.rotation = Some(Rotation { most_bytes, header });
        self
    }

    /// Continues the log in a new file, if it has grown to the size that was asked for.
    pub(super) fn rotate_when_full(&mut self) -> Result<(), LogFileError> {
        match &self.rotation {
            Some(rotation) if self.bytes() >= rotation.most_bytes => self.rotate(),
            _ => Ok(()),
        }
    }

    /// Continues the log in a new file now.
    fn rotate(&mut self) -> Result<(), LogFileError> {
        let kept_as = free_name(&self.path).map_err(LogFileError::io(&self.path))?;
        let name = kept_as.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let next = self.locked(|log, mut chain| {
            let (mut lines, fields) = (Vec::new(), Map::from_iter([("kept_as".to_owned(), name.as_str().into())]));
            log.make(&mut lines, &mut chain, CONTINUED, fields)?;
            log.write(&lines, chain.clone())?;
            log.sync()?;
            fs::rename(&log.path, &kept_as).map_err(LogFileError::io(&log.path))?;
            log.begin_after(&chain, Some(&name), Existing::Keep)
        })?;
        *self = next;
        Ok(())
    }

    /// Goes on in the file that has the log's name now, for whoever has moved the old one away: a new one is started where there is none,
    /// or an empty one.
    ///
    /// # Errors
    /// When the old file was cut or rewritten, or the new one cannot be written or is no log.
    pub fn reopen(&mut self) -> Result<(), LogFileError> {
        match self.look() {
            Ok(()) => return Ok(()),
            Err(LogFileError::Lost { loss: super::Loss::Deleted | super::Loss::Replaced, .. }) => {}
            Err(error) => return Err(error),
        }
        let there = fs::metadata(&self.path).map(|file| file.len());
        let next = match (&self.known, there) {
            (Some(known), Err(_) | Ok(0)) => self.begin_after(&known.chain.clone(), None, Existing::Replace)?,
            _ => {
                let mut next = Self::open(&self.path)?;
                next.look()?;
                next.rotation.clone_from(&self.rotation);
                next
            }
        };
        *self = next;
        Ok(())
    }

    /// Starts the file that follows a chain.
    fn begin_after(&self, chain: &Chain, name: Option<&str>, existing: Existing) -> Result<Self, LogFileError> {
        let mut fields = self.rotation.as_ref().map(|rotation| rotation.header.clone()).unwrap_or_default();
        let continues = json!({ "head": chain.head().to_string(), "lines": chain.lines(), "name": name.unwrap_or("") });
        fields.insert(CONTINUES.to_owned(), continues);
        let line = Self::header_line(&now(Some(chain)), fields)?;
        whole_file::write_private_over(&self.path, existing, line.as_bytes()).map_err(LogFileError::Create)?;
        let mut next = Self::open(&self.path)?;
        next.rotation.clone_from(&self.rotation);
        Ok(next)
    }
}

/// The type of the last line of a file that is continued.
const CONTINUED: &str = "continued";
/// The field of the header that names the file before.
const CONTINUES: &str = "continues";

/// A name beside the log that says when it was put aside.
fn free_name(log: &Path) -> io::Result<PathBuf> {
    let stem = log.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let kind = log.extension().map_or(String::new(), |kind| format!(".{}", kind.to_string_lossy()));
    let now = clock::now();
    // Names sort as their files follow each other.
    for later in 0..1000 {
        let time = clock::text(now + later).replace(['-', ':', '.'], "");
        let name = log.with_file_name(format!("{stem}-{time}{kind}"));
        if !name.try_exists()? {
            return Ok(name);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
