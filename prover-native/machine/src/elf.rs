//! Reading an ELF file: what is loaded, where it starts, what its functions are called.
//!
//! Accepted is an ELF32, little-endian, statically linked RISC-V executable without compressed or floating-point code whose
//! segments lie below the input. The file is untrusted: its claims are checked before memory is taken for them.

use std::fmt;

use object::{
    LittleEndian,
    elf::{
        self, EF_RISCV_FLOAT_ABI, EF_RISCV_RVC, EF_RISCV_RVE, ELFCLASS32, ELFDATA2LSB, EM_RISCV, ET_EXEC, FileHeader32,
        PF_X, PT_DYNAMIC, PT_INTERP, PT_LOAD, SHT_SYMTAB, STT_FUNC, STT_NOTYPE,
    },
    read::elf::{FileHeader as _, ProgramHeader as _, Sym as _},
};
use verifier_core::rv32im::{INPUT_BASE, ImageError, MAX_IMAGE_BYTES, ProgramImage, Segment, WORD_BYTES};

use super::{
    program::Program,
    symbols::{RawSymbol, Symbols},
};

/// Whether a file is an ELF file for RISC-V, of any kind; its first 20 bytes tell.
pub fn is_riscv_elf(file: &[u8]) -> bool {
    file.starts_with(&elf::ELFMAG) && machine(file) == Some(EM_RISCV.0)
}

/// Reads a program.
pub(super) fn read(file: &[u8]) -> Result<Program, ElfError> {
    check_kind(file)?;
    let header = FileHeader32::<LittleEndian>::parse(file)?;
    check_flags(header)?;
    let parts = loaded_parts(header, file)?;
    let entry = header.e_entry.get(LittleEndian);
    let image = ProgramImage::new(entry, segments(&parts)?)?;
    let symbols = symbols(header, file, &image)?;
    Ok(Program { image, symbols })
}

fn machine(file: &[u8]) -> Option<u16> {
    let bytes = file.get(18..20)?.try_into().ok()?;
    match file.get(5) {
        Some(&encoding) if encoding == ELFDATA2LSB.0 => Some(u16::from_le_bytes(bytes)),
        _ => Some(u16::from_be_bytes(bytes)),
    }
}

/// Checked before anything else is read, so that the error says what the file is instead of what it is not.
fn check_kind(file: &[u8]) -> Result<(), ElfError> {
    if !file.starts_with(&elf::ELFMAG) {
        return Err(ElfError::NotElf);
    }
    match machine(file) {
        Some(machine) if machine == EM_RISCV.0 => {}
        Some(machine) => return Err(ElfError::OtherMachine { machine }),
        None => return Err(ElfError::malformed("the file ends inside its header")),
    }
    if file.get(4) != Some(&ELFCLASS32.0) {
        return Err(ElfError::Not32Bit);
    }
    Ok(())
}

fn check_flags(header: &FileHeader32<LittleEndian>) -> Result<(), ElfError> {
    let flags = header.e_flags.get(LittleEndian);
    if flags.0 & EF_RISCV_RVC.0 != 0 {
        return Err(ElfError::Compressed);
    }
    if flags.0 & EF_RISCV_FLOAT_ABI != 0 {
        return Err(ElfError::HardFloat);
    }
    if flags.0 & EF_RISCV_RVE.0 != 0 {
        return Err(ElfError::FewRegisters);
    }
    match header.e_type.get(LittleEndian) {
        ET_EXEC => Ok(()),
        elf::ET_DYN => Err(ElfError::Dynamic),
        _ => Err(ElfError::NotExecutable),
    }
}

/// A part of the file that is loaded.
struct Part<'a> {
    address: u32,
    executable: bool,
    content: &'a [u8],
    /// Address behind the memory that the part takes, zeroed memory included.
    end: u32,
}

