//! What a program needs to run on CapSeal's RV32IM machine.
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//!
//! capseal_guest::entry!(main);
//!
//! fn main() {
//!     let bytes = capseal_guest::input();
//!     capseal_guest::commit(&[bytes.iter().fold(0, |sum, byte| sum ^ byte)]);
//! }
//! ```
//!
//! The memory map and the calls are those of `docs/spec/rv32im-machine.md`. There is one hart and no interrupt. `alloc` works:
//! memory that is given back is used again only if it was the last to be taken.
#![no_std]

mod exit;
mod heap;
mod panic;
mod start;
mod stream;

pub use exit::{Exit, exit};
pub use stream::{Output, commit, input};

/// The exit code of a panic.
pub const PANIC_EXIT_CODE: u32 = 101;

/// Names the function that the program starts with. It returns nothing, or an exit code, or a `Result` whose error is printed.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn capseal_main() -> u32 {
            $crate::Exit::code($main())
        }
    };
}
