//! Capsules whose parts do not belong together: hashes, statement, instance, and levels that cannot be reached.

use verifier_core::{ReasonCode, cbor::Value, stark::ParameterSet};

use super::{Bases, Rejects, another_digest, record, text};
use crate::{
    receipt::Receipt,
    reseal::{Layer, Layers},
};

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    identity(bases, rejects);
    header(bases, rejects);
    instance(bases, rejects);
    statement(bases, rejects);
    geom_statement(bases, rejects);
    proof_system(bases, rejects);
    levels(bases, rejects);
}

fn identity(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::CapsuleHashMismatch;
    let stale = (&bases.typical, Layers::ALL.without(Layer::Capsule));
    for (kind, receipt) in [("process", &bases.typical), ("geom", &bases.geom)] {
        let all = (receipt, Layers::ALL);
        rejects.change(code, &format!("{kind}-capsule-hash-other"), all, |r| r.set("capsule_hash", another_digest()));
        let stale = (receipt, Layers::ALL.without(Layer::Capsule));
        rejects.change(code, &format!("{kind}-renamed"), stale, |r| r.set("header.trace_id", text("renamed")));
        let pinned = format!("{{\"expected_capsule_hash\":\"{}\"}}", "0".repeat(64));
        rejects.add_with(code, &format!("{kind}-not-the-one-expected"), receipt.bytes(), &pinned);
    }
    rejects.change(code, "chained", stale, |r| r.set("header.prev_capsule_hash", another_digest()));
    rejects.change(code, "challenged", stale, |r| r.set("da_challenge_hash", another_digest()));
    let other = bases.other.value("capsule_hash");
    rejects.change(code, "capsule-hash-of-another-receipt", stale, |r| r.set("capsule_hash", other.clone()));
    // A complete reseal of a changed output: only the pin tells it from the original.
    let Value::Bytes(hash) = bases.typical.value("capsule_hash") else { return };
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let forged = bases.typical.changed(Layers::ALL, |receipt| replace_content(receipt, b"buy 3\n", b"buy 9\n"));
    let pin = format!("{{\"expected_capsule_hash\":\"{hash}\"}}");
    rejects.add_with(code, "output-exchanged-and-all-resealed", forged.bytes(), &pin);
}

/// Another content for an artifact, wherever it stands.
fn replace_content(receipt: &mut Receipt, old: &[u8], new: &[u8]) {
    for content in receipt.entries.values_mut().filter(|content| *content == old) {
        *content = new.to_vec();
    }
}

fn header(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::CapsuleHeaderMismatch;
    let names =
        ["payload_hash", "trace_spec_hash", "statement_hash", "chunk_meta_hash", "row_index_ref_hash", "manifest_hash"];
    for (kind, receipt, other) in [("process", &bases.typical, &bases.other), ("geom", &bases.geom, &bases.geom_other)]
    {
        let all = (receipt, Layers::ALL);
        // What is checked alike for every backend is shown once.
        let names = if kind == "geom" { &names[2..3] } else { &names[..] };
        for name in names {
            let path = format!("header.{name}");
            let hyphened = name.replace('_', "-");
            rejects.change(code, &format!("{kind}-{hyphened}-other"), all, |r| r.set(&path, another_digest()));
        }
        let of_other = other.value("header.statement_hash");
        rejects.change(code, &format!("{kind}-statement-hash-of-another-receipt"), all, |receipt| {
            receipt.set("header.statement_hash", of_other.clone());
        });
        let stale = (receipt, Layers::ALL.without(Layer::Payload));
        rejects.change(code, &format!("{kind}-payload-of-another-receipt"), stale, |receipt| {
            receipt.set("payload", other.value("payload"));
        });
    }
    let all = (&bases.typical, Layers::ALL);
    rejects.change(code, "process-arity-other", all, |r| r.set("header.row_tree_arity", Value::Uint(2)));
    let stale = (&bases.typical, Layers::ALL.without(Layer::Payload));
    rejects.change(code, "process-duration-changed", stale, |r| r.set("payload.run.duration_ms", Value::Uint(1)));
}

