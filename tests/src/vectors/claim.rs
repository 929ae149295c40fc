//! Claims that are not in order, or do not say what statement, index and backend say.

use verifier_core::{Digest, ReasonCode, capsule::entry, cbor::Value};

use super::{Bases, Rejects, another_digest, record, text};
use crate::reseal::{Layer, Layers};

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    claim(bases, rejects);
    public_inputs(bases, rejects);
    index(bases, rejects);
    geom_claim(bases, rejects);
}

fn claim(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ClaimMismatch;
    let all = (&bases.typical, Layers::ALL);
    let file = |path: &str| {
        record([
            ("path", text(path)),
            ("digest", bases.typical.value("payload.claim.code.0.digest")),
            ("size", { bases.typical.value("payload.claim.code.0.size") }),
        ])
    };
    for section in ["code", "inputs", "config.files", "outputs"] {
        let path = format!("payload.claim.{section}");
        let name = section.replace('.', "-");
        let unsorted = Value::Array(vec![file("b"), file("a")]);
        rejects.change(code, &format!("claim-{name}-unsorted"), all, |receipt| receipt.set(&path, unsorted.clone()));
        let twice = Value::Array(vec![file("a"), file("a")]);
        rejects.change(code, &format!("claim-{name}-path-twice"), all, |receipt| receipt.set(&path, twice.clone()));
    }
    let variables = "payload.claim.environment.variables";
    let variable = |name: &str| record([("name", text(name)), ("value", text("1"))]);
    let lists: [(&str, [&str; 2]); 2] = [("unsorted", ["B", "A"]), ("twice", ["A", "A"])];
    for (name, names) in lists {
        let list = Value::Array(names.map(variable).into());
        rejects.change(code, &format!("claim-variables-{name}"), all, |r| r.set(variables, list.clone()));
    }
    spelling(bases, rejects);
    rejects.change(code, "claim-manifest-hash-other", all, |receipt| {
        receipt.set("payload.claim.environment.manifest_hash", another_digest());
    });
    rejects.change(code, "run-missing", all, |receipt| receipt.remove("payload.run"));
    rejects.change(code, "anchor-missing", all, |receipt| receipt.remove("header.anchor"));
    let proof = bases.geom.value("payload.proof");
    rejects.change(code, "proof-beside-a-recorded-run", all, |receipt| receipt.set("payload.proof", proof.clone()));
    rejects.change(code, "exit-missing", all, |receipt| receipt.remove("payload.claim.exit"));
    rejects.change(code, "exit-empty", all, |receipt| receipt.set("payload.claim.exit", Value::Map(Vec::new())));
    rejects.change(code, "exit-by-code-and-signal", all, |r| r.set("payload.claim.exit.signal", Value::Uint(9)));
}

/// Texts that no byte string has, and paths with detours.
fn spelling(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::CanonicalizationFailed;
    let all = (&bases.typical, Layers::ALL);
    let paths = [
        ("empty", ""),
        ("root", "/"),
        ("of-the-folder", "."),
        ("with-a-parent", "a/../b"),
        ("with-an-empty-part", "a//b"),
        ("with-a-slash-behind", "a/"),
        ("with-a-zero-byte", "a%00"),
        ("with-a-control-character", "a\u{1b}"),
        ("with-a-needless-escape", "%41"),
        ("with-a-lower-case-escape", "%e9"),
        ("with-escaped-utf-8", "%C3%A9"),
        ("with-half-an-escape", "a%"),
    ];
    for (name, path) in paths {
        rejects.change(code, &format!("claim-path-{name}"), all, |r| r.set("payload.claim.code.0.path", text(path)));
    }
    let argument = Value::Array(vec![text("%zz")]);
    rejects.change(code, "claim-argument-misspelt", all, |r| r.set("payload.claim.config.arguments", argument.clone()));
    let variable = |name: &str, value: &str| Value::Array(vec![record([("name", text(name)), ("value", text(value))])]);
    for (name, list) in [("name", variable("A%", "1")), ("value", variable("A", "%41"))] {
        let path = "payload.claim.environment.variables";
        rejects.change(code, &format!("claim-variable-{name}-misspelt"), all, |r| r.set(path, list.clone()));
    }
}

