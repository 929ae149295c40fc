//! Checks CapSeal receipts.
//!
//! `no_std` with `alloc`; no I/O, no clock, no randomness, no threads: what a verdict depends on comes in as an argument.
//! The layers, lowest first; a module imports only from layers below its own (`.ci/layers` checks it):
//!
//! | layer | modules |
//! | --- | --- |
//! | 0 | [`reason`], [`digest`], [`limits`], [`field`], [`sentence`], [`manifest`] |
//! | 1 | [`refusal`], [`cbor`], [`container`], [`document`] |
//! | 2 | [`stc`], [`signature`], [`rv32im`], [`pcap`] |
//! | 3 | [`relay`], [`row_check`], [`stark`], [`capability`] |
//! | 4 | [`air`], [`capsule`], [`event_log`], [`sampling`] |
//! | 5 | [`archive`], [`backend`], [`trust`] |
//! | 6 | [`policy`], [`availability`], [`run`] |
//! | 7 | [`caveats`], [`headline`] |
//! | 8 | [`verdict`], [`inspect`](mod@inspect) |
//! | 9 | [`verify`](mod@verify) |

#![no_std]
// What is read is hostile: nothing in here panics, and numbers do not overflow. Tests may; an exception says why it is none.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

extern crate alloc;

pub mod air;
pub mod archive;
pub mod availability;
pub mod backend;
pub mod capability;
pub mod capsule;
pub mod caveats;
pub mod cbor;
pub mod container;
pub mod digest;
pub mod document;
pub mod event_log;
pub mod field;
pub mod headline;
pub mod inspect;
pub mod limits;
pub mod manifest;
pub mod pcap;
pub mod policy;
pub mod reason;
pub mod refusal;
pub mod relay;
pub mod row_check;
pub mod run;
pub mod rv32im;
pub mod sampling;
pub mod sentence;
pub mod signature;
pub mod stark;
pub mod stc;
pub mod trust;
pub mod verdict;
pub mod verify;

pub use backend::ClaimClass;
pub use digest::{Digest, Tag};
pub use headline::Conclusion;
pub use inspect::{Inspection, artifact, entry_proof, inspect};
pub use limits::Limits;
pub use reason::{ExitCode, ReasonCode};
pub use refusal::Refusal;
pub use run::RunReport;
pub use trust::Trust;
pub use verdict::{Check, CheckId, Level, Outcome, Status, Verdict};
pub use verify::{VerifyOptions, refuse_length, verify};
