//! Prints the verdict lines of a folder, made natively; `tests/parity` makes the same ones in Node and in a browser.
//!
//! A line is `<path below the folder>\t<verdict JSON>`, in the order of the paths' bytes. `run.options.json` beside
//! `run.cap` holds the options; options that cannot be read print `{"error":"USAGE"}`.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use verifier_core::{
    VerifyOptions,
    capability::{Options, judge},
    verify,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map(PathBuf::from).ok_or("usage: verdicts FOLDER")?;
    let mut receipts = Vec::new();
    list(&folder, &mut receipts)?;
    let mut names = receipts
        .iter()
        .map(|path| Ok(path.strip_prefix(&folder)?.to_str().ok_or("a path is not UTF-8")?.to_owned()))
        .collect::<Result<Vec<String>, Box<dyn Error>>>()?;
    names.sort_unstable();
    let mut out = io::stdout().lock();
    for name in names {
        writeln!(out, "{name}\t{}", answer(&folder.join(&name))?)?;
    }
    decisions(&folder, &mut out)
}

/// The decisions about the tokens of `capability.json`, where the folder has one: `capability.json#<place>\t<decision JSON>`.
fn decisions(folder: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let text = match fs::read_to_string(folder.join("capability.json")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    let vectors: serde_json::Value = serde_json::from_str(&text)?;
    for (place, case) in vectors["cases"].as_array().into_iter().flatten().enumerate() {
        let options = Options::from_json(&case["options"].to_string());
        let token = case["token"].as_str().ok_or("a token is no text")?;
        let answer = options.map(|options| judge(token, &options, &mut |_, _| false).to_json());
        let answer = answer.unwrap_or_else(|_| USAGE.to_owned());
        writeln!(out, "capability.json#{place}\t{answer}")?;
    }
    Ok(())
}

const USAGE: &str = r#"{"error":"USAGE"}"#;

fn answer(receipt: &Path) -> io::Result<String> {
    let options = match fs::read_to_string(receipt.with_extension("options.json")) {
        Ok(text) => VerifyOptions::from_json(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(VerifyOptions::default()),
        Err(error) => return Err(error),
    };
    let bytes = fs::read(receipt)?;
    Ok(options.map_or_else(|_| USAGE.to_owned(), |options| verify(&bytes, &options).to_json()))
}

fn list(folder: &Path, receipts: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list(&path, receipts)?;
        } else if path.extension().is_some_and(|extension| extension == "cap") {
            receipts.push(path);
        }
    }
    Ok(())
}
