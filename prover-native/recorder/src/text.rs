//! Text of strings of the operating system and of paths (spec: `docs/spec/capture.md`); the rule itself is the core's.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
};

use verifier_core::capsule::name;

/// The text of a string of the operating system.
pub fn text_of(string: &OsStr) -> String {
    name::text_of(string.as_bytes())
}

/// The string that has this text; `None` when no string has it.
pub fn string_of(text: &str) -> Option<OsString> {
    name::bytes_of(text).map(OsString::from_vec)
}

/// The text of a path: relative to `folder` when below it, absolute otherwise. Both must be absolute.
pub fn path_text(path: &Path, folder: &Path) -> String {
    match path.strip_prefix(folder) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => text_of(below.as_os_str()),
        Err(_) => text_of(path.as_os_str()),
    }
}

/// Joins a path to the folder that it is relative to, without `.`, doubled slashes and, where the disk tells, `..`: what that
/// leads to depends on links.
pub(crate) fn joined(folder: &Path, path: &Path) -> PathBuf {
    let joined: PathBuf = folder.join(path).components().collect();
    if !joined.components().any(|component| component == Component::ParentDir) {
        return joined;
    }
    let real = match (joined.parent(), joined.file_name()) {
        // The last part is kept as it was used: it may be a link.
        (Some(parent), Some(name)) => fs::canonicalize(parent).map(|parent| parent.join(name)),
        _ => fs::canonicalize(&joined),
    };
    real.unwrap_or(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_below_the_folder() {
        let folder = Path::new("/work/run");
        for (path, text) in [
            ("/work/run/data/a", "data/a"),
            ("/work/run", "."),
            ("/work/running", "/work/running"),
            ("/etc/a", "/etc/a"),
        ] {
            assert_eq!(path_text(Path::new(path), folder), text);
        }
        assert_eq!(joined(folder, Path::new("./data//./a/")), Path::new("/work/run/data/a"));
        assert_eq!(joined(folder, Path::new("/tmp/x")), Path::new("/tmp/x"));
    }

    #[test]
    fn parent_folders_are_followed_as_the_disk_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(folder.join("a/b")).unwrap();
        std::os::unix::fs::symlink("a/b", folder.join("link")).unwrap();
        assert_eq!(joined(&folder, Path::new("a/../x")), folder.join("x"));
        assert_eq!(joined(&folder, Path::new("link/../x")), folder.join("a/x"));
        assert_eq!(joined(&folder, Path::new("link/..")), folder.join("a"));
        assert_eq!(joined(&folder, Path::new("none/../x")), folder.join("none/../x"));
    }
}
