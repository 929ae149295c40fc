//! Why bytes are not a container: what is wrong, where, and the reason code that goes with it.

use core::fmt;

use super::name::NameError;
use crate::reason::ReasonCode;

/// Why a container was refused: the first fault in the order of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerError {
    /// What is wrong.
    pub fault: Fault,
    /// Where the record begins that is wrong.
    ///
    /// # Units
    /// Bytes from the start of the file.
    pub offset: usize,
    /// Position of the entry, from 0, where the fault concerns one.
    pub entry: Option<usize>,
}

/// What is wrong with a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The file does not begin as a ZIP.
    NotAContainer,
    /// The file ends inside a record or an entry's content.
    Truncated,
    /// `mimetype` names another media type.
    MediaType,
    /// A ZIP feature that receipts do not use.
    Unsupported(Feature),
    /// A constant field has another value.
    NotCanonical {
        /// The field.
        field: Field,
        /// Its value.
        found: u32,
        /// The only one allowed.
        expected: u32,
    },
    /// The first entry is not `mimetype`.
    MimetypeNotFirst,
    /// The name does not sort after the one before.
    Order,
    /// The file is over its limit.
    FileTooLarge {
        /// The limit in bytes. How far the file is beyond it is not said: nobody has to read on to know it.
        limit: usize,
    },
    /// More entries than the limit.
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// The entry is over the limit for its kind.
    EntryTooLarge {
        /// The size that the header claims, in bytes.
        bytes: u32,
        /// The limit.
        limit: usize,
    },
    /// The name is not one of a receipt.
    Name(NameError),
    /// The attributes make the entry a symbolic link.
    Link,
    /// An entry before has the same name.
    Duplicate,
    /// Bytes stand before the first entry.
    Prefix,
    /// Something else stands where this record belongs: a gap, an overlap, a size that lies.
    Expected(Record),
    /// Two places that state the same thing state it differently.
    Disagree(Field),
    /// The content does not have the stated CRC-32.
    Checksum {
        /// That of the content.
        found: u32,
        /// The stated one.
        stated: u32,
    },
    /// Bytes follow the end record.
    Trailing,
}

/// A ZIP feature that receipts do not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// A compression method, by its number.
    Method(u16),
    /// An encryption flag.
    Encryption,
    /// Sizes that follow the content.
    DataDescriptor,
    /// 64-bit records, or a field that refers to one.
    Zip64,
    /// An archive in several files.
    Split,
}

/// A kind of ZIP record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The header before an entry's content, or the directory after the last entry.
    Local,
    /// An entry's header in the central directory.
    Central,
    /// The record at the end.
    End,
}

/// A field of a ZIP record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the name of the field in APPNOTE.TXT")]
#[non_exhaustive]
pub enum Field {
    VersionMadeBy,
    VersionNeeded,
    Flags,
    Time,
    Date,
    Crc32,
    CompressedSize,
    Size,
    NameLength,
    ExtraLength,
    CommentLength,
    InternalAttributes,
    ExternalAttributes,
    LocalOffset,
    Name,
    EntryCount,
    DirectorySize,
    DirectoryOffset,
}

impl ContainerError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        self.fault.code()
    }
}

impl Fault {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Unsupported(_) => ReasonCode::UnsupportedEncoding,
            Self::NotAContainer | Self::Truncated | Self::MediaType => ReasonCode::ParseFailed,
            Self::NotCanonical { .. } | Self::MimetypeNotFirst | Self::Order => ReasonCode::CanonicalizationFailed,
            Self::FileTooLarge { .. } | Self::TooManyEntries { .. } | Self::EntryTooLarge { .. } => {
                ReasonCode::LimitExceeded
            }
            Self::Name(_) | Self::Link => ReasonCode::EntryNameInvalid,
            Self::Duplicate => ReasonCode::EntryDuplicate,
            Self::Prefix | Self::Expected(_) | Self::Disagree(_) | Self::Checksum { .. } | Self::Trailing => {
                ReasonCode::EntryLayoutInvalid
            }
        }
    }
}

impl fmt::Display for ContainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            Some(entry) => write!(f, "entry {entry} at byte {}: {}", self.offset, self.fault),
            None => write!(f, "at byte {}: {}", self.offset, self.fault),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAContainer => f.write_str("the file is not a ZIP"),
            Self::Truncated => f.write_str("the file ends here, in the middle"),
            Self::MediaType => f.write_str("`mimetype` does not name a receipt"),
            Self::Unsupported(feature) => write!(f, "receipts do not use {feature}"),
            Self::NotCanonical { field, found, expected } => {
                write!(f, "{} is 0x{found:x}, not 0x{expected:x}", field.name())
            }
            Self::MimetypeNotFirst => f.write_str("the first entry is not `mimetype`"),
            Self::Order => f.write_str("the entries are not sorted by name"),
            Self::FileTooLarge { limit } => write!(f, "the file has more than {limit} bytes, which is the limit"),
            Self::TooManyEntries { limit } => write!(f, "there are more than {limit} entries"),
            Self::EntryTooLarge { bytes, limit } => write!(f, "it claims {bytes} bytes; the limit is {limit}"),
            Self::Name(cause) => write!(f, "the name is not allowed: {cause}"),
            Self::Link => f.write_str("it is a symbolic link"),
            Self::Duplicate => f.write_str("an earlier entry has the same name"),
            Self::Prefix => f.write_str("the file does not begin with an entry"),
            Self::Expected(record) => write!(f, "{} belongs here", record.name()),
            Self::Disagree(field) => write!(f, "{} is stated twice, differently", field.name()),
            Self::Checksum { found, stated } => {
                write!(f, "the content has CRC-32 {found:08x}; the header states {stated:08x}")
            }
            Self::Trailing => f.write_str("bytes follow the end of the container"),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method(method) => write!(f, "compression (method {method})"),
            Self::Encryption => f.write_str("encryption"),
            Self::DataDescriptor => f.write_str("data descriptors"),
            Self::Zip64 => f.write_str("zip64"),
            Self::Split => f.write_str("split archives"),
        }
    }
}

impl Record {
    const fn name(self) -> &'static str {
        match self {
            Self::Local => "an entry or the directory",
            Self::Central => "a directory header",
            Self::End => "the end record",
        }
    }
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::VersionMadeBy => "version made by",
            Self::VersionNeeded => "version needed",
            Self::Flags => "the flags field",
            Self::Time => "the time",
            Self::Date => "the date",
            Self::Crc32 => "the CRC-32",
            Self::CompressedSize => "the compressed size",
            Self::Size => "the size",
            Self::NameLength => "the length of the name",
            Self::ExtraLength => "the length of the extra field",
            Self::CommentLength => "the length of the comment",
            Self::InternalAttributes => "the internal attributes",
            Self::ExternalAttributes => "the external attributes",
            Self::LocalOffset => "the offset of the entry",
            Self::Name => "the name",
            Self::EntryCount => "the number of entries",
            Self::DirectorySize => "the size of the directory",
            Self::DirectoryOffset => "the offset of the directory",
        }
    }
}

impl core::error::Error for ContainerError {}
