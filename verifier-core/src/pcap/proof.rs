//! Proofs that travel (spec: `docs/spec/pcap.md`): a line with its path, or the digests that join two sizes, as JSON.
//!
//! A proof that holds leads to a [`TreeHead`]. It is worth what that head is worth: compare it with a checkpoint that a trusted key
//! signed, or with one that was kept.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    checkpoint::TreeHead,
    line,
    obligation::Level,
    options::Options,
    report::Anchoring,
    tree::{self, MAX_PROOF, TreeError},
    witness::Witnessed,
};
use crate::{
    digest::Digest,
    reason::{ExitCode, ReasonCode},
    refusal::Refusal,
};

/// The schema of this version's proofs.
pub const SCHEMA: &str = "capseal/log-proof/v1";

/// A proof about a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proof {
    /// A line is in the log.
    Inclusion {
        /// [`SCHEMA`].
        schema: &'static str,
        /// The log.
        log_id: Digest,
        /// Lines of the log.
        size: u64,
        /// Root over them.
        root: Digest,
        /// Index of the line.
        index: u64,
        /// The line, without its line feed.
        entry: String,
        /// The path to the root.
        path: Vec<Digest>,
    },
    /// A log is the beginning of another state of itself.
    Consistency {
        /// [`SCHEMA`].
        schema: &'static str,
        /// The log.
        log_id: Digest,
        /// Lines of the earlier state.
        from: u64,
        /// Root over them.
        from_root: Digest,
        /// Lines of the later state.
        size: u64,
        /// Root over them.
        root: Digest,
        /// What joins them.
        path: Vec<Digest>,
    },
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] when a key is missing, unknown, or not of its form.
    pub fn from_json(text: &str) -> Result<Self, ProofError> {
        Self::read(text).ok_or(ProofError::Malformed)
    }

    fn read(text: &str) -> Option<Self> {
        let Value::Object(fields) = serde_json::from_slice(text.as_bytes()).ok()? else { return None };
        let text = |name| fields.get(name).and_then(Value::as_str);
        let digest = |name| text(name).and_then(Digest::from_hex);
        let number = |name| fields.get(name).and_then(Value::as_u64);
        let (schema, log_id) = (text("schema").filter(|schema| *schema == SCHEMA).map(|_| SCHEMA)?, digest("log_id")?);
        let (size, root, path) = (number("size")?, digest("root")?, path(&fields)?);
        let known = |len| fields.len() == len;
        match text("kind")? {
            "inclusion" if known(8) => {
                let (index, entry) = (number("index")?, text("entry")?.to_string());
                Some(Self::Inclusion { schema, log_id, size, root, index, entry, path })
            }
            "consistency" if known(8) => {
                let (from, from_root) = (number("from")?, digest("from_root")?);
                Some(Self::Consistency { schema, log_id, from, from_root, size, root, path })
            }
            _ => None,
        }
    }

    /// Checks the proof. Returns the head that it leads to.
    ///
    /// # Errors
    /// [`ProofError::Entry`] when the line is not the one that the index says; a refusal of the tree.
    pub fn check(&self) -> Result<TreeHead, ProofError> {
        match self {
            Self::Inclusion { log_id, size, root, index, entry, path, .. } => {
                let leaf = leaf_of(entry.as_bytes(), *index, log_id)?;
                tree::verify_inclusion(&leaf, *index, *size, path, root)?;
                Ok(TreeHead { log_id: *log_id, size: *size, root: *root })
            }
            Self::Consistency { log_id, from, from_root, size, root, path, .. } => {
                tree::verify_consistency((*from, from_root), (*size, root), path)?;
                Ok(TreeHead { log_id: *log_id, size: *size, root: *root })
            }
        }
    }

    /// The earlier head that a proof of consistency starts from.
    pub const fn earlier(&self) -> Option<TreeHead> {
        match self {
            Self::Inclusion { .. } => None,
            Self::Consistency { log_id, from, from_root, .. } => {
                Some(TreeHead { log_id: *log_id, size: *from, root: *from_root })
            }
        }
    }

    /// The proof as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The leaf hash of a line that is the one with this number in this log.
///
/// # Errors
/// [`ProofError::Entry`] when it is another.
pub(super) fn leaf_of(entry: &[u8], index: u64, log_id: &Digest) -> Result<Digest, ProofError> {
    let leaf = tree::leaf(entry);
    let numbered = line::read(entry).and_then(|fields| fields.seq()) == Some(index);
    if numbered && (index != 0 || leaf == *log_id) { Ok(leaf) } else { Err(ProofError::Entry) }
}

