//! The end of a run.

use core::{arch::asm, fmt::Display};

/// Ends the run. 0 says that all is well.
pub fn exit(code: u32) -> ! {
    // SAFETY: the machine ends the run here; nothing comes after it.
    unsafe { asm!("ecall", in("a0") code, in("a7") 93, options(noreturn, nomem, nostack)) }
}

/// What a program's main function may return.
pub trait Exit {
    /// The exit code.
    fn code(self) -> u32;
}

impl Exit for () {
    fn code(self) -> u32 {
        0
    }
}

impl Exit for u32 {
    fn code(self) -> u32 {
        self
    }
}

/// An error becomes the output, and the exit code is 1.
impl<E: Display> Exit for Result<(), E> {
    fn code(self) -> u32 {
        match self {
            Ok(()) => 0,
            Err(error) => {
                crate::stream::replace_output(format_args!("{error}\n"));
                1
            }
        }
    }
}