fn public_inputs(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ClaimMismatch;
    let all = (&bases.typical, Layers::ALL);
    let path = "payload.statement.public_inputs";
    for (at, name) in ["code", "inputs", "config", "environment", "outputs", "exit"].into_iter().enumerate() {
        let value = format!("{path}.{at}.value");
        let of_other = bases.other.value(&value);
        rejects.change(code, &format!("public-input-{name}-of-another-receipt"), all, |receipt| {
            receipt.set(&value, of_other.clone());
        });
    }
    let inputs = |change: &dyn Fn(&mut Vec<Value>)| {
        let Value::Array(mut items) = bases.typical.value(path) else { panic!("a list of public inputs") };
        change(&mut items);
        Value::Array(items)
    };
    let changed = [
        ("in-another-order", inputs(&|items| items.swap(0, 1))),
        ("missing", inputs(&|items| drop(items.pop()))),
        ("twice", inputs(&|items| items.push(items[0].clone()))),
        ("none", Value::Array(Vec::new())),
    ];
    for (name, value) in changed {
        rejects.change(code, &format!("public-inputs-{name}"), all, |receipt| receipt.set(path, value.clone()));
    }
    rejects.change(code, "public-input-renamed", all, |r| r.set(&format!("{path}.0.name"), text("kode")));
    rejects.change(code, "public-input-of-another-type", all, |r| r.set(&format!("{path}.0.value"), Value::Uint(0)));
    rejects.change(
        code,
        "claim-changed-under-the-statement",
        (&bases.typical, Layers::ALL.without(Layer::Inputs)),
        |r| {
            r.set("payload.claim.config.arguments.0", text("other.csv"));
        },
    );
}

/// The index of the archive and the list of manifests.
fn index(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ClaimMismatch;
    let all = (&bases.typical, Layers::ALL.without(Layer::Index).without(Layer::Archive));
    let path = "payload.artifacts";
    let index = |change: &dyn Fn(&mut Vec<Value>)| {
        let Value::Array(mut items) = bases.typical.value(path) else { panic!("an index") };
        change(&mut items);
        Value::Array(items)
    };
    let extra =
        record([("digest", Value::Bytes(vec![0xff; 32])), ("size", Value::Uint(0)), ("embedded", Value::Bool(true))]);
    let changed = [
        ("unsorted", index(&|items| items.swap(0, 1))),
        ("twice", index(&|items| items.insert(0, items[0].clone()))),
        ("lacks-one", index(&|items| drop(items.remove(1)))),
        ("empty", Value::Array(Vec::new())),
        ("has-one-more", index(&|items| items.push(extra.clone()))),
    ];
    for (name, value) in changed {
        rejects.change(code, &format!("index-{name}"), all, |receipt| receipt.set(path, value.clone()));
    }
    for (name, size) in [("0", 0), ("2-to-the-60", 1 << 60), ("2-to-the-64-less-1", u64::MAX)] {
        rejects
            .change(code, &format!("index-size-{name}"), all, |r| r.set("payload.artifacts.0.size", Value::Uint(size)));
    }
    let Value::Array(mut manifests) = bases.typical.value("payload.manifests") else { return };
    manifests.swap(0, 1);
    rejects.change(code, "manifests-unsorted", all, |receipt| {
        receipt.set("payload.manifests", Value::Array(manifests.clone()));
    });
    manifests[0] = manifests[1].clone();
    rejects.change(code, "manifest-twice", all, |r| r.set("payload.manifests", Value::Array(manifests.clone())));
}

fn geom_claim(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ClaimMismatch;
    let all = (&bases.geom, Layers::ALL);
    for (at, (section, document)) in
        [("code", "program"), ("inputs", "parameters"), ("outputs", "outputs")].into_iter().enumerate()
    {
        let path = format!("payload.claim.{section}");
        let digest = bases.geom.value(&format!("{path}.0.digest"));
        rejects.change(code, &format!("geom-{document}-changed"), all, |receipt| {
            for content in receipt
                .entries
                .values_mut()
                .filter(|content| Value::Bytes(Digest::of_content(content).as_bytes().to_vec()) == digest)
            {
                content.insert(content.len() - 1, b' ');
            }
        });
        if at > 0 {
            let of_other = bases.geom_other.value(&path);
            rejects.change(code, &format!("geom-{document}-of-another-receipt"), all, |receipt| {
                receipt.set(&path, of_other.clone());
            });
        }
    }
    rejects.change(code, "geom-arguments", all, |receipt| {
        receipt.set("payload.claim.config.arguments", Value::Array(vec![text("--fast")]));
    });
    let exit = record([("code", Value::Uint(0))]);
    rejects.change(code, "geom-exit", all, |receipt| receipt.set("payload.claim.exit", exit.clone()));
    let run = bases.typical.value("payload.run");
    rejects.change(code, "geom-run", all, |receipt| receipt.set("payload.run", run.clone()));
    let anchor = bases.typical.value("header.anchor");
    let log = bases.typical.entries[entry::EVENTS].clone();
    rejects.change(code, "geom-event-log", all, |receipt| {
        receipt.set("header.anchor", anchor.clone());
        receipt.entries.insert(entry::EVENTS.to_owned(), log.clone());
    });
}
