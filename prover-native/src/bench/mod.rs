//! Figures, measured on the machine at hand, each beside its yardstick in the same run.

mod process;
mod run;
mod stc;

pub use run::{Hashing, Overhead, RunFigures, run};
pub use stc::{RowSizeFigure, StcFigures, stc};
