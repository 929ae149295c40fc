//! Any bytes: verification and inspection answer, and what is accepted is in canonical form.
#![no_main]

use capseal_fuzz::{container_of, mutate_container};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use verifier_core::container::Container;
use verifier_core::verdict::Status;
use verifier_core::{Limits, VerifyOptions, inspect, verify};

fuzz_target!(|bytes: &[u8]| {
    let verdict = verify(bytes, &VerifyOptions::default());
    let inspection = inspect(bytes, &Limits::DEFAULT);
    if verdict.status == Status::Rejected {
        return;
    }
    let container = Container::parse(bytes, &Limits::DEFAULT).expect("an accepted receipt is a container");
    assert_eq!(container_of(&container), bytes);
    assert!(inspection.is_ok());
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_container(data, size, max_size, seed)
});
