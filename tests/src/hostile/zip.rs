//! A ZIP writer that can write anything: every field of every record is open.
//!
//! It shares no constant with `verifier_core::container`. [`Zip::of`] lays out a canonical container; a test then changes
//! fields, and [`Zip::link`] makes the dependent ones agree again where the change should be the only thing wrong.

/// An archive as records.
#[derive(Clone, Debug)]
pub struct Zip {
    /// Before the first entry.
    pub prefix: Vec<u8>,
    /// The entries, in the order of their local headers.
    pub entries: Vec<Entry>,
    /// The central directory. One header for each entry, unless a test says otherwise.
    pub directory: Vec<Central>,
    /// Between directory and end record.
    pub before_end: Vec<u8>,
    /// The end record.
    pub end: End,
    /// After the end record.
    pub suffix: Vec<u8>,
}

/// A local header and what follows it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The fields that the directory repeats.
    pub header: Header,
    /// The name.
    pub name: Vec<u8>,
    /// The extra field.
    pub extra: Vec<u8>,
    /// The content.
    pub content: Vec<u8>,
    /// Between the content and the next record.
    pub gap: Vec<u8>,
}

/// The fields that local and central headers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of APPNOTE.TXT 4.3.7")]
pub struct Header {
    pub version_needed: u16,
    pub flags: u16,
    pub method: u16,
    pub time: u16,
    pub date: u16,
    pub crc32: u32,
    pub compressed_size: u32,
    pub size: u32,
    pub name_length: u16,
    pub extra_length: u16,
}

/// A header of the central directory.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields of APPNOTE.TXT 4.3.12")]
pub struct Central {
    pub version_made_by: u16,
    pub header: Header,
    pub comment_length: u16,
    pub disk: u16,
    pub internal_attributes: u16,
    pub external_attributes: u32,
    pub local_offset: u32,
    pub name: Vec<u8>,
    pub extra: Vec<u8>,
    pub comment: Vec<u8>,
}

/// The end record.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields of APPNOTE.TXT 4.3.16")]
pub struct End {
    pub disk: u16,
    pub directory_disk: u16,
    pub disk_entries: u16,
    pub entries: u16,
    pub directory_size: u32,
    pub directory_offset: u32,
    pub comment_length: u16,
    pub comment: Vec<u8>,
}

impl Zip {
    /// Entries in this order, with the canonical constants.
    pub fn of<N: AsRef<[u8]>, C: AsRef<[u8]>>(entries: &[(N, C)]) -> Self {
        let entries: Vec<_> =
            entries.iter().map(|(name, content)| Entry::of(name.as_ref(), content.as_ref())).collect();
        let directory = entries.iter().map(Central::of).collect();
        let end = End {
            disk: 0,
            directory_disk: 0,
            disk_entries: 0,
            entries: 0,
            directory_size: 0,
            directory_offset: 0,
            comment_length: 0,
            comment: Vec::new(),
        };
        let mut zip = Self { prefix: Vec::new(), entries, directory, before_end: Vec::new(), end, suffix: Vec::new() };
        zip.link();
        zip
    }

    /// Appends an entry, and its header to the directory.
    pub fn push(&mut self, name: &[u8], content: &[u8]) {
        let entry = Entry::of(name, content);
        self.directory.push(Central::of(&entry));
        self.entries.push(entry);
    }

    /// Makes every field that depends on others agree with them: lengths, sizes, checksums, offsets, counts.
    ///
    /// Directory headers take names, sizes and checksums from the entries at the same position; what is left over stays.
    pub fn link(&mut self) {
        let mut offset = self.prefix.len();
        for (i, entry) in self.entries.iter_mut().enumerate() {
            entry.link();
            if let Some(central) = self.directory.get_mut(i) {
                central.link(entry, offset);
            }
            offset += entry.length();
        }
        let count = u16::try_from(self.directory.len()).unwrap_or(u16::MAX);
        self.end.disk_entries = count;
        self.end.entries = count;
        self.end.directory_offset = narrow(offset);
        self.end.directory_size = narrow(self.directory.iter().map(Central::length).sum());
        self.end.comment_length = u16::try_from(self.end.comment.len()).unwrap_or(u16::MAX);
    }

    /// [`Zip::link`], as the last step of a chain.
    pub fn linked(mut self) -> Self {
        self.link();
        self
    }

