//! Any bytes: the CBOR decoder answers, and what it accepts is what the encoder writes. So for capsules and program images.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verifier_core::capsule::Capsule;
use verifier_core::cbor::{Item as _, Value};
use verifier_core::rv32im::ProgramImage;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = Value::decode(bytes) else {
        assert!(Capsule::read(bytes).is_err() && ProgramImage::decode(bytes).is_err());
        return;
    };
    assert_eq!(value.encode(), bytes);
    if let Ok(capsule) = Capsule::read(bytes) {
        assert_eq!(capsule.encode(), bytes);
    }
    if let Ok(image) = ProgramImage::decode(bytes) {
        assert_eq!(image.encode(), bytes);
    }
});
