//! Checks CapSeal receipts.
//!
//! `no_std` with `alloc`; no I/O, no clock, no randomness, no threads: what a verdict depends on comes in as an argument.
//! The layers, lowest first; a module imports only from layers below its own (`.ci/layers` checks it):
//!
//! | layer | modules |
//! | --- | --- |
//! | 0 | [`reason`], [`digest`], [`limits`] |
//! | 1 | [`cbor`], [`container`] |
//! | 2 | [`stc`] |
//! | 3 | [`air`], [`row_check`], [`stark`] |
//! | 4 | [`event_log`], [`capsule`] |
//! | 5 | [`verdict`], [`verify`](mod@verify), [`inspect`](mod@inspect) |

#![no_std]

extern crate alloc;

pub mod digest;
pub mod reason;
pub mod row_check;
pub mod stc;

pub use digest::{Digest, Tag};
pub use reason::{ExitCode, ReasonCode};
