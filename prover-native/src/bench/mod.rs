//! Figures, measured on the machine at hand, each beside its yardstick in the same run.

mod geom;
mod process;
mod run;
mod stc;
mod trust;
mod verify;

pub use geom::{GeomBenchError, GeomFigure, GeomFigures, Milliseconds, geom};
pub use run::{Hashing, Overhead, RunFigures, run};
pub use stc::{RowSizeFigure, StcFigures, stc};
pub use trust::{TrustFigures, trust};
pub use verify::{ReceiptFigure, VerifyFigures, verify};
