//! What an attacker recomputes after a change, layer by layer.
//!
//! A change leaves hashes behind that no longer agree. Whoever made it can make some of them agree again, or all that need no
//! secret: everything here but a proof. The change is made anew after each layer, so that a layer never undoes it.

use serde_json::Map;
use verifier_core::{
    Digest, Limits, Tag,
    archive::{embedded, row_check_refs},
    backend::{
        Backend, Instance, event_chain_anchor, geom, log as sealed_log, manifests_anchor, process, read_proof_ref,
        rv32im,
    },
    capsule::{Anchor, Capsule, ChunkMeta, ManifestRef, ProofSystem, RowIndexRef, StatementAnchor, entry},
    cbor::{Item, Value},
    event_log::{self, Writer},
    row_check::{RowCheckHeader, sketch_digest},
    stc::Builder,
};

use crate::receipt::Receipt;

/// What can be recomputed, in the order in which one thing follows from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Names and stated digests and sizes of the entries.
    Index,
    /// The archive's cut and root.
    Archive,
    /// The claim's manifest hash.
    Manifests,
    /// The public inputs that follow from the claim.
    Inputs,
    /// The event log: first and last line, and the chain.
    Log,
    /// The header's anchor: hash, length and head of the log.
    Anchor,
    /// The statement: hash of the trace spec, root of the log, anchors.
    Statement,
    /// The header's hashes of the parts of the payload.
    Header,
    /// The header's hashes of what the proof system is told.
    ProofSystem,
    /// The instance hash.
    Instance,
    /// The payload hash.
    Payload,
    /// The identity.
    Capsule,
}

impl Layer {
    /// Every layer, in order.
    pub const ALL: [Self; 12] = [
        Self::Index,
        Self::Archive,
        Self::Manifests,
        Self::Inputs,
        Self::Log,
        Self::Anchor,
        Self::Statement,
        Self::Header,
        Self::ProofSystem,
        Self::Instance,
        Self::Payload,
        Self::Capsule,
    ];

    /// The layer's name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Archive => "archive",
            Self::Manifests => "manifests",
            Self::Inputs => "inputs",
            Self::Log => "log",
            Self::Anchor => "anchor",
            Self::Statement => "statement",
            Self::Header => "header",
            Self::ProofSystem => "proof system",
            Self::Instance => "instance",
            Self::Payload => "payload",
            Self::Capsule => "capsule",
        }
    }

    fn apply(self, receipt: &mut Receipt) {
        if self == Self::Index {
            return index(receipt);
        }
        // What is no capsule any more has no hashes to recompute.
        let Some(capsule) = receipt.record() else { return };
        match self {
            Self::Index => {}
            Self::Archive => archive(receipt, &capsule),
            Self::Manifests => {
                receipt.set_item("payload.claim.environment.manifest_hash", &capsule.payload.manifest_hash());
            }
            Self::Inputs => inputs(receipt, &capsule),
            Self::Log => log(receipt, &capsule),
            Self::Anchor => anchor(receipt, &capsule),
            Self::Statement => statement(receipt, &capsule),
            Self::Header => header(receipt, &capsule),
            Self::ProofSystem => system(receipt, &capsule),
            Self::Instance => {
                receipt.set_item("header.instance_hash", &Instance::of(&capsule.header, &capsule.payload).hash());
            }
            Self::Payload => receipt.set_item("header.payload_hash", &capsule.payload.hash()),
            Self::Capsule => receipt.set_item("capsule_hash", &capsule.identity()),
        }
    }
}

/// A set of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers(u16);

impl Layers {
    /// No layer: a change, and nothing else.
    pub const NONE: Self = Self(0);
    /// Every layer: all that needs no proof.
    pub const ALL: Self = Self((1 << Layer::ALL.len()) - 1);

    /// Every set of layers.
    pub fn every() -> impl Iterator<Item = Self> {
        (0..=Self::ALL.0).map(Self)
    }

    /// The layers up to one, it included.
    pub fn up_to(last: Layer) -> Self {
        Layer::ALL.into_iter().filter(|layer| *layer <= last).fold(Self::NONE, Self::with)
    }

    /// Also this layer.
    #[must_use]
    pub const fn with(self, layer: Layer) -> Self {
        Self(self.0 | 1 << layer as u16)
    }

    /// Not this layer.
    #[must_use]
    pub const fn without(self, layer: Layer) -> Self {
        Self(self.0 & !(1 << layer as u16))
    }

    /// Whether the layer is one of them.
    pub const fn contains(self, layer: Layer) -> bool {
        self.0 >> layer as u16 & 1 == 1
    }
}

impl Receipt {
    /// The receipt after a change and the recomputation of some layers.
    #[must_use]
    pub fn changed(&self, layers: Layers, change: impl Fn(&mut Self)) -> Self {
        let mut receipt = self.clone();
        change(&mut receipt);
        let layers = Layer::ALL.into_iter().filter(|layer| layers.contains(*layer));
        layers.fold(receipt, |receipt, layer| receipt.changed_after(layer, &change))
    }

