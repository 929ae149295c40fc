//! Environment variables that a run may have used and its record lacks (spec: `docs/spec/replay.md`, "Obstacles").
//!
//! Nobody sees a program read its environment. But a script that reads a variable names it, so the names of the variables that are not
//! recorded are looked for in the command and in the run's own code. No other name enters the record: it may tell something.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use capseal_host::artifacts::{Artifact, ArtifactStore};

use super::{FileRecord, Obstacle, Request, Role};

/// Code beyond this length is not searched, in bytes, all files together.
const MOST_CODE: u64 = 64 << 20;

/// What a replay has of its own, and what follows from how a program is started.
const NOT_LACKING: [&str; 8] = ["PATH", "HOME", "LANG", "TZ", "PWD", "OLDPWD", "SHLVL", "_"];

/// The obstacle, if there is one.
pub(super) fn obstacle(
    request: &Request,
    words: &[String],
    files: &[FileRecord],
    store: &ArtifactStore,
) -> Option<Obstacle> {
    let lacking = lacking(request);
    let mut named = BTreeSet::new();
    let mut look = |text: &[u8]| named.extend(words_of(text).filter_map(|word| lacking.get(word).copied()));
    words.iter().for_each(|word| look(word.as_bytes()));
    let mut left = MOST_CODE;
    for code in files.iter().filter(|file| file.role == Role::Code) {
        let Some(next) = left.checked_sub(code.content.size) else { continue };
        left = next;
        look(&content(store, &code.content).unwrap_or_default());
    }
    let names: Vec<_> = named.into_iter().collect();
    let (them, were) = if names.len() == 1 { ("variable", "is") } else { ("variables", "are") };
    let names = (!names.is_empty()).then(|| names.join(", "))?;
    Some(Obstacle::possible(format!("the environment {them} {names}, which its code names, {were} not recorded")))
}

/// The variables of the run that its replay will not have, by their bytes.
fn lacking(request: &Request) -> BTreeMap<&[u8], &str> {
    let names = request.environment.iter().filter_map(|(name, _)| name.to_str());
    let lacking = names.filter(|name| {
        let recorded = request.recorded_env.iter().any(|recorded| recorded == name);
        !recorded && !NOT_LACKING.contains(name) && !name.starts_with("LC_")
    });
    lacking.map(|name| (name.as_bytes(), name)).collect()
}

/// What may be a variable's name in a text or a compiled program.
fn words_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').filter(|word| !word.is_empty())
}

fn content(store: &ArtifactStore, code: &Artifact) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    store.open(&code.digest)?.read_to_end(&mut content).ok()?;
    Some(content)
}
