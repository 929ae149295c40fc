//! Check 6: the proof.

use alloc::{format, sync::Arc};

use super::Found;
use crate::{
    air::{
        self,
        rv32im::{Run, Rv32imStatement},
    },
    backend::{Backend, geom, read_proof_ref, rv32im},
    capsule::{Capsule, entry},
    container::Container,
    digest::Digest,
    limits::Limits,
    reason::ReasonCode,
    refusal::Refusal,
    rv32im::ProgramImage,
    sentence::{self, Counted},
    stark::ParameterSet,
};

/// Bits of security of the proof that was checked, proven for SHA-256 as a random oracle.
pub(super) fn geom(container: &Container<'_>, capsule: &Capsule, limits: &Limits) -> Found<u32> {
    let (bytes, set) = proof(container, capsule, Backend::GeomV1, limits)?;
    let statement = geom::read_statement(&capsule.payload.statement.public_inputs)?;
    let trace_root = capsule.payload.statement.trace_root;
    air::geom::verify(bytes, set, &statement, &capsule.header.instance_hash, &trace_root)
        .map_err(|error| Refusal::new(error.code(), error))?;
    let (steps, bits) = (Counted(statement.parameters().steps().into(), "step"), set.security_bits());
    Ok((bits, sentence::stark(format_args!("all {steps} of a demonstration machine"), bits, set.name())))
}

/// The same for a program's run: what was executed, read and written travels in the receipt, and the proof is about it.
pub(super) fn rv32im(container: &Container<'_>, capsule: &Capsule, limits: &Limits) -> Found<u32> {
    let (bytes, set) = proof(container, capsule, Backend::Rv32imV1, limits)?;
    let stated = rv32im::read_stated(&capsule.payload.statement.public_inputs)?;
    let [program, input, output, tables] = stated.documents.map(|digest| document(container, digest));
    let run = Run {
        image: ProgramImage::decode(program?).map_err(|error| Refusal::new(error.code(), error))?,
        input: input?.to_vec(),
        output: output?.to_vec(),
        exit_code: stated.exit_code,
        cycles: stated.cycles,
        trace_length: stated.trace_length,
    };
    let statement = Rv32imStatement::new(run, tables?).map_err(|error| Refusal::new(error.code(), error))?;
    let trace_root = capsule.payload.statement.trace_root;
    air::rv32im::verify(bytes, set, &Arc::new(statement), &capsule.header.instance_hash, &trace_root)
        .map_err(|error| Refusal::new(error.code(), error))?;
    let (cycles, bits) = (Counted(stated.cycles, "cycle"), set.security_bits());
    Ok((bits, sentence::stark(format_args!("all {cycles}"), bits, set.name())))
}

/// The proof that the capsule names, and its parameter set.
fn proof<'a>(
    container: &Container<'a>,
    capsule: &Capsule,
    backend: Backend,
    limits: &Limits,
) -> Result<(&'a [u8], ParameterSet), Refusal> {
    let (proof, set) = read_proof_ref(capsule, backend)?;
    let name = entry::proof(&proof.system);
    let missing = || Refusal::new(ReasonCode::ProofMissing, format!("{name} is missing"));
    let bytes = container.get(&name).ok_or_else(missing)?;
    if bytes.len() > limits.proof_bytes {
        let detail = format!("the proof has {} bytes, over the limit of {}", bytes.len(), limits.proof_bytes);
        return Err(Refusal::new(ReasonCode::LimitExceeded, detail));
    }
    if bytes.len() as u64 != proof.size || Digest::of_content(bytes) != proof.digest {
        return Err(Refusal::new(
            ReasonCode::ProofHashMismatch,
            format!("{name} is not the proof that the capsule names"),
        ));
    }
    Ok((bytes, set))
}

/// A content that the proof is about: it must be here, and be what its digest says.
fn document<'a>(container: &Container<'a>, digest: Digest) -> Result<&'a [u8], Refusal> {
    let name = entry::artifact(&digest);
    let missing = || {
        let detail = format!("{name} is missing, and the proof cannot be checked without it");
        Refusal::new(ReasonCode::RowArchiveMissing, detail)
    };
    let bytes = container.get(&name).ok_or_else(missing)?;
    if Digest::of_content(bytes) != digest {
        return Err(Refusal::new(ReasonCode::ArtifactHashMismatch, format!("{name} has another content than stated")));
    }
    Ok(bytes)
}
