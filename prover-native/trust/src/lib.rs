//! Whom and what a verifier trusts, from the side that makes it: keys, capability tokens, trust files, drafts of policies.

pub mod capability;
pub mod keys;
pub mod policy_draft;
pub mod trust_file;
