//! Writes `docs/spec/sampling-bound.md` and its plot.

use std::{fs, io, path::Path};

use capseal_tests::sampling_bound::{lines, page, plot};

fn main() -> io::Result<()> {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec");
    let lines = lines();
    fs::write(spec.join("sampling-bound.md"), page(&lines))?;
    fs::write(spec.join("sampling-bound.svg"), plot(&lines))
}
