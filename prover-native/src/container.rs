//! Writes the container (spec: `docs/spec/container.md`) with the `zip` crate.
//!
//! Equal names and contents give equal bytes, in whatever order they come: entries are sorted, stored, and carry fixed
//! times, attributes and versions. Contents stream through; nothing is held but the directory. The reader is
//! `verifier_core::container`; this module never reads.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use verifier_core::container::{EntryKind, EntryName, MEDIA_TYPE, NameError};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter, result::ZipError};

/// The most entries, `mimetype` included: a count of 65,535 would mean zip64.
pub const ENTRIES_MAX: usize = 65_534;

/// The largest file: an offset of 2^32 - 1 would mean zip64.
///
/// # Units
/// Bytes.
pub const FILE_BYTES_MAX: u64 = u32::MAX as u64 - 1;

/// Bytes of the end record.
const END_BYTES: u64 = 22;

/// Bytes of an entry's two headers, without its name, which stands in both.
const HEADERS_BYTES: u64 = 30 + 46;

/// An entry to be written.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: Content<'a>,
}

/// Where a content comes from.
pub enum Content<'a> {
    /// Memory.
    Bytes(Cow<'a, [u8]>),
    /// A file, opened when its turn comes, so that thousands of entries need one open file.
    File {
        /// Where it is.
        path: PathBuf,
        /// How many bytes it must have.
        length: u64,
    },
    /// A stream.
    Stream {
        /// Read to its end.
        reader: Box<dyn Read + 'a>,
        /// How many bytes it must give.
        length: u64,
    },
}

impl<'a> Entry<'a> {
    /// An entry from memory.
    pub fn bytes(name: impl Into<String>, content: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { name: name.into(), content: Content::Bytes(content.into()) }
    }

    /// An entry from a file of this many bytes.
    pub fn file(name: impl Into<String>, path: impl Into<PathBuf>, length: u64) -> Self {
        Self { name: name.into(), content: Content::File { path: path.into(), length } }
    }
}

impl Content<'_> {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } | Self::Stream { length, .. } => *length,
        }
    }

    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Self::File { path, .. } => Box::new(File::open(path)?),
            Self::Stream { reader, .. } => Box::new(reader),
        })
    }
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.length())
    }
}

/// Writes a container of `mimetype` and these entries, and gives the sink back.
///
/// The sink is empty at first and stands at its start; the writer goes back in it once an entry, to put the checksum in
/// its header, so a buffered sink is flushed that often. After an error its content is of no use.
///
/// # Errors
/// [`WriteError`]; names, counts and sizes are judged before the first byte is written.
pub fn write<'a, W: Write + Seek>(entries: impl IntoIterator<Item = Entry<'a>>, sink: W) -> Result<W, WriteError> {
    let entries = arrange(entries.into_iter().collect())?;
    let shut = Cell::new(false);
    let mut zip = ZipWriter::new(Gate { sink, shut: &shut, position: 0, end: 0 });
    let mimetype = Entry::bytes("mimetype", MEDIA_TYPE.as_bytes());
    for entry in std::iter::once(mimetype).chain(entries) {
        write_entry(&mut zip, entry).inspect_err(|_| shut.set(true))?;
    }
    let gate = zip.finish().map_err(|error| WriteError::new("the directory", Cause::Sink(io_error(error))))?;
    Ok(gate.sink)
}

/// Sorts the entries, and refuses a set that no container can hold.
fn arrange(mut entries: Vec<Entry<'_>>) -> Result<Vec<Entry<'_>>, WriteError> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in &entries {
        let name = EntryName::parse(entry.name.as_bytes()).map_err(|e| WriteError::new(&entry.name, Cause::Name(e)))?;
        if name.kind() == EntryKind::Mimetype {
            return Err(WriteError::new(&entry.name, Cause::Duplicate));
        }
    }
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(WriteError::new(&pair[0].name, Cause::Duplicate));
    }
    let count = entries.len().saturating_add(1);
    if count > ENTRIES_MAX {
        return Err(WriteError::new("the container", Cause::TooManyEntries { count }));
    }
    let bytes = file_bytes(&entries);
    if bytes > FILE_BYTES_MAX {
        return Err(WriteError::new("the container", Cause::TooLarge { bytes }));
    }
    Ok(entries)
}

