//! Signed notes (C2SP `signed-note`): a text, and signatures below it, each by a named key.
//!
//! Signatures by keys that nobody asked about are passed over, as the format demands; by a key that was asked about they must
//! verify. Keys are Ed25519, written as `name+id+base64`, of two types: one signs the text, one cosigns it with a time
//! (C2SP `tlog-cosignature`). A note shows that the keys' holders signed the text, and nothing about it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::reason::ReasonCode;

/// Bytes of a note at most.
pub const MAX_NOTE: usize = 64 * 1024;
/// Signatures of a note at most.
pub const MAX_SIGNATURES: usize = 64;

/// 9999-12-31T23:59:59Z: the last second that a cosignature may state. What is later has no text and was not seen by anybody.
const MAX_TIME: u64 = 253_402_300_799;
const KEY_ID_LEN: usize = 4;
const SIGNATURE_BEGINS: &str = "\u{2014} ";

/// First bytes of a hash over a key's name, type and bytes: tells keys of one name apart.
pub type KeyId = [u8; KEY_ID_LEN];

/// What a key signs: the signature type of C2SP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyType {
    /// The text: the key of whoever makes the note.
    Signer = 1,
    /// The text and a time, as somebody else who saw it: `cosignature/v1`.
    Witness = 4,
}

impl KeyType {
    /// The type's byte.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Finds a type by its byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Signer, Self::Witness].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// What a witness signs: never what a signer does, as no checkpoint begins with this line.
///
/// # Units
/// Seconds since the Unix epoch.
pub fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The id of an Ed25519 key.
pub fn key_id(name: &str, kind: KeyType, public_key: &[u8; 32]) -> KeyId {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind.byte()]).chain_update(public_key).finalize();
    let mut id = KeyId::default();
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id
}

/// Whether a text may name a key: not empty, no white space, no plus sign, no control character.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// A key that signs notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    kind: KeyType,
    id: KeyId,
    key: VerifyingKey,
}

impl NoteKey {
    /// A key by its name, its type and its 32 bytes.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name is not one, or the bytes are no key.
    pub fn new(name: &str, kind: KeyType, public_key: &[u8; 32]) -> Result<Self, NoteError> {
        let key = VerifyingKey::from_bytes(public_key).ok().filter(|key| is_key_name(name) && !key.is_weak());
        let key = key.ok_or(NoteError::Key)?;
        Ok(Self { name: name.to_string(), kind, id: key_id(name, kind, public_key), key })
    }

    /// Reads `name+id+base64`.
    ///
    /// # Errors
    /// [`NoteError::Key`] when it is not such a text, or its id is not that of its key.
    pub fn from_text(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let bytes = BASE64.decode(key).map_err(|_| NoteError::Key)?;
        let (kind, key) = bytes.split_first().ok_or(NoteError::Key)?;
        let kind = KeyType::from_byte(*kind).ok_or(NoteError::Key)?;
        let key = Self::new(name, kind, key.try_into().map_err(|_| NoteError::Key)?)?;
        if key.id_text() == id { Ok(key) } else { Err(NoteError::Key) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The type.
    pub const fn kind(&self) -> KeyType {
        self.kind
    }

    /// Whether the two are one key, whatever their names and types.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Whether the key signed exactly these bytes.
    ///
    /// # Errors
    /// [`NoteError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let signature = Ed25519Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
        self.key.verify_strict(message, &signature).map_err(|_| NoteError::Signature)
    }

    fn id_text(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id))
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed: Vec<u8> = [self.kind.byte()].into_iter().chain(self.key.to_bytes()).collect();
        write!(f, "{}+{}+{}", self.name, self.id_text(), BASE64.encode(typed))
    }
}

/// A signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: KeyId,
    /// What the key's type says it is.
    pub signature: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.id.iter().chain(&self.signature).copied().collect();
        write!(f, "{SIGNATURE_BEGINS}{} {}", self.name, BASE64.encode(bytes))
    }
}

/// A note: what it says, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, ending with a line feed; what is signed.
    pub text: String,
    /// The signatures, in order.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note. Nothing is verified.
    ///
    /// # Errors
    /// [`NoteError::TooLong`], [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLong);
        }
        let note = core::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if note.chars().any(|c| c.is_ascii_control() && c != '\n') {
            return Err(NoteError::Malformed);
        }
        // Signature lines are never empty: the last empty line ends the text.
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        if signatures.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::TooLong);
        }
        let signatures = signatures.split('\n').map(signature).collect::<Option<_>>().ok_or(NoteError::Malformed)?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The keys among `known` that signed.
    ///
    /// # Errors
    /// [`NoteError::Signature`] when a signature by one of them does not verify, or there are two by one.
    pub fn signers<'a>(&self, known: &'a [NoteKey]) -> Result<Vec<Signed<'a>>, NoteError> {
        let mut signers: Vec<Signed<'_>> = Vec::new();
        for NoteSignature { name, id, signature } in &self.signatures {
            let Some(key) = known.iter().find(|key| key.name == *name && key.id == *id) else { continue };
            let time = self.time_of(key, signature)?;
            if signers.iter().any(|Signed { key: signer, .. }| signer.id == key.id && signer.name == key.name) {
                return Err(NoteError::Signature);
            }
            signers.push(Signed { key, time });
        }
        Ok(signers)
    }

    /// Verifies a signature. Returns when a witness says that it was made.
    fn time_of(&self, key: &NoteKey, signature: &[u8]) -> Result<Option<u64>, NoteError> {
        match key.kind {
            KeyType::Signer => key.verify(self.text.as_bytes(), signature).map(|()| None),
            KeyType::Witness => {
                let (time, signature) = signature.split_first_chunk().ok_or(NoteError::Signature)?;
                let time = Some(u64::from_be_bytes(*time)).filter(|time| *time <= MAX_TIME);
                let time = time.ok_or(NoteError::Signature)?;
                key.verify(cosigned(time, &self.text).as_bytes(), signature).map(|()| Some(time))
            }
        }
    }
}

/// A signature that verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'a> {
    /// By whom.
    pub key: &'a NoteKey,
    /// When, as a witness says: seconds since the Unix epoch. A signer says nothing.
    pub time: Option<u64>,
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_BEGINS)?.split_once(' ')?;
    let bytes = BASE64.decode(encoded).ok()?;
    let (id, signature) = bytes.split_first_chunk::<KEY_ID_LEN>()?;
    let valid = is_key_name(name) && !signature.is_empty();
    valid.then(|| NoteSignature { name: name.to_string(), id: *id, signature: signature.to_vec() })
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// Refusal of a note or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// Over the limit for bytes or signatures.
    TooLong,
    /// Not a note.
    Malformed,
    /// Not a key of the form `name+id+base64`, of another type than is asked for, or there twice.
    Key,
    /// A signature by a known key does not verify.
    Signature,
    /// More witnesses are required than are known, or none.
    Quorum,
}

impl NoteError {
    /// The reason code.
    pub const fn code(self) -> ReasonCode {
        match self {
            Self::TooLong => ReasonCode::LimitExceeded,
            Self::Malformed | Self::Key | Self::Quorum => ReasonCode::CheckpointMalformed,
            Self::Signature => ReasonCode::SignatureInvalid,
        }
    }
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the note is over a limit",
            Self::Malformed => "not a signed note",
            Self::Key => "not an Ed25519 key of this kind written as name+id+base64",
            Self::Signature => "a signature of the note does not verify",
            Self::Quorum => "the quorum is not between one and the number of witnesses",
        })
    }
}

impl core::error::Error for NoteError {}
