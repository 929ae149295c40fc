//! The native side: run, prove, seal.
//!
//! Everything that the `capseal` command does, as a library: a backend makes a run into a draft ([`seal`]), a draft with its
//! archive becomes a receipt, and the verifier core has the last word before a receipt takes its name.

pub mod artifacts;
pub mod audit;
pub mod bench;
pub mod bundle;
pub mod capability;
mod cause;
pub mod cli;
pub mod clock;
pub mod commit;
pub mod container;
pub mod diff;
pub mod emit;
pub mod http;
pub mod keys;
pub mod mcp;
pub mod pcap;
pub mod policy_draft;
pub mod prove;
pub mod provider;
pub mod relay;
pub mod replay;
pub mod run;
pub mod rv32im;
pub mod seal;
pub mod serve;
pub mod sign;
mod toml_text;
mod tree;
pub mod trust_file;
mod usage;
pub mod whole_file;
