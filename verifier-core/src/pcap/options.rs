//! What is asked of a log or of a proof about one.

use alloc::{string::ToString, vec::Vec};

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{KeyType, NoteError, NoteKey},
    obligation::{Level, Requirement},
    report::Anchoring,
    witness::{Witnessed, Witnesses},
};
use crate::{
    document::{DocumentError, Fields, OptionsError, Place},
    reason::ReasonCode,
    refusal::Refusal,
};

/// What is asked. As JSON: `{"level": "S0", "checkpoint": "<note>", "keys": ["name+id+base64"], "witnesses": ["name+id+base64"], "quorum": 1,
/// "require": [{"policy_id": …, "invariant_id": …, "level": …, "subject": …}], "sealed": false}`, all optional; an unknown key is an error, so
/// that a misspelt demand is never ignored.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How far to check.
    pub level: Level,
    /// A checkpoint from outside the log's file.
    pub checkpoint: Option<Checkpoint>,
    /// Keys whose checkpoints count.
    pub trusted: Vec<NoteKey>,
    /// Who must have cosigned the checkpoint.
    pub witnesses: Witnesses,
    /// What must have been checked.
    pub requirements: Vec<Requirement>,
    /// Whether the log must be closed.
    pub sealed: bool,
}

impl Options {
    /// Reads options from JSON.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(json: &str) -> Result<Self, OptionsError> {
        let mut fields = Fields::open(Place::read_options(json.as_bytes())?)?;
        let options = Self {
            level: fields.optional("level").map(Level::read).transpose()?.unwrap_or_default(),
            checkpoint: fields.optional("checkpoint").map(checkpoint).transpose()?,
            trusted: fields.list("keys", signer)?,
            witnesses: witnesses(&mut fields)?,
            requirements: fields.list("require", Requirement::read)?,
            sealed: fields.optional("sealed").map(Place::truth).transpose()?.unwrap_or_default(),
        };
        fields.finish()?;
        Ok(options)
    }

    /// How firmly the checkpoint stands, and who has seen it.
    ///
    /// # Errors
    /// When a signature does not verify, no trusted key signed, or too few witnesses cosigned.
    pub(super) fn vouched(&self) -> Result<(Anchoring, Vec<Witnessed>), Refusal> {
        let Some(checkpoint) = &self.checkpoint else {
            if self.witnesses.is_empty() {
                return Ok((Anchoring::Unanchored, Vec::new()));
            }
            let detail = "witnesses cosign checkpoints, and there is none";
            return Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail));
        };
        let refused = |error: CheckpointError| Refusal::new(error.code(), error);
        let anchoring = if self.trusted.is_empty() {
            Anchoring::Held
        } else {
            checkpoint.verify(&self.trusted).map_err(refused)?;
            Anchoring::Anchored
        };
        Ok((anchoring, self.witnesses.check(checkpoint, &self.trusted).map_err(refused)?))
    }
}

fn checkpoint(place: Place) -> Result<Checkpoint, DocumentError> {
    place.nested(|text| Checkpoint::parse(text.as_bytes()))
}

fn signer(place: Place) -> Result<NoteKey, DocumentError> {
    let read = |text: &str| NoteKey::from_text(text).ok().filter(|key| key.kind() == KeyType::Signer);
    place.parsed("a key that signs checkpoints, written name+id+base64", read)
}

fn witness(place: Place) -> Result<NoteKey, DocumentError> {
    place.parsed("the key of a witness, written name+id+base64", |text| NoteKey::from_text(text).ok())
}

fn witnesses(fields: &mut Fields) -> Result<Witnesses, DocumentError> {
    let keys = fields.list("witnesses", witness)?;
    let quorum = fields.optional("quorum").map(Place::number).transpose()?;
    // A number that is too large for the platform is larger than there are witnesses, too.
    let quorum = quorum.map(|quorum| usize::try_from(quorum).unwrap_or(usize::MAX));
    let refused = |error: NoteError| DocumentError::Value { path: "witnesses".into(), error: error.to_string() };
    Witnesses::new(keys, quorum).map_err(refused)
}
