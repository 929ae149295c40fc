//! The folder in which proofs of obligations lie.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use verifier_core::{
    Digest, Limits,
    pcap::obligation::{Evidence, Resolution, Strength},
    verify::evidence,
};

use capseal_host::{artifacts::digest_of, whole_file::read_at_most};

/// The files of a folder by their content, and what those that were asked for are worth.
#[derive(Debug)]
pub struct ProofFolder {
    files: HashMap<Digest, PathBuf>,
    looked_at: HashMap<Digest, Evidence>,
    limits: Limits,
}

impl ProofFolder {
    /// Hashes the files of a folder; folders in it are passed over.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut files = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                files.insert(digest_of(File::open(&path)?)?.digest, path);
            }
        }
        Ok(Self { files, looked_at: HashMap::new(), limits: Limits::DEFAULT })
    }

    /// What a content of the folder comes to as a proof about a subject. Each is verified once.
    pub fn resolve(&mut self, content: &Digest, subject: &Digest) -> Resolution {
        if let Some(evidence) = self.looked_at.get(content) {
            return evidence.about(subject);
        }
        let Some(evidence) = self.files.get(content).and_then(|path| self.look(path, content)) else {
            return Resolution::Missing;
        };
        let resolution = evidence.about(subject);
        self.looked_at.insert(*content, evidence);
        resolution
    }

    /// What a file is worth, unless its content is another by now. One that no receipt can be as long as is not read.
    fn look(&self, path: &Path, content: &Digest) -> Option<Evidence> {
        let bytes = read_at_most(path, self.limits.file_bytes).ok()?;
        if bytes.len() > self.limits.file_bytes {
            return Some(Evidence::without_subject(*content, Strength::Unknown));
        }
        let evidence = evidence(&bytes, &self.limits);
        (evidence.content == *content).then_some(evidence)
    }
}
