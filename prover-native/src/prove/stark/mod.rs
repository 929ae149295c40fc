//! The prover of AIRs with an auxiliary segment: what costs the time, on eight numbers at once.

mod committed;
mod cubic;
mod deep;
mod lanes;
mod proof;
mod quotient;
mod strips;
mod tile;
mod transform;

pub(super) use committed::Domain;
pub(super) use cubic::Cubic;
pub(super) use lanes::{Cells, Kernel, LANES, Lanes, run, splat};
pub use proof::SegmentedTrace;
pub(super) use proof::{Segmented, Segments};
pub(super) use tile::{inverses, points, transposed};
