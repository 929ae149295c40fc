//! A receipt in parts, each of them open to any change.
//!
//! The capsule is a tree of CBOR values, not a record, so that a test can put there what no record holds. Paths name a place
//! in it: keys and indices, joined by dots.

use std::collections::BTreeMap;

use capseal_sealing::container::{Entry, write};
use verifier_core::{
    Limits,
    capsule::{Capsule, entry},
    cbor::{Item, Value},
    container::{Container, MEDIA_TYPE},
};

use crate::hostile::zip::Zip;

/// A receipt in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The capsule.
    pub capsule: Value,
    /// Every other entry but `mimetype`, by name.
    pub entries: BTreeMap<String, Vec<u8>>,
}

impl Receipt {
    /// Takes a receipt apart.
    ///
    /// # Panics
    /// When the bytes are not a container with a capsule in canonical CBOR.
    pub fn read(bytes: &[u8]) -> Self {
        let container = Container::parse(bytes, &Limits::DEFAULT).expect("a container");
        let entry_of = |name: &str| (name.to_owned(), container.get(name).unwrap_or_default().to_vec());
        let names = container.entries().iter().map(|entry| entry.name.as_str());
        let entries = names.filter(|name| ![entry::MIMETYPE, entry::CAPSULE].contains(name)).map(entry_of).collect();
        let capsule = container.get(entry::CAPSULE).expect("a receipt has a capsule");
        Self { capsule: Value::decode(capsule).expect("canonical CBOR"), entries }
    }

    /// The receipt's bytes.
    ///
    /// # Panics
    /// When an entry's name is none of a receipt; [`Self::zip`] writes those too.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_with(&self.capsule.encode())
    }

    /// The receipt's bytes, with these in the place of the capsule's.
    ///
    /// # Panics
    /// As [`Self::bytes`].
    pub fn bytes_with(&self, capsule: &[u8]) -> Vec<u8> {
        let entries = self.entries.iter().map(|(name, content)| Entry::bytes(name, content.as_slice()));
        let entries = entries.chain([Entry::bytes(entry::CAPSULE, capsule)]);
        write(entries, std::io::Cursor::new(Vec::new())).expect("names of a receipt").into_inner()
    }

    /// The receipt as records of a ZIP, in canonical order.
    pub fn zip(&self) -> Zip {
        let mut entries: Vec<(String, Vec<u8>)> = self.entries.clone().into_iter().collect();
        entries.push((entry::CAPSULE.to_owned(), self.capsule.encode()));
        entries.sort();
        entries.insert(0, (entry::MIMETYPE.to_owned(), MEDIA_TYPE.as_bytes().to_vec()));
        Zip::of(&entries)
    }

    /// The capsule as a record, if it is one.
    pub fn record(&self) -> Option<Capsule> {
        Capsule::from_value(self.capsule.clone()).ok()
    }

    /// The value at a path.
    pub fn at(&self, path: &str) -> Option<&Value> {
        steps(path).try_fold(&self.capsule, |value, step| match value {
            Value::Map(entries) => entries.iter().find(|(key, _)| key == step).map(|(_, value)| value),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The value at a path, to be changed.
    pub fn at_mut(&mut self, path: &str) -> Option<&mut Value> {
        steps(path).try_fold(&mut self.capsule, |value, step| match value {
            Value::Map(entries) => entries.iter_mut().find(|(key, _)| key == step).map(|(_, value)| value),
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The value at a path that is there.
    ///
    /// # Panics
    /// When it is not.
    pub fn value(&self, path: &str) -> Value {
        self.at(path).unwrap_or_else(|| panic!("there is no {path}")).clone()
    }

    /// Puts a value at a path; a key that is not there is added to its map. Nothing happens where there is no such place.
    pub fn set(&mut self, path: &str, value: Value) {
        if let Some(place) = self.at_mut(path) {
            *place = value;
            return;
        }
        let (parent, key) = parent_of(path);
        if let Some(Value::Map(entries)) = self.at_mut(parent) {
            let mut entries = std::mem::take(entries);
            entries.push((key.to_owned(), value));
            if let Some(place) = self.at_mut(parent) {
                *place = Value::map(entries);
            }
        }
    }

    /// Puts a record or list of records at a path, as [`Self::set`].
    pub fn set_item(&mut self, path: &str, item: &impl Item) {
        self.set(path, item.to_value());
    }

    /// Takes a key out of its map.
    pub fn remove(&mut self, path: &str) {
        let (parent, key) = parent_of(path);
        if let Some(Value::Map(entries)) = self.at_mut(parent) {
            entries.retain(|(name, _)| name != key);
        }
    }

    /// The items of the array at a path, to be changed.
    ///
    /// # Panics
    /// When there is no array.
    pub fn items(&mut self, path: &str) -> &mut Vec<Value> {
        match self.at_mut(path) {
            Some(Value::Array(items)) => items,
            _ => panic!("there is no array at {path}"),
        }
    }

    /// Changes the content of an entry, if it is there.
    pub fn edit(&mut self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(content) = self.entries.get_mut(name) {
            change(content);
        }
    }
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|step| !step.is_empty())
}

fn parent_of(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}
