//! A new guest project: a program that reads, computes and writes, with the crate that it needs in the folder.
//!
//! The crate is copied, not fetched: the project builds with a stock toolchain and without a network.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use capseal_host::cause::Cause;

/// Files of the project, with `{name}` where its name goes.
const FILES: [(&str, &str); 16] = [
    ("Cargo.toml", include_str!("../../../guest/template/Cargo.toml.in")),
    ("README.md", include_str!("../../../guest/template/README.md.in")),
    (".gitignore", "/target/\n"),
    (".cargo/config.toml", include_str!("../../../guest/template/.cargo/config.toml")),
    ("src/main.rs", include_str!("../../../guest/template/src/main.rs")),
    ("capseal-guest/Cargo.toml", include_str!("../../../guest/Cargo.toml")),
    ("capseal-guest/README.md", include_str!("../../../guest/README.md")),
    ("capseal-guest/build.rs", include_str!("../../../guest/build.rs")),
    ("capseal-guest/guest.ld", include_str!("../../../guest/guest.ld")),
    ("capseal-guest/src/lib.rs", include_str!("../../../guest/src/lib.rs")),
    ("capseal-guest/src/exit.rs", include_str!("../../../guest/src/exit.rs")),
    ("capseal-guest/src/heap.rs", include_str!("../../../guest/src/heap.rs")),
    ("capseal-guest/src/panic.rs", include_str!("../../../guest/src/panic.rs")),
    ("capseal-guest/src/start.rs", include_str!("../../../guest/src/start.rs")),
    ("capseal-guest/src/stream.rs", include_str!("../../../guest/src/stream.rs")),
    ("capseal-guest/.gitignore", "/target/\n/Cargo.lock\n"),
];

/// Writes the project of this name into a new folder.
///
/// # Errors
/// [`TemplateError`]; a folder that is there is left as it is.
pub fn write_guest(folder: &Path) -> Result<(), TemplateError> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !is_package_name(name) {
        return Err(TemplateError::Name { name: name.to_owned() });
    }
    let failed = |path: &Path, error| TemplateError::Write { path: path.to_owned(), error };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
    }
    fs::create_dir(folder).map_err(|error| failed(folder, error))?;
    for (path, text) in FILES {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        let text =
            if path.starts_with(folder.join("capseal-guest")) { text.to_owned() } else { text.replace("{name}", name) };
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

/// What Cargo takes as the name of a package and of its program, in the usual spelling.
fn is_package_name(name: &str) -> bool {
    let letters = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-' | '_');
    let reserved =
        ["capseal-guest", "core", "alloc", "std", "test", "proc_macro", "build", "deps", "examples", "incremental"];
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(letters)
        && name.len() <= 64
        && !reserved.contains(&name)
}

/// Why no project was written.
#[derive(Debug)]
pub enum TemplateError {
    /// The folder's name is no name of a Rust program.
    Name {
        /// The name.
        name: String,
    },
    /// A file or folder cannot be written.
    Write {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl TemplateError {
    /// What the user can do about it.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Name { .. } => "use small letters, digits, - and _, a letter first",
            Self::Write { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => "name another folder",
            Self::Write { .. } => "name a folder that you may write to",
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(f, "`{}` is no name for a program", name.escape_default()),
            Self::Write { path, error } => write!(f, "cannot write {}: {}", path.display(), Cause(error)),
        }
    }
}

impl std::error::Error for TemplateError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_written_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = folder.path().join("my-guest");
        write_guest(&project).expect("a project");
        let manifest = fs::read_to_string(project.join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("name = \"my-guest\"") && !manifest.contains("{name}"));
        assert!(matches!(write_guest(&project), Err(TemplateError::Write { .. })));
        for name in ["", "My", "1a", "a b", "a/..", "é", "capseal-guest", "test"] {
            assert!(matches!(write_guest(&folder.path().join(name)), Err(TemplateError::Name { .. })), "{name}");
        }
    }

    /// The copy has every file of the crate.
    #[test]
    fn the_crate_is_copied_whole() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/src");
        for file in fs::read_dir(source).expect("the crate") {
            let name = format!("capseal-guest/src/{}", file.expect("a file").file_name().display());
            assert!(FILES.iter().any(|(path, _)| *path == name), "{name}");
        }
    }
}
