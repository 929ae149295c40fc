//! Figures of this machine, each beside its yardstick in the same run.

mod process;
mod stc;

pub use stc::{RowSizeFigure, StcFigures, stc};
