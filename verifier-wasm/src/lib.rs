//! WebAssembly binding of the verifier core.
//!
//! Exports the core's functions and turns their results into plain objects, so that `JSON.stringify` gives back the very
//! text that the native side prints; decides nothing. The objects are made by the host's `JSON.parse`: an inspection repeats keys of
//! the event log, and a hostile key such as `__proto__` must stay an ordinary key.

use std::collections::BTreeMap;

use js_sys::Uint8Array;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use verifier_core::{
    Digest, Limits, ReasonCode, Refusal, VerifyOptions, capability,
    container::Container,
    pcap::{self, obligation::Resolution},
    verify::Evidence,
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
        unchecked_optional_param_type = "{ level?: 'proof-only' | 'policy-enforced' | 'full'; expected_capsule_hash?: string; trust?: string; policy?: string; policy_inclusion?: object; at?: number; require_status?: string; samples?: object; challenge?: object; attestations?: object }"
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
    Container::check_length(length(bytes), &Limits::DEFAULT).map_err(|error| JsError::new(&error.to_string()))?;
    let plan = verifier_core::verify::plan(&bytes.to_vec(), &nonce, bits, &Limits::DEFAULT);
    parse_json(&plan.map_err(|refusal| JsError::new(&refusal.to_string()))?)
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
        Ok(inspection) => parse_json(&inspection),
        Err(refusal) => parse_json(&Unreadable::from(refusal)),
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

/// Checks an action log and returns the report as an object. `proofs` are contents that obligations may refer to.
///
/// # Errors
/// A JavaScript `Error` when the options cannot be read. A refused log is no error: its report says so.
#[wasm_bindgen]
pub fn verify_log(
    bytes: &[u8],
    #[wasm_bindgen(unchecked_param_type = "object | undefined")] options: JsValue,
    proofs: Vec<Uint8Array>,
) -> Result<JsValue, JsError> {
    let options = log_options(&options)?;
    let mut proofs = Proofs::new(&proofs);
    parse_json(&pcap::verify_log(bytes, options, &mut |content, subject| proofs.resolve(content, subject)))
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
    parse_json(&pcap::verify_proof(proof, &log_options(&options)?))
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
    let text = options_text(&options)?.unwrap_or_else(|| "{}".into());
    parse_json(&capability::judge(token, &capability::Options::from_json(&text)?, &mut |_, _| false))
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

/// Contents that obligations may refer to, and what those that were asked for are worth. Each is verified once.
struct Proofs {
    contents: BTreeMap<Digest, Vec<u8>>,
    looked_at: BTreeMap<Digest, Evidence>,
}

impl Proofs {
    fn new(contents: &[Uint8Array]) -> Self {
        let contents = contents.iter().map(Uint8Array::to_vec);
        let contents = contents.map(|content| (Digest::of_content(&content), content)).collect();
        Self { contents, looked_at: BTreeMap::new() }
    }

    fn resolve(&mut self, content: &Digest, subject: &Digest) -> Resolution {
        let Some(bytes) = self.contents.get(content) else { return Resolution::Missing };
        let evidence = self.looked_at.entry(*content);
        evidence.or_insert_with(|| Evidence::of(bytes, &Limits::DEFAULT)).about(subject)
    }
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
    exit_code: u8,
    meaning: &'static str,
}

impl From<ReasonCode> for Reason {
    fn from(code: ReasonCode) -> Self {
        Self { name: code.name(), number: code.number(), exit_code: code.exit_code().number(), meaning: code.meaning() }
    }
}

fn read_options(options: &JsValue) -> Result<VerifyOptions, JsError> {
    Ok(options_text(options)?.map_or_else(|| Ok(VerifyOptions::default()), |text| VerifyOptions::from_json(&text))?)
}

fn log_options(options: &JsValue) -> Result<pcap::Options, JsError> {
    Ok(options_text(options)?.map_or_else(|| Ok(pcap::Options::default()), |text| pcap::Options::from_json(&text))?)
}

/// Goes through text: reading options key by key would pass over a key that is unknown.
fn options_text(options: &JsValue) -> Result<Option<String>, JsError> {
    if options.is_undefined() || options.is_null() {
        return Ok(None);
    }
    let text = js_sys::JSON::stringify(options).ok().and_then(|text| text.as_string());
    text.map(Some).ok_or_else(|| JsError::new("the options cannot be read: not a plain object"))
}

/// Plain objects with fixed keys, `null` for what is absent.
const OBJECTS: Serializer = Serializer::json_compatible();

fn parse_json<T: Serialize>(value: &T) -> Result<JsValue, JsError> {
    let text = serde_json::to_string(value)?;
    js_sys::JSON::parse(&text).map_err(|_| JsError::new("the verifier's JSON cannot be read"))
}
