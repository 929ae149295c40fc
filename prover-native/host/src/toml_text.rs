//! Texts of TOML, for the files that this program writes.

use std::fmt::{Display, Write as _};

/// A basic string. Control characters are escaped as TOML has it, which Rust's own escapes are not.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// An array of strings on one line.
pub fn list(items: &[impl Display]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(&item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

/// An array with a line for each item, which is written already.
pub fn lines(items: impl IntoIterator<Item = String>) -> String {
    let items: String = items.into_iter().map(|item| format!("\n  {item},")).collect();
    if items.is_empty() { "[]".to_owned() } else { format!("[{items}\n]") }
}
