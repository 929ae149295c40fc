//! The prover of AIRs with an auxiliary segment. What costs the time is done on packed field elements.

mod batch_inverse;
mod committed;
mod cubic;
mod deep;
mod domain;
mod lanes;
mod matrix;
mod ntt;
mod proof;
mod quotient;

pub(super) use batch_inverse::{batch_inverse, points};
pub(super) use cubic::{Cubic, DEGREE};
pub(super) use domain::Domain;
pub(super) use lanes::{Kernel, Lanes, broadcast, run};
pub use lanes::{LaneSet, UnavailableLanes};
pub(super) use matrix::{Cells, STRIP, transposed};
pub use proof::SegmentedTrace;
pub(super) use proof::{Segmented, Segments};
