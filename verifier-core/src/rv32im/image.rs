//! The program image: what of an executable file is loaded, and where execution starts.
//!
//! Canonical CBOR. Two images that load the same memory may be cut into other segments and have other digests; an image
//! has one encoding. Symbols, sections and debugging information are not part of it.

use alloc::vec::Vec;
use core::fmt;

use super::{INPUT_BASE, WORD_BYTES};
use crate::{
    cbor::{CborError, Field as _, Fields, Item, Value},
    reason::ReasonCode,
};

/// Bytes of all segments together; a verifier's work is linear in them.
pub const MAX_IMAGE_BYTES: usize = 1 << 24;

/// Memory that is loaded before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    address: u32,
    executable: bool,
    content: Vec<u8>,
}

impl Segment {
    /// A segment; its rules are checked where it becomes part of an image.
    pub const fn new(address: u32, executable: bool, content: Vec<u8>) -> Self {
        Self { address, executable, content }
    }

    /// Address of the first byte, a multiple of 4.
    pub const fn address(&self) -> u32 {
        self.address
    }

    /// Whether instructions may be fetched from it.
    pub const fn is_executable(&self) -> bool {
        self.executable
    }

    /// The bytes: some, and whole words.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Addresses and words, in order.
    pub fn words(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let (words, _) = self.content.as_chunks::<4>();
        (self.address..).step_by(WORD_BYTES as usize).zip(words.iter().map(|word| u32::from_le_bytes(*word)))
    }

    fn end(&self) -> Option<u32> {
        self.address.checked_add(u32::try_from(self.content.len()).ok()?)
    }
}

/// A program: segments below the input, sorted, apart from each other, and an entry point in an executable one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramImage {
    entry: u32,
    segments: Vec<Segment>,
}

impl ProgramImage {
    /// An image of these segments.
    ///
    /// # Errors
    /// [`ImageError`] names the rule that is broken.
    pub fn new(entry: u32, segments: Vec<Segment>) -> Result<Self, ImageError> {
        let mut free = 0;
        let mut total = 0_usize;
        for segment in &segments {
            let address = segment.address;
            let refuse = |fault| Err(ImageError::Segment { address, fault });
            if !address.is_multiple_of(WORD_BYTES) || !segment.content.len().is_multiple_of(WORD_BYTES as usize) {
                return refuse("is not made of whole words");
            }
            if segment.content.is_empty() {
                return refuse("is empty");
            }
            if address < free {
                return refuse("is out of order or overlaps another");
            }
            free = match segment.end() {
                Some(end) if end <= INPUT_BASE => end,
                _ => return refuse("reaches into the input"),
            };
            total = total.saturating_add(segment.content.len());
        }
        if total > MAX_IMAGE_BYTES {
            return Err(ImageError::TooLarge { bytes: total });
        }
        let image = Self { entry, segments };
        if entry.is_multiple_of(WORD_BYTES) && image.is_executable(entry) {
            Ok(image)
        } else {
            Err(ImageError::Entry { entry })
        }
    }

    /// Reads an image.
    ///
    /// # Errors
    /// [`ImageError`] when the bytes are not the encoding of an image.
    pub fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut fields = Value::decode(bytes).and_then(Fields::open)?;
        let entry = u64::take("entry", &mut fields).and_then(address)?;
        let segments = Vec::<Segment>::take("segments", &mut fields)?;
        fields.finish()?;
        Self::new(entry, segments)
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        u64::from(self.entry).put("entry", &mut entries);
        self.segments.put("segments", &mut entries);
        Value::map(entries).encode()
    }

    /// Address of the first instruction.
    pub const fn entry(&self) -> u32 {
        self.entry
    }

    /// The segments, by address.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether an instruction may be fetched from `address`.
    pub fn is_executable(&self, address: u32) -> bool {
        let holds = |segment: &Segment| {
            segment.executable && segment.address <= address && segment.end().is_some_and(|end| address < end)
        };
        self.segments.iter().any(holds)
    }
}

