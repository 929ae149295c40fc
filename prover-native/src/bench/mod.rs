//! Figures, measured on the machine at hand, each beside its yardstick in the same run.

mod run;

pub use run::{Hashing, Overhead, RunFigures, run};
