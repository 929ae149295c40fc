//! A relay, asked: registering a commit, and what is kept of its answer.
//!
//! A relay is hostile until its messages hold together: a challenge whose seed does not follow from the commit receipt, or that is of another
//! commit, is refused when it comes, not when somebody verifies it. Whether the relay is trusted is for verifiers to say.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value as Json, json};
use verifier_core::{
    Digest, Refusal,
    cbor::{CborError, Item},
    relay::{Challenge, Commit, CommitReceipt, MAX_LIST, MAX_MESSAGE, Message, Signed, read_list},
    signature::PublicKey,
};

use crate::http::{Client, FetchError};

/// What a relay answered to a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The relay's receipt of the commit.
    pub commit: Vec<u8>,
    /// The relay's challenge.
    pub challenge: Vec<u8>,
}

/// What is kept beside a receipt.
const SCHEMA: &str = "capseal/registered/v1";

impl Registered {
    /// Registers a commit with a relay, or finds out what it answered before.
    ///
    /// # Errors
    /// When the relay does not answer, or its messages do not hold together.
    pub fn with(relay: &Client, commit: &Commit) -> Result<Self, RelayFailure> {
        let most = MAX_MESSAGE as u64;
        let receipt = relay.post("/v1/commits", "application/cbor", &commit.encode(), most)?;
        let path = format!("/v1/commits/{}/challenge", commit.header_commit_hash);
        let challenge = relay.find(&path, most)?.ok_or(RelayFailure::NoChallenge)?;
        let registered = Self { commit: receipt, challenge };
        registered.check(commit)?;
        Ok(registered)
    }

    /// Whether both messages are about this commit, by one relay, and the challenge follows from the receipt.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&self, commit: &Commit) -> Result<PublicKey, RelayFailure> {
        let receipt: Signed<CommitReceipt> = read(&self.commit)?;
        let challenge: Signed<Challenge> = read(&self.challenge)?;
        let about = (commit.header_commit_hash, commit.da_hash);
        let (of, to) = (&receipt.message, &challenge.message);
        if (of.header_commit_hash, of.da_hash) != about || (to.header_commit_hash, to.da_hash) != about {
            return Err(RelayFailure::AnotherCommit);
        }
        if receipt.key != challenge.key || to.seed != CommitReceipt::challenge_seed(&self.commit) {
            return Err(RelayFailure::Equivocation);
        }
        Ok(receipt.key)
    }

    /// The file beside a receipt.
    pub fn to_json(&self) -> String {
        let file = json!({
            "schema": SCHEMA,
            "commit": BASE64.encode(&self.commit),
            "challenge": BASE64.encode(&self.challenge),
        });
        format!("{file:#}\n")
    }

    /// Reads that file.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let file: Json = serde_json::from_slice(bytes).ok()?;
        let message = |name: &str| BASE64.decode(file.get(name)?.as_str()?).ok();
        file.get("schema").filter(|schema| *schema == SCHEMA)?;
        Some(Self { commit: message("commit")?, challenge: message("challenge")? })
    }
}

/// Posts an attestation about a commit.
///
/// # Errors
/// When the relay does not take it.
pub fn post_attestation(relay: &Client, commit: &Digest, message: &[u8]) -> Result<(), RelayFailure> {
    let path = format!("/v1/commits/{commit}/attestations");
    relay.post(&path, "application/cose", message, MAX_MESSAGE as u64)?;
    Ok(())
}

/// The attestations that a relay keeps about a commit, unjudged; none for a commit that it does not know.
///
/// # Errors
/// When the relay does not answer, or with something else.
pub fn attestations(relay: &Client, commit: &Digest) -> Result<Vec<Vec<u8>>, RelayFailure> {
    let found = relay.find(&format!("/v1/commits/{commit}/attestations"), MAX_LIST as u64)?;
    found.map_or_else(|| Ok(Vec::new()), |list| read_list(&list).map_err(RelayFailure::List))
}

fn read<M: Message>(bytes: &[u8]) -> Result<Signed<M>, RelayFailure> {
    Signed::read(bytes).map_err(|error| RelayFailure::Message(Refusal::new(error.code(), error)))
}

/// A relay that is of no use.
#[derive(Debug)]
#[non_exhaustive]
pub enum RelayFailure {
    /// It does not answer, or refuses.
    Fetch(FetchError),
    /// It took the commit and has no challenge for it.
    NoChallenge,
    /// Not a message.
    Message(Refusal),
    /// Its messages are about another commit.
    AnotherCommit,
    /// Its challenge does not follow from its receipt of the commit: there are two.
    Equivocation,
    /// Not a list of messages.
    List(CborError),
}

impl From<FetchError> for RelayFailure {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

impl fmt::Display for RelayFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(FetchError::Status { status: 409, .. }) => {
                f.write_str("the relay has another archive under this receipt's hash, or takes no more")
            }
            Self::Fetch(error) => write!(f, "the relay: {error}"),
            Self::NoChallenge => f.write_str("the relay has no challenge for the commit that it took"),
            Self::Message(refusal) => write!(f, "the relay's answer is no message: {refusal}"),
            Self::AnotherCommit => f.write_str("the relay's messages are about another commit"),
            Self::Equivocation => f.write_str("the relay's challenge does not follow from its receipt of the commit"),
            Self::List(error) => write!(f, "the relay's list of attestations: {error}"),
        }
    }
}

impl std::error::Error for RelayFailure {}
