//! `capseal diff`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use verifier_core::{
    Limits,
    capsule::{Capsule, entry},
    container::Container,
};

use super::output::{FAINT, Failure, GOOD, TITLE, printable, read_receipt};
use crate::difference::{Difference, Receipt, differences};
use crate::streams::println;

/// Name the first bound field that differs between two receipts, then the rest.
///
/// Causes (code, inputs, config, environment) come before their effects (outputs, hashes).
/// Exit status 0: no difference; 3: they differ. Neither receipt is verified.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The first receipt.
    left: PathBuf,
    /// The second receipt.
    right: PathBuf,
    /// Print the differences as JSON.
    #[arg(long)]
    json: bool,
}

/// Exit status when two receipts differ; 1 and 2 mean that the comparison failed.
const DIFFERENT: u8 = 3;

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (left, right) = (read_receipt(&arguments.left)?, read_receipt(&arguments.right)?);
    let name = |path: &PathBuf| path.display().to_string();
    let found = differences(&receipt(&left, &name(&arguments.left))?, &receipt(&right, &name(&arguments.right))?);
    if arguments.json {
        println!("{}", serde_json::to_string(&found)?);
    } else {
        print(&found);
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
}

fn receipt<'a>(bytes: &'a [u8], name: &str) -> Result<Receipt<'a>, Failure> {
    let limits = Limits::DEFAULT;
    let failure = |error: &dyn std::fmt::Display| Failure::new(format_args!("{name}: {error}"));
    let container = Container::parse(bytes, &limits).map_err(|error| failure(&error))?;
    let capsule = container.get(entry::CAPSULE).ok_or_else(|| failure(&"there is no capsule.cbor"))?;
    let capsule = Capsule::read(capsule).map_err(|error| failure(&error))?;
    Ok(Receipt { container, capsule })
}

fn print(found: &[Difference]) {
    let Some((first, rest)) = found.split_first() else {
        println!("{GOOD}no difference{GOOD:#}: the two capsules are the same");
        return;
    };
    println!("{TITLE}first difference{TITLE:#}");
    print_one(first);
    if !rest.is_empty() {
        println!("\n{TITLE}then{TITLE:#}");
        rest.iter().for_each(print_one);
    }
}

fn print_one(difference: &Difference) {
    println!("  {}", printable(&difference.field));
    for (mark, value) in [("-", &difference.left), ("+", &difference.right)] {
        match value {
            Some(value) => println!("    {mark} {}", printable(value)),
            None => println!("    {mark} {FAINT}(absent){FAINT:#}"),
        }
    }
}
