//! The public tables: what a verifier must be told to weigh its share of the look-ups (spec: `docs/spec/rv32im.md`,
//! "Public tables").
//!
//! Dense arrays in one fixed order, so that nothing can be stated about an entry that does not exist. The bytes are an
//! artifact of the receipt, bound by its digest before any challenge is drawn.

use alloc::{vec, vec::Vec};

use super::Rv32imError;
use super::micro_op::{BUS_REGISTERS, kind};
use super::program::MAX_MICRO_OPS;

/// Values of a byte.
const BYTES: usize = 256;

/// Pairs of nibbles.
const NIBBLE_PAIRS: usize = 256;

/// First bytes of the document.
const MAGIC: &[u8; 8] = b"capsrv1\0";

/// What a register holds at the end, and when it was last accessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinalRegister {
    /// The value.
    pub value: u32,
    /// The clock of the last access; 0 if there was none.
    pub time: u32,
}

/// Multiplicities and final values that the proof is told.
///
/// # Shape
/// `signs` and `shifts` by kind and byte, 256 to a kind; `nibbles` by x + 16 y; `fetches` in the order of the program's
/// micro-ops, the padding last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicTables {
    /// Word address in the last row of the memory table.
    pub memory_end: u32,
    /// The registers of the memory bus.
    pub registers: [FinalRegister; BUS_REGISTERS],
    /// How often each entry of the sign table is looked up.
    pub signs: Vec<u32>,
    /// How often each entry of the shift table is looked up.
    pub shifts: Vec<u32>,
    /// How often each pair of nibbles is looked up.
    pub nibbles: Vec<u32>,
    /// How often the largest 16-bit number, which no row provides, is looked up.
    pub last_range: u32,
    /// The same for the conjunction of 255 and 255.
    pub last_and: u32,
    /// How often each micro-op is fetched.
    pub fetches: Vec<u32>,
}

/// Whether a kind of the sign table asks for the sign of `byte`, and it is set.
pub const fn sign(kind: u8, byte: u8) -> bool {
    matches!(kind, kind::COMPARE | kind::RIGHT_SIGNED | kind::LOAD) && byte >= 128
}

/// The answer of the shift table.
#[expect(clippy::arithmetic_side_effects, reason = "an amount has five bits")]
pub const fn shift(kind: u8, byte: u8) -> u64 {
    let amount = byte & 31;
    match kind {
        kind::COMPARE => (byte >= 128) as u64,
        kind::LEFT => 1 << amount,
        kind::RIGHT | kind::RIGHT_SIGNED => 1 << (32 - amount),
        _ => 0,
    }
}

impl PublicTables {
    /// Entries of the sign table, and of the shift table.
    pub const KIND_ENTRIES: usize = kind::COUNT * BYTES;

    /// Numbers of four bytes before the multiplicities of micro-ops.
    const FIXED: usize = 1 + 2 * BUS_REGISTERS + 2 * Self::KIND_ENTRIES + NIBBLE_PAIRS + 2;

    /// Tables of zeros for a program of `fetches` micro-ops.
    pub fn empty(fetches: usize) -> Self {
        Self {
            memory_end: 0,
            registers: [FinalRegister::default(); BUS_REGISTERS],
            signs: vec![0; Self::KIND_ENTRIES],
            shifts: vec![0; Self::KIND_ENTRIES],
            nibbles: vec![0; NIBBLE_PAIRS],
            last_range: 0,
            last_and: 0,
            fetches: vec![0; fetches],
        }
    }

    /// Entries of the sign and shift tables: kind, byte.
    pub fn kinds() -> impl Iterator<Item = (u8, u8)> {
        (0..kind::COUNT as u8).flat_map(|kind| (0..=u8::MAX).map(move |byte| (kind, byte)))
    }

    /// Place of an entry of the sign or shift table.
    pub fn place(kind: u8, byte: u8) -> usize {
        usize::from(kind).saturating_mul(BYTES).saturating_add(usize::from(byte))
    }

    /// The document.
    pub fn encode(&self) -> Vec<u8> {
        let registers = self.registers.iter().flat_map(|register| [register.value, register.time]);
        let numbers = [self.memory_end]
            .into_iter()
            .chain(registers)
            .chain(self.signs.iter().copied())
            .chain(self.shifts.iter().copied())
            .chain(self.nibbles.iter().copied())
            .chain([self.last_range, self.last_and])
            .chain(self.fetches.iter().copied());
        MAGIC.iter().copied().chain(numbers.flat_map(u32::to_le_bytes)).collect()
    }

    /// Reads the document. How many micro-ops it lists follows from its length; whether that is the program's number is for
    /// the caller to check.
    ///
    /// # Errors
    /// [`Rv32imError::Tables`] when the bytes are of another form; [`Rv32imError::ProgramTooLarge`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Rv32imError> {
        let malformed = Rv32imError::Tables { fault: "are of another form" };
        let (words, rest) = bytes.strip_prefix(MAGIC).ok_or(malformed)?.as_chunks::<4>();
        let fetches = words.len().checked_sub(Self::FIXED).filter(|_| rest.is_empty()).ok_or(malformed)?;
        if fetches > MAX_MICRO_OPS {
            return Err(Rv32imError::ProgramTooLarge);
        }
        let mut numbers = words.iter().map(|word| u32::from_le_bytes(*word));
        let mut tables = Self::empty(fetches);
        let Self { memory_end, registers, signs, shifts, nibbles, last_range, last_and, fetches } = &mut tables;
        let registers = registers.iter_mut().flat_map(|register| [&mut register.value, &mut register.time]);
        let places = [memory_end]
            .into_iter()
            .chain(registers)
            .chain(signs)
            .chain(shifts)
            .chain(nibbles)
            .chain([last_range, last_and])
            .chain(fetches);
        for (place, number) in places.zip(&mut numbers) {
            *place = number;
        }
        Ok(tables)
    }
}
