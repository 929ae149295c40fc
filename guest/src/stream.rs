//! Input and output: a length in bytes as one word, then the bytes.

use core::{
    fmt::{self, Write},
    ptr, slice,
};

const INPUT: *const u32 = 0x4000_0000 as *const u32;
const OUTPUT: *mut u32 = 0x8000_0000 as *mut u32;

/// The input.
pub fn input() -> &'static [u8] {
    // SAFETY: the machine puts a length and as many bytes there before the run; nothing in this crate writes there.
    unsafe { slice::from_raw_parts(INPUT.add(1).cast(), INPUT.read() as usize) }
}

/// Appends to the output.
pub fn commit(bytes: &[u8]) {
    // SAFETY: the region belongs to this module, and its memory is there up to the end of the address space, which no
    // slice that exists is long enough to reach.
    unsafe {
        let length = OUTPUT.read();
        let end = OUTPUT.add(1).cast::<u8>().add(length as usize);
        ptr::copy_nonoverlapping(bytes.as_ptr(), end, bytes.len());
        OUTPUT.write(length + bytes.len() as u32);
    }
}

/// The output, for `write!`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        commit(text.as_bytes());
        Ok(())
    }
}

/// Leaves a message as the only output: half an output could be taken for a whole one.
pub(crate) fn replace_output(message: fmt::Arguments<'_>) {
    // SAFETY: as in `commit`; the bytes are those that were committed. They become zero again, as the last word of the
    // output has to be filled with zeros.
    unsafe {
        ptr::write_bytes(OUTPUT.add(1).cast::<u8>(), 0, OUTPUT.read() as usize);
        OUTPUT.write(0);
    }
    // Writing to memory does not fail; a `Display` that does has said what it could.
    let _ = Output.write_fmt(message);
}