fn instance(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::InstanceHashMismatch;
    for (kind, receipt, other) in [("process", &bases.typical, &bases.other), ("geom", &bases.geom, &bases.geom_other)]
    {
        let all = (receipt, Layers::ALL);
        let of_other = other.value("header.instance_hash");
        rejects.change(code, &format!("{kind}-instance-hash-of-another-receipt"), all, |receipt| {
            receipt.set("header.instance_hash", of_other.clone());
        });
        let stale = (receipt, Layers::ALL.without(Layer::Instance));
        rejects.change(code, &format!("{kind}-trace-root-exchanged"), stale, |receipt| {
            receipt.set("payload.statement.trace_root", other.value("payload.statement.trace_root"));
        });
    }
    let other = &bases.other;
    let all = (&bases.typical, Layers::ALL);
    rejects.change(code, "instance-hash-other", all, |r| r.set("header.instance_hash", another_digest()));
    let stale = (&bases.typical, Layers::ALL.without(Layer::Instance));
    rejects.change(code, "root-exchanged", stale, |receipt| {
        receipt.set("payload.row_index_ref.commitment", other.value("payload.row_index_ref.commitment"));
    });
    rejects.change(code, "cut-exchanged", stale, |r| r.set("payload.chunk_meta.chunk_len", Value::Uint(1)));
    rejects.change(code, "arity-exchanged", stale, |receipt| {
        receipt.set("payload.row_index_ref.tree_arity", Value::Uint(2));
    });
}

fn statement(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ProofStatementMismatch;
    for (kind, receipt, foreign) in [("process", &bases.typical, &bases.geom), ("geom", &bases.geom, &bases.typical)] {
        let all = (receipt, Layers::ALL);
        rejects.change(code, &format!("{kind}-trace-spec-of-another-backend"), all, |receipt| {
            receipt.set("payload.trace_spec", foreign.value("payload.trace_spec"));
        });
        policies_and_anchors(kind, all, rejects);
        if kind == "geom" {
            // What is checked alike for every backend is shown once.
            continue;
        }
        for key in ["trace_format_id", "record_schema_ref", "encoding_id", "field_modulus_id"] {
            let path = format!("payload.trace_spec.{key}");
            let name = key.replace('_', "-");
            let value = foreign.value(&path);
            rejects.change(code, &format!("{kind}-trace-spec-{name}-other"), all, |r| r.set(&path, value.clone()));
        }
        rejects.change(code, &format!("{kind}-trace-spec-version-2"), all, |receipt| {
            receipt.set("payload.trace_spec.spec_version", Value::Uint(2));
        });
        for version in [0, 2] {
            rejects.change(code, &format!("{kind}-statement-version-{version}"), all, |receipt| {
                receipt.set("payload.statement.statement_version", Value::Uint(version));
            });
        }
        rejects.change(code, &format!("{kind}-trace-spec-hash-of-the-statement-other"), all, |receipt| {
            receipt.set("payload.statement.trace_spec_hash", another_digest());
        });
    }
}

fn policies_and_anchors(kind: &str, all: (&Receipt, Layers), rejects: &mut Rejects) {
    let code = ReasonCode::ProofStatementMismatch;
    rejects.change(code, &format!("{kind}-policy-hash-without-a-policy"), all, |receipt| {
        receipt.set("payload.statement.policy_hash", another_digest());
    });
    let policy = record([
        ("policy_id", text("house-rules")),
        ("policy_version", text("2")),
        ("policy_hash", another_digest()),
        ("track_id", text("main")),
    ]);
    rejects.change(code, &format!("{kind}-policy-that-the-statement-does-not-name"), all, |receipt| {
        receipt.set("header.policy_ref", policy.clone());
        receipt.remove("payload.statement.policy_hash");
    });
    let path = "payload.statement.anchors";
    let Value::Array(anchors) = all.0.value(path) else { return };
    let mut reversed = anchors.clone();
    reversed.reverse();
    let mut twice = anchors.clone();
    twice.push(anchors[anchors.len() - 1].clone());
    let fewer = anchors[1..].to_vec();
    let changed = match kind {
        "geom" => vec![("none", Vec::new())],
        _ => vec![("none", Vec::new()), ("twice", twice), ("reversed", reversed), ("one-missing", fewer)],
    };
    for (name, value) in changed {
        rejects.change(code, &format!("{kind}-anchors-{name}"), all, |r| r.set(path, Value::Array(value.clone())));
    }
    for at in 0..anchors.len() {
        let reference = text(&format!("sha256:{}", "0".repeat(64)));
        rejects.change(code, &format!("{kind}-anchor-{at}-reference-other"), all, |receipt| {
            receipt.set(&format!("{path}.{at}.anchor_ref"), reference.clone());
        });
        if kind == "geom" {
            continue;
        }
        rejects.change(code, &format!("{kind}-anchor-{at}-rule-other"), all, |receipt| {
            receipt.set(&format!("{path}.{at}.anchor_rule_id"), text("event_chain_v2"));
        });
        rejects.change(code, &format!("{kind}-anchor-{at}-with-a-track"), all, |receipt| {
            receipt.set(&format!("{path}.{at}.track_id"), text("main"));
        });
    }
}

