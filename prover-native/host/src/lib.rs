//! The machine below everything native: files that appear whole or not at all, contents under their digests, time and memory.

pub mod artifacts;
pub mod cause;
pub mod clock;
pub mod toml_text;
pub mod usage;
pub mod whole_file;
