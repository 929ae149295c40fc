//! Archives and commits over HTTP: the provider and the relay, the server under both, the client, and audits.

pub mod audit;
pub mod http;
pub mod provider;
pub mod relay;
pub mod serve;
