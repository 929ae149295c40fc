//! Every binding counts: a bound part is exchanged for another valid one, and the rest recomputed as far as an attacker can.
//!
//! For each exchange every set of [`Layer`]s is recomputed, from none to all; what needs a new proof is never recomputed. A
//! receipt of `geom_v1` must be refused in each case. A receipt of `process_v1` that nobody signed must be refused in each
//! case but the complete reseal, which makes another consistent receipt: that one is told from the original only by whoever
//! pinned the capsule hash. The table says so for each field.

use std::{collections::BTreeMap, fmt};

use verifier_core::{
    Digest, ReasonCode, VerifyOptions,
    capsule::{PublicValue, entry},
    cbor::{Item, Value},
    verify,
};

use crate::{
    receipt::Receipt,
    reseal::{Layer, Layers},
    vectors::{Bases, PROOF, restated},
};

/// What stands behind a part of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Whatever is recomputed: refused.
    Always,
    /// A complete reseal is another consistent receipt, refused only where the original's hash is pinned.
    ByPin,
}

/// One part, exchanged.
pub struct Exchange {
    /// The part.
    pub part: String,
    /// What must stand behind it.
    pub bound: Bound,
    change: Box<dyn Fn(&mut Receipt) + Send + Sync>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({}, {:?})", self.part, self.bound)
    }
}

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Distinct receipts that came of recomputing every set of layers.
    pub receipts: usize,
    /// How many of them, the complete reseal apart, were accepted.
    pub accepted: usize,
    /// How many of them were refused with which code.
    pub refused: BTreeMap<ReasonCode, usize>,
    /// By depth: recomputed nothing, then everything up to each layer; `None` is accepted.
    pub by_depth: Vec<Option<ReasonCode>>,
    /// The complete reseal; `None` is accepted.
    pub complete: Option<ReasonCode>,
    /// The complete reseal where the original's capsule hash is pinned.
    pub complete_pinned: Option<ReasonCode>,
}

impl Outcome {
    /// Whether it is as the exchange demands.
    pub fn holds(&self, bound: Bound) -> bool {
        let complete = match bound {
            Bound::Always => self.complete.is_some(),
            Bound::ByPin => self.complete.is_none(),
        };
        self.accepted == 0 && complete && self.complete_pinned.is_some()
    }
}

impl Exchange {
    fn new(part: impl Into<String>, bound: Bound, change: impl Fn(&mut Receipt) + Send + Sync + 'static) -> Self {
        Self { part: part.into(), bound, change: Box::new(change) }
    }

    /// A value set at a path.
    fn set(part: &str, bound: Bound, path: &str, value: Value) -> Self {
        let path = path.to_owned();
        Self::new(part, bound, move |receipt| receipt.set(&path, value.clone()))
    }

    /// Exchanges the part, and recomputes every set of layers.
    pub fn run(&self, original: &Receipt) -> Outcome {
        let verdict = |receipt: &Receipt| verify(&receipt.bytes(), &VerifyOptions::default()).reason;
        let complete = original.changed(Layers::ALL, &self.change);
        let pinned = VerifyOptions {
            expected_capsule_hash: Digest::from_value(original.value("capsule_hash")).ok(),
            ..VerifyOptions::default()
        };
        let mut outcome = Outcome {
            receipts: 0,
            accepted: 0,
            refused: BTreeMap::new(),
            by_depth: Vec::new(),
            complete: verdict(&complete),
            complete_pinned: verify(&complete.bytes(), &pinned).reason,
        };
        let depths = [Layers::NONE].into_iter().chain(Layer::ALL.map(Layers::up_to));
        outcome.by_depth = depths.map(|layers| verdict(&original.changed(layers, &self.change))).collect();
        let mut exchanged = original.clone();
        (self.change)(&mut exchanged);
        self.every_set(exchanged, &Layer::ALL, &mut |receipt| {
            outcome.receipts += 1;
            if *receipt != complete {
                match verdict(receipt) {
                    Some(code) => *outcome.refused.entry(code).or_default() += 1,
                    None => outcome.accepted += 1,
                }
            }
        });
        outcome
    }

