//! The text that the command prints.

mod policy_draft;
mod unwritable;
mod verdict_text;
