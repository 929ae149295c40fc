//! Every byte counts: each byte of a receipt is changed, one at a time, and each entry dropped, repeated, swapped, cut.
//!
//! A byte is changed as it stands; then with the checksums of the container made to agree; and, in a proof, with every hash
//! made to agree. Whatever is accepted or panics is counted, and must be nothing.

use std::{collections::BTreeMap, ops::Range, panic};

use rayon::prelude::*;
use verifier_core::{Limits, ReasonCode, VerifyOptions, capsule::entry, container::Container, verify};

use crate::{
    hostile::zip::Zip,
    receipt::Receipt,
    reseal::{Layer, Layers},
};

/// What came of many changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Changed bytes that were tried.
    pub tried: usize,
    /// How many were accepted.
    pub accepted: usize,
    /// How many made the verifier panic.
    pub panicked: usize,
    /// How many were refused, by code.
    pub refused: BTreeMap<ReasonCode, usize>,
}

impl Tally {
    fn of(answers: impl ParallelIterator<Item = Answer>) -> Self {
        answers.fold(Self::default, Self::count).reduce(Self::default, Self::sum)
    }

    fn count(mut self, answer: Answer) -> Self {
        self.tried += 1;
        match answer {
            Answer::Accepted => self.accepted += 1,
            Answer::Panicked => self.panicked += 1,
            Answer::Refused(code) => *self.refused.entry(code).or_default() += 1,
        }
        self
    }

    fn sum(mut self, other: Self) -> Self {
        self.tried += other.tried;
        self.accepted += other.accepted;
        self.panicked += other.panicked;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self
    }

    /// Whether everything was refused.
    pub fn is_clean(&self) -> bool {
        self.accepted == 0 && self.panicked == 0 && self.tried > 0
    }
}

/// What the verifier did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It accepted.
    Accepted,
    /// It refused with a code.
    Refused(ReasonCode),
    /// It panicked.
    Panicked,
}

/// Verifies, and catches a panic.
pub fn answer(bytes: &[u8]) -> Answer {
    match panic::catch_unwind(|| verify(bytes, &VerifyOptions::default()).reason) {
        Ok(None) => Answer::Accepted,
        Ok(Some(code)) => Answer::Refused(code),
        Err(_) => Answer::Panicked,
    }
}

/// Changes every `step`th byte of the file, as it stands.
pub fn as_it_stands(receipt: &[u8], mask: u8, step: usize) -> Tally {
    let places = (0..receipt.len()).into_par_iter().step_by(step);
    Tally::of(places.map(|at| {
        let mut changed = receipt.to_vec();
        changed[at] ^= mask;
        answer(&changed)
    }))
}

/// Changes every `step`th byte of the contents, and the checksums with it.
///
/// # Panics
/// When the bytes are no container.
pub fn with_checksums(receipt: &[u8], mask: u8, step: usize) -> Tally {
    let contents = contents(receipt);
    let places: Vec<(usize, &Content)> =
        contents.iter().flat_map(|content| content.place.clone().map(move |at| (at, content))).collect();
    Tally::of(places.into_par_iter().step_by(step).map(|(at, content)| {
        let mut changed = receipt.to_vec();
        changed[at] ^= mask;
        content.mend(&mut changed);
        answer(&changed)
    }))
}

/// Where a content and its two checksums stand.
struct Content {
    place: Range<usize>,
    checksums: [usize; 2],
}

impl Content {
    fn mend(&self, receipt: &mut [u8]) {
        let checksum = crc32fast::hash(&receipt[self.place.clone()]).to_le_bytes();
        for at in self.checksums {
            receipt[at..at + 4].copy_from_slice(&checksum);
        }
    }
}

fn contents(receipt: &[u8]) -> Vec<Content> {
    let container = Container::parse(receipt, &Limits::DEFAULT).expect("a container");
    let entries = container.entries();
    let size = |at: usize| 30 + entries[at].name.as_str().len() + entries[at].content.len();
    let mut local = 0;
    let mut central: usize = (0..entries.len()).map(size).sum();
    let mut contents = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let name = entry.name.as_str().len();
        let start = local + 30 + name;
        contents.push(Content { place: start..start + entry.content.len(), checksums: [local + 14, central + 16] });
        local += size(at);
        central += 46 + name;
    }
    contents
}

/// Changes every `step`th byte of the proof, and every hash with it.
///
/// # Panics
/// When the receipt has no proof.
pub fn of_the_proof(receipt: &Receipt, mask: u8, step: usize) -> Tally {
    let name = receipt.entries.keys().find(|name| name.starts_with("proof/")).expect("a proof");
    let proof = &receipt.entries[name];
    let layers = Layers::NONE.with(Layer::Index).with(Layer::Payload).with(Layer::Capsule);
    Tally::of((0..proof.len()).into_par_iter().step_by(step).map(|at| {
        let changed = receipt.changed(layers, |receipt| {
            receipt.edit(name, |bytes| bytes[at] = proof[at] ^ mask);
        });
        answer(&changed.bytes())
    }))
}

/// What is done to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is gone.
    Dropped,
    /// It stands there twice.
    Repeated,
    /// It has changed places with the next one.
    Moved,
    /// It has exchanged contents with the next one.
    Swapped,
    /// It has lost its last byte.
    Cut,
    /// It has lost all bytes.
    Emptied,
    /// It has another name, which sorts the same.
    Renamed,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 7] =
        [Self::Dropped, Self::Repeated, Self::Moved, Self::Swapped, Self::Cut, Self::Emptied, Self::Renamed];

    /// The deed's name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Repeated => "twice",
            Self::Moved => "moved",
            Self::Swapped => "swapped",
            Self::Cut => "cut",
            Self::Emptied => "emptied",
            Self::Renamed => "renamed",
        }
    }
}

/// What the verifier answers to each deed on each entry, by the entry's name; `None` where the deed changes nothing.
///
/// # Panics
/// When the bytes are no container.
pub fn entries(receipt: &[u8]) -> Vec<(String, Vec<Option<Answer>>)> {
    let container = Container::parse(receipt, &Limits::DEFAULT).expect("a container");
    let entries: Vec<(String, Vec<u8>)> =
        container.entries().iter().map(|entry| (entry.name.to_string(), entry.content.to_vec())).collect();
    let row = |at: usize| Deed::ALL.map(|deed| done(&entries, at, deed).map(|changed| answer(&changed))).to_vec();
    (0..entries.len()).map(|at| (entries[at].0.clone(), row(at))).collect()
}

fn done(entries: &[(String, Vec<u8>)], at: usize, deed: Deed) -> Option<Vec<u8>> {
    let mut changed = entries.to_vec();
    let next = (at + 1) % entries.len();
    match deed {
        Deed::Dropped => drop(changed.remove(at)),
        Deed::Repeated => changed.insert(at, entries[at].clone()),
        Deed::Moved => changed.swap(at, next),
        Deed::Swapped => {
            changed[at].1.clone_from(&entries[next].1);
            changed[next].1.clone_from(&entries[at].1);
        }
        Deed::Cut => drop(changed[at].1.pop()),
        Deed::Emptied => changed[at].1.clear(),
        Deed::Renamed => {
            let name = &mut changed[at].0;
            *name = match name.as_str() {
                entry::MIMETYPE | entry::CAPSULE | entry::EVENTS => format!("da/{name}"),
                _ if name.starts_with("artifacts/") => format!("{}0", &name[..name.len() - 1]),
                _ => name.replacen('.', "0.", 1),
            };
            changed[1..].sort();
        }
    }
    (changed != entries).then(|| Zip::of(&changed).bytes())
}
