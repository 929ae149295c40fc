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
    let failure = Failure::default();
    let mut zip = ZipWriter::new(Gate { sink, failure: &failure, position: 0, end: 0 });
    let mimetype = Entry::bytes("mimetype", MEDIA_TYPE.as_bytes());
    for entry in std::iter::once(mimetype).chain(entries) {
        write_entry(&mut zip, entry, &failure)?;
    }
    let gate = failure.or(zip.finish()).map_err(|error| WriteError::new("the directory", Cause::Sink(error)))?;
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

fn write_entry<W: Write + Seek>(
    zip: &mut ZipWriter<Gate<'_, W>>,
    mut entry: Entry<'_>,
    failure: &Failure,
) -> Result<(), WriteError> {
    let outcome = failure
        .or(zip.start_file(entry.name.as_str(), options()))
        .map_err(Cause::Sink)
        .and_then(|()| copy(&mut entry.content, zip, failure));
    outcome.map_err(|cause| {
        failure.shut.set(true);
        WriteError::new(entry.name, cause)
    })
}

fn copy<W: Write + Seek>(
    content: &mut Content<'_>,
    zip: &mut ZipWriter<Gate<'_, W>>,
    failure: &Failure,
) -> Result<(), Cause> {
    let stated = content.length();
    let mut reader = content.open().map_err(Cause::Source)?;
    // One byte more than stated, so that the read that would end the content shows whether it goes on.
    let mut buffer = vec![0; usize::try_from(stated).unwrap_or(COPY_BYTES).min(COPY_BYTES) + 1];
    let mut found = 0;
    while found <= stated {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Cause::Source(error)),
        };
        found += count as u64;
        failure.or(zip.write_all(&buffer[..count]).map_err(ZipError::Io)).map_err(Cause::Sink)?;
    }
    if found == stated { Ok(()) } else { Err(Cause::Length { stated, found }) }
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

/// The sink, until something fails; from then on it swallows what it is given and reports success.
///
/// A `ZipWriter` completes its file when it is dropped, after an error too. Without the gate the sink would then hold a
/// container that lacks entries but looks whole; and where the sink itself failed, the crate would complain on standard
/// error, or panic in a debug build when the failure came between its seeks.
struct Gate<'a, W> {
    sink: W,
    failure: &'a Failure,
    /// Where the sink stands, kept here so that a shut gate still counts.
    position: u64,
    end: u64,
}

/// Whether the gate is shut, and the sink's error if that is why.
#[derive(Default)]
struct Failure {
    shut: Cell<bool>,
    error: Cell<Option<io::Error>>,
}

impl Failure {
    /// The outcome of a call to the `ZipWriter`, or what the gate kept from it.
    fn or<T>(&self, outcome: Result<T, ZipError>) -> io::Result<T> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        outcome.map_err(|error| match error {
            ZipError::Io(error) => error,
            other => io::Error::other(other),
        })
    }
}

impl<W> Gate<'_, W> {
    /// Acts on the sink; `None` if the gate is shut, or shuts now.
    fn guard<T>(&mut self, act: impl FnOnce(&mut W) -> io::Result<T>) -> Option<T> {
        if self.failure.shut.get() {
            return None;
        }
        act(&mut self.sink)
            .map_err(|error| {
                self.failure.shut.set(true);
                self.failure.error.set(Some(error));
            })
            .ok()
    }
}

impl<W: Write> Write for Gate<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.guard(|sink| sink.write_all(bytes));
        self.position += bytes.len() as u64;
        self.end = self.end.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.guard(W::flush);
        Ok(())
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
            self.guard(|sink| sink.seek(SeekFrom::Start(position)));
            self.position = position;
        }
        Ok(position)
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

#[cfg(test)]
mod tests {
    use verifier_core::Limits;
    use verifier_core::container::Container;

    use super::*;

    fn memory() -> Cursor<Vec<u8>> {
        Cursor::new(Vec::new())
    }

