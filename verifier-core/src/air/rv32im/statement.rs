//! What an `rv32im_v1` proof is about, and the public inputs that the transcript absorbs (spec: `docs/spec/rv32im.md`,
//! "Statement").

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use winter_math::ToElements;

use super::NAME;
use super::micro_op::MicroOp;
use super::program::{MAX_MICRO_OPS, micro_ops};
use super::tables::PublicTables;
use crate::field::BaseElement;
use crate::rv32im::{INPUT_BASE, OUTPUT_BASE, ProgramImage, WORD_BYTES};
use crate::{Digest, ReasonCode, Tag};

/// Shortest trace: the tables that it provides have 2^16 entries.
pub const MIN_TRACE_LENGTH: u32 = 1 << 16;

/// Longest trace; the security of the parameter sets is computed for it.
pub const MAX_TRACE_LENGTH: u32 = 1 << 22;

/// First word address behind memory.
pub const MEMORY_WORDS: u32 = 1 << 30;

/// The register that holds the exit code: a0.
const EXIT_REGISTER: usize = 10;

/// What a run did, in the parts that people ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What was executed.
    pub image: ProgramImage,
    /// What it was given.
    pub input: Vec<u8>,
    /// What it wrote.
    pub output: Vec<u8>,
    /// What it ended with.
    pub exit_code: u32,
    /// Instructions executed, the last call included.
    pub cycles: u64,
    /// Rows of the trace.
    pub trace_length: u32,
}

/// That this program on this input runs to its end with this output, exit code and number of cycles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rv32imStatement {
    run: Run,
    tables: PublicTables,
    digest: Digest,
}

impl Rv32imStatement {
    /// States what a run did; the tables are those of its trace. Whether it is true is for the proof to show.
    ///
    /// # Errors
    /// [`Rv32imError`] when parts contradict each other or are out of range.
    pub fn new(run: Run, tables: &[u8]) -> Result<Self, Rv32imError> {
        let length = run.trace_length;
        if !length.is_power_of_two() || !(MIN_TRACE_LENGTH..=MAX_TRACE_LENGTH).contains(&length) {
            return Err(Rv32imError::TraceLength { length });
        }
        check_stream(INPUT_BASE, &run.input, OUTPUT_BASE.into())?;
        check_stream(OUTPUT_BASE, &run.output, 1 << 32)?;
        check_words(&run)?;
        let decoded = PublicTables::decode(tables)?;
        check_tables(&run, &decoded)?;
        let digest = Tag::RV32IM_STATEMENT.digest(&[
            Digest::of_content(&run.image.encode()).as_ref(),
            Digest::of_content(&run.input).as_ref(),
            Digest::of_content(&run.output).as_ref(),
            Digest::of_content(tables).as_ref(),
            &run.exit_code.to_le_bytes(),
            &run.cycles.to_le_bytes(),
            &length.to_le_bytes(),
        ]);
        Ok(Self { run, tables: decoded, digest })
    }

    /// The parts.
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// The micro-ops of the program, the padding last; as many as the tables list.
    pub fn micro_ops(&self) -> impl Iterator<Item = MicroOp> + '_ {
        micro_ops(&self.run.image)
    }

    /// The public tables.
    pub const fn tables(&self) -> &PublicTables {
        &self.tables
    }

    /// Words that memory starts with other than zero-initialised: word address, value. No address comes twice.
    pub fn initial_words(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        initial_words(&self.run.image, &self.run.input)
    }

    /// Words of the output: word address, value.
    pub fn output_words(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        stream_words(OUTPUT_BASE, &self.run.output)
    }
}

/// Words that memory starts with: those of the image and of the input.
pub fn initial_words<'a>(image: &'a ProgramImage, input: &'a [u8]) -> impl Iterator<Item = (u32, u32)> + 'a {
    let words = image.segments().iter().flat_map(|segment| segment.words());
    words.map(|(address, word)| (address / WORD_BYTES, word)).chain(stream_words(INPUT_BASE, input))
}

/// Input or output as memory holds it: its length in bytes, then the bytes, zero-padded to a word.
pub fn stream_words(base: u32, bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; WORD_BYTES as usize];
    last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let values = [length]
        .into_iter()
        .chain(words.iter().map(|word| u32::from_le_bytes(*word)))
        .chain((!rest.is_empty()).then_some(u32::from_le_bytes(last)));
    (base / WORD_BYTES..).zip(values)
}

/// Words that input or output takes in memory, its length included.
const fn words_of(stream: &[u8]) -> u64 {
    (stream.len().div_ceil(WORD_BYTES as usize) as u64).saturating_add(1)
}

fn check_stream(base: u32, bytes: &[u8], end: u64) -> Result<(), Rv32imError> {
    let fits = words_of(bytes).saturating_mul(WORD_BYTES.into()).saturating_add(base.into()) <= end;
    if fits { Ok(()) } else { Err(Rv32imError::Stream { bytes: bytes.len() }) }
}

