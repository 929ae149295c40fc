//! Writes ELF files: right ones, and with a field changed wrong ones.

/// A segment to be loaded.
pub struct Part {
    pub address: u32,
    pub flags: u32,
    pub content: Vec<u8>,
    /// Bytes in memory.
    pub size: u32,
}

pub const CODE: u32 = 5;
pub const DATA: u32 = 6;

impl Part {
    pub fn new(address: u32, flags: u32, content: Vec<u8>) -> Self {
        let size = content.len() as u32;
        Self { address, flags, content, size }
    }
}

/// An ELF32 file for RISC-V with these segments and no sections.
pub fn file(entry: u32, parts: &[Part]) -> Vec<u8> {
    const HEADER: u32 = 52;
    const PROGRAM_HEADER: u32 = 32;
    let mut bytes = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |bytes: &mut Vec<u8>, value: u16| bytes.extend(value.to_le_bytes());
    let word = |bytes: &mut Vec<u8>, value: u32| bytes.extend(value.to_le_bytes());
    // An executable for RISC-V.
    half(&mut bytes, 2);
    half(&mut bytes, 243);
    for value in [1, entry, HEADER, 0, 0] {
        word(&mut bytes, value);
    }
    for value in [HEADER as u16, PROGRAM_HEADER as u16, parts.len() as u16, 40, 0, 0] {
        half(&mut bytes, value);
    }
    // Loaders map pages: offsets agree with addresses in what pages hold.
    let mut offset = (HEADER + PROGRAM_HEADER * parts.len() as u32).next_multiple_of(4096);
    let mut content = Vec::new();
    let start = offset;
    for part in parts {
        offset += part.address % 4096;
        for value in [1, offset, part.address, part.address, part.content.len() as u32, part.size, part.flags, 4096] {
            word(&mut bytes, value);
        }
        content.resize((offset - start) as usize, 0);
        content.extend(&part.content);
        offset = (offset + part.content.len() as u32).next_multiple_of(4096);
    }
    bytes.resize(start as usize, 0);
    bytes.extend(content);
    bytes
}
