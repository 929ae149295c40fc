//! Archives: commitments to their rows, the encoding that is sampled, and the bundle of a receipt with its archive.

pub mod bundle;
pub mod commit;
