//! How runs ended, and what their captures noted: a program that failed is told apart from one that succeeded, at every level.

use serde_json::{Value as Json, json};
use verifier_core::{
    Digest, ReasonCode,
    capsule::{ManifestRef, entry},
    cbor::Value,
};

use super::{Bases, Rejects, Vector};
use crate::{
    governed::{Governed, Verifier},
    receipt::Receipt,
    reseal::Layers,
};

/// Every note that this version knows.
const NOTES: [&str; 8] = [
    "foreign_architecture",
    "hidden_process",
    "io_uring",
    "left_behind_ended",
    "network",
    "no_new_privileges",
    "output_cut",
    "stdin_not_kept",
];

/// Receipts that are accepted.
pub(super) fn accepted(bases: &Bases) -> Vec<Vector> {
    let vector = |name: &str, receipt: &Receipt, options: Option<Json>| Vector {
        path: format!("accept/{name}"),
        bytes: receipt.bytes(),
        options: options.map(|options| format!("{options}\n")),
    };
    let with = |notes: Json| noted(&bases.minimal, notes, "");
    let allowed = json!({ "exit_codes": [0], "capture_notes": ["network", "something_new_2"] });
    let governed = Governed::by(&allowed);
    let document = governed.policy.clone().unwrap_or_default();
    let sealed = governed.seal(&with(json!(["something_new_2"])));
    let pinned = Verifier::pinning(&document).and("require_exit", json!(0));
    vec![
        vector("notes-every", &with(json!(NOTES)), None),
        vector("notes-none", &with(json!([])), None),
        vector("notes-of-a-later-version", &with(json!(["network", "something_new_2"])), None),
        vector("notes-in-a-long-manifest", &noted(&bases.minimal, json!(["network"]), &"x".repeat(16 << 10)), None),
        vector("notes-misspelt", &with(json!(["network", "Something new"])), None),
        vector("exit-as-required", &bases.typical, Some(json!({ "require_exit": 0 }))),
        vector("exit-as-required-of-a-guest", &bases.rv32im, Some(json!({ "require_exit": 7 }))),
        Vector {
            path: "accept/policy-enforced-notes-and-exit".to_owned(),
            bytes: sealed.bytes(),
            options: Some(format!("{}\n", pinned.options())),
        },
    ]
}

/// The receipt with a manifest of its capture that has these notes.
fn noted(receipt: &Receipt, notes: Json, mechanism: &str) -> Receipt {
    let manifest = json!({ "mechanism": mechanism, "mode": "observed", "notes": notes });
    let content = format!("{manifest:#}\n").into_bytes();
    let reference = ManifestRef { name: "capture".to_owned(), digest: Digest::of_content(&content) };
    receipt.changed(Layers::ALL, |receipt| {
        receipt.set_item("payload.manifests", &vec![reference.clone()]);
        receipt.entries.insert(entry::manifest("capture"), content.clone());
    })
}

pub(super) fn add(bases: &Bases, rejects: &mut Rejects) {
    let code = ReasonCode::ExitNotAsRequired;
    let zero = "{\"require_exit\":0}";
    for (name, receipt) in [
        ("of-a-process-that-failed", &bases.failed),
        ("of-a-process-that-a-signal-ended", &bases.signal),
        ("of-a-guest-that-failed", &bases.rv32im),
        ("of-a-machine-without-exit", &bases.geom),
        ("of-a-log", &bases.log),
    ] {
        rejects.add_with(code, &format!("exit-{name}"), receipt.bytes(), zero);
    }
    rejects.add_with(code, "exit-0-where-3-is-required", bases.typical.bytes(), "{\"require_exit\":3}");
    // Under rules that hold, and before the status is asked for.
    let governed = Governed::by(&json!({ "backends": ["process_v1"] }));
    let verifier = Verifier::default().and("require_exit", json!(0)).and("require_status", json!("POLICY_ENFORCED"));
    rejects.governed(code, "exit-under-rules-that-hold", &governed.seal(&bases.failed), &verifier);
    // A rule of the policy comes first.
    let governed = Governed::by(&json!({ "exit_codes": [0] }));
    let verifier = Verifier::default().and("require_exit", json!(0));
    rejects.governed(
        ReasonCode::PolicyExitNotAllowed,
        "exit-both-by-rule-and-as-required",
        &governed.seal(&bases.failed),
        &verifier,
    );
    for (name, bits) in [("claim-exit-of-33-bits", 32), ("claim-exit-2-to-the-60", 60)] {
        rejects.change(ReasonCode::ClaimMismatch, name, (&bases.minimal, Layers::ALL), |receipt| {
            receipt.set("payload.claim.exit.code", Value::Uint(1 << bits));
        });
    }
}
