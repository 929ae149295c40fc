//! The memory of a run: the whole 32-bit space, zero until written, kept by page.

use verifier_core::rv32im::{Access, INPUT_BASE, OUTPUT_BASE, ProgramImage, WORD_BYTES};

use super::{machine::MAX_STREAM_BYTES, trap::Fault};

const PAGE_BYTES: usize = 1 << PAGE_BITS;
const PAGE_BITS: u32 = 12;
const PAGE_WORDS: usize = PAGE_BYTES / WORD_BYTES as usize;
const PAGES: usize = 1 << (u32::BITS - PAGE_BITS);

/// Words, little-endian, by address.
#[derive(Debug)]
pub(super) struct Memory {
    /// Pages that were written to; all others are zero.
    pages: Box<[Option<Box<Page>>]>,
    /// First and last address of each executable segment.
    code: Vec<(u32, u32)>,
}

#[derive(Clone, Debug)]
struct Page {
    words: [u32; PAGE_WORDS],
    /// Whether an executable segment has a part of it.
    has_code: bool,
}

impl Page {
    const ZERO: Self = Self { words: [0; PAGE_WORDS], has_code: false };
}

impl Memory {
    /// Memory as a run finds it.
    ///
    /// # Errors
    /// [`Fault::InputTooLong`].
    pub(super) fn load(image: &ProgramImage, input: &[u8]) -> Result<Self, Fault> {
        if input.len() > MAX_STREAM_BYTES {
            return Err(Fault::InputTooLong { bytes: input.len() });
        }
        let mut memory = Self { pages: vec![None; PAGES].into_boxed_slice(), code: Vec::new() };
        for segment in image.segments() {
            for (address, word) in segment.words() {
                *memory.word_mut(address) = word;
                memory.page_mut(address).has_code |= segment.is_executable();
            }
            if segment.is_executable() {
                let last = segment.address() + (segment.content().len() as u32 - 1);
                memory.code.push((segment.address(), last));
            }
        }
        *memory.word_mut(INPUT_BASE) = input.len() as u32;
        for (address, bytes) in (INPUT_BASE + WORD_BYTES..).step_by(WORD_BYTES as usize).zip(input.chunks(4)) {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            *memory.word_mut(address) = u32::from_le_bytes(word);
        }
        Ok(memory)
    }

    /// The word that an address lies in.
    #[inline(always)]
    pub(super) fn word(&self, address: u32) -> u32 {
        match &self.pages[page_of(address)] {
            Some(page) => page.words[place_of(address)],
            None => 0,
        }
    }

    /// Reads from an aligned address; the value is not sign-extended.
    #[inline(always)]
    pub(super) fn load_from(&self, address: u32, access: Access) -> u32 {
        let word = self.word(address) >> (address % WORD_BYTES * 8);
        match access {
            Access::Byte => word & 0xff,
            Access::Half => word & 0xffff,
            Access::Word => word,
        }
    }

    /// Writes to an aligned address.
    ///
    /// # Errors
    /// [`Fault::StoreIntoCode`].
    #[inline(always)]
    pub(super) fn store(&mut self, address: u32, access: Access, value: u32) -> Result<(), Fault> {
        let page = match &mut self.pages[page_of(address)] {
            Some(page) if !page.has_code => page,
            _ => self.store_slowly(address)?,
        };
        let word = &mut page.words[place_of(address)];
        let shift = address % WORD_BYTES * 8;
        let mask = match access {
            Access::Byte => 0xff << shift,
            Access::Half => 0xffff << shift,
            Access::Word => u32::MAX,
        };
        *word = *word & !mask | value << shift & mask;
        Ok(())
    }

    #[cold]
    fn store_slowly(&mut self, address: u32) -> Result<&mut Page, Fault> {
        if self.code.iter().any(|&(first, last)| (first..=last).contains(&address)) {
            return Err(Fault::StoreIntoCode { address });
        }
        Ok(self.page_mut(address))
    }

    /// The output as the guest has left it.
    ///
    /// # Errors
    /// [`Fault::OutputTooLong`], [`Fault::OutputPadding`].
    pub(super) fn output(&self) -> Result<Vec<u8>, Fault> {
        let bytes = self.word(OUTPUT_BASE);
        let length = bytes as usize;
        if length > MAX_STREAM_BYTES {
            return Err(Fault::OutputTooLong { bytes });
        }
        let words = (OUTPUT_BASE + WORD_BYTES..).step_by(WORD_BYTES as usize).take(length.div_ceil(4));
        let mut output: Vec<u8> = words.flat_map(|address| self.word(address).to_le_bytes()).collect();
        if output[length..].iter().any(|byte| *byte != 0) {
            return Err(Fault::OutputPadding);
        }
        output.truncate(length);
        Ok(output)
    }

    fn word_mut(&mut self, address: u32) -> &mut u32 {
        &mut self.page_mut(address).words[place_of(address)]
    }

    fn page_mut(&mut self, address: u32) -> &mut Page {
        self.pages[page_of(address)].get_or_insert_with(|| Box::new(Page::ZERO))
    }
}

#[inline(always)]
const fn page_of(address: u32) -> usize {
    (address >> PAGE_BITS) as usize
}

#[inline(always)]
const fn place_of(address: u32) -> usize {
    address as usize / WORD_BYTES as usize % PAGE_WORDS
}