    /// A changed receipt after the recomputation of one layer, with the change made anew.
    #[must_use]
    pub fn changed_after(&self, layer: Layer, change: impl Fn(&mut Self)) -> Self {
        let mut receipt = self.clone();
        layer.apply(&mut receipt);
        change(&mut receipt);
        receipt
    }
}

fn index(receipt: &mut Receipt) {
    rename_artifacts(receipt);
    let Some(Capsule { payload, .. }) = receipt.record() else { return };
    let manifest = |reference: ManifestRef| match receipt.entries.get(&entry::manifest(&reference.name)) {
        Some(content) => ManifestRef { digest: Digest::of_content(content), ..reference },
        None => reference,
    };
    let manifests: Vec<ManifestRef> = payload.manifests.into_iter().map(manifest).collect();
    receipt.set_item("payload.manifests", &manifests);
    if let Some(mut proof) = payload.proof
        && let Some(content) = receipt.entries.get(&entry::proof(&proof.system))
    {
        (proof.digest, proof.size) = (Digest::of_content(content), content.len() as u64);
        receipt.set_item("payload.proof", &proof);
    }
}

/// Each artifact's entry, and what the capsule says of it, follow its content.
fn rename_artifacts(receipt: &mut Receipt) {
    let named = |name: &str| Digest::from_hex(name.strip_prefix("artifacts/sha256/")?);
    let artifacts: Vec<(String, Digest)> =
        receipt.entries.keys().filter_map(|name| Some((name.clone(), named(name)?))).collect();
    for (name, old) in artifacts {
        let content = receipt.entries.remove(&name).unwrap_or_default();
        let (new, size) = (Digest::of_content(&content), content.len() as u64);
        receipt.entries.insert(entry::artifact(&new), content);
        for place in ["payload.claim", "payload.artifacts"] {
            if let Some(value) = receipt.at_mut(place) {
                point(value, old, new, size);
            }
        }
    }
    if let Some(Value::Array(index)) = receipt.at_mut("payload.artifacts") {
        index.sort_by_key(digest_of);
        index.dedup_by_key(|item| digest_of(item));
    }
}

/// Whatever names the old content by digest and size names the new one.
fn point(value: &mut Value, old: Digest, new: Digest, size: u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| point(item, old, new, size)),
        Value::Map(entries) => {
            let names_old = entries.iter().any(|(key, value)| key == "digest" && *value == old.to_value());
            for (key, value) in entries {
                match key.as_str() {
                    "digest" if names_old => *value = new.to_value(),
                    "size" if names_old => *value = Value::Uint(size),
                    _ => point(value, old, new, size),
                }
            }
        }
        _ => {}
    }
}

fn digest_of(item: &Value) -> Vec<u8> {
    let Value::Map(entries) = item else { return Vec::new() };
    match entries.iter().find(|(key, _)| key == "digest") {
        Some((_, Value::Bytes(digest))) => digest.clone(),
        _ => Vec::new(),
    }
}

fn archive(receipt: &mut Receipt, capsule: &Capsule) {
    if let Some((chunk_meta, row_index_ref)) = commitment(receipt, capsule) {
        receipt.set_item("payload.chunk_meta", &chunk_meta);
        receipt.set_item("payload.row_index_ref", &row_index_ref);
    }
}

fn commitment(receipt: &Receipt, capsule: &Capsule) -> Option<(ChunkMeta, RowIndexRef)> {
    if capsule.payload.row_index_ref.pointer.is_some() {
        let header = RowCheckHeader::from_bytes(receipt.entries.get(entry::ROW_CHECK_HEADER)?).ok()?;
        return Some(row_check_refs(&header, sketch_digest(receipt.entries.get(entry::ROW_CHECK_SKETCH)?)));
    }
    let contents: Vec<&[u8]> = capsule
        .payload
        .artifacts
        .iter()
        .filter_map(|artifact| receipt.entries.get(&entry::artifact(&artifact.digest)))
        .map(Vec::as_slice)
        .collect();
    embedded(&contents).ok()
}

fn inputs(receipt: &mut Receipt, capsule: &Capsule) {
    let claim = &capsule.payload.claim;
    let inputs = match backend(capsule) {
        Some(Backend::ProcessV1) => process::public_inputs(claim),
        Some(Backend::LogV1) => {
            let log = receipt.entries.get(entry::EVENTS).map(Vec::as_slice).unwrap_or_default();
            let summary = event_log::check(log, &Limits::DEFAULT);
            summary.ok().map(|summary| sealed_log::public_inputs(&summary, claim))
        }
        _ => None,
    };
    if let Some(inputs) = inputs {
        receipt.set_item("payload.statement.public_inputs", &inputs);
    }
}

