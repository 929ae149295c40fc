//! The walk over a container's records, forward and once.

use alloc::vec::Vec;

use super::cursor::Cursor;
use super::error::{ContainerError, Fault, Feature, Field, Record};
use super::name::{EntryKind, EntryName};
use super::record::{self, CentralHeader, EndRecord, EntryHeader, agree, signature};
use super::{Entry, MEDIA_TYPE};
use crate::{digest::PIECE_BYTES, limits::Limits};

/// What is left of the file, and what has been found.
pub(super) struct Walk<'a> {
    cursor: Cursor<'a>,
    found: Vec<Found<'a>>,
    directory_offset: usize,
}

/// An entry, with what the directory must repeat.
struct Found<'a> {
    entry: Entry<'a>,
    header: EntryHeader,
    offset: usize,
}

impl<'a> Walk<'a> {
    /// Stands at the first entry. Tells a ZIP with something before it from a file of another kind.
    pub(super) fn start(bytes: &'a [u8]) -> Result<Self, ContainerError> {
        if bytes.starts_with(&signature::LOCAL) {
            return Ok(Self { cursor: Cursor::new(bytes), found: Vec::new(), directory_offset: 0 });
        }
        let tail = bytes.len().checked_sub(record::END_RECORD_BYTES).filter(|start| *start > 0);
        let is_zip = tail.and_then(|start| bytes.get(start..)).is_some_and(|tail| tail.starts_with(&signature::END));
        let fault = if is_zip { Fault::Prefix } else { Fault::NotAContainer };
        Err(ContainerError { fault, offset: 0, entry: None })
    }

    /// Local headers, names and contents, up to the directory.
    pub(super) fn entries(&mut self, limits: &Limits) -> Result<(), ContainerError> {
        while self.cursor.peek_signature() == Some(signature::LOCAL) {
            let (offset, index) = (self.cursor.offset(), self.found.len());
            let found = self.entry(limits).map_err(|fault| ContainerError { fault, offset, entry: Some(index) })?;
            self.found.push(found);
        }
        self.directory_offset = self.cursor.offset();
        expect(&mut self.cursor.clone(), signature::CENTRAL, Record::Local).map_err(|fault| ContainerError {
            fault,
            offset: self.directory_offset,
            entry: None,
        })
    }

    fn entry(&mut self, limits: &Limits) -> Result<Found<'a>, Fault> {
        if self.found.len() >= limits.entries {
            return Err(Fault::TooManyEntries { limit: limits.entries });
        }
        let offset = self.cursor.offset();
        expect(&mut self.cursor, signature::LOCAL, Record::Local)?;
        let header = EntryHeader::read(&mut self.cursor).ok_or(Fault::Truncated)?;
        header.check_constants()?;
        let name = self.cursor.take(usize::from(header.name_length)).ok_or(Fault::Truncated)?;
        let name = EntryName::parse(name).map_err(Fault::Name)?;
        self.check_order(&name)?;
        let size = size_within(header.size, limit_of(name.kind(), limits))?;
        let content = self.cursor.take(size).ok_or(Fault::Truncated)?;
        Ok(Found { entry: Entry { name, content }, header, offset })
    }

    /// Names ascend strictly after `mimetype`; a name that was there before is told from one that is out of place.
    fn check_order(&self, name: &EntryName<'_>) -> Result<(), Fault> {
        let Some((mimetype, others)) = self.found.split_first() else {
            return if name.kind() == EntryKind::Mimetype { Ok(()) } else { Err(Fault::MimetypeNotFirst) };
        };
        if mimetype.entry.name == *name {
            return Err(Fault::Duplicate);
        }
        if others.last().is_none_or(|last| last.entry.name.as_str() < name.as_str()) {
            return Ok(());
        }
        let known = others.binary_search_by_key(&name.as_str(), |found| found.entry.name.as_str()).is_ok();
        Err(if known { Fault::Duplicate } else { Fault::Order })
    }

    /// Directory headers: one for each entry, in the same order, saying the same.
    pub(super) fn directory(&mut self) -> Result<(), ContainerError> {
        for (index, found) in self.found.iter().enumerate() {
            let offset = self.cursor.offset();
            check_central(&mut self.cursor, found).map_err(|fault| ContainerError {
                fault,
                offset,
                entry: Some(index),
            })?;
        }
        Ok(())
    }

    /// The end record, and nothing after it.
    pub(super) fn end(&mut self) -> Result<(), ContainerError> {
        let offset = self.cursor.offset();
        self.check_end(offset).map_err(|fault| ContainerError { fault, offset, entry: None })?;
        if !self.cursor.is_empty() {
            return Err(ContainerError { fault: Fault::Trailing, offset: self.cursor.offset(), entry: None });
        }
        Ok(())
    }

    fn check_end(&mut self, offset: usize) -> Result<(), Fault> {
        expect(&mut self.cursor, signature::END, Record::End)?;
        let end = EndRecord::read(&mut self.cursor).ok_or(Fault::Truncated)?;
        end.check_constants()?;
        let directory_size = offset.saturating_sub(self.directory_offset);
        agree(Field::EntryCount, end.entries() == self.found.len())?;
        agree(Field::DirectorySize, states(end.directory_size, directory_size))?;
        agree(Field::DirectoryOffset, states(end.directory_offset, self.directory_offset))
    }

    /// The media type, and the checksums.
    pub(super) fn contents(&self) -> Result<(), ContainerError> {
        for (index, found) in self.found.iter().enumerate() {
            check_content(found).map_err(|fault| ContainerError { fault, offset: found.offset, entry: Some(index) })?;
        }
        Ok(())
    }

    /// The entries, in the order of the file.
    pub(super) fn into_entries(self) -> Vec<Entry<'a>> {
        self.found.into_iter().map(|found| found.entry).collect()
    }
}