/// The schema of this version's reports on proofs.
pub const REPORT_SCHEMA: &str = "capseal/log-proof-report/v1";

/// The report on a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofReport {
    /// [`REPORT_SCHEMA`].
    pub schema: &'static str,
    /// Whether the proof holds.
    pub accepted: bool,
    /// The log.
    pub log_id: Option<Digest>,
    /// Lines of the log that the proof leads to.
    pub size: u64,
    /// Root over them.
    pub root: Option<Digest>,
    /// How firmly the root is known; `None` when the proof is refused.
    pub anchoring: Option<Anchoring>,
    /// Who cosigned the checkpoint, of those that were asked for; nobody when the proof is refused.
    pub witnessed: Vec<Witnessed>,
    /// Why the proof is refused.
    pub reason: Option<ReasonCode>,
    /// The reason in words.
    pub detail: Option<String>,
    /// What the command exits with.
    pub verifier_exit_status: u8,
}

/// Checks a proof, and whether it is about the checkpoint, if there is one; from level S1 on there must be one that a trusted key signed.
pub fn verify_proof(json: &str, options: &Options) -> ProofReport {
    ProofReport::of(judge(json, options))
}

impl ProofReport {
    pub(super) fn of(judged: Result<Judged, Refusal>) -> Self {
        let (judged, refusal) = match judged {
            Ok(judged) => (Some(judged), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let reason = refusal.as_ref().map(|refusal| refusal.code);
        let head = judged.as_ref().map(|judged| judged.head);
        Self {
            schema: REPORT_SCHEMA,
            accepted: reason.is_none(),
            log_id: head.map(|head| head.log_id),
            size: head.map_or(0, |head| head.size),
            root: head.map(|head| head.root),
            anchoring: judged.as_ref().map(|judged| judged.anchoring),
            witnessed: judged.map(|judged| judged.witnessed).unwrap_or_default(),
            reason,
            detail: refusal.map(|refusal| refusal.detail.to_string()),
            verifier_exit_status: reason.map_or(ExitCode::Verified, ReasonCode::exit_code).number(),
        }
    }
}

/// What a proof that holds comes to.
pub(super) struct Judged {
    pub(super) head: TreeHead,
    pub(super) anchoring: Anchoring,
    pub(super) witnessed: Vec<Witnessed>,
}

fn judge(json: &str, options: &Options) -> Result<Judged, Refusal> {
    let refused = |error: ProofError| Refusal::new(error.code(), error);
    let proof = Proof::from_json(json).map_err(refused)?;
    let head = proof.check().map_err(refused)?;
    let (anchoring, witnessed) = options.vouched()?;
    let is_about = |stated: TreeHead| stated == head || Some(stated) == proof.earlier();
    if !options.checkpoint.as_ref().is_none_or(|checkpoint| is_about(checkpoint.head)) {
        return Err(Refusal::new(ReasonCode::CheckpointMismatch, "the proof is not about the checkpoint"));
    }
    if options.level > Level::S0 && anchoring != Anchoring::Anchored {
        let detail = "levels S1 and S2 need a checkpoint that a trusted key signed";
        return Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail));
    }
    Ok(Judged { head, anchoring, witnessed })
}

fn path(fields: &Map<String, Value>) -> Option<Vec<Digest>> {
    let path = fields.get("path")?.as_array().filter(|path| path.len() <= MAX_PROOF)?;
    path.iter().map(|digest| digest.as_str().and_then(Digest::from_hex)).collect()
}

/// Refusal of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// Not a proof of this version.
    Malformed,
    /// The line is not one of a log, or not the one that the index says.
    Entry,
    /// The proof does not hold.
    Tree(TreeError),
}

impl ProofError {
    /// The reason code.
    pub const fn code(self) -> ReasonCode {
        match self {
            Self::Malformed => ReasonCode::ParseFailed,
            Self::Entry => ReasonCode::EventLogMismatch,
            Self::Tree(error) => error.code(),
        }
    }
}

impl From<TreeError> for ProofError {
    fn from(error: TreeError) -> Self {
        Self::Tree(error)
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a proof about a log"),
            Self::Entry => f.write_str("the line is not the one that the proof says"),
            Self::Tree(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ProofError {}
