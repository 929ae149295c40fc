//! ZIP records: the three structures of the container, and the one value that each constant field may have.
//!
//! Reading takes a record's fields; `check_constants` then leaves free only the fields that depend on the entries. Field
//! names follow APPNOTE.TXT 6.3.10, sections 4.3.7 (local), 4.3.12 (central) and 4.3.16 (end).

use super::cursor::Cursor;
use super::error::{Fault, Feature, Field};

/// First bytes of the records.
pub(super) mod signature {
    pub(in super::super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
    pub(in super::super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
    pub(in super::super) const END: [u8; 4] = *b"PK\x05\x06";
    pub(in super::super) const ZIP64_END: [u8; 4] = *b"PK\x06\x06";
    pub(in super::super) const ZIP64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
}

/// Length of an end record without a comment, its signature included.
pub(super) const END_RECORD_BYTES: usize = 22;

/// Made by version 1.0 of the specification on Unix, so that the high half of the attributes is a file mode.
const VERSION_MADE_BY: u16 = 0x030a;
/// Version 1.0: stored entries need no more.
const VERSION_NEEDED: u16 = 10;
/// 00:00:00.
const TIME: u16 = 0;
/// 1980-01-01, the earliest date that a ZIP can state.
const DATE: u16 = 0x0021;
/// A regular file with permissions 0644.
const EXTERNAL_ATTRIBUTES: u32 = 0o100_644 << 16;

const FLAGS_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const FLAG_DATA_DESCRIPTOR: u16 = 1 << 3;
const METHOD_STORED: u16 = 0;

const MODE_TYPE: u32 = 0o170_000 << 16;
const MODE_LINK: u32 = 0o120_000 << 16;

/// In these fields all ones mean that the value stands in a zip64 record.
const ZIP64_U16: u16 = u16::MAX;
const ZIP64_U32: u32 = u32::MAX;

/// The run of fields that local and central headers share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryHeader {
    version_needed: u16,
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    pub(super) crc32: u32,
    compressed_size: u32,
    pub(super) size: u32,
    pub(super) name_length: u16,
    extra_length: u16,
}

impl EntryHeader {
    /// Takes the 26 bytes; `None` if there are fewer.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            version_needed: cursor.u16()?,
            flags: cursor.u16()?,
            method: cursor.u16()?,
            time: cursor.u16()?,
            date: cursor.u16()?,
            crc32: cursor.u32()?,
            compressed_size: cursor.u32()?,
            size: cursor.u32()?,
            name_length: cursor.u16()?,
            extra_length: cursor.u16()?,
        })
    }

    /// Leaves free: checksum, size, length of the name.
    pub(super) fn check_constants(&self) -> Result<(), Fault> {
        self.check_features()?;
        constant(Field::Flags, self.flags, 0)?;
        constant(Field::VersionNeeded, self.version_needed, VERSION_NEEDED)?;
        constant(Field::Time, self.time, TIME)?;
        constant(Field::Date, self.date, DATE)?;
        constant(Field::ExtraLength, self.extra_length, 0)?;
        agree(Field::CompressedSize, self.compressed_size == self.size)
    }

    /// Tells a feature that receipts do not use from a field that merely has another value.
    fn check_features(&self) -> Result<(), Fault> {
        if self.flags & FLAGS_ENCRYPTED != 0 {
            return Err(Fault::Unsupported(Feature::Encryption));
        }
        if self.flags & FLAG_DATA_DESCRIPTOR != 0 {
            return Err(Fault::Unsupported(Feature::DataDescriptor));
        }
        if self.method != METHOD_STORED {
            return Err(Fault::Unsupported(Feature::Method(self.method)));
        }
        if self.compressed_size == ZIP64_U32 || self.size == ZIP64_U32 {
            return Err(Fault::Unsupported(Feature::Zip64));
        }
        Ok(())
    }

    /// Compares a central header with the local one; both have passed [`Self::check_constants`].
    pub(super) fn check_same(&self, local: &Self) -> Result<(), Fault> {
        agree(Field::Crc32, self.crc32 == local.crc32)?;
        agree(Field::Size, self.size == local.size)?;
        agree(Field::NameLength, self.name_length == local.name_length)
    }
}

/// An entry's header in the central directory, without signature and name.
pub(super) struct CentralHeader {
    version_made_by: u16,
    pub(super) entry: EntryHeader,
    comment_length: u16,
    disk: u16,
    internal_attributes: u16,
    external_attributes: u32,
    pub(super) local_offset: u32,
}

impl CentralHeader {
    /// Takes the 42 bytes; `None` if there are fewer.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            version_made_by: cursor.u16()?,
            entry: EntryHeader::read(cursor)?,
            comment_length: cursor.u16()?,
            disk: cursor.u16()?,
            internal_attributes: cursor.u16()?,
            external_attributes: cursor.u32()?,
            local_offset: cursor.u32()?,
        })
    }

    /// Leaves free: what [`EntryHeader::check_constants`] does, and the offset.
    pub(super) fn check_constants(&self) -> Result<(), Fault> {
        if self.disk == ZIP64_U16 || self.local_offset == ZIP64_U32 {
            return Err(Fault::Unsupported(Feature::Zip64));
        }
        self.entry.check_constants()?;
        if self.disk != 0 {
            return Err(Fault::Unsupported(Feature::Split));
        }
        if self.external_attributes & MODE_TYPE == MODE_LINK {
            return Err(Fault::Link);
        }
        constant(Field::VersionMadeBy, self.version_made_by, VERSION_MADE_BY)?;
        constant(Field::CommentLength, self.comment_length, 0)?;
        constant(Field::InternalAttributes, self.internal_attributes, 0)?;
        constant(Field::ExternalAttributes, self.external_attributes, EXTERNAL_ATTRIBUTES)
    }
}

/// The end record, without its signature.
pub(super) struct EndRecord {
    disk: u16,
    directory_disk: u16,
    disk_entries: u16,
    entries: u16,
    pub(super) directory_size: u32,
    pub(super) directory_offset: u32,
    comment_length: u16,
}

impl EndRecord {
    /// Takes the 18 bytes; `None` if there are fewer.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            disk: cursor.u16()?,
            directory_disk: cursor.u16()?,
            disk_entries: cursor.u16()?,
            entries: cursor.u16()?,
            directory_size: cursor.u32()?,
            directory_offset: cursor.u32()?,
            comment_length: cursor.u16()?,
        })
    }

    /// Leaves free: count of entries, size and offset of the directory.
    pub(super) fn check_constants(&self) -> Result<(), Fault> {
        let halves = [self.disk, self.directory_disk, self.disk_entries, self.entries];
        if halves.contains(&ZIP64_U16) || [self.directory_size, self.directory_offset].contains(&ZIP64_U32) {
            return Err(Fault::Unsupported(Feature::Zip64));
        }
        if self.disk != 0 || self.directory_disk != 0 {
            return Err(Fault::Unsupported(Feature::Split));
        }
        agree(Field::EntryCount, self.disk_entries == self.entries)?;
        constant(Field::CommentLength, self.comment_length, 0)
    }

    /// How many entries it claims.
    pub(super) fn entries(&self) -> usize {
        usize::from(self.entries)
    }
}

fn constant<T: Into<u32> + Copy + PartialEq>(field: Field, found: T, expected: T) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    Err(Fault::NotCanonical { field, found: found.into(), expected: expected.into() })
}

/// Refuses two statements of the same thing that differ.
pub(super) fn agree(field: Field, same: bool) -> Result<(), Fault> {
    if same { Ok(()) } else { Err(Fault::Disagree(field)) }
}
