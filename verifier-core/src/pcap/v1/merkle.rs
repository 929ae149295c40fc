//! The tree of version 1: hexadecimal texts, joined and hashed pairwise; a text without a partner is its own.
//!
//! Leaves are not told from nodes, and a log whose last line is repeated has the root of the log without the repetition.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::digest::Digest;

/// The root over the claimed hashes; `None` for none.
pub fn root(leaves: Vec<String>) -> Option<String> {
    let mut level = leaves;
    while level.len() > 1 {
        level = level.chunks(2).map(parent).collect();
    }
    level.pop()
}

fn parent(children: &[String]) -> String {
    let text = match children {
        [left, right] => [left.as_str(), right].concat(),
        only => only.concat().repeat(2),
    };
    Digest::of_content(text.as_bytes()).to_string()
}
