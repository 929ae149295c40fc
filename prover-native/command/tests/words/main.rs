//! The text that the command prints.

mod policy_draft;
mod verdict_text;
