//! A witness: cosigns checkpoints of logs that it has seen only grow.
//!
//! Of every log it keeps the last checkpoint that it cosigned, in a folder beside its key. What does not extend that is not cosigned, so that
//! whoever trusts the witness need not fear that the log's signer shows others another log. It does not see the lines.

use std::{
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
};

use verifier_core::pcap::{Checkpoint, CheckpointError, NoteKey, Proof, ProofError, TreeHead};

use super::{KeyError, SigningKey, key};
use capseal_host::whole_file::{self, Existing};

/// A witness, alone with its memory as long as this lives.
#[derive(Debug)]
pub struct Witness {
    key: SigningKey,
    folder: PathBuf,
    /// Locked: two that cosign at once would not see each other's checkpoints.
    _lock: File,
}

impl Witness {
    /// Opens the witness whose key is in this file; waits while another process has it.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn open(key: &Path) -> Result<Self, WitnessError> {
        let unreadable = |error| KeyError::Read { path: key.to_owned(), error };
        let lock = File::open(key).map_err(unreadable)?;
        lock.lock().map_err(unreadable)?;
        let mut folder = key.as_os_str().to_owned();
        folder.push(".witnessed");
        Ok(Self { key: SigningKey::read(key)?, folder: folder.into(), _lock: lock })
    }

    /// Where the last checkpoint of a log is kept.
    pub fn kept_at(&self, head: &TreeHead) -> PathBuf {
        self.folder.join(format!("{}.ckpt", head.log_id))
    }

    /// Cosigns a checkpoint that one of `signers` signed. A log that was seen before must have grown, or be the same: `proof` shows that.
    /// The checkpoint is kept before there is a signature. `time` is in seconds since the Unix epoch.
    ///
    /// # Errors
    /// When nobody trusted signed, the log was seen before and is not shown to extend that, or something cannot be read or written.
    pub fn cosign(
        &self,
        checkpoint: &Checkpoint,
        signers: &[NoteKey],
        proof: Option<&Proof>,
        time: u64,
    ) -> Result<Checkpoint, WitnessError> {
        checkpoint.verify(signers).map_err(WitnessError::Checkpoint)?;
        let head = checkpoint.head;
        let kept_at = self.kept_at(&head);
        if let Some(seen) = key::checkpoint_at(kept_at.clone())? {
            extends(seen.head, head, proof).map_err(|why| WitnessError::NotExtended { seen: kept_at.clone(), why })?;
        }
        let line = key::cosign(&checkpoint.note.text, time, &self.key)?;
        let mut note = checkpoint.note.clone();
        note.signatures.retain(|signature| (&signature.name, signature.id) != (&line.name, line.id));
        note.signatures.push(line);
        // One line more may be one too many.
        let cosigned = Checkpoint::parse(note.to_string().as_bytes()).map_err(WitnessError::Checkpoint)?;
        // What is wrong with the folder, the file in it says.
        let _ = fs::create_dir_all(&self.folder);
        whole_file::write(&kept_at, Existing::Replace, note.to_string().as_bytes()).map_err(KeyError::Write)?;
        Ok(cosigned)
    }
}

/// Whether a head is a later one than that which was seen, or the same.
fn extends(seen: TreeHead, head: TreeHead, proof: Option<&Proof>) -> Result<(), NotExtended> {
    if seen == head {
        return Ok(());
    }
    if head.size < seen.size {
        return Err(NotExtended::Shorter);
    }
    if head.size == seen.size {
        return Err(NotExtended::Forked);
    }
    let proof = proof.ok_or(NotExtended::NoProof)?;
    let leads_to = proof.check().map_err(NotExtended::Proof)?;
    if (proof.earlier(), leads_to) == (Some(seen), head) { Ok(()) } else { Err(NotExtended::OtherProof) }
}

/// Why a head does not extend the one that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotExtended {
    /// It has fewer lines.
    Shorter,
    /// It has as many lines and another root: the signer signed two logs.
    Forked,
    /// There is no proof.
    NoProof,
    /// The proof is not from what was seen to this.
    OtherProof,
    /// The proof does not hold.
    Proof(ProofError),
}

impl fmt::Display for NotExtended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter => f.write_str("it has fewer lines"),
            Self::Forked => f.write_str("it has as many lines and another root: whoever signed both shows two logs"),
            Self::NoProof => f.write_str("it has more lines, and nothing shows that they only followed"),
            Self::OtherProof => f.write_str("the proof does not lead from that checkpoint to this one"),
            Self::Proof(error) => error.fmt(f),
        }
    }
}

/// A checkpoint that was not cosigned.
#[derive(Debug)]
#[non_exhaustive]
pub enum WitnessError {
    /// A key or a kept checkpoint could not be read or written.
    Key(KeyError),
    /// The checkpoint is not one that a trusted key signed.
    Checkpoint(CheckpointError),
    /// The log is not shown to extend what was seen of it.
    NotExtended {
        /// Where the checkpoint is that was cosigned before.
        seen: PathBuf,
        /// Why not.
        why: NotExtended,
    },
}

impl From<KeyError> for WitnessError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for WitnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
            Self::NotExtended { seen, why } => {
                write!(f, "the checkpoint does not extend the one that was cosigned before ({}): {why}", seen.display())
            }
        }
    }
}

impl std::error::Error for WitnessError {}
