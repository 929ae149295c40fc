//! Drafts of policies, and rules in words.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use verifier_core::{
    ClaimClass, Inspection,
    pcap::obligation::Requirement,
    policy::{Rule, SCHEMA},
    sentence::Counted,
};

/// A policy that allows what one run was, and nothing else. `passed` are the checks that its log records as passed: it requires them of
/// whatever subject the next log is about.
pub fn draft(inspection: &Inspection, security_bits: Option<u32>, passed: &[Requirement], id: &str) -> String {
    let digests = |files: &[verifier_core::capsule::FileRef]| -> Vec<String> {
        let digests: BTreeSet<String> = files.iter().map(|file| file.digest.to_string()).collect();
        digests.into_iter().collect()
    };
    let mut rules = Map::new();
    let mut rule = |name: &str, value: Value| {
        rules.insert(name.to_owned(), value);
    };
    rule("backends", json!([inspection.backend]));
    rule("require_claim", json!(inspection.claim_class.unwrap_or(ClaimClass::Witnessed)));
    rule("programs", json!(digests(&inspection.claim.code)));
    rule("inputs", json!(digests(&inspection.claim.inputs)));
    let names: Vec<&str> = inspection.claim.environment.iter().map(|variable| variable.name.as_str()).collect();
    rule("environment", json!(names));
    let manifests: Vec<&str> = inspection.manifests.iter().map(|manifest| manifest.name.as_str()).collect();
    rule("manifests", json!(manifests));
    if let Some(bits) = security_bits {
        rule("min_security_bits", json!(bits));
    }
    if let Some(code) = inspection.exit.as_ref().and_then(|exit| exit.code) {
        rule("exit_codes", json!([code]));
    }
    if let Some(capture) = &inspection.capture {
        rule("capture", json!([capture]));
    }
    if let Some(notes) = &inspection.notes {
        rule("capture_notes", json!(notes));
    }
    if !passed.is_empty() {
        rule("obligations", passed.iter().map(required).collect());
    }
    if inspection.claim.code.is_empty() {
        // A rule over no code never holds.
        rules.remove("programs");
    }
    let document = json!({
        "schema": SCHEMA,
        "policy_id": id,
        "policy_version": "1",
        "tracks": [{ "track_id": "main", "rules": rules }],
    });
    format!("{document:#}\n")
}

fn required(Requirement { policy_id, invariant_id, level, .. }: &Requirement) -> Value {
    json!({ "policy_id": policy_id, "invariant_id": invariant_id, "level": level.name() })
}

/// A rule in words.
pub fn sentence(rule: &Rule) -> String {
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let names = |names: &BTreeSet<String>| list(names.iter().map(|name| format!("{name:?}")).collect());
    match rule {
        Rule::Backends(allowed) => format!("the backend is one of {}", names(allowed)),
        Rule::RequireClaim(class) => format!("the claim is {} or better", class.name()),
        Rule::MinSecurityBits(bits) => format!("there is a proof of at least {}", Counted(*bits, "bit")),
        Rule::Programs(allowed) => {
            format!("there is code, and all of it is among {}", Counted(allowed.len() as u64, "listed file"))
        }
        Rule::Inputs(allowed) => format!("all inputs are among {}", Counted(allowed.len() as u64, "listed file")),
        Rule::RequiredPublicOutputs(required) => format!("there are outputs of the names {}", names(required)),
        Rule::ExitCodes(allowed) => {
            format!("the exit code is one of {}", list(allowed.iter().map(u64::to_string).collect()))
        }
        Rule::Capture(allowed) => format!("the capture is one of {}", names(allowed)),
        Rule::CaptureNotes(allowed) => format!("the capture notes nothing about itself but {}", names(allowed)),
        Rule::MaxAgeSeconds(seconds) => {
            format!("the run started at most {} before it is verified", Counted(*seconds, "second"))
        }
        Rule::Environment(allowed) => format!("no other variables are recorded than {}", names(allowed)),
        Rule::ForbidNetwork => "no process used the network".to_owned(),
        Rule::Manifests(required) => format!("there are manifests of the names {}", names(required)),
        Rule::ForbidGpu => "the machine had no GPU".to_owned(),
        Rule::ImageDigests(allowed) => format!("the container image is one of {}", names(allowed)),
        Rule::RequireDeterministicBuild => "the build was deterministic".to_owned(),
        Rule::Obligations(required) => {
            format!("recorded as passed, with proof: {}", Counted(required.len() as u64, "check"))
        }
        Rule::Signers { allowed, threshold } => {
            format!("signatures of {threshold} of {}", Counted(allowed.len() as u64, "listed key"))
        }
    }
}
