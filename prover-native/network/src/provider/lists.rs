//! Revocation lists on disk: read again when they change, taken from those issuers alone whom the access file allows, and never taken back.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use verifier_core::{
    capability::{Denial, MAX_REVOCATION_BYTES, RevocationList, Rule, from_base64},
    signature::PublicKey,
};

use super::{access::ListFile, stamp::Stamp};
use capseal_host::whole_file::{self, Existing};

/// What a provider remembers of revocation lists, for ever: the highest number of each issuer, and whose list each file had first.
///
/// It lies beside the log of decisions, where nobody who may write lists has to write. What cannot be read is not taken for nothing: then no
/// list counts.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    kept: Mutex<Result<Kept, String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: String,
    /// The highest number, by the issuer's key.
    seen: BTreeMap<String, u64>,
    /// The issuer, by the file as the access file names it.
    files: BTreeMap<String, String>,
}

const SCHEMA: &str = "capseal/revocations-seen/v1";

impl Memory {
    /// Reads the memory beside a log of decisions. `is_first` when that log is new: then there need not be one yet.
    pub(super) fn open(decisions: &Path, is_first: bool) -> Self {
        let mut path = decisions.as_os_str().to_owned();
        path.push(".seen");
        let path = PathBuf::from(path);
        let kept = match fs::read(&path) {
            Ok(bytes) => read(&bytes).ok_or_else(|| format!("{} is not what a provider wrote", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && is_first => {
                let kept = Kept { schema: SCHEMA.to_owned(), ..Kept::default() };
                write(&path, &kept).map(|()| kept)
            }
            Err(error) => Err(format!("{}: {error}", path.display())),
        };
        Self { path, kept: Mutex::new(kept) }
    }

    /// The highest number that was seen of each issuer.
    pub(super) fn seen(&self) -> Vec<(PublicKey, u64)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = kept.as_ref().ok().into_iter().flat_map(|kept| &kept.seen);
        seen.filter_map(|(issuer, seq)| Some((PublicKey::from_hex(issuer)?, *seq))).collect()
    }

    /// Why no list counts, if none does.
    pub(super) fn trouble(&self) -> Option<String> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).as_ref().err().cloned()
    }

    /// Takes note of a list that was read, before anything is decided by it. `pins` when the file is for its first issuer alone.
    fn note(&self, file: &str, list: &RevocationList, pins: bool) -> Result<(), String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_mut().map_err(|error| error.clone())?;
        let (issuer, seq) = (list.list().issuer.to_string(), list.list().seq);
        if pins && kept.files.get(file).is_some_and(|first| *first != issuer) {
            return Err("the file had another issuer's list before, which this one cannot take the place of".to_owned());
        }
        let mut next = kept.clone();
        if pins {
            next.files.insert(file.to_owned(), issuer.clone());
        }
        let highest = next.seen.entry(issuer).or_default();
        *highest = seq.max(*highest);
        if next != *kept {
            write(&self.path, &next)?;
            *kept = next;
        }
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(bytes).ok()?;
    let keys = kept.seen.keys().chain(kept.files.values());
    (kept.schema == SCHEMA && keys.into_iter().all(|key| PublicKey::from_hex(key).is_some())).then_some(kept)
}

fn write(path: &Path, kept: &Kept) -> Result<(), String> {
    let text = serde_json::to_string(kept).map_err(|error| error.to_string())?;
    let written = whole_file::write_private_over(path, Existing::Replace, format!("{text}\n").as_bytes());
    written.map(drop).map_err(|error| error.to_string())
}

/// A file of revocation lists.
#[derive(Debug)]
pub(super) struct List {
    path: PathBuf,
    said: ListFile,
    roots: Vec<PublicKey>,
    memory: Arc<Memory>,
    read: Mutex<(Option<Stamp>, Result<RevocationList, Denial>)>,
}

impl List {
    /// The list that an access file in a folder names.
    pub(super) fn new(folder: &Path, said: &ListFile, roots: &[PublicKey], memory: &Arc<Memory>) -> Self {
        let unread = Err(invalid("the list was not read"));
        Self {
            path: folder.join(&said.file),
            said: said.clone(),
            roots: roots.to_vec(),
            memory: Arc::clone(memory),
            read: Mutex::new((None, unread)),
        }
    }

    /// The list as it is now.
    pub(super) fn current(&self) -> Result<RevocationList, Denial> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trouble) = self.memory.trouble() {
            return Err(invalid(format_args!("the memory of lists cannot be used: {trouble}")));
        }
        let stamp = Stamp::of(&self.path);
        if !Stamp::is_same(read.0.as_ref(), stamp.as_ref()) {
            read.1 = self.read_file();
            read.0 = stamp;
        }
        read.1.clone()
    }

    /// The file, as the access file names it.
    pub(super) fn name(&self) -> String {
        self.said.file.to_string_lossy().into_owned()
    }

    fn read_file(&self) -> Result<RevocationList, Denial> {
        let unreadable = |_| invalid("the provider cannot read its revocation list");
        let most = MAX_REVOCATION_BYTES as u64 * 2;
        if fs::metadata(&self.path).is_ok_and(|file| !file.is_file() || file.len() > most) {
            return Err(invalid("the file is no revocation list"));
        }
        let text = fs::read_to_string(&self.path).map_err(unreadable)?;
        let list = RevocationList::read(&from_base64(text.trim_ascii(), MAX_REVOCATION_BYTES).unwrap_or_default())?;
        let issuer = list.list().issuer;
        let is_allowed = self.said.issuer.map_or_else(|| self.roots.contains(&issuer), |named| named == issuer);
        if !is_allowed {
            return Err(invalid(format_args!("the list is that of {issuer}, whose lists are not for this file")));
        }
        self.memory.note(&self.name(), &list, self.said.issuer.is_none()).map_err(invalid)?;
        Ok(list)
    }
}

fn invalid(detail: impl std::fmt::Display) -> Denial {
    Denial::new(Rule::RevocationInvalid, detail)
}
