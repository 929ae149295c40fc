//! What the targets share: a mutator that keeps containers canonical.
//!
//! A container guards every byte by its CRC-32s, so that mutations of the file as bytes end in the container reader. This
//! mutator changes one entry and lays the container out anew, with the writer of the hostile cases, which shares no code with
//! the reader.

#[path = "../../tests/src/hostile/zip.rs"]
pub mod zip;

use verifier_core::Limits;
use verifier_core::container::{Container, MEDIA_TYPE};
use zip::Zip;

/// The container of these entries, `mimetype` included, as the specification lays it out.
pub fn container_of(container: &Container<'_>) -> Vec<u8> {
    Zip::of(&entries_of(container)).bytes()
}

/// Changes the file as bytes or, three times out of four, an entry of the container that it is.
pub fn mutate_container(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let changed = if seed.is_multiple_of(4) { None } else { Some(change_entry(&data[..size], seed / 4)) };
    match changed.filter(|changed| changed.len() <= max_size) {
        Some(changed) => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}

/// The container with one entry dropped, renamed, copied or changed. Bytes that are no container give way to the smallest.
fn change_entry(bytes: &[u8], seed: u32) -> Vec<u8> {
    let Ok(container) = Container::parse(bytes, &Limits::DEFAULT) else {
        return Zip::of(&[("mimetype", MEDIA_TYPE.as_bytes()), ("capsule.cbor", b"\xa0")]).bytes();
    };
    let mut entries = entries_of(&container);
    let seed = usize::try_from(seed).unwrap_or_default();
    let at = seed % entries.len();
    match seed / entries.len() % 8 {
        0 => drop(entries.remove(at)),
        1 => entries[at].0 = format!("da/{}", seed % 100),
        2 => entries.push((format!("proof/{}.bin", seed % 100), entries[at].1.clone())),
        _ => change_content(&mut entries[at].1),
    }
    if let Some(others) = entries.get_mut(1..) {
        others.sort();
    }
    Zip::of(&entries).bytes()
}

/// Changes the proof of the receipt that it is, and nothing else; bytes that are no receipt with a proof change as bytes.
pub fn mutate_proof(data: &mut [u8], size: usize, max_size: usize, _seed: u32) -> usize {
    match change_proof(&data[..size]).filter(|changed| changed.len() <= max_size) {
        Some(changed) => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}

fn change_proof(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut entries = entries_of(&Container::parse(bytes, &Limits::DEFAULT).ok()?);
    let (_, proof) = entries.iter_mut().find(|(name, _)| name.starts_with("proof/"))?;
    change_content(proof);
    Some(Zip::of(&entries).bytes())
}

type Entries = Vec<(String, Vec<u8>)>;

fn entries_of(container: &Container<'_>) -> Entries {
    container.entries().iter().map(|entry| (entry.name.as_str().to_owned(), entry.content.to_vec())).collect()
}

/// How much a content may grow in one step.
const GROWTH: usize = 64;

fn change_content(content: &mut Vec<u8>) {
    let size = content.len();
    content.resize(size + GROWTH, 0);
    let max_size = content.len();
    let changed = libfuzzer_sys::fuzzer_mutate(content, size, max_size);
    content.truncate(changed);
}
