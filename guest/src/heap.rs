//! The heap: taken from the end of the program upwards, given back from its end alone.
//!
//! Memory of this machine costs nothing until it is touched, and a program does not run for long: looking for free memory
//! would cost more cycles than it saves memory.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    ptr,
};

#[global_allocator]
static HEAP: Heap = Heap { next: Cell::new(0), touched: Cell::new(0) };

/// What lies between here and the top of the stack is the stack's.
const END: usize = 0x3f00_0000;

struct Heap {
    /// First free address; 0 before the first use.
    next: Cell<usize>,
    /// What lies behind this address was never given to anyone, and is zero.
    touched: Cell<usize>,
}

// SAFETY: there is one hart, and no interrupt.
unsafe impl Sync for Heap {}

unsafe extern "C" {
    static __heap_start: u8;
}

impl Heap {
    fn next(&self) -> usize {
        match self.next.get() {
            0 => &raw const __heap_start as usize,
            next => next,
        }
    }

    /// Moves the end of what is taken; false when there is no room.
    fn reach(&self, end: Option<usize>) -> bool {
        match end {
            Some(end) if end <= END => {
                self.next.set(end);
                self.touched.set(self.touched.get().max(end));
                true
            }
            _ => false,
        }
    }
}

// SAFETY: what is given out lies between the program and `END`, is aligned, and is given out once until it is given back: `next`
// moves behind it, and back only to the start of what lay last.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.next().next_multiple_of(layout.align());
        if self.reach(start.checked_add(layout.size())) { start as *mut u8 } else { ptr::null_mut() }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let touched = self.touched.get();
        // SAFETY: the caller's promise is the same.
        let start = unsafe { self.alloc(layout) };
        if !start.is_null() {
            let used = touched.saturating_sub(start as usize).min(layout.size());
            // SAFETY: `used` bytes are at most those just given out.
            unsafe { ptr::write_bytes(start, 0, used) };
        }
        start
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        if start as usize + layout.size() == self.next() {
            self.next.set(start as usize);
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let address = start as usize;
        if address + layout.size() == self.next() {
            return if self.reach(address.checked_add(size)) { start } else { ptr::null_mut() };
        }
        if size <= layout.size() {
            return start;
        }
        // SAFETY: the caller promises that `size`, rounded up to the alignment, is a size.
        let larger = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !larger.is_null() {
            // SAFETY: the old bytes are the caller's, and the new ones lie behind them.
            unsafe { ptr::copy_nonoverlapping(start, larger, layout.size()) };
        }
        larger
    }
}
