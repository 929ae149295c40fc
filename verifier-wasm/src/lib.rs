//! WebAssembly binding of the verifier core.
//!
//! Exports the core's functions and turns their results into plain objects; decides nothing. Objects are made by the
//! host's `JSON.parse` from the core's JSON, so that `JSON.stringify` gives back the very text that the native side
//! prints, and a hostile key such as `__proto__` stays an ordinary key.

mod fixture;
use serde::Serialize;
use verifier_core::ReasonCode;
use wasm_bindgen::prelude::*;

use crate::fixture::VerifyOptions;

/// Runs the list of checks over the bytes of a receipt and returns the verdict as an object.
///
/// # Errors
/// A JavaScript `Error` when the options are not what `VerifyOptions` describes. A refused receipt is no error: its
/// verdict says `REJECTED`.
#[wasm_bindgen]
pub fn verify(
    bytes: &[u8],
    #[wasm_bindgen(unchecked_optional_param_type = "VerifyOptions")] options: JsValue,
) -> Result<JsValue, JsError> {
    to_object(&fixture::verify(bytes, &read_options(&options)?))
}

/// What a receipt says, unverified, as an object; when the bytes cannot be read as a receipt, the reason instead.
///
/// # Errors
/// None in practice: the core's JSON is always readable.
#[wasm_bindgen]
pub fn inspect(bytes: &[u8]) -> Result<JsValue, JsError> {
    match fixture::inspect(bytes) {
        Ok(inspection) => to_object(&inspection),
        Err(reason) => {
            to_object(&Unreadable { schema: "capseal/unreadable/v1", reason, detail: reason.meaning().into() })
        }
    }
}

/// The content of the artifact with this SHA-256 (64 lower-case hexadecimal digits), if the receipt carries it.
#[wasm_bindgen]
pub fn artifact(bytes: &[u8], digest: &str) -> Option<Vec<u8>> {
    fixture::artifact(bytes, digest).map(Vec::from)
}

/// The table of reason codes, by number.
///
/// # Errors
/// None in practice: the table is a constant.
#[wasm_bindgen]
pub fn reasons() -> Result<JsValue, JsError> {
    let rows: Vec<Reason> = ReasonCode::ALL.iter().map(|code| Reason::from(*code)).collect();
    to_object(&rows)
}

/// The version of this verifier.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// Why there is nothing to inspect.
#[derive(Serialize)]
struct Unreadable {
    schema: &'static str,
    reason: ReasonCode,
    detail: String,
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
    if options.is_undefined() || options.is_null() {
        return Ok(VerifyOptions::default());
    }
    let text = js_sys::JSON::stringify(options).map_err(|_| JsError::new("options: not a plain object"))?;
    let text = text.as_string().ok_or_else(|| JsError::new("options: not a plain object"))?;
    serde_json::from_str(&text).map_err(|error| JsError::new(&format!("options: {error}")))
}

fn to_object<T: Serialize>(value: &T) -> Result<JsValue, JsError> {
    let text = serde_json::to_string(value)?;
    js_sys::JSON::parse(&text).map_err(|_| JsError::new("the verifier's JSON cannot be read"))
}
