//! The provider of archives (spec: `docs/spec/provider.md`): a folder of content-addressed files, and a server for it.
//!
//! The folder can be served by any web server; the server here adds openings of several rows at once, problems that programs can
//! read, figures, and bounds. Nothing that a provider answers is believed by whoever asks: each answer carries its own proof.

mod access;
mod authorization;
mod export;
mod file;
mod folder;
mod nonces;
mod open;
mod problem;
mod server;

pub use access::{ACCESS_SCHEMA, Access, AccessError, Protected, of_bundle};
pub use authorization::{AUTHORIZATION_SCHEME, Gate, GateError, POSSESSION_HEADER};
pub use export::{ExportError, Exported, export};
pub use folder::Folder;
pub(crate) use problem::Problem;
pub use server::Server;