    /// Visits what comes of every set of layers; a layer that changes nothing is a set less.
    fn every_set(&self, receipt: Receipt, layers: &[Layer], visit: &mut dyn FnMut(&Receipt)) {
        let Some((layer, rest)) = layers.split_first() else { return visit(&receipt) };
        let applied = receipt.changed_after(*layer, &self.change);
        if applied != receipt {
            self.every_set(applied, rest, visit);
        }
        self.every_set(receipt, rest, visit);
    }
}

/// Exchanges in a recorded run.
pub fn of_process(bases: &Bases) -> Vec<Exchange> {
    let (other, geom) = (&bases.other, &bases.geom);
    let mut exchanges = vec![
        contents("code", "code", &bases.typical, other),
        contents("inputs", "input", &bases.typical, other),
        contents("config.files", "configuration file", &bases.typical, other),
        contents("outputs", "output", &bases.typical, other),
    ];
    for (part, path) in [("code path", "payload.claim.code.0.path"), ("input path", "payload.claim.inputs.0.path")] {
        exchanges.push(Exchange::set(part, Bound::ByPin, path, Value::Text("another".to_owned())));
    }
    for (part, path) in [
        ("arguments", "payload.claim.config.arguments"),
        ("variable", "payload.claim.environment.variables.1.value"),
        ("exit", "payload.claim.exit"),
    ] {
        exchanges.push(Exchange::set(part, Bound::ByPin, path, other.value(path)));
    }
    let signal = Value::map(vec![("signal".to_owned(), Value::Uint(9))]);
    exchanges.push(Exchange::set("exit by signal", Bound::ByPin, "payload.claim.exit", signal));
    exchanges.push(Exchange::new("variable unset", Bound::ByPin, |receipt| {
        receipt.remove("payload.claim.environment.variables.1.value");
    }));
    let manifest = other.entries[&entry::manifest("os")].clone();
    exchanges.push(Exchange::new("manifest", Bound::ByPin, move |receipt| {
        receipt.entries.insert(entry::manifest("os"), manifest.clone());
    }));
    exchanges.extend(logs(other));
    for (part, path, value) in [
        ("command", "payload.run.command", Value::Array(vec![Value::Text("another.py".to_owned())])),
        ("start", "payload.run.started_at_ms", Value::Uint(1_769_862_896_788)),
        ("capture", "payload.run.capture", Value::Text("declared".to_owned())),
    ] {
        exchanges.push(Exchange::set(part, Bound::ByPin, path, value));
    }
    exchanges.extend(instance_fields(other, geom));
    for (part, path) in [
        ("claim", "payload.claim"),
        ("statement", "payload.statement"),
        ("public inputs", "payload.statement.public_inputs"),
        ("trace root", "payload.statement.trace_root"),
        ("manifest list", "payload.manifests"),
        ("manifest hash", "header.manifest_hash"),
        ("anchor", "header.anchor"),
        ("archive index", "payload.artifacts"),
        ("archive cut", "payload.chunk_meta"),
        ("archive commitment", "payload.row_index_ref"),
    ] {
        exchanges.push(Exchange::set(part, Bound::Always, path, other.value(path)));
    }
    exchanges.push(Exchange::set("trace spec", Bound::Always, "payload.trace_spec", geom.value("payload.trace_spec")));
    exchanges
}

/// The content of the first file of a section, for that of another receipt.
fn contents(section: &str, part: &str, original: &Receipt, other: &Receipt) -> Exchange {
    let content = |receipt: &Receipt| {
        let last = receipt.clone().items(&format!("payload.claim.{section}")).len() - 1;
        let digest = receipt.value(&format!("payload.claim.{section}.{last}.digest"));
        receipt.entries[&entry::artifact(&Digest::from_value(digest).expect("a digest"))].clone()
    };
    let (old, new) = (content(original), content(other));
    assert_ne!(old, new, "{part}: the receipts differ");
    Exchange::new(part, Bound::ByPin, move |receipt| {
        receipt.entries.values_mut().filter(|content| **content == old).for_each(|content| content.clone_from(&new));
    })
}

