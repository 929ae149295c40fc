//! WebAssembly binding of the verifier core for receipts.
//!
//! Exports the core's functions and turns their results into plain objects, so that `JSON.stringify` gives back the very
//! text that the native side prints; decides nothing. Verdicts are made by serde-wasm-bindgen. Inspections go through the host's
//! `JSON.parse`: they repeat keys of the event log, and a hostile key such as `__proto__` must stay an ordinary key.

mod json;

use js_sys::Uint8Array;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use verifier_core::{
    Digest, Limits, ReasonCode, Refusal, VerifyOptions,
    container::Container,
    relay::read_list,
    verify::{Draw, plan_of},
};
use wasm_bindgen::prelude::*;

/// Runs the list of checks over the bytes of a receipt and returns the verdict as an object.
///
/// # Errors
/// A JavaScript `Error` when the options, or the trust file in them, cannot be read. A refused receipt is no error: its verdict
/// says `REJECTED`.
#[wasm_bindgen]
pub fn verify(
    bytes: &Uint8Array,
    #[wasm_bindgen(
        unchecked_optional_param_type = "{ level?: 'proof-only' | 'policy-enforced' | 'full'; expected_capsule_hash?: string; trust?: string; policy?: string; policy_inclusion?: object; at?: number; require_status?: string; require_exit?: number; samples?: object; challenge?: object; attestations?: object }"
    )]
    options: JsValue,
) -> Result<JsValue, JsError> {
    let options = read_options(&options)?;
    let verdict = verifier_core::refuse_length(length(bytes), &options)
        .unwrap_or_else(|| verifier_core::verify(&bytes.to_vec(), &options));
    Ok(verdict.serialize(&OBJECTS)?)
}

/// Which rows to ask a provider for, as an object; null when the receipt carries its whole archive. `nonce` is 64 lower-case hexadecimal
/// digits, drawn anew for each audit. The receipt is not judged.
///
/// # Errors
/// A JavaScript `Error` when the nonce is of another form, or the receipt cannot be read.
#[wasm_bindgen]
pub fn sample_plan(bytes: &Uint8Array, nonce: &str, bits: u32) -> Result<JsValue, JsError> {
    let nonce = Digest::from_hex(nonce).ok_or_else(|| JsError::new("the nonce is not 64 hexadecimal digits"))?;
    let plan = verifier_core::verify::plan(&whole(bytes)?, &nonce, bits, &Limits::DEFAULT);
    json::object(&plan.map_err(|refusal| JsError::new(&refusal.to_string()))?)
}

/// Which rows a relay's challenge calls for, as [`sample_plan`] says it. The challenge's signature holds; whether the relay is trusted, and
/// whether this is the receipt's challenge, is judged with the answers.
///
/// # Errors
/// A JavaScript `Error` when the challenge is none, or the receipt cannot be read.
#[wasm_bindgen]
pub fn challenge_plan(bytes: &Uint8Array, challenge: &[u8]) -> Result<JsValue, JsError> {
    let bytes = whole(bytes)?;
    let plan = Draw::of_challenge(challenge).and_then(|draw| plan_of(&bytes, &draw, &Limits::DEFAULT));
    json::object(&plan.map_err(|refusal| JsError::new(&refusal.to_string()))?)
}

/// The messages of a relay's list of attestations, unjudged.
///
/// # Errors
/// A JavaScript `Error` when it is no such list.
#[wasm_bindgen]
pub fn attestation_list(bytes: &[u8]) -> Result<Vec<Uint8Array>, JsError> {
    let messages = read_list(bytes).map_err(|error| JsError::new(&error.to_string()))?;
    Ok(messages.iter().map(|message| Uint8Array::from(message.as_slice())).collect())
}