/// Each word of image, input and output has a row of its own in the memory table, and the last row of the trace has none: a
/// statement of more words is false, and would cost a verifier much before its proof is refused.
fn check_words(run: &Run) -> Result<(), Rv32imError> {
    const WORD: usize = WORD_BYTES as usize;
    let segments = run.image.segments().iter().map(|segment| segment.content().len() / WORD);
    let image = segments.fold(0_u64, |sum, words| sum.saturating_add(words as u64));
    let words = image.saturating_add(words_of(&run.input)).saturating_add(words_of(&run.output));
    let rows = run.trace_length;
    if words < u64::from(rows) { Ok(()) } else { Err(Rv32imError::Words { words, rows }) }
}

fn check_tables(run: &Run, tables: &PublicTables) -> Result<(), Rv32imError> {
    let refuse = |fault| Err(Rv32imError::Tables { fault });
    if tables.memory_end > MEMORY_WORDS {
        return refuse("end the memory table behind memory");
    }
    let mut rows = 0_u64;
    let mut cycles = 0_u64;
    let mut counts = tables.fetches.iter();
    for op in micro_ops(&run.image) {
        let Some(count) = counts.next() else { return refuse("list fewer micro-ops than the program has") };
        rows = rows.saturating_add((*count).into());
        if op.is_first() {
            cycles = cycles.saturating_add((*count).into());
        }
    }
    if counts.next().is_some() {
        return refuse("list more micro-ops than the program has");
    }
    if rows.saturating_add(1) != u64::from(run.trace_length) {
        return refuse("do not fetch a micro-op for each row");
    }
    if cycles != run.cycles {
        return refuse("count other cycles than stated");
    }
    match tables.registers.get(EXIT_REGISTER) {
        Some(register) if register.value == run.exit_code => Ok(()),
        _ => refuse("hold another exit code than stated"),
    }
}

/// What the transcript absorbs before the first challenge: the statement, and the hash of the instance it belongs to.
#[derive(Clone, Debug)]
pub struct Rv32imInputs {
    statement: Arc<Rv32imStatement>,
    instance_hash: Digest,
}

impl Rv32imInputs {
    /// Binds a statement to an instance.
    pub const fn new(statement: Arc<Rv32imStatement>, instance_hash: Digest) -> Self {
        Self { statement, instance_hash }
    }

    /// The statement.
    pub fn statement(&self) -> &Rv32imStatement {
        &self.statement
    }
}

impl ToElements<BaseElement> for Rv32imInputs {
    /// 19 elements: the AIR's name, nine bytes, in two numbers; the trace length; the statement's digest and the instance
    /// hash, each as eight little-endian 32-bit numbers.
    fn to_elements(&self) -> Vec<BaseElement> {
        let name = NAME.as_bytes().chunks(7);
        let mut elements: Vec<BaseElement> = name.map(number).collect();
        elements.push(BaseElement::from(self.statement.run.trace_length));
        for digest in [&self.statement.digest, &self.instance_hash] {
            let (limbs, _) = digest.as_bytes().as_chunks::<4>();
            elements.extend(limbs.iter().map(|limb| BaseElement::from(u32::from_le_bytes(*limb))));
        }
        elements
    }
}

/// Up to seven bytes as a little-endian number.
fn number(bytes: &[u8]) -> BaseElement {
    BaseElement::new(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Why something is no `rv32im_v1` statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rv32imError {
    /// The trace is not a power of two of rows in the range.
    TraceLength {
        /// Rows stated.
        length: u32,
    },
    /// The program has more than [`MAX_MICRO_OPS`] micro-ops.
    ProgramTooLarge,
    /// Input or output is longer than its region of memory.
    Stream {
        /// Its length.
        bytes: usize,
    },
    /// Image, input and output are more words than the memory table has rows.
    Words {
        /// Words stated, lengths included.
        words: u64,
        /// Rows of the trace.
        rows: u32,
    },
    /// The public tables contradict the rest, or are no tables.
    Tables {
        /// What is wrong with them.
        fault: &'static str,
    },
}

impl Rv32imError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::TraceLength { .. } | Self::Words { .. } | Self::Tables { .. } => ReasonCode::ProofStatementMismatch,
            Self::ProgramTooLarge | Self::Stream { .. } => ReasonCode::LimitExceeded,
        }
    }
}

impl fmt::Display for Rv32imError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TraceLength { length } => {
                write!(f, "{length} rows are no power of two within {MIN_TRACE_LENGTH}..={MAX_TRACE_LENGTH}")
            }
            Self::ProgramTooLarge => write!(f, "the program has more than {MAX_MICRO_OPS} micro-ops"),
            Self::Stream { bytes } => write!(f, "{bytes} bytes are more than their region of memory holds"),
            Self::Words { words, rows } => {
                write!(f, "program, input and output are {words} words, and a trace of {rows} rows has fewer places")
            }
            Self::Tables { fault } => write!(f, "the public tables {fault}"),
        }
    }
}

impl core::error::Error for Rv32imError {}
