//! Figures, measured on the machine at hand, each beside its yardstick in the same run.

mod geom;
mod pcap;
mod process;
mod run;
mod stc;
mod verify;

pub use geom::{GeomBenchError, GeomFigure, GeomFigures, Milliseconds, geom};
pub use pcap::{PcapFigures, pcap};
pub use run::{Hashing, Overhead, RunFigures, run};
pub use stc::{RowSizeFigure, StcFigures, stc};
pub use verify::{ReceiptFigure, VerifyFigures, verify};
