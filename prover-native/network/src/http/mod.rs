//! HTTP, as clients and servers here share it: the client that asks providers and relays, the problems that servers answer with, and
//! the rules for content that never changes.

mod body;
mod client;
mod credentials;
mod exposition;
mod peer;
mod problem;
mod unchanging;
mod workers;

pub(crate) use body::body;
pub use client::{Bounds, Client, FetchError};
pub use credentials::Credentials;
pub(crate) use exposition::Exposition;
pub(crate) use peer::Peer;
pub(crate) use problem::Problem;
pub(crate) use unchanging::{Condition, Unchanging};
pub(crate) use workers::Workers;

/// The scheme of the `Authorization` header, before a capability token.
pub const AUTHORIZATION_SCHEME: &str = "CapSeal";
/// The header with the proof of possession.
pub const POSSESSION_HEADER: &str = "CapSeal-Possession";
