//! From committed parts to a file that has been verified.

use std::{
    io::{self, Read, Seek},
    path::PathBuf,
};

use verifier_core::{
    Verdict, VerifyOptions,
    capsule::{Capsule, entry},
    cbor::Item,
    verify,
};

use super::{Committed, SealError};
use crate::container::{self, Content, Entry};
use capseal_host::whole_file::{self, Existing, WholeFile};

/// Where a receipt goes.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The file.
    pub path: PathBuf,
    /// What to do when it exists.
    pub existing: Existing,
}

impl Destination {
    /// Finds out before a long run whether a receipt can be put there.
    ///
    /// # Errors
    /// As writing it would.
    pub fn check(&self) -> Result<(), SealError> {
        Ok(whole_file::check(&self.path, self.existing)?)
    }
}

/// A receipt that is in place.
#[derive(Debug)]
pub struct Sealed {
    /// Where it is.
    pub path: PathBuf,
    /// The archive beside it, if it was too long to travel.
    pub archive: Option<PathBuf>,
    /// Bytes of the receipt.
    pub size: u64,
    /// Its capsule.
    pub capsule: Capsule,
    /// What a verifier makes of it.
    pub verdict: Verdict,
}

impl Committed {
    /// Writes the receipt beside its destination, verifies what stands on disk, and gives it its name.
    ///
    /// # Errors
    /// When it cannot be written, or the verifier refuses it; then nothing is left behind.
    pub fn write(self, destination: &Destination) -> Result<Sealed, SealError> {
        let capsule = self.capsule();
        let entries = self.entries(&capsule);
        let mut file = WholeFile::create(&destination.path, destination.existing)?;
        container::write(entries, &mut file)?;
        let (size, verdict) = check(&mut file)?;
        // The archive first: a receipt never names one that is not there.
        let archive = self.archive.detached.map(|detached| detached.bytes.finish()).transpose()?;
        let path = file.finish()?;
        Ok(Sealed { path, archive, size, capsule, verdict })
    }

    fn entries(&self, capsule: &Capsule) -> Vec<Entry<'_>> {
        let mut entries = vec![Entry::bytes(entry::CAPSULE, capsule.encode())];
        entries.extend(self.events.as_ref().map(|log| Entry::bytes(entry::EVENTS, log.as_slice())));
        if let (Some(proof), Some(reference)) = (&self.proof, &capsule.payload.proof) {
            entries.push(Entry::bytes(entry::proof(&reference.system), proof.as_slice()));
        }
        entries.extend(self.policy.as_ref().map(|policy| Entry::bytes(entry::POLICY, policy.as_slice())));
        entries.extend(self.signatures.iter().map(|(name, cose)| Entry::bytes(name, cose.as_slice())));
        for (name, manifest) in &self.manifests {
            entries.push(Entry::bytes(entry::manifest(name), manifest.as_slice()));
        }
        for artifact in self.archive.index.iter().filter(|artifact| artifact.embedded) {
            let name = entry::artifact(&artifact.digest);
            // Without its content the entry has another length than is stated, and the writer refuses it.
            let reader = self.archive.store.open(&artifact.digest);
            let reader: Box<dyn Read> =
                reader.map_or_else(|| Box::new(io::empty()) as _, |reader| Box::new(reader) as _);
            entries.push(Entry { name, content: Content::Stream { reader, length: artifact.size } });
        }
        if let Some(detached) = &self.archive.detached {
            entries.push(Entry::bytes(entry::ROW_CHECK_HEADER, detached.header.as_slice()));
            entries.push(Entry::bytes(entry::ROW_CHECK_SKETCH, detached.sketch.as_slice()));
        }
        entries
    }
}

/// Verifies what was written, not what was meant.
fn check(file: &mut WholeFile) -> Result<(u64, Verdict), SealError> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let verdict = verify(&bytes, &VerifyOptions::default());
    if let Some(refusal) = verdict.refusal() {
        return Err(SealError::Refused(refusal));
    }
    Ok((bytes.len() as u64, verdict))
}