/// The parts to be loaded, by address, apart from each other and within the limit.
fn loaded_parts<'a>(header: &FileHeader32<LittleEndian>, file: &'a [u8]) -> Result<Vec<Part<'a>>, ElfError> {
    let mut parts = Vec::new();
    for segment in header.program_headers(LittleEndian, file)? {
        match segment.p_type.get(LittleEndian) {
            PT_DYNAMIC | PT_INTERP => return Err(ElfError::Dynamic),
            PT_LOAD => parts.extend(part(segment, file)?),
            _ => {}
        }
    }
    parts.sort_by_key(|part| part.address);
    for pair in parts.windows(2) {
        if let [before, after] = pair
            && after.address < before.end
        {
            return Err(ElfError::Overlap { address: after.address });
        }
    }
    let bytes = parts.iter().map(|part| part.content.len()).sum();
    if bytes > MAX_IMAGE_BYTES {
        return Err(ImageError::TooLarge { bytes }.into());
    }
    Ok(parts)
}

fn part<'a>(segment: &elf::ProgramHeader32<LittleEndian>, file: &'a [u8]) -> Result<Option<Part<'a>>, ElfError> {
    let address = segment.p_vaddr.get(LittleEndian);
    let size = segment.p_memsz.get(LittleEndian);
    let content =
        segment.data(LittleEndian, file).map_err(|()| ElfError::malformed("a segment lies outside the file"))?;
    if content.len() > size as usize {
        return Err(ElfError::malformed("a segment is larger in the file than in memory"));
    }
    let end = match address.checked_add(size) {
        Some(end) if end <= INPUT_BASE => end,
        _ => return Err(ElfError::OutsideProgram { address, size }),
    };
    let executable = segment.p_flags.get(LittleEndian).0 & PF_X.0 != 0;
    Ok((size > 0).then_some(Part { address, executable, content, end }))
}

/// Segments of whole words: ends are filled with zeros, as memory is where nothing is loaded.
fn segments(parts: &[Part<'_>]) -> Result<Vec<Segment>, ElfError> {
    let mut open: Vec<(u32, bool, Vec<u8>)> = Vec::new();
    for part in parts.iter().filter(|part| !part.content.is_empty()) {
        let first_word = part.address - part.address % WORD_BYTES;
        match open.last_mut() {
            // A word cannot belong to two segments.
            Some((address, executable, content)) if first_word < *address + content.len() as u32 => {
                if *executable != part.executable {
                    return Err(ElfError::SharedWord { address: part.address });
                }
                content.truncate((part.address - *address) as usize);
                content.extend_from_slice(part.content);
                fill(content);
            }
            _ => {
                let mut content = vec![0; (part.address % WORD_BYTES) as usize];
                content.extend_from_slice(part.content);
                fill(&mut content);
                open.push((first_word, part.executable, content));
            }
        }
    }
    Ok(open.into_iter().map(|(address, executable, content)| Segment::new(address, executable, content)).collect())
}

fn fill(content: &mut Vec<u8>) {
    content.resize(content.len().next_multiple_of(WORD_BYTES as usize), 0);
}

/// Functions, and the labels that hand-written code has instead.
fn symbols(header: &FileHeader32<LittleEndian>, file: &[u8], image: &ProgramImage) -> Result<Symbols, ElfError> {
    let table = header.sections(LittleEndian, file)?.symbols(LittleEndian, file, SHT_SYMTAB)?;
    let mut raw = Vec::new();
    for symbol in table.iter() {
        let address = symbol.st_value.get(LittleEndian);
        let kind = symbol.st_type();
        if !matches!(kind, STT_FUNC | STT_NOTYPE) || !image.is_executable(address) {
            continue;
        }
        let name = symbol.name(LittleEndian, table.strings())?;
        // `$x` and `.L` symbols are the assembler's marks.
        if !name.is_empty() && !name.starts_with(b"$") && !name.starts_with(b".L") {
            raw.push(RawSymbol {
                address,
                size: symbol.st_size.get(LittleEndian),
                is_function: kind == STT_FUNC,
                name,
            });
        }
    }
    let code = image.segments().iter().filter(|segment| segment.is_executable());
    let end = code.map(|segment| segment.address() + segment.content().len() as u32).max();
    Ok(Symbols::new(raw, end.unwrap_or_default()))
}

/// Why a file is no program of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElfError {
    /// It is not an ELF file.
    NotElf,
    /// It is an ELF file for another machine.
    OtherMachine {
        /// The machine's number in the ELF header.
        machine: u16,
    },
    /// It is for 64-bit RISC-V.
    Not32Bit,
    /// It may hold compressed instructions.
    Compressed,
    /// It passes floating-point numbers in registers that this machine does not have.
    HardFloat,
    /// It is for the half register file of RV32E.
    FewRegisters,
    /// It is position-independent or dynamically linked.
    Dynamic,
    /// It is an object file or a core dump.
    NotExecutable,
    /// The file contradicts itself.
    Malformed(String),
    /// A segment does not lie in the program's region.
    OutsideProgram {
        /// Its address.
        address: u32,
        /// Its bytes.
        size: u32,
    },
    /// Two segments take the same memory.
    Overlap {
        /// Address of the second.
        address: u32,
    },
    /// A word belongs to an executable segment and to another.
    SharedWord {
        /// Where the second segment begins.
        address: u32,
    },
    /// What is loaded is no program image.
    Image(ImageError),
}

