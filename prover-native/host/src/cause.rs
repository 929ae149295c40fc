//! What an error of the operating system means, in plain words.

use std::{fmt, io};

/// Prints the cause of an error, without the system's error number where the kind says it all.
pub struct Cause<'a>(pub &'a io::Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            io::ErrorKind::NotFound => f.write_str("there is no such file or folder"),
            io::ErrorKind::PermissionDenied => f.write_str("permission denied"),
            io::ErrorKind::AlreadyExists => f.write_str("it exists already"),
            io::ErrorKind::StorageFull => f.write_str("the disk is full"),
            io::ErrorKind::QuotaExceeded => f.write_str("the disk quota is used up"),
            io::ErrorKind::FileTooLarge => f.write_str("the file would be larger than the file system allows"),
            io::ErrorKind::ReadOnlyFilesystem => f.write_str("the file system is read-only"),
            io::ErrorKind::NotADirectory => f.write_str("a part of the path is not a folder"),
            io::ErrorKind::IsADirectory => f.write_str("it is a folder"),
            io::ErrorKind::InvalidFilename => f.write_str("the name is not one that the file system takes"),
            _ => self.0.fmt(f),
        }
    }
}