    fn stream(length: u64, bytes: &[u8]) -> Entry<'_> {
        Entry { name: "da/a".to_owned(), content: Content::Stream { reader: Box::new(bytes), length } }
    }

    #[test]
    fn every_source_gives_the_same_bytes() {
        let content: Vec<u8> = (0..1_000_000_u32).map(|i| i.to_le_bytes()[1]).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &content).unwrap();
        let length = content.len() as u64;
        let from_memory = write([Entry::bytes("da/a", &content)], memory()).unwrap().into_inner();
        let from_file = write([Entry::file("da/a", file.path(), length)], memory()).unwrap().into_inner();
        let from_stream = write([stream(length, &content)], memory()).unwrap().into_inner();
        assert!(from_memory == from_file && from_memory == from_stream);
        assert_eq!(from_memory.len() as u64, file_bytes(&[Entry::bytes("da/a", &content)]));
    }

    #[test]
    fn a_buffered_file_is_a_sink() {
        let file = tempfile::tempfile().unwrap();
        let entries = || (0..100).map(|i| Entry::bytes(format!("da/{i}"), vec![7; i]));
        let mut file = write(entries(), io::BufWriter::new(file)).unwrap().into_inner().unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, write(entries(), memory()).unwrap().into_inner());
    }

    #[test]
    fn a_source_that_changed_is_named_and_leaves_no_container() {
        for (stated, content, expected) in [(3, b"ab", 2), (1, b"ab", 2), (0, b"ab", 1)] {
            let mut sink = memory();
            let error = write([stream(stated, content)], &mut sink).unwrap_err();
            assert_eq!(error.subject, "da/a");
            assert!(matches!(error.cause, Cause::Length { found, .. } if found == expected), "{error}");
            assert!(Container::parse(sink.get_ref(), &Limits::DEFAULT).is_err());
        }
    }

    #[test]
    fn a_missing_source_is_named() {
        let error = write([Entry::file("da/a", "/nonexistent/a", 1)], memory()).unwrap_err();
        assert!(matches!(error.cause, Cause::Source(_)) && error.subject == "da/a");
    }

    #[test]
    fn sets_that_no_container_can_hold_are_refused_before_writing() {
        let refuse = |entries: Vec<Entry<'_>>| {
            let mut sink = memory();
            let error = write(entries, &mut sink).unwrap_err();
            assert!(sink.get_ref().is_empty());
            error.cause
        };
        assert!(matches!(refuse(vec![Entry::bytes("../x", b"")]), Cause::Name(NameError::DotSegment)));
        assert!(matches!(refuse(vec![Entry::bytes("mimetype", b"")]), Cause::Duplicate));
        assert!(matches!(refuse(vec![Entry::bytes("da/a", b""), Entry::bytes("da/a", b"")]), Cause::Duplicate));
        assert!(matches!(refuse(vec![stream(u64::from(u32::MAX), b"")]), Cause::TooLarge { .. }));
        assert!(matches!(refuse(vec![stream(u64::MAX, b"")]), Cause::TooLarge { bytes: u64::MAX }));
        let many = (0..ENTRIES_MAX).map(|i| Entry::bytes(format!("da/{i}"), b""));
        assert!(matches!(refuse(many.collect()), Cause::TooManyEntries { count: 65_535 }));
    }

    #[test]
    fn a_container_holds_as_many_entries_as_16_bits_count() {
        let most = (1..ENTRIES_MAX).map(|i| Entry::bytes(format!("da/{i}"), b""));
        let bytes = write(most, memory()).unwrap().into_inner();
        let limits = Limits { entries: ENTRIES_MAX, ..Limits::DEFAULT };
        assert_eq!(Container::parse(&bytes, &limits).unwrap().entries().len(), ENTRIES_MAX);
    }

    /// Fails after some bytes, as a full disk does.
    struct FullDisk {
        left: usize,
        failed: bool,
    }

    impl Write for FullDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(!self.failed, "written to after it failed");
            self.failed = bytes.len() > self.left;
            self.left = self.left.saturating_sub(bytes.len());
            if self.failed { Err(io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for FullDisk {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            assert!(!self.failed, "moved after it failed");
            Ok(0)
        }
    }

    #[test]
    fn a_full_disk_is_told_once_and_then_left_alone() {
        let entries = || [Entry::bytes("capsule.cbor", vec![0; 100]), Entry::bytes("da/a", b"abc")];
        let whole = write(entries(), memory()).unwrap().into_inner().len() + 3 * 12;
        for left in 0..whole {
            let error = write(entries(), FullDisk { left, failed: false }).err().expect("the disk was full");
            assert!(
                matches!(error.cause, Cause::Sink(ref e) if e.kind() == io::ErrorKind::StorageFull),
                "{left}: {error}"
            );
        }
        assert!(write(entries(), FullDisk { left: whole, failed: false }).is_ok());
    }
}
