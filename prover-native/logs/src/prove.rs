//! Proofs about single lines of a log, made while it streams by.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use verifier_core::{
    Digest,
    pcap::tree::{self, ProofBuilder},
};

/// The path from a line to the root over the first `size` lines, and the line; `None` when the log has fewer.
///
/// # Security
/// The log's form is not checked: check it first.
///
/// # Errors
/// When the file cannot be read.
pub fn prove_inclusion(log: &Path, index: u64, size: u64) -> io::Result<Option<(Vec<u8>, Vec<Digest>)>> {
    let mut entry = Vec::new();
    let path = prove(log, size, ProofBuilder::inclusion(index, size), |seq, line| {
        if seq == index {
            entry = line.to_vec();
        }
    })?;
    Ok(path.map(|path| (entry, path)))
}

/// That the first `from` lines are the beginning of the first `to`; `None` when the log has fewer.
///
/// # Errors
/// When the file cannot be read.
pub fn prove_consistency(log: &Path, from: u64, to: u64) -> io::Result<Option<Vec<Digest>>> {
    prove(log, to, ProofBuilder::consistency(from, to), |_, _| {})
}

fn prove(
    log: &Path,
    size: u64,
    builder: Option<ProofBuilder>,
    mut see: impl FnMut(u64, &[u8]),
) -> io::Result<Option<Vec<Digest>>> {
    let Some(mut builder) = builder else { return Ok(None) };
    let mut reader = BufReader::new(File::open(log)?);
    let mut line = Vec::new();
    for seq in 0..size {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        let Some(line) = line.strip_suffix(b"\n") else { return Ok(None) };
        see(seq, line);
        builder.push(tree::leaf(line)).map_err(io::Error::other)?;
    }
    Ok(builder.finish())
}