fn backend(capsule: &Capsule) -> Option<Backend> {
    Backend::from_id(&capsule.header.backend_id)
}

fn log(receipt: &mut Receipt, capsule: &Capsule) {
    if let Some(log) = receipt.entries.get(entry::EVENTS).and_then(|log| rewritten(log, capsule)) {
        receipt.entries.insert(entry::EVENTS.to_owned(), log);
    }
}

/// The log of the same events, with the first and the last line that the capsule calls for.
fn rewritten(log: &[u8], capsule: &Capsule) -> Option<Vec<u8>> {
    let mut events = event_log::events(log);
    let run = capsule.payload.run.as_ref()?;
    let first = events.first_mut()?;
    first.extend(process::header_fields(run));
    first.insert("time".to_owned(), capseal_host::clock::text(run.started_at_ms).into());
    let last = events.last_mut()?;
    last.retain(|name, _| !name.starts_with("exit_"));
    last.extend(process::finished_fields(&capsule.payload.statement.public_inputs));
    written(events)
}

/// The log of these events, chained anew.
pub(crate) fn written(events: Vec<Map<String, serde_json::Value>>) -> Option<Vec<u8>> {
    let mut writer = Writer::default();
    for mut event in events {
        let mut text = |name: &str| Some(event.remove(name)?.as_str()?.to_owned());
        let (time, kind) = (text("time")?, text("type")?);
        writer.append(&time, &kind, event).ok()?;
    }
    Some(writer.finish())
}

/// The lines of a log, whatever they hold.
fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    log.strip_suffix(b"\n").unwrap_or(log).split(|byte| *byte == b'\n')
}

fn anchor(receipt: &mut Receipt, capsule: &Capsule) {
    let Some(log) = receipt.entries.get(entry::EVENTS).filter(|_| capsule.header.anchor.is_some()) else { return };
    let anchor = Anchor {
        events_log_hash: Tag::EVENT_LOG.digest(&[log]),
        events_log_len: lines(log).count() as u64,
        event_chain_head: lines(log).last().map(event_log::leaf).unwrap_or_default(),
    };
    receipt.set_item("header.anchor", &anchor);
}

fn statement(receipt: &mut Receipt, capsule: &Capsule) {
    let mut statement = capsule.payload.statement.clone();
    statement.trace_spec_hash = capsule.payload.trace_spec.hash();
    statement.policy_hash = capsule.header.policy_ref.as_ref().map(|policy| policy.policy_hash);
    let head = capsule.header.anchor.as_ref().map(|anchor| anchor.event_chain_head);
    let anchors = head.map(event_chain_anchor).into_iter().chain([manifests_anchor(capsule.payload.manifest_hash())]);
    statement.anchors = anchors.collect::<Vec<StatementAnchor>>();
    if let Some(log) = receipt.entries.get(entry::EVENTS).filter(|_| head.is_some()) {
        let mut builder = Builder::new(event_log::ARITY);
        let pushed = lines(log).try_for_each(|line| builder.push_row(line));
        if let Ok(root) = pushed.and_then(|()| builder.finish()) {
            statement.trace_root = *root.digest();
        }
    }
    receipt.set_item("payload.statement", &statement);
}

fn header(receipt: &mut Receipt, capsule: &Capsule) {
    let payload = &capsule.payload;
    receipt.set_item("header.trace_spec_hash", &payload.trace_spec.hash());
    receipt.set_item("header.statement_hash", &payload.statement.hash());
    receipt.set_item("header.chunk_meta_hash", &payload.chunk_meta.hash());
    receipt.set_item("header.row_index_ref_hash", &payload.row_index_ref.hash());
    receipt.set_item("header.row_tree_arity", &payload.row_index_ref.tree_arity);
    receipt.set_item("header.manifest_hash", &payload.manifest_hash());
}

fn system(receipt: &mut Receipt, capsule: &Capsule) {
    if let Some(system) = proof_system(capsule) {
        receipt.set_item("header.proof_system", &system);
    }
}

fn proof_system(capsule: &Capsule) -> Option<ProofSystem> {
    match backend(capsule)? {
        Backend::ProcessV1 => Some(process::proof_system(&capsule.payload.claim)),
        Backend::LogV1 => Some(sealed_log::proof_system()),
        Backend::GeomV1 => {
            let (_, set) = read_proof_ref(capsule, Backend::GeomV1).ok()?;
            let statement = geom::read_statement(&capsule.payload.statement.public_inputs).ok()?;
            Some(geom::proof_system(statement.parameters(), set))
        }
        Backend::Rv32imV1 => {
            let (_, set) = read_proof_ref(capsule, Backend::Rv32imV1).ok()?;
            let stated = rv32im::read_stated(&capsule.payload.statement.public_inputs).ok()?;
            Some(rv32im::proof_system(&stated, set))
        }
    }
}
