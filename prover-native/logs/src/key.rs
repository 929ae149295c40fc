//! Keys that sign and cosign checkpoints, and the checkpoint that is kept beside a log.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{Signer as _, SigningKey as Ed25519Key};
use verifier_core::pcap::{
    Checkpoint, CoseReceipt, KeyType, NoteKey, Proven, TreeHead, cose,
    note::{Note, NoteSignature, cosigned, is_key_name},
};

use super::append::is_missing;
use capseal_host::whole_file::{self, Existing, WholeFileError};

const BEGINS: &str = "PRIVATE+KEY+";

/// A key that signs checkpoints, or that cosigns those of others: Ed25519, as C2SP notes have it.
pub struct SigningKey {
    name: String,
    kind: KeyType,
    key: Ed25519Key,
}

/// The secret is not shown.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key out of the system's randomness.
    ///
    /// # Errors
    /// When the name is not one, or the system has no randomness.
    pub fn generate(name: &str, kind: KeyType) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| KeyError::Randomness)?;
        Self::from_seed(name, kind, &seed)
    }

    fn from_seed(name: &str, kind: KeyType, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Malformed);
        }
        Ok(Self { name: name.to_owned(), kind, key: Ed25519Key::from_bytes(seed) })
    }

    /// Reads a key from a file.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold one line `PRIVATE+KEY+name+id+base64`.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = fs::read_to_string(path).map_err(|error| KeyError::Read { path: path.to_owned(), error })?;
        let key = Self::parse(text.trim_end_matches('\n')).ok_or(KeyError::Malformed)?;
        Ok(key)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(BEGINS)?.splitn(3, '+');
        let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = BASE64.decode(encoded).ok()?;
        let (kind, seed) = bytes.split_first()?;
        let key = Self::from_seed(name, KeyType::from_byte(*kind)?, seed.try_into().ok()?).ok()?;
        (id_text(&key.public().ok()?) == id).then_some(key)
    }

    /// Writes the key to a new file that only its owner may read.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        let typed: Vec<u8> = [self.kind.byte()].into_iter().chain(self.key.to_bytes()).collect();
        let text = format!("{BEGINS}{}+{}+{}\n", self.name, id_text(&self.public()?), BASE64.encode(typed));
        whole_file::write_private(path, text.as_bytes()).map_err(KeyError::Write)?;
        Ok(())
    }

    /// The key that others trust.
    ///
    /// # Errors
    /// None for a key that was made or read here.
    pub fn public(&self) -> Result<NoteKey, KeyError> {
        NoteKey::new(&self.name, self.kind, self.key.verifying_key().as_bytes()).map_err(|_| KeyError::Malformed)
    }

    /// The key that others trust, if this one is for the purpose.
    fn public_as(&self, kind: KeyType) -> Result<NoteKey, KeyError> {
        if self.kind == kind { self.public() } else { Err(KeyError::Purpose(kind)) }
    }
}

fn id_text(key: &NoteKey) -> String {
    format!("{:08x}", u32::from_be_bytes(key.id()))
}

/// Signs a tree head.
///
/// # Security
/// A head that contradicts one that was signed before is evidence against the signer: [`keep_checkpoint`] looks first.
///
/// # Errors
/// When the key is a witness's.
pub fn sign_checkpoint(head: TreeHead, key: &SigningKey) -> Result<Checkpoint, KeyError> {
    let public = key.public_as(KeyType::Signer)?;
    let text = head.to_string();
    let signature = key.key.sign(text.as_bytes()).to_bytes().to_vec();
    let signatures = vec![NoteSignature { name: public.name().to_owned(), id: public.id(), signature }];
    Ok(Checkpoint { head, note: Note { text, signatures } })
}

/// Signs a tree head as a COSE receipt of what is proved of it.
///
/// # Security
/// As [`sign_checkpoint`]: it is the same statement.
///
/// # Errors
/// When the key is a witness's.
pub fn sign_receipt(head: &TreeHead, proven: Proven, key: &SigningKey) -> Result<CoseReceipt, KeyError> {
    let public = key.public_as(KeyType::Signer)?;
    let signature = key.key.sign(&cose::to_be_signed(&public, head)).to_bytes();
    Ok(CoseReceipt::new(&public, head, proven, signature))
}

/// Cosigns the text of a checkpoint. `time` is in seconds since the Unix epoch.
///
/// # Security
/// It says that the log only grew as far as the witness saw it: [`Witness`](super::Witness) looks first.
///
/// # Errors
/// When the key is not a witness's.
pub(super) fn cosign(text: &str, time: u64, key: &SigningKey) -> Result<NoteSignature, KeyError> {
    let public = key.public_as(KeyType::Witness)?;
    let signature = key.key.sign(cosigned(time, text).as_bytes()).to_bytes();
    let signature = [time.to_be_bytes().as_slice(), &signature].concat();
    Ok(NoteSignature { name: public.name().to_owned(), id: public.id(), signature })
}

/// Where the last checkpoint that was signed of a log is kept.
fn kept_beside(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".ckpt");
    PathBuf::from(name)
}

/// The last checkpoint that was signed of a log, where there is one.
///
/// # Errors
/// When there is a file and it is none.
pub fn kept_checkpoint(log: &Path) -> Result<Option<Checkpoint>, KeyError> {
    checkpoint_at(kept_beside(log))
}

/// The checkpoint in a file, where there is one.
pub(super) fn checkpoint_at(path: PathBuf) -> Result<Option<Checkpoint>, KeyError> {
    match fs::read(&path) {
        Ok(bytes) => Checkpoint::parse(&bytes).map(Some).map_err(|_| KeyError::Kept(path)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(KeyError::Read { path, error }),
    }
}

/// Keeps a checkpoint beside its log, in one step.
///
/// # Errors
/// When it cannot be written.
pub fn keep_checkpoint(log: &Path, checkpoint: &Checkpoint) -> Result<PathBuf, KeyError> {
    let text = checkpoint.note.to_string();
    whole_file::write(&kept_beside(log), Existing::Replace, text.as_bytes()).map_err(KeyError::Write)
}

/// A key or a checkpoint could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The file cannot be written.
    Write(WholeFileError),
    /// Not a key, or not a name.
    Malformed,
    /// The key is for something else than this.
    Purpose(KeyType),
    /// The checkpoint that was kept is none.
    Kept(PathBuf),
    /// The system has no randomness.
    Randomness,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, error } => {
                write!(f, "cannot read {}: {}", path.display(), capseal_host::cause::Cause(error))
            }
            Self::Write(error) => error.fmt(f),
            Self::Malformed => f.write_str("not a key of the form PRIVATE+KEY+name+id+base64"),
            Self::Purpose(KeyType::Signer) => f.write_str("the key is a witness's: it signs no checkpoint of its own"),
            Self::Purpose(KeyType::Witness) => f.write_str("the key is not a witness's"),
            Self::Kept(path) => write!(f, "{} is not a checkpoint", path.display()),
            Self::Randomness => f.write_str("the system gives no randomness"),
        }
    }
}

impl std::error::Error for KeyError {}
