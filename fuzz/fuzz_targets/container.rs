//! Any bytes: the container reader answers, and what it accepts has one spelling.
#![no_main]

use capseal_fuzz::{container_of, mutate_container};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use verifier_core::{Limits, container::Container};

fuzz_target!(|bytes: &[u8]| {
    let Ok(container) = Container::parse(bytes, &Limits::DEFAULT) else { return };
    assert_eq!(container_of(&container), bytes);
    for entry in container.entries() {
        assert_eq!(container.get(entry.name.as_str()), Some(entry.content));
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_container(data, size, max_size, seed)
});