/// What a receipt says, unverified, as an object; when the bytes cannot be read as a receipt, the reason instead.
///
/// # Errors
/// None in practice: the core's JSON is always readable.
#[wasm_bindgen]
pub fn inspect(bytes: &Uint8Array) -> Result<JsValue, JsError> {
    let inspection = Container::check_length(length(bytes), &Limits::DEFAULT)
        .map_err(|error| Refusal::new(error.code(), error))
        .and_then(|()| verifier_core::inspect(&bytes.to_vec(), &Limits::DEFAULT));
    match inspection {
        Ok(inspection) => json::object(&inspection),
        Err(refusal) => json::object(&Unreadable::from(refusal)),
    }
}

/// The content of the artifact with this SHA-256 (64 lower-case hexadecimal digits), if the receipt carries it.
#[wasm_bindgen]
pub fn artifact(bytes: &Uint8Array, digest: &str) -> Option<Vec<u8>> {
    Container::check_length(length(bytes), &Limits::DEFAULT).ok()?;
    verifier_core::artifact(&bytes.to_vec(), &Digest::from_hex(digest)?, &Limits::DEFAULT).map(<[u8]>::to_vec)
}

/// Proof that a line is in the event log that the receipt carries, as text that `verify_log_proof` checks.
#[wasm_bindgen]
pub fn entry_proof(bytes: &Uint8Array, index: u32) -> Option<String> {
    Container::check_length(length(bytes), &Limits::DEFAULT).ok()?;
    verifier_core::entry_proof(&bytes.to_vec(), index.into(), &Limits::DEFAULT).map(|proof| proof.to_json())
}

/// What a content that an obligation of an action log refers to is worth, as an object that the module for logs takes.
///
/// # Errors
/// A JavaScript `Error` when the content is longer than a receipt may be.
#[wasm_bindgen]
pub fn evidence(bytes: &Uint8Array) -> Result<JsValue, JsError> {
    json::object(&verifier_core::verify::evidence(&whole(bytes)?, &Limits::DEFAULT))
}

/// The table of reason codes, by number.
///
/// # Errors
/// None in practice: the table is a constant.
#[wasm_bindgen]
pub fn reasons() -> Result<JsValue, JsError> {
    let rows: Vec<Reason> = ReasonCode::ALL.iter().copied().map(Reason::from).collect();
    Ok(rows.serialize(&OBJECTS)?)
}

/// The version of this verifier.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// The bytes, copied unless they are more than a receipt may have.
fn whole(bytes: &Uint8Array) -> Result<Vec<u8>, JsError> {
    Container::check_length(length(bytes), &Limits::DEFAULT).map_err(|error| JsError::new(&error.to_string()))?;
    Ok(bytes.to_vec())
}

/// Known before the bytes are copied into this instance's memory.
fn length(bytes: &Uint8Array) -> usize {
    bytes.length() as usize
}

/// Why there is nothing to inspect.
#[derive(Serialize)]
struct Unreadable {
    schema: &'static str,
    reason: ReasonCode,
    detail: String,
}

impl From<Refusal> for Unreadable {
    fn from(Refusal { code, detail }: Refusal) -> Self {
        Self { schema: "capseal/unreadable/v1", reason: code, detail }
    }
}

/// A row of the table of reason codes.
#[derive(Serialize)]
struct Reason {
    name: &'static str,
    number: u16,
    verifier_exit_status: u8,
    meaning: &'static str,
}

impl From<ReasonCode> for Reason {
    fn from(code: ReasonCode) -> Self {
        Self {
            name: code.name(),
            number: code.number(),
            verifier_exit_status: code.exit_code().number(),
            meaning: code.meaning(),
        }
    }
}

fn read_options(options: &JsValue) -> Result<VerifyOptions, JsError> {
    Ok(json::text(options)?.map_or_else(|| Ok(VerifyOptions::default()), |text| VerifyOptions::from_json(&text))?)
}

/// Plain objects with fixed keys, `null` for what is absent.
const OBJECTS: Serializer = Serializer::json_compatible();
