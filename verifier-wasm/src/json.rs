//! Plain values between JavaScript and the core, through the host's JSON: options so that no key is passed over, answers so that a
//! hostile key such as `__proto__` stays an ordinary key.

use serde::Serialize;
use wasm_bindgen::prelude::*;

/// The text of a plain value; `None` when there is none.
///
/// # Errors
/// When it is not a plain value.
pub(crate) fn text(value: &JsValue) -> Result<Option<String>, JsError> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    let text = js_sys::JSON::stringify(value).ok().and_then(|text| text.as_string());
    text.map(Some).ok_or_else(|| JsError::new("the options cannot be read: not a plain object"))
}

/// The value as a plain object.
///
/// # Errors
/// None in practice: the core's JSON is always readable.
pub(crate) fn object<T: Serialize>(value: &T) -> Result<JsValue, JsError> {
    let text = serde_json::to_string(value)?;
    js_sys::JSON::parse(&text).map_err(|_| JsError::new("the verifier's JSON cannot be read"))
}