/// The whole log, and a log without some of its events.
fn logs(other: &Receipt) -> Vec<Exchange> {
    let log = other.entries[entry::EVENTS].clone();
    let lines = |receipt: &mut Receipt, keep: &dyn Fn(&str) -> bool| {
        receipt.edit(entry::EVENTS, |log| {
            let text = String::from_utf8_lossy(log).into_owned();
            *log =
                text.lines().filter(|line| keep(line)).flat_map(|line| [line, "\n"]).collect::<String>().into_bytes();
        });
    };
    vec![
        Exchange::new("event log without its reads", Bound::ByPin, move |receipt| {
            lines(receipt, &|line| !line.contains("\"type\":\"file_read\""));
        }),
        // The events are kept once the log has been written anew: the exchange is that it holds none of the original's.
        Exchange::new("event log", Bound::ByPin, move |receipt| {
            let exchanged =
                receipt.entries.get(entry::EVENTS).is_some_and(|log| log.windows(6).any(|part| part == b"-02-02"));
            if !exchanged {
                receipt.entries.insert(entry::EVENTS.to_owned(), log.clone());
            }
        }),
    ]
}

/// Each field that the instance hash covers, for that of another receipt: the value where a verifier finds it, and, where
/// the payload holds what it is the hash of, that too.
fn instance_fields(other: &Receipt, foreign: &Receipt) -> Vec<Exchange> {
    let hashes = [
        ("vk_hash", "header.proof_system.vk_hash", foreign),
        ("statement_hash", "header.statement_hash", other),
        ("trace_spec_hash", "header.trace_spec_hash", foreign),
        ("row_root", "payload.row_index_ref.commitment", other),
        ("params_hash", "header.proof_system.params_hash", foreign),
        ("chunk_meta_hash", "header.chunk_meta_hash", other),
        ("air_params_hash", "header.proof_system.air_params_hash", foreign),
        ("fri_params_hash", "header.proof_system.fri_params_hash", foreign),
        ("program_hash", "header.proof_system.program_hash", foreign),
        ("instance_hash", "header.instance_hash", other),
    ];
    let mut exchanges: Vec<Exchange> = hashes
        .into_iter()
        .map(|(part, path, from)| Exchange::set(part, Bound::Always, path, from.value(path)))
        .collect();
    exchanges.push(Exchange::set("row_tree_arity", Bound::Always, "header.row_tree_arity", Value::Uint(2)));
    let arity = "payload.row_index_ref.tree_arity";
    exchanges.push(Exchange::set("row_tree_arity in both places", Bound::Always, arity, Value::Uint(2)));
    exchanges
}

/// Exchanges in a detached archive's parts. What a verifier does not fetch it cannot check: a complete reseal stands.
pub fn of_detached(bases: &Bases) -> Vec<Exchange> {
    let edit = |part: &str, name: &'static str, at: usize, original: &Receipt| {
        let content = original.entries[name].clone();
        Exchange::new(part, Bound::ByPin, move |receipt| {
            receipt.edit(name, |bytes| bytes[at] = content[at] ^ 1);
        })
    };
    vec![
        edit("encoding's root", entry::ROW_CHECK_HEADER, 17, &bases.detached),
        edit("encoding's content digest", entry::ROW_CHECK_HEADER, 49, &bases.detached).always(),
        edit("sketch", entry::ROW_CHECK_SKETCH, 0, &bases.detached),
        Exchange::set("archive commitment", Bound::Always, "payload.row_index_ref", {
            bases.detached_large.value("payload.row_index_ref")
        }),
        Exchange::set("archive cut", Bound::Always, "payload.chunk_meta", bases.typical.value("payload.chunk_meta")),
        contents("inputs", "input that travels", &bases.detached, &bases.other).always(),
    ]
}

impl Exchange {
    /// Refused whatever is recomputed: here the archive's encoding, which the layers leave as it is, gives it away.
    fn always(self) -> Self {
        Self { bound: Bound::Always, ..self }
    }
}

