//! Why a receipt could not be sealed.

use std::{fmt, io};

use verifier_core::{
    ReasonCode, Refusal,
    air::{geom::GeomError, rv32im::Rv32imError},
    event_log::EventLogError,
    row_check::HeaderError,
    signature::SignatureError,
    stc::BuildError,
};

use crate::container::WriteError;
use capseal_archive::commit::EncodeError;
use capseal_host::{artifacts::StoreError, whole_file::WholeFileError};
use capseal_prover::{ProveError, rv32im::Rv32imProveError};
use capseal_recorder::RunError;

/// A receipt could not be sealed; nothing was left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum SealError {
    /// A content that was named is not there.
    Content(RunError),
    /// Contents could not be stored or read.
    Store(StoreError),
    /// Contents could not be read.
    Read(io::Error),
    /// The archive is longer than a tree can count.
    Archive(BuildError),
    /// The machine's numbers are out of range.
    Geom(GeomError),
    /// The prover failed.
    Prove(ProveError),
    /// The run of a program has no statement.
    Rv32im(Rv32imError),
    /// The prover of programs failed.
    ProveRv32im(Rv32imProveError),
    /// An event could not be logged.
    Log(EventLogError),
    /// The container could not be written.
    Container(WriteError),
    /// The receipt could not be put in place.
    File(WholeFileError),
    /// The archive is too long to be encoded.
    Shape(HeaderError),
    /// The archive could not be encoded.
    Encode(EncodeError),
    /// A signature could not be written.
    Signature(SignatureError),
    /// The verifier refuses what was sealed.
    Refused(Refusal),
}

impl SealError {
    /// What the user can do about it, where there is something.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::File(error) => Some(error.next_step()),
            Self::Refused(refusal) if refusal.code == ReasonCode::LimitExceeded => {
                Some("the run is too large for one receipt: lower --embed-limit, or declare fewer files")
            }
            Self::Refused(refusal) if refusal.code == ReasonCode::LogNotSealed => {
                Some("close the log first: capseal pcap seal --run FILE")
            }
            _ => None,
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Read(error) => write!(f, "an artifact cannot be read back: {error}"),
            Self::Archive(error) => error.fmt(f),
            Self::Geom(error) => error.fmt(f),
            Self::Prove(error) => error.fmt(f),
            Self::Rv32im(error) => write!(f, "the run has no statement: {error}"),
            Self::ProveRv32im(error) => error.fmt(f),
            Self::Log(error) => error.fmt(f),
            Self::Container(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
            Self::Shape(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
            Self::Signature(error) => write!(f, "the receipt cannot be signed: {error}"),
            Self::Refused(refusal) => write!(f, "the verifier refuses what was sealed: {refusal}"),
        }
    }
}

impl std::error::Error for SealError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            Self::Read(error) => Some(error),
            Self::File(error) => error.source(),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($variant:ident($source:ty);)*) => {
        $(impl From<$source> for SealError {
            fn from(error: $source) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from! {
    Store(StoreError);
    Read(io::Error);
    Archive(BuildError);
    Geom(GeomError);
    Prove(ProveError);
    Rv32im(Rv32imError);
    ProveRv32im(Rv32imProveError);
    Log(EventLogError);
    Container(WriteError);
    File(WholeFileError);
    Shape(HeaderError);
    Encode(EncodeError);
}
