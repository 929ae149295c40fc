//! WebAssembly binding of the verifier core for action logs and capability tokens: what somebody did, and what somebody may do.
//!
//! A module of its own, so that whoever checks receipts does not download it. What receipts are worth as proofs of a log's obligations, the
//! other module says.

#[path = "../../src/json.rs"]
mod json;

use verifier_core::{
    Digest, capability,
    pcap::{
        self,
        obligation::{Evidence, Resolution},
    },
};
use wasm_bindgen::prelude::*;

/// Checks an action log and returns the report as an object. `evidence` is a list of what the other module's `evidence` gives.
///
/// # Errors
/// A JavaScript `Error` when the options or the evidence cannot be read. A refused log is no error: its report says so.
#[wasm_bindgen]
pub fn verify_log(
    bytes: &[u8],
    #[wasm_bindgen(unchecked_param_type = "object | undefined")] options: JsValue,
    #[wasm_bindgen(unchecked_param_type = "object[]")] evidence: JsValue,
) -> Result<JsValue, JsError> {
    let evidence = Evidence::list_from_json(&json::text(&evidence)?.unwrap_or_else(|| "[]".into()))?;
    json::object(&pcap::verify_log(bytes, log_options(&options)?, &mut |content: &Digest, subject: &Digest| {
        let found = evidence.iter().find(|evidence| evidence.content == *content);
        found.map_or(Resolution::Missing, |evidence| evidence.about(subject))
    }))
}

/// Checks a proof about an action log and returns the report as an object.
///
/// # Errors
/// A JavaScript `Error` when the options cannot be read. A refused proof is no error: its report says so.
#[wasm_bindgen]
pub fn verify_log_proof(
    proof: &str,
    #[wasm_bindgen(unchecked_optional_param_type = "object")] options: JsValue,
) -> Result<JsValue, JsError> {
    json::object(&pcap::verify_proof(proof, &log_options(&options)?))
}

/// Judges a capability token and returns the decision as an object.
///
/// # Errors
/// A JavaScript `Error` when the options cannot be read. A token that is denied is no error: its decision says so.
#[wasm_bindgen]
pub fn verify_capability(
    token: &str,
    #[wasm_bindgen(unchecked_param_type = "object")] options: JsValue,
) -> Result<JsValue, JsError> {
    let text = json::text(&options)?.unwrap_or_else(|| "{}".into());
    json::object(&capability::judge(token, &capability::Options::from_json(&text)?, &mut |_, _| false))
}

fn log_options(options: &JsValue) -> Result<pcap::Options, JsError> {
    Ok(json::text(options)?.map_or_else(|| Ok(pcap::Options::default()), |text| pcap::Options::from_json(&text))?)
}