/// Exchanges in a proven run: all of them refused, whatever is recomputed.
pub fn of_geom(bases: &Bases) -> Vec<Exchange> {
    let (geom, other, foreign) = (&bases.geom, &bases.geom_other, &bases.typical);
    let mut exchanges: Vec<Exchange> = [("inputs", "parameters document"), ("outputs", "outputs document")]
        .into_iter()
        .map(|(section, part)| contents(section, part, geom, other).always())
        .collect();
    for (part, path) in [
        ("claim", "payload.claim"),
        ("statement", "payload.statement"),
        ("public inputs", "payload.statement.public_inputs"),
        ("trace root", "payload.statement.trace_root"),
        ("archive index", "payload.artifacts"),
        ("archive cut", "payload.chunk_meta"),
        ("archive commitment", "payload.row_index_ref"),
    ] {
        exchanges.push(Exchange::set(part, Bound::Always, path, other.value(path)));
    }
    for (part, path) in [
        ("trace spec", "payload.trace_spec"),
        ("arguments", "payload.claim.config.arguments"),
        ("variables", "payload.claim.environment.variables"),
        ("exit", "payload.claim.exit"),
        ("run", "payload.run"),
        ("anchor", "header.anchor"),
        ("backend", "header.backend_id"),
    ] {
        exchanges.push(Exchange::set(part, Bound::Always, path, foreign.value(path)));
    }
    exchanges.extend(proofs(bases));
    exchanges.extend(statements(bases));
    exchanges.extend(instance_fields(other, foreign));
    for (part, path) in [
        ("params_hash of another run", "header.proof_system.params_hash"),
        ("air_params_hash of another run", "header.proof_system.air_params_hash"),
    ] {
        exchanges.push(Exchange::set(part, Bound::Always, path, other.value(path)));
    }
    let path = "header.proof_system.fri_params_hash";
    exchanges.push(Exchange::set("fri_params_hash of another set", Bound::Always, path, bases.geom_128.value(path)));
    let manifest = foreign.entries[&entry::manifest("os")].clone();
    let reference = foreign.value("payload.manifests.0");
    exchanges.push(Exchange::new("manifest", Bound::Always, move |receipt| {
        receipt.entries.insert(entry::manifest("os"), manifest.clone());
        receipt.set("payload.manifests", Value::Array(vec![reference.clone()]));
    }));
    exchanges
}

fn proofs(bases: &Bases) -> Vec<Exchange> {
    let set = |part: &str, from: &Receipt, paths: &'static [&'static str]| {
        let from = from.clone();
        Exchange::new(part, Bound::Always, move |receipt| {
            receipt.entries.insert(PROOF.to_owned(), from.entries[PROOF].clone());
            paths.iter().for_each(|path| receipt.set(path, from.value(path)));
        })
    };
    vec![
        set("proof", &bases.geom_other, &[]),
        set("proof and trace root", &bases.geom_other, &["payload.statement.trace_root"]),
        set("proof of another set", &bases.geom_128, &[]),
        set("proof of another set and trace root", &bases.geom_128, &["payload.statement.trace_root"]),
        Exchange::set(
            "parameter set",
            Bound::Always,
            "payload.proof.parameter_set",
            Value::Text("stark-128".to_owned()),
        ),
    ]
}

/// Each public input, with the documents and the claim that go with it; and all of another receipt's.
fn statements(bases: &Bases) -> Vec<Exchange> {
    let Some(capsule) = bases.geom.record() else { return Vec::new() };
    let inputs = capsule.payload.statement.public_inputs;
    let mut exchanges: Vec<Exchange> = Vec::new();
    for (at, input) in inputs.into_iter().enumerate() {
        let PublicValue::Number(number) = input.value else { continue };
        exchanges.push(Exchange::new(format!("{} and its documents", input.name), Bound::Always, move |receipt| {
            restated(receipt, |inputs| {
                inputs[at].value = PublicValue::Number(if at == 0 { number - 1 } else { number ^ 1 });
            });
        }));
    }
    if let Some(other) = bases.geom_other.record() {
        let inputs = other.payload.statement.public_inputs;
        exchanges.push(Exchange::new("all public inputs and their documents", Bound::Always, move |receipt| {
            restated(receipt, |stated| stated.clone_from(&inputs));
        }));
    }
    exchanges
}
