//! The provider of archives (spec: `docs/spec/provider.md`): a folder of content-addressed files, and its paths over HTTP.
//!
//! The folder can be served by any web server; the paths here add openings of several rows at once, problems that programs can
//! read, figures, and bounds. Nothing that a provider answers is believed by whoever asks: each answer carries its own proof.

mod access;
mod decisions;
mod export;
mod file;
mod folder;
mod gate;
mod lists;
mod nonces;
mod open;
mod routes;
mod stamp;

pub use access::{ACCESS_SCHEMA, Access, AccessError, ListFile, Protected, of_bundle};
pub use export::{ExportError, Exported, export};
pub use folder::Folder;
pub use gate::{Gate, GateError};
pub(crate) use routes::Provider;
