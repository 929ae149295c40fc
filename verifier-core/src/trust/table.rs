//! A table of the trust file, read without serde: its derived readers of TOML were a tenth of the verifier as wasm.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use toml::de::{DeTable, DeValue};

use super::{TrustError, file::wrong};

/// A table and where it stands.
pub(super) struct Table {
    place: String,
    fields: Vec<(String, Found)>,
}

/// What a trust file is made of.
enum Found {
    Text(String),
    Array(Vec<Self>),
    Table(Vec<(String, Self)>),
    /// Numbers, truth values and times: no key has one.
    Other,
}

impl Table {
    /// The whole file.
    pub(super) fn parse(text: &str) -> Result<Self, TrustError> {
        let table = DeTable::parse(text).map_err(|error| TrustError(error.to_string().trim_end().into()))?;
        Ok(Self { place: String::new(), fields: fields(table.into_inner()) })
    }

    /// Refuses a key that is not one of these.
    pub(super) fn has_only(&self, keys: &[&str]) -> Result<(), TrustError> {
        match self.fields.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            Some((key, _)) => Err(wrong(&self.at(key), "no such key")),
            None => Ok(()),
        }
    }

    fn take(&mut self, key: &str) -> Option<Found> {
        let at = self.fields.iter().position(|(name, _)| name == key)?;
        Some(self.fields.swap_remove(at).1)
    }

    fn at(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) }
    }

    pub(super) fn text(&mut self, key: &str) -> Result<String, TrustError> {
        self.optional_text(key)?.ok_or_else(|| wrong(&self.at(key), "a text; the key is missing"))
    }

    pub(super) fn optional_text(&mut self, key: &str) -> Result<Option<String>, TrustError> {
        self.take(key).map(|found| text(found, || self.at(key))).transpose()
    }

    pub(super) fn texts(&mut self, key: &str) -> Result<Vec<String>, TrustError> {
        self.optional_texts(key)?.ok_or_else(|| wrong(&self.at(key), "texts; the key is missing"))
    }

    pub(super) fn optional_texts(&mut self, key: &str) -> Result<Option<Vec<String>>, TrustError> {
        let Some(found) = self.take(key) else { return Ok(None) };
        let Found::Array(items) = found else { return Err(wrong(&self.at(key), "an array of texts")) };
        let items = items.into_iter().enumerate();
        items.map(|(at, item)| text(item, || format!("{}[{at}]", self.at(key)))).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn table(&mut self, key: &str) -> Result<Option<Self>, TrustError> {
        self.take(key).map(|found| table(found, self.at(key))).transpose()
    }

    pub(super) fn tables(&mut self, key: &str) -> Result<Vec<Self>, TrustError> {
        let Some(found) = self.take(key) else { return Ok(Vec::new()) };
        let Found::Array(items) = found else { return Err(wrong(&self.at(key), "an array of tables")) };
        items.into_iter().enumerate().map(|(at, item)| table(item, format!("{}[{at}]", self.at(key)))).collect()
    }
}

fn text(found: Found, place: impl FnOnce() -> String) -> Result<String, TrustError> {
    match found {
        Found::Text(text) => Ok(text),
        _ => Err(wrong(&place(), "a text")),
    }
}

fn table(found: Found, place: String) -> Result<Table, TrustError> {
    match found {
        Found::Table(fields) => Ok(Table { place, fields }),
        _ => Err(wrong(&place, "a table")),
    }
}

fn fields(table: DeTable<'_>) -> Vec<(String, Found)> {
    table.into_iter().map(|(key, value)| (key.into_inner().into_owned(), found(value.into_inner()))).collect()
}

/// The parser bounds the depth.
fn found(value: DeValue<'_>) -> Found {
    match value {
        DeValue::String(text) => Found::Text(text.into_owned()),
        DeValue::Array(items) => Found::Array(items.into_iter().map(|item| found(item.into_inner())).collect()),
        DeValue::Table(table) => Found::Table(fields(table)),
        _ => Found::Other,
    }
}