/// Public inputs that are no statement of the machine.
fn geom_statement(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ProofStatementMismatch;
    let all = (&bases.geom, Layers::ALL);
    let path = "payload.statement.public_inputs";
    let inputs = |change: &dyn Fn(&mut Vec<Value>)| {
        let Value::Array(mut items) = bases.geom.value(path) else { panic!("a list of public inputs") };
        change(&mut items);
        Value::Array(items)
    };
    let changed = [
        ("in-another-order", inputs(&|items| items.swap(7, 8))),
        ("missing", inputs(&|items| drop(items.pop()))),
        ("of-a-recorded-run", bases.typical.value(path)),
    ];
    for (name, value) in changed {
        rejects.change(code, &format!("geom-public-inputs-{name}"), all, |receipt| receipt.set(path, value.clone()));
    }
    rejects.change(code, "geom-public-input-renamed", all, |receipt| {
        receipt.set(&format!("{path}.7.name"), text("final_count"));
    });
    rejects.change(code, "geom-public-input-that-is-a-digest", all, |receipt| {
        receipt.set(&format!("{path}.7.value"), another_digest());
    });
    const P: u64 = 0xffff_ffff_0000_0001;
    for (name, at, value) in [
        ("steps-1", 0, 1),
        ("steps-2-to-the-20-and-one", 0, (1 << 20) + 1),
        ("steps-2-to-the-32-and-64", 0, (1 << 32) + 64),
        ("initial-of-p-and-1", 1, P + 1),
        ("output-of-p-and-64", 7, P + 64),
    ] {
        rejects.change(code, &format!("geom-{name}"), all, |receipt| {
            receipt.set(&format!("{path}.{at}.value"), Value::Uint(value));
        });
    }
}

fn proof_system(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ProofSystemMismatch;
    for (kind, receipt, foreign) in [("process", &bases.minimal, &bases.geom), ("geom", &bases.geom, &bases.minimal)] {
        let all = (receipt, Layers::ALL);
        for key in ["vm_id", "circuit_id"] {
            let path = format!("header.{key}");
            let name = key.replace('_', "-");
            rejects.change(code, &format!("{kind}-{name}-of-another-backend"), all, |receipt| {
                receipt.set(&path, foreign.value(&path));
            });
        }
        rejects.change(code, &format!("{kind}-backend-of-the-other"), all, |receipt| {
            receipt.set("header.backend_id", foreign.value("header.backend_id"));
        });
        for key in ["params_hash", "air_params_hash", "fri_params_hash", "program_hash", "vk_hash"] {
            let path = format!("header.proof_system.{key}");
            let name = key.replace('_', "-");
            rejects.change(code, &format!("{kind}-{name}-of-another-backend"), all, |receipt| {
                receipt.set(&path, foreign.value(&path));
            });
        }
    }
    let all = (&bases.typical, Layers::ALL);
    for (name, backend) in [("unknown", "process_v2"), ("in-capitals", "PROCESS_V1"), ("empty", "")] {
        rejects.change(code, &format!("backend-{name}"), all, |r| r.set("header.backend_id", text(backend)));
    }
    let all = (&bases.geom, Layers::ALL);
    for key in ["params_hash", "air_params_hash"] {
        let path = format!("header.proof_system.{key}");
        let name = key.replace('_', "-");
        rejects.change(code, &format!("geom-{name}-of-another-run"), all, |receipt| {
            receipt.set(&path, bases.geom_other.value(&path));
        });
    }
    let path = "header.proof_system.fri_params_hash";
    rejects.change(code, "geom-fri-params-hash-of-another-set", all, |receipt| {
        receipt.set(path, bases.geom_128.value(path));
    });
    rejects.change(code, "geom-proof-of-another-system", all, |receipt| {
        receipt.set("payload.proof.system", text("rv32im_v1"));
    });
    for (name, set) in [("weaker", "stark-80"), ("in-capitals", "STARK-100")] {
        rejects.change(code, &format!("geom-parameter-set-{name}"), all, |receipt| {
            receipt.set("payload.proof.parameter_set", text(set));
        });
    }
    let stale = (&bases.geom, Layers::ALL.without(Layer::ProofSystem));
    rejects.change(code, "geom-parameter-set-relabelled", stale, |receipt| {
        receipt.set_item("payload.proof.parameter_set", &ParameterSet::Stark128.name().to_owned());
    });
}

fn levels(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::VerificationProfileUnsatisfied;
    for level in ["policy-enforced", "full"] {
        let options = format!("{{\"level\":\"{level}\"}}");
        for (kind, receipt) in [("process", &bases.typical), ("geom", &bases.geom)] {
            rejects.add_with(code, &format!("{kind}-{level}"), receipt.bytes(), &options);
        }
    }
}
