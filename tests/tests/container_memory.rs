//! Memory of the container reader, counted: it follows from the bytes at hand, never from what they claim.
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use capseal_tests::hostile::container::{cases, large_cases};
use capseal_tests::hostile::zip::Zip;
use verifier_core::Limits;
use verifier_core::container::{Container, MEDIA_TYPE};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; the counters are beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes allocated at once, at most, while `bytes` are read.
fn peak(bytes: &[u8], limits: &Limits) -> usize {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let _ = Container::parse(bytes, limits);
    PEAK.load(Ordering::Relaxed) - before
}

/// One test, so that nothing else allocates beside it.
#[test]
fn memory_follows_from_the_bytes_and_the_limits() {
    for case in cases() {
        let peak = peak(&case.bytes, &Limits::DEFAULT);
        assert!(peak <= 4 * 1024 + 8 * case.bytes.len(), "{}: {peak} for {} bytes", case.name, case.bytes.len());
    }
    for case in large_cases() {
        let peak = peak(&case.bytes, &Limits::DEFAULT);
        assert!(peak <= 16 << 20, "{}: {peak} bytes", case.name);
    }
    let names: Vec<_> = (0..19_999).map(|i| format!("da/{i:05}")).collect();
    let mut entries = vec![("mimetype", MEDIA_TYPE.as_bytes())];
    entries.extend(names.iter().map(|name| (name.as_str(), &b""[..])));
    let full = Zip::of(&entries).bytes();
    assert!(Container::parse(&full, &Limits::DEFAULT).is_ok());
    let peak = peak(&full, &Limits::DEFAULT);
    assert!(peak <= 16 << 20, "{peak} bytes for 20,000 entries");
}
