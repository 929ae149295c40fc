//! Figures, measured on the machine at hand, each beside its yardstick in the same run.

mod archive;
mod cap;
mod geom;
mod pcap;
mod prove_rv32im;
mod run;
mod rv32im;
mod serve;
mod stc;
mod trust;
mod verify;

pub use archive::{ArchiveFigure, ArchiveFigures, archive};
pub use cap::{CapFigures, cap};
pub use geom::{GeomBenchError, GeomFigure, GeomFigures, Milliseconds, geom};
pub use pcap::{PcapFigures, pcap};
pub use prove_rv32im::{PhaseFigure, ProvingError, ProvingFigure};
pub use run::{Hashing, Overhead, RunFigures, run};
pub use rv32im::{ExecutionFigure, Rv32imBenchError, Rv32imFigures, rv32im};
pub use serve::{ServeFigure, ServeFigures, serve};
pub use stc::{RowSizeFigure, StcFigures, stc};
pub use trust::{TrustFigures, trust};
pub use verify::{ReceiptFigure, VerifyFigures, verify};
