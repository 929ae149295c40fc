//! `rv32im_v1`: honest runs are accepted with the architectural results, and cheating is refused.

mod concerted;
mod decoder;
mod forged;
mod forger;
mod honest;
mod mock;
mod programs;
mod sweep;
