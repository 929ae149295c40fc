//! Witnesses (C2SP `tlog-cosignature`): others who saw a log only grow, and say so below its checkpoints.
//!
//! A signer that shows two logs of one identity has to deceive a quorum of them as well. It does not show that they are independent of
//! the signer, nor what the log says.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{KeyType, NoteError, NoteKey},
    time::second_text,
};

/// Witnesses, and how many of them must have cosigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnesses {
    keys: Vec<NoteKey>,
    quorum: usize,
}

impl Witnesses {
    /// Witnesses by their keys; all must have cosigned unless a quorum is named.
    ///
    /// # Errors
    /// [`NoteError::Key`] when a key is not of a witness, or stands there under two names: a cosignature does not cover the name, so that it
    /// would count twice. [`NoteError::Quorum`] when the quorum is none, or more than there are.
    pub fn new(keys: Vec<NoteKey>, quorum: Option<usize>) -> Result<Self, NoteError> {
        let is_again = |(at, key): (usize, &NoteKey)| keys.iter().take(at).any(|other| other.is_same_key(key));
        if keys.iter().any(|key| key.kind() != KeyType::Witness) || keys.iter().enumerate().any(is_again) {
            return Err(NoteError::Key);
        }
        match quorum {
            None => Ok(Self { quorum: keys.len(), keys }),
            Some(quorum) if (1..=keys.len()).contains(&quorum) => Ok(Self { keys, quorum }),
            Some(_) => Err(NoteError::Quorum),
        }
    }

    /// Whether nobody is asked.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Who cosigned a checkpoint. A key of `signers` is no witness of its own checkpoints.
    ///
    /// # Errors
    /// [`CheckpointError::Unwitnessed`], or that a cosignature does not verify.
    pub fn check(&self, checkpoint: &Checkpoint, signers: &[NoteKey]) -> Result<Vec<Witnessed>, CheckpointError> {
        let cosigned = checkpoint.note.signers(&self.keys)?.into_iter();
        let others = cosigned.filter(|signed| !signers.iter().any(|signer| signer.is_same_key(signed.key)));
        let witnessed: Vec<Witnessed> = others
            .filter_map(|signed| {
                Some(Witnessed { name: signed.key.name().to_string(), time: second_text(signed.time?) })
            })
            .collect();
        let (quorum, found) = (self.quorum, witnessed.len());
        if found < quorum { Err(CheckpointError::Unwitnessed { quorum, found }) } else { Ok(witnessed) }
    }
}

/// A witness that cosigned, and when it says that it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// Name of the witness's key.
    pub name: String,
    /// UTC, to the second. Whether that is late is not judged.
    pub time: String,
}

#[cfg(test)]
mod tests;
