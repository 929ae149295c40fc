//! The truth table: who signed, under which policy, with which registry and which list of signers, and what comes of it.
//!
//! What is expected is told here by itself, from the order of the checks alone; every row is a receipt with options, verified
//! natively, in Node and in a browser. `docs/spec/truth-table.md` is written from it.

use std::fmt::Write as _;

use serde_json::json;
use verifier_core::{Digest, ReasonCode, Status, capsule::entry, signature::Purpose};

use crate::{
    governed::{Governed, Verifier, key_id, policy, test_key},
    receipt::Receipt,
};

/// What the authors' signature is.
pub const SIGNATURES: [&str; 7] = ["absent", "bad", "foreign", "revoked", "expired", "wrong purpose", "right"];
/// What the policy is.
pub const POLICIES: [&str; 4] = ["absent", "wrong hash", "rule fails", "passes"];
/// What the registry is.
pub const REGISTRIES: [&str; 4] = ["absent", "unpinned", "mismatched", "pinned"];
/// What the list of those who may seal under the policy is.
pub const LISTS: [&str; 3] = ["absent", "excludes", "includes"];

/// What the verifier requires of the exit code, which is 0: nothing, that it is, or that it is another one.
pub const EXITS: [&str; 3] = ["not asked", "as it is", "another"];

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// One of [`SIGNATURES`].
    pub signature: &'static str,
    /// One of [`POLICIES`].
    pub policy: &'static str,
    /// One of [`REGISTRIES`].
    pub registry: &'static str,
    /// One of [`LISTS`].
    pub list: &'static str,
    /// One of [`EXITS`].
    pub exit: &'static str,
}

/// Every row.
pub fn rows() -> Vec<Row> {
    lines().flat_map(cells).collect()
}

/// The page's lines: what an author signed, the registry, who may seal, and the exit code that is required. That is asked last: it is
/// varied where nothing else is wrong, where the list of signers is, and where the level is out of reach.
fn lines() -> impl Iterator<Item = [&'static str; 4]> {
    let all = SIGNATURES.into_iter().flat_map(|signature| {
        REGISTRIES.into_iter().flat_map(move |registry| LISTS.map(|list| [signature, registry, list]))
    });
    all.flat_map(|line| {
        let varied = matches!(line, ["absent", "absent", "absent"] | ["right", "pinned", "excludes" | "includes"]);
        let [signature, registry, list] = line;
        EXITS.into_iter().take(if varied { EXITS.len() } else { 1 }).map(move |exit| [signature, registry, list, exit])
    })
}

/// A line's cells, by policy.
fn cells([signature, registry, list, exit]: [&'static str; 4]) -> [Row; 4] {
    POLICIES.map(|policy| Row { signature, policy, registry, list, exit })
}

impl Row {
    /// A name for files.
    pub fn name(&self) -> String {
        let Self { signature, policy, registry, list, exit } = self;
        format!("signature-{signature}_policy-{policy}_registry-{registry}_list-{list}_exit-{exit}").replace(' ', "-")
    }

    /// What must come of it, and why.
    pub fn expected(&self) -> (Status, Option<ReasonCode>) {
        match self.refusal() {
            Some(code) => (Status::Rejected, Some(code)),
            None => (Status::PolicyEnforced, None),
        }
    }

    /// The first thing that is wrong, in the order of the checks.
    fn refusal(&self) -> Option<ReasonCode> {
        let signature = match self.signature {
            "bad" => return Some(ReasonCode::SignatureInvalid),
            "absent" => Some(ReasonCode::SignatureMissing),
            "foreign" => Some(ReasonCode::SignerNotAuthorized),
            "revoked" => Some(ReasonCode::SignerRevoked),
            "expired" => Some(ReasonCode::SignerNotValid),
            "wrong purpose" => Some(ReasonCode::SignerPurposeWrong),
            _ => None,
        };
        let registry = match self.registry {
            "absent" => Some(ReasonCode::VerificationProfileUnsatisfied),
            "unpinned" | "mismatched" => Some(ReasonCode::ManifestRegistryMismatch),
            _ => None,
        };
        // A receipt that names no policy has no list.
        let list = (self.list != "includes" && self.policy != "absent").then_some(ReasonCode::SignerNotAuthorized);
        let policy = match self.policy {
            "absent" => Some(ReasonCode::PolicyIdMissing),
            "wrong hash" => Some(ReasonCode::PolicyHashMismatch),
            "rule fails" => Some(ReasonCode::PolicyExitNotAllowed),
            _ => None,
        };
        let exit = (self.exit == "another").then_some(ReasonCode::ExitNotAsRequired);
        registry.or(signature).or(list).or(policy).or(exit)
    }

    /// The receipt.
    pub fn receipt(&self, minimal: &Receipt) -> Receipt {
        let authors = match self.signature {
            "absent" => vec![],
            "foreign" => vec!["stranger"],
            "revoked" => vec!["revoked"],
            "expired" => vec!["expired"],
            "wrong purpose" => vec!["only-manifests"],
            _ => vec!["author"],
        };
        let document = (self.policy != "absent").then(|| self.document());
        let mut receipt = Governed { authors, policy: document, ..Governed::default() }.seal(minimal);
        if self.signature == "bad" {
            let name = entry::signature(Purpose::Authorship, &test_key("author").public());
            receipt.edit(&name, |cose| cose[100] ^= 1);
        }
        receipt
    }

    fn document(&self) -> String {
        policy(&json!({ "exit_codes": [if self.policy == "rule fails" { 1 } else { 0 }] }))
    }

    /// The options.
    pub fn options(&self) -> String {
        let pinned = if self.policy == "wrong hash" { policy(&json!({ "exit_codes": [7] })) } else { self.document() };
        let mut verifier = Verifier::pinning(&pinned);
        if let Some(trust) = &mut verifier.trust {
            match self.registry {
                "absent" => (trust.listed, trust.pin) = (None, None),
                "unpinned" => trust.pin = None,
                "mismatched" => trust.pin = Some(Digest::of_content(b"another registry")),
                _ => {}
            }
            match self.list {
                "absent" => trust.policies.clear(),
                "excludes" => trust.policies[0].signers = vec![key_id("second")],
                _ => {}
            }
        }
        match self.exit {
            "as it is" => verifier.and("require_exit", json!(0)).options(),
            "another" => verifier.and("require_exit", json!(1)).options(),
            _ => verifier.options(),
        }
    }
}

/// The page.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    for line in lines() {
        let _ = write!(page, "| {} |", line.join(" | "));
        for row in cells(line) {
            let (status, code) = row.expected();
            let _ = write!(page, " {} |", code.map_or(status.name(), |code| &code.name()[..4]));
        }
        page.push('\n');
    }
    page
}

const HEAD: &str = "\
<!-- Written by .ci/generate. -->
# Truth table

What `policy-enforced` comes to, for a receipt whose manifests a trusted key signed, under a policy whose document the trust file pins.
Column 4 is the exit code that the verifier requires (`require_exit`) of a program that ended with 0: it is asked last, so that lines which fail
before that are listed without. Columns 5 to 8 are the policy: not named by the receipt; another document than the one pinned; one whose rule fails; one whose rules hold. A code
means `REJECTED` with it ([reasons](reasons.md)). `tests/tests/truth_table.rs` and `.ci/parity` check every cell, natively, in Node and in
Chromium.

| author's signature | registry | may seal | exit required | policy absent | wrong hash | rule fails | passes |
| --- | --- | --- | --- | --- | --- | --- | --- |
";
