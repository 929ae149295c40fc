//! `capseal inspect --rebuild`: whether a source gives the image of a receipt.

use std::{path::Path, process::ExitCode};

use verifier_core::{Inspection, Limits, artifact, backend::Backend, rv32im::ProgramImage};

use super::output::{BAD, FAINT, Failure, GOOD, TITLE, printable};
use crate::streams::println;
use capseal_machine::{Built, rebuild};

/// Exit status when no program of the project has the image: as for a replay that diverges.
const DIVERGED: u8 = 14;

/// Builds the project and compares.
pub(super) fn compare(receipt: &[u8], inspection: &Inspection, folder: &Path) -> Result<ExitCode, Failure> {
    let code = inspection.claim.code.first().filter(|_| inspection.backend == Backend::Rv32imV1.id());
    let Some(image) = code.map(|file| file.digest) else {
        return Err(Failure::explained_by(
            "this receipt is not of an RV32IM program",
            "--rebuild compares the image of a receipt of rv32im_v1",
        ));
    };
    println!("\n{TITLE}Rebuild{TITLE:#}");
    let built = rebuild(folder).map_err(|error| {
        let next = error.next_step();
        Failure::explained(error, next)
    })?;
    if let Some(same) = built.iter().find(|built| built.image_digest() == image) {
        println!("{GOOD}✓ {} gives the image of this receipt{GOOD:#}: {image}", printable(&same.name));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{BAD}✗ {} gives another image{BAD:#} than this receipt's {image}", folder.display());
    let sealed = artifact(receipt, &image, &Limits::DEFAULT).and_then(|bytes| ProgramImage::decode(bytes).ok());
    for built in &built {
        println!("  {} gives {}", printable(&built.name), built.image_digest());
        if let Some(place) = sealed.as_ref().and_then(|sealed| first_difference(sealed, built)) {
            println!("    first difference at {place}");
        }
    }
    println!("  {FAINT}other source, lock file, compiler or paths; each gives other images{FAINT:#}");
    Ok(ExitCode::from(DIVERGED))
}

/// The lowest address at which something else is loaded, with the function that was built there.
fn first_difference(sealed: &ProgramImage, built: &Built) -> Option<String> {
    let [a, b] = [sealed, &built.program.image]
        .map(|image| image.segments().iter().flat_map(|segment| segment.words()).collect::<Vec<_>>());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let place = [a.get(same), b.get(same)].into_iter().flatten().map(|(address, _)| *address).min()?;
    let function = built.program.symbols.place(place);
    Some(match function {
        Some(function) => format!("{place:#010x} ({})", printable(&function)),
        None => format!("{place:#010x}"),
    })
}
