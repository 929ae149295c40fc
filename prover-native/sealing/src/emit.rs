//! Packing: a capsule and a folder of contents become a receipt.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Seek},
    path::{Path, PathBuf},
};

use verifier_core::{
    Digest, Limits, Verdict, VerifyOptions,
    capsule::{Capsule, entry},
    cbor::CborError,
    container::{EntryKind, EntryName},
    verify,
};

use crate::container::{self, Entry, WriteError};
use capseal_host::{
    artifacts::digest_of,
    cause::Cause,
    whole_file::{Existing, WholeFile, WholeFileError, read_at_most},
};

/// What a receipt is packed from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The capsule.
    pub capsule: &'a Path,
    /// The folder with the contents.
    pub folder: &'a Path,
    /// The policy document, where it is not the folder's `policy.json`.
    pub policy: Option<&'a Path>,
}

/// What came of packing.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The verdict on the receipt; one that is refused was not put in place.
    pub verdict: Verdict,
    /// Signatures that it carries.
    pub signatures: usize,
    /// Whether it carries its policy document.
    pub policy: bool,
}

/// Packs what the capsule names into a receipt at `out`, unless the verifier refuses it; the verdict says which.
///
/// Contents that are addressed by their SHA-256 are found anywhere below the folder, whatever they are called; the event log, the parts
/// of a detached archive, the policy document and signatures are found by the names that they have in a receipt.
///
/// # Errors
/// When something cannot be read or written, or the capsule is not one.
pub fn emit(sources: &Sources<'_>, out: &Path, replace: bool) -> Result<Emitted, EmitError> {
    let Sources { capsule, folder, policy } = *sources;
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| EmitError::Unreadable { path, error }
    };
    let capsule_bytes = read_at_most(capsule, Limits::DEFAULT.capsule_bytes).map_err(unreadable(capsule))?;
    let parts = Capsule::read(&capsule_bytes).map_err(EmitError::Capsule)?;
    let contents = Contents::below(folder)?;

    let mut entries = vec![Entry::bytes(entry::CAPSULE, capsule_bytes)];
    let addressed = contents.addressed(&parts);
    let (named, missing): (Vec<_>, Vec<_>) = addressed.into_iter().partition(|(_, place)| place.is_some());
    if let Some((name, _)) = missing.into_iter().next() {
        return Err(EmitError::Missing { name, folder: folder.to_owned() });
    }
    entries
        .extend(named.into_iter().filter_map(|(name, place)| place.map(|(path, size)| Entry::file(name, path, size))));
    for name in [entry::EVENTS, entry::ROW_CHECK_HEADER, entry::ROW_CHECK_SKETCH] {
        let path = folder.join(name);
        if path.exists() {
            entries.push(Entry::bytes(name, fs::read(&path).map_err(unreadable(&path))?));
        }
    }
    // A document that the capsule does not name would be refused; one that was asked for is not left out in silence.
    let beside = folder.join(entry::POLICY);
    let beside = Some(beside.as_path()).filter(|path| parts.header.policy_ref.is_some() && path.exists());
    let policy = policy.or(beside);
    if let Some(path) = policy {
        entries.push(Entry::bytes(entry::POLICY, fs::read(path).map_err(unreadable(path))?));
    }
    let signatures = signatures(folder)?;
    let emitted = |verdict| Emitted { verdict, signatures: signatures.len(), policy: policy.is_some() };
    for (name, path) in &signatures {
        entries.push(Entry::bytes(name, fs::read(path).map_err(unreadable(path))?));
    }

    let existing = if replace { Existing::Replace } else { Existing::Keep };
    let mut file = WholeFile::create(out, existing)?;
    container::write(entries, &mut file)?;
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| io::Read::read_to_end(&mut file, &mut bytes)).map_err(|error| file.error(error))?;
    let verdict = verify(&bytes, &VerifyOptions::default());
    if verdict.is_accepted() {
        file.finish()?;
    }
    Ok(emitted(verdict))
}

/// Signatures by the names that they have in a receipt.
fn signatures(folder: &Path) -> Result<Vec<(String, PathBuf)>, EmitError> {
    let folder = folder.join("signatures");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |error| EmitError::Unreadable { path: folder.clone(), error };
    let mut found = Vec::new();
    for item in fs::read_dir(&folder).map_err(unreadable)? {
        let path = item.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).map(|name| format!("signatures/{name}"));
        if let Some(name) = name.filter(|name| is_signature(name)) {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

fn is_signature(name: &str) -> bool {
    match EntryName::parse(name.as_bytes()).map(|name| name.kind()) {
        Ok(EntryKind::Signature(token)) => entry::read_signature(token).is_some(),
        _ => false,
    }
}

/// The files below a folder, by the SHA-256 of their content.
struct Contents(BTreeMap<Digest, (PathBuf, u64)>);

impl Contents {
    fn below(folder: &Path) -> Result<Self, EmitError> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let unreadable = |error| EmitError::Unreadable { path: folder.clone(), error };
            for item in fs::read_dir(&folder).map_err(unreadable)? {
                let item = item.map_err(unreadable)?;
                let kind = item.file_type().map_err(unreadable)?;
                // Links are not followed: a folder that contains itself would never end.
                if kind.is_dir() {
                    folders.push(item.path());
                } else if kind.is_file() {
                    let path = item.path();
                    let artifact = fs::File::open(&path)
                        .and_then(digest_of)
                        .map_err(|error| EmitError::Unreadable { path: path.clone(), error })?;
                    found.insert(artifact.digest, (path, artifact.size));
                }
            }
        }
        Ok(Self(found))
    }

    /// Every entry that the capsule addresses by content, with its place if there is one.
    fn addressed(&self, capsule: &Capsule) -> Vec<(String, Option<(PathBuf, u64)>)> {
        let payload = &capsule.payload;
        let artifacts = payload.artifacts.iter().filter(|artifact| artifact.embedded);
        let artifacts = artifacts.map(|artifact| (entry::artifact(&artifact.digest), artifact.digest));
        let manifests = payload.manifests.iter().map(|manifest| (entry::manifest(&manifest.name), manifest.digest));
        let proof = payload.proof.iter().map(|proof| (entry::proof(&proof.system), proof.digest));
        artifacts.chain(manifests).chain(proof).map(|(name, digest)| (name, self.0.get(&digest).cloned())).collect()
    }
}

/// A receipt could not be packed.
#[derive(Debug)]
pub enum EmitError {
    /// A file or folder cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The capsule is not one.
    Capsule(CborError),
    /// A content that the capsule names is not below the folder.
    Missing {
        /// Its entry.
        name: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The container cannot be written.
    Container(WriteError),
    /// The receipt cannot be put in place.
    File(WholeFileError),
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "{}: {}", path.display(), Cause(error)),
            Self::Capsule(error) => write!(f, "the capsule cannot be read ({}): {error}", error.code().name()),
            Self::Missing { name, folder } => write!(f, "{name} is not below {}", folder.display()),
            Self::Container(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EmitError {}

impl From<WriteError> for EmitError {
    fn from(error: WriteError) -> Self {
        Self::Container(error)
    }
}

impl From<WholeFileError> for EmitError {
    fn from(error: WholeFileError) -> Self {
        Self::File(error)
    }
}
