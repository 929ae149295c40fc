//! The container (spec: `docs/spec/container.md`): a ZIP of which each content has exactly one.
//!
//! The walk goes forward once, from the first byte to the last; no offset in the file is ever followed, only compared.
//! What [`Container::parse`] accepts is byte for byte what the writer makes of the same names and contents: every constant
//! field has its one value, every other is a function of the entries. Contents are borrowed, and checked by CRC-32 alone;
//! that an artifact hashes to its name, and that an entry belongs to the receipt, is for the layers above.

mod cursor;
mod error;
mod name;
mod record;
mod walk;

use alloc::vec::Vec;

pub use error::{ContainerError, Fault, Feature, Field, Record};
pub use name::{EntryKind, EntryName, NAME_BYTES_MAX, NameError};

use walk::Walk;

use crate::limits::Limits;

/// Content of the first entry, `mimetype`.
pub const MEDIA_TYPE: &str = "application/vnd.capseal.receipt";

/// A receipt's entries, borrowed from its bytes.
#[derive(Clone, Debug)]
pub struct Container<'a> {
    /// `mimetype` first, the others sorted by name.
    entries: Vec<Entry<'a>>,
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name.
    pub name: EntryName<'a>,
    /// Its content.
    pub content: &'a [u8],
}

impl<'a> Container<'a> {
    /// Reads a container.
    ///
    /// Takes time and memory in proportion to `bytes`, whatever they claim: at most one [`Entry`] for each 77 bytes.
    ///
    /// # Errors
    /// [`ContainerError`] with `E001`, `E002` or `E004` to `E008`; the first fault of the walk.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, ContainerError> {
        // 1. The size of the file.
        Self::check_length(bytes.len(), limits)?;
        // 2. The entries, one after another from the first byte.
        let mut walk = Walk::start(bytes)?;
        walk.entries(limits)?;
        // 3. The directory, which repeats the headers in the same order.
        walk.directory()?;
        // 4. The end record, which ends the file.
        walk.end()?;
        // 5. The contents, now that the structure has told where they are.
        walk.contents()?;
        Ok(Self { entries: walk.into_entries() })
    }

    /// The first step of [`Self::parse`] alone.
    ///
    /// # Errors
    /// [`ContainerError`] with `E005` when a file of `bytes` bytes is over the limit.
    pub const fn check_length(bytes: usize, limits: &Limits) -> Result<(), ContainerError> {
        if bytes <= limits.file_bytes {
            return Ok(());
        }
        let fault = Fault::FileTooLarge { limit: limits.file_bytes };
        Err(ContainerError { fault, offset: 0, entry: None })
    }

    /// The content of the entry of this name.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        let (mimetype, others) = self.entries.split_first()?;
        if mimetype.name.as_str() == name {
            return Some(mimetype.content);
        }
        let at = others.binary_search_by_key(&name, |entry| entry.name.as_str()).ok()?;
        others.get(at).map(|entry| entry.content)
    }

    /// The entries in the order of the file: `mimetype`, then sorted by name.
    pub fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }
}
