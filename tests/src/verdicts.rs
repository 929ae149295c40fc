//! Verdicts of a folder of receipts, one line each: what every binding of the verifier must print, byte for byte.

use std::{io, path::Path};

use verifier_core::verify;

use crate::vectors::{self, Vector};

/// One line for each `.cap` below a folder: path below the folder with slashes, a tab, the verdict as JSON. Sorted by path,
/// bytewise. Options stand beside a receipt, in `<name>.options.json`.
///
/// # Errors
/// When something cannot be read.
///
/// # Panics
/// When options are not options.
pub fn lines(folder: &Path) -> io::Result<Vec<String>> {
    let mut vectors = vectors::read(folder)?;
    vectors.sort_by_key(|vector| format!("{}.cap", vector.path));
    Ok(vectors.iter().map(line).collect())
}

fn line(vector: &Vector) -> String {
    format!("{}.cap\t{}", vector.path, verify(&vector.bytes, &vector.verify_options()).to_json())
}