/// Size of the container that holds `mimetype` and these entries.
fn file_bytes(entries: &[Entry<'_>]) -> u64 {
    let entry_bytes = |name: &str, length: u64| length.saturating_add(HEADERS_BYTES + 2 * name.len() as u64);
    let first = entry_bytes("mimetype", MEDIA_TYPE.len() as u64);
    let sizes = entries.iter().map(|entry| entry_bytes(&entry.name, entry.content.length()));
    sizes.fold(END_BYTES + first, u64::saturating_add)
}

fn write_entry<W: Write + Seek>(zip: &mut ZipWriter<W>, mut entry: Entry<'_>) -> Result<(), WriteError> {
    let fail = |cause| WriteError::new(&entry.name, cause);
    zip.start_file(entry.name.as_str(), options()).map_err(|error| fail(Cause::Sink(io_error(error))))?;
    let stated = entry.content.length();
    let mut reader = entry.content.open().map_err(|error| fail(Cause::Source(error)))?;
    let mut buffer = vec![0; COPY_BYTES.min(usize::try_from(stated).unwrap_or(COPY_BYTES)) + 1];
    let mut found = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(fail(Cause::Source(error))),
        };
        found += count as u64;
        if found > stated {
            break;
        }
        zip.write_all(&buffer[..count]).map_err(|error| fail(Cause::Sink(error)))?;
    }
    if found == stated { Ok(()) } else { Err(fail(Cause::Length { stated, found })) }
}

/// One read of a content.
const COPY_BYTES: usize = 256 * 1024;

/// What makes the zip crate write the canonical constants; the defaults of another system or feature set would differ.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644)
        .system(System::Unix)
}

/// The sink, until something fails; from then on it swallows what it is given.
///
/// A `ZipWriter` that is dropped after an error completes its file: the sink would hold a container that lacks entries but
/// looks whole, or, with a full disk, the crate would complain on standard error.
struct Gate<'a, W> {
    sink: W,
    shut: &'a Cell<bool>,
    /// Where the sink stands, kept here so that a shut gate still counts.
    position: u64,
    end: u64,
}

impl<W> Gate<'_, W> {
    fn guard<T>(&mut self, act: impl FnOnce(&mut W) -> io::Result<T>) -> Option<io::Result<T>> {
        if self.shut.get() {
            return None;
        }
        let outcome = act(&mut self.sink);
        let failed = outcome.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        self.shut.set(failed);
        Some(outcome)
    }
}

impl<W: Write> Write for Gate<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.guard(|sink| sink.write(bytes)).unwrap_or(Ok(bytes.len()))?;
        self.position += count as u64;
        self.end = self.end.max(self.position);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.guard(W::flush).unwrap_or(Ok(()))
    }
}

impl<W: Seek> Seek for Gate<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        if position != self.position {
            self.guard(|sink| sink.seek(SeekFrom::Start(position))).unwrap_or(Ok(position))?;
            self.position = position;
        }
        Ok(position)
    }
}

fn io_error(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// Why a container could not be written.
#[derive(Debug)]
pub struct WriteError {
    /// The entry, or the part of the container.
    pub subject: String,
    /// What is wrong.
    pub cause: Cause,
}

/// What is wrong with an entry or a set of entries.
#[derive(Debug)]
pub enum Cause {
    /// The name is not one of a receipt.
    Name(NameError),
    /// Two entries have this name (`mimetype` is always there).
    Duplicate,
    /// More than [`ENTRIES_MAX`].
    TooManyEntries {
        /// How many, `mimetype` included.
        count: usize,
    },
    /// More than [`FILE_BYTES_MAX`].
    TooLarge {
        /// How many bytes the container would take.
        bytes: u64,
    },
    /// The source gave another number of bytes than it stated: it changed while it was sealed.
    Length {
        /// The number that was stated.
        stated: u64,
        /// How many came; at least this many, if more than stated.
        found: u64,
    },
    /// The source could not be read.
    Source(io::Error),
    /// The sink could not be written.
    Sink(io::Error),
}

impl WriteError {
    fn new(subject: impl Into<String>, cause: Cause) -> Self {
        Self { subject: subject.into(), cause }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}: ", self.subject.escape_debug())?;
        match &self.cause {
            Cause::Name(error) => write!(f, "the name is not allowed: {error}"),
            Cause::Duplicate => f.write_str("there are two entries of this name"),
            Cause::TooManyEntries { count } => write!(f, "it has {count} entries, more than {ENTRIES_MAX}"),
            Cause::TooLarge { bytes } => write!(f, "it takes {bytes} bytes, more than {FILE_BYTES_MAX}"),
            Cause::Length { stated, found } => {
                write!(f, "its content changed while it was sealed ({stated} bytes, then {found})")
            }
            Cause::Source(error) => write!(f, "its content cannot be read: {error}"),
            Cause::Sink(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Name(error) => Some(error),
            Cause::Source(error) | Cause::Sink(error) => Some(error),
            Cause::Duplicate | Cause::TooManyEntries { .. } | Cause::TooLarge { .. } | Cause::Length { .. } => None,
        }
    }
}