/// Takes a record's signature.
fn expect(cursor: &mut Cursor<'_>, expected: [u8; 4], record: Record) -> Result<(), Fault> {
    let found = cursor.peek_signature().ok_or(Fault::Truncated)?;
    if found == signature::ZIP64_END || found == signature::ZIP64_LOCATOR {
        return Err(Fault::Unsupported(Feature::Zip64));
    }
    if found != expected {
        return Err(Fault::Expected(record));
    }
    cursor.take(found.len()).map(|_| ()).ok_or(Fault::Truncated)
}

fn check_central(cursor: &mut Cursor<'_>, found: &Found<'_>) -> Result<(), Fault> {
    expect(cursor, signature::CENTRAL, Record::Central)?;
    let header = CentralHeader::read(cursor).ok_or(Fault::Truncated)?;
    header.check_constants()?;
    header.entry.check_same(&found.header)?;
    agree(Field::LocalOffset, states(header.local_offset, found.offset))?;
    let name = cursor.take(usize::from(header.entry.name_length)).ok_or(Fault::Truncated)?;
    agree(Field::Name, name == found.entry.name.as_str().as_bytes())
}

fn check_content(found: &Found<'_>) -> Result<(), Fault> {
    let content = found.entry.content;
    if found.entry.name.kind() == EntryKind::Mimetype && content != MEDIA_TYPE.as_bytes() {
        return Err(Fault::MediaType);
    }
    let mut hasher = crc32fast::Hasher::new();
    content.chunks(PIECE_BYTES).for_each(|piece| hasher.update(piece));
    let checksum = hasher.finalize();
    if checksum != found.header.crc32 {
        return Err(Fault::Checksum { found: checksum, stated: found.header.crc32 });
    }
    Ok(())
}

/// The most bytes that an entry of this kind may have.
const fn limit_of(kind: EntryKind<'_>, limits: &Limits) -> usize {
    match kind {
        EntryKind::Capsule => limits.capsule_bytes,
        EntryKind::EventLog => limits.event_log_bytes,
        EntryKind::Proof(_) => limits.proof_bytes,
        EntryKind::Mimetype | EntryKind::Policy | EntryKind::Manifest(_) | EntryKind::Signature(_) => {
            limits.document_bytes
        }
        EntryKind::Artifact(_) | EntryKind::Availability(_) => limits.entry_bytes,
    }
}

fn size_within(bytes: u32, limit: usize) -> Result<usize, Fault> {
    usize::try_from(bytes).ok().filter(|size| *size <= limit).ok_or(Fault::EntryTooLarge { bytes, limit })
}

/// Whether a 32-bit field states this number.
fn states(field: u32, number: usize) -> bool {
    usize::try_from(field) == Ok(number)
}
