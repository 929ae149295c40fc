//! A panic: its message becomes the output, and the run ends with its exit code.

use core::panic::PanicInfo;

use crate::{PANIC_EXIT_CODE, exit};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    #[cfg(feature = "panic-message")]
    crate::stream::replace_output(format_args!("{info}\n"));
    #[cfg(not(feature = "panic-message"))]
    let _ = info;
    exit(PANIC_EXIT_CODE)
}
