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

/// Adds a table of symbols to a file: address, size, kind (2 is a function, 0 a label) and name of each.
pub fn with_symbols(mut file: Vec<u8>, symbols: &[(u32, u32, u8, &[u8])]) -> Vec<u8> {
    const SYMBOL: u32 = 16;
    let mut names = vec![0];
    let mut table = vec![0; SYMBOL as usize];
    for (address, size, kind, name) in symbols {
        for value in [names.len() as u32, *address, *size] {
            table.extend(value.to_le_bytes());
        }
        table.extend([*kind, 0, 1, 0]);
        names.extend_from_slice(name);
        names.push(0);
    }
    let (symbols_at, names_at) = (file.len() as u32, (file.len() + table.len()) as u32);
    let sections = names_at + names.len() as u32;
    let [symbols_size, names_size] = [table.len() as u32, names.len() as u32];
    file.extend(table);
    file.extend(names);
    // Nothing, the symbols (kind 2), which name the section of their names, and the names (kind 3).
    for section in [
        [0; 10],
        [0, 2, 0, 0, symbols_at, symbols_size, 2, 1, 4, SYMBOL],
        [0, 3, 0, 0, names_at, names_size, 0, 0, 1, 0],
    ] {
        file.extend(section.into_iter().flat_map(u32::to_le_bytes));
    }
    file[32..36].copy_from_slice(&sections.to_le_bytes());
    // Three sections, of which the last has the sections' names too.
    file[48..50].copy_from_slice(&3_u16.to_le_bytes());
    file[50..52].copy_from_slice(&2_u16.to_le_bytes());
    file
}