    /// The records, as they stand.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.prefix.clone();
        self.entries.iter().for_each(|entry| entry.append_to(&mut bytes));
        self.directory.iter().for_each(|central| central.append_to(&mut bytes));
        bytes.extend(&self.before_end);
        bytes.extend(self.end.bytes());
        bytes.extend(&self.suffix);
        bytes
    }
}

impl Entry {
    fn of(name: &[u8], content: &[u8]) -> Self {
        let header = Header {
            version_needed: 10,
            flags: 0,
            method: 0,
            time: 0,
            date: 1 << 5 | 1,
            crc32: 0,
            compressed_size: 0,
            size: 0,
            name_length: 0,
            extra_length: 0,
        };
        let mut entry = Self { header, name: name.into(), extra: Vec::new(), content: content.into(), gap: Vec::new() };
        entry.link();
        entry
    }

    fn link(&mut self) {
        self.header.crc32 = crc32(&self.content);
        self.header.size = narrow(self.content.len());
        self.header.compressed_size = self.header.size;
        self.header.name_length = u16::try_from(self.name.len()).unwrap_or(u16::MAX);
        self.header.extra_length = u16::try_from(self.extra.len()).unwrap_or(u16::MAX);
    }

    /// The local header with its signature, and what follows it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        self.append_to(&mut bytes);
        bytes
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend(b"PK\x03\x04");
        self.header.append_to(bytes);
        [&self.name, &self.extra, &self.content, &self.gap].iter().for_each(|part| bytes.extend(*part));
    }

    fn length(&self) -> usize {
        30 + self.name.len() + self.extra.len() + self.content.len() + self.gap.len()
    }
}

impl Central {
    fn of(entry: &Entry) -> Self {
        Self {
            version_made_by: 3 << 8 | 10,
            header: entry.header,
            comment_length: 0,
            disk: 0,
            internal_attributes: 0,
            external_attributes: 0o100_644 << 16,
            local_offset: 0,
            name: entry.name.clone(),
            extra: Vec::new(),
            comment: Vec::new(),
        }
    }

    fn link(&mut self, entry: &Entry, offset: usize) {
        self.name.clone_from(&entry.name);
        self.header.crc32 = entry.header.crc32;
        self.header.size = entry.header.size;
        self.header.compressed_size = entry.header.compressed_size;
        self.header.name_length = entry.header.name_length;
        self.header.extra_length = u16::try_from(self.extra.len()).unwrap_or(u16::MAX);
        self.comment_length = u16::try_from(self.comment.len()).unwrap_or(u16::MAX);
        self.local_offset = narrow(offset);
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend(b"PK\x01\x02");
        bytes.extend(self.version_made_by.to_le_bytes());
        self.header.append_to(bytes);
        for half in [self.comment_length, self.disk, self.internal_attributes] {
            bytes.extend(half.to_le_bytes());
        }
        bytes.extend(self.external_attributes.to_le_bytes());
        bytes.extend(self.local_offset.to_le_bytes());
        [&self.name, &self.extra, &self.comment].iter().for_each(|part| bytes.extend(*part));
    }

    fn length(&self) -> usize {
        46 + self.name.len() + self.extra.len() + self.comment.len()
    }
}

impl Header {
    fn append_to(&self, bytes: &mut Vec<u8>) {
        for half in [self.version_needed, self.flags, self.method, self.time, self.date] {
            bytes.extend(half.to_le_bytes());
        }
        for word in [self.crc32, self.compressed_size, self.size] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(self.name_length.to_le_bytes());
        bytes.extend(self.extra_length.to_le_bytes());
    }
}

impl End {
    /// The record with its signature.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"PK\x05\x06".to_vec();
        for half in [self.disk, self.directory_disk, self.disk_entries, self.entries] {
            bytes.extend(half.to_le_bytes());
        }
        bytes.extend(self.directory_size.to_le_bytes());
        bytes.extend(self.directory_offset.to_le_bytes());
        bytes.extend(self.comment_length.to_le_bytes());
        bytes.extend(&self.comment);
        bytes
    }
}

/// A size that does not fit is written as all ones, as zip64 does.
fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// CRC-32 of ISO-HDLC, bit by bit: slow, and independent of the crate that the reader uses.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |state, byte| {
        (0..8).fold(
            state ^ u32::from(*byte),
            |state, _| if state & 1 == 1 { state >> 1 ^ 0xedb8_8320 } else { state >> 1 },
        )
    })
}
