//! Files that the user named: inputs, configuration, outputs; a folder stands for the files below it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{RunError, text::joined};

/// The files that a declared path stands for, absolute.
///
/// A link to a file counts as a file. A link to a folder below the named one is not followed, because it may lead anywhere.
/// Pipes, sockets and devices below it are left out.
///
/// # Errors
/// When the path, or something below it, cannot be looked at; when the path itself is a pipe, socket or device.
pub fn files_below(working_dir: &Path, declared: &Path) -> Result<BTreeSet<PathBuf>, RunError> {
    let failed = |path: &Path, error| RunError::Declared { path: path.to_owned(), error };
    let top = joined(working_dir, declared);
    let metadata = fs::metadata(&top).map_err(|error| failed(declared, error))?;
    if metadata.is_file() {
        return Ok([top].into());
    }
    if !metadata.is_dir() {
        return Err(RunError::DeclaredNotFile { path: declared.to_owned() });
    }
    let mut files = BTreeSet::new();
    let mut folders = vec![top];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
            let path = entry.map_err(|error| failed(&folder, error))?.path();
            let metadata = fs::symlink_metadata(&path).map_err(|error| failed(&path, error))?;
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() || (metadata.is_symlink() && path.is_file()) {
                files.insert(path);
            }
        }
    }
    Ok(files)
}