impl ElfError {
    fn malformed(fault: impl fmt::Display) -> Self {
        Self::Malformed(fault.to_string())
    }

    /// What the user can do about it.
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::NotElf | Self::OtherMachine { .. } | Self::Not32Bit => {
                "compile for riscv32im-unknown-none-elf, or with -march=rv32im -mabi=ilp32"
            }
            Self::Compressed | Self::HardFloat | Self::FewRegisters => {
                "compile with -march=rv32im -mabi=ilp32, libraries too"
            }
            Self::Dynamic => "link statically: -C relocation-model=static, or -static -no-pie",
            Self::NotExecutable => "link it",
            Self::Malformed(_) => "build the file again",
            Self::OutsideProgram { .. } => "link the program below 0x40000000, where its input begins",
            Self::Overlap { .. } | Self::SharedWord { .. } => "align segments to pages in the linker script",
            Self::Image(ImageError::Entry { .. }) => "name the entry point in the linker script: ENTRY(_start)",
            Self::Image(_) => "make the program smaller",
        }
    }
}

impl From<object::read::Error> for ElfError {
    fn from(error: object::read::Error) -> Self {
        Self::malformed(error)
    }
}

impl From<ImageError> for ElfError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl fmt::Display for ElfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf => f.write_str("not an ELF file"),
            Self::OtherMachine { machine } => write!(f, "an ELF file for another machine ({machine}), not for RISC-V"),
            Self::Not32Bit => f.write_str("for 64-bit RISC-V; the machine is RV32IM"),
            Self::Compressed => f.write_str("it may hold compressed instructions, which RV32IM does not have"),
            Self::HardFloat => f.write_str("it uses floating-point registers, which RV32IM does not have"),
            Self::FewRegisters => f.write_str("for RV32E; the machine is RV32IM"),
            Self::Dynamic => f.write_str("position-independent or dynamically linked"),
            Self::NotExecutable => f.write_str("not an executable"),
            Self::Malformed(fault) => write!(f, "a malformed ELF file: {fault}"),
            Self::OutsideProgram { address, size } => {
                write!(f, "the segment of {size} bytes at {address:#010x} reaches past {INPUT_BASE:#010x}")
            }
            Self::Overlap { address } => write!(f, "the segment at {address:#010x} overlaps another"),
            Self::SharedWord { address } => {
                write!(
                    f,
                    "the segment at {address:#010x} and the one before it share a word, and one of them is executable"
                )
            }
            Self::Image(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ElfError {}