impl Item for Segment {
    fn to_value(&self) -> Value {
        let mut entries = Vec::new();
        u64::from(self.address).put("address", &mut entries);
        self.executable.put("executable", &mut entries);
        Content(self.content.clone()).put("content", &mut entries);
        Value::map(entries)
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        let mut fields = Fields::open(value)?;
        let address = u64::take("address", &mut fields).and_then(address)?;
        let executable = bool::take("executable", &mut fields)?;
        let Content(content) = Content::take("content", &mut fields)?;
        fields.finish()?;
        Ok(Self { address, executable, content })
    }
}

/// A segment's bytes as a data item.
struct Content(Vec<u8>);

impl Item for Content {
    fn to_value(&self) -> Value {
        Value::Bytes(self.0.clone())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        match value {
            Value::Bytes(bytes) => Ok(Self(bytes)),
            _ => Err(CborError::WrongType { expected: "a byte string" }),
        }
    }
}

fn address(number: u64) -> Result<u32, CborError> {
    u32::try_from(number).map_err(|_| CborError::WrongType { expected: "an address of 32 bits" })
}

/// Why something is no program image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The bytes are not the encoding of an image.
    Encoding(CborError),
    /// A segment breaks a rule.
    Segment {
        /// Its address.
        address: u32,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The segments are longer than [`MAX_IMAGE_BYTES`].
    TooLarge {
        /// Their length in bytes.
        bytes: usize,
    },
    /// The entry point is not an instruction's address.
    Entry {
        /// The entry point.
        entry: u32,
    },
}

impl ImageError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Encoding(error) => error.code(),
            Self::TooLarge { .. } => ReasonCode::LimitExceeded,
            Self::Segment { .. } | Self::Entry { .. } => ReasonCode::ProofStatementMismatch,
        }
    }
}

impl From<CborError> for ImageError {
    fn from(error: CborError) -> Self {
        Self::Encoding(error)
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding(error) => write!(f, "the program image: {error}"),
            Self::Segment { address, fault } => write!(f, "the segment at {address:#010x} {fault}"),
            Self::TooLarge { bytes } => write!(f, "the program has {bytes} bytes, over the limit of {MAX_IMAGE_BYTES}"),
            Self::Entry { entry } => write!(f, "the entry point {entry:#010x} is not in an executable segment"),
        }
    }
}

impl core::error::Error for ImageError {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn image() -> ProgramImage {
        let text = Segment::new(0x1_0000, true, vec![0x13, 0, 0, 0, 0x73, 0, 0, 0]);
        let data = Segment::new(0x2_0000, false, vec![1, 2, 3, 4]);
        ProgramImage::new(0x1_0000, vec![text, data]).expect("an image")
    }

    #[test]
    fn an_image_has_one_encoding() {
        let bytes = image().encode();
        assert_eq!(ProgramImage::decode(&bytes), Ok(image()));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            if let Ok(other) = ProgramImage::decode(&changed) {
                assert_eq!(other.encode(), changed);
                assert_ne!(other, image());
            }
        }
    }

    #[test]
    fn segments_keep_to_the_rules() {
        let fault = |address, length| {
            let segment = Segment::new(address, true, vec![0; length]);
            ProgramImage::new(address, vec![segment]).expect_err("a fault")
        };
        assert!(matches!(fault(2, 4), ImageError::Segment { fault: "is not made of whole words", .. }));
        assert!(matches!(fault(0, 3), ImageError::Segment { fault: "is not made of whole words", .. }));
        assert!(matches!(fault(0, 0), ImageError::Segment { fault: "is empty", .. }));
        assert!(matches!(fault(INPUT_BASE - 4, 8), ImageError::Segment { fault: "reaches into the input", .. }));
        assert!(matches!(fault(u32::MAX - 3, 8), ImageError::Segment { fault: "reaches into the input", .. }));
        assert!(matches!(fault(0, MAX_IMAGE_BYTES + 4), ImageError::TooLarge { .. }));
        let segment = |address| Segment::new(address, true, vec![0; 8]);
        let overlap = ProgramImage::new(0, vec![segment(0), segment(4)]);
        assert!(matches!(overlap, Err(ImageError::Segment { address: 4, .. })));
    }

    #[test]
    fn the_entry_point_is_an_instruction() {
        for entry in [0, 0x1_0002, 0x1_0008, 0x2_0000] {
            assert_eq!(ProgramImage::new(entry, image().segments), Err(ImageError::Entry { entry }));
        }
    }
}
