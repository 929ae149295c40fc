//! Makes, derives and freezes the vectors. `tests/vectors/README.md` says when to run what.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it tells what it did")]

use std::{env, error::Error, fs, path::Path, process::ExitCode};

use capseal_tests::{
    base::BASES,
    capability, hostile, truth_table,
    vectors::{self, Bases, Vector},
};

const USAGE: &str = "\
usage: vectors write                  derives every vector from the base receipts in tests/vectors/accept
       vectors base [NAME...]         makes base receipts anew: all of them, or those named
       vectors freeze                 puts base receipts that are not there yet into tests/vectors/v1
       vectors table DIR              writes a receipt with options for each cell of the truth table
       vectors table-page             prints the truth table as a page of the specification
       vectors capability-page        prints what is answered to tokens as a page of the specification
       vectors hostile DIR [MUTANTS]  writes the hostile receipts that are too large to keep, and mutants of a proof";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let folder = vectors::folder();
    match &arguments[..] {
        ["write"] => println!("{} vectors derived", vectors::write(&folder)?),
        ["base", names @ ..] => base(&folder, names)?,
        ["freeze"] => vectors::freeze(&folder)?.iter().for_each(|name| println!("frozen: {name}")),
        ["table", place] => table(&folder, Path::new(place))?,
        ["capability-page"] => print!("{}", capability::page()),
        ["table-page"] => print!("{}", truth_table::page()),
        ["hostile", place] => hostile(&folder, Path::new(place), MUTANTS)?,
        ["hostile", place, mutants] => hostile(&folder, Path::new(place), mutants.parse()?)?,
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Mutants of a proof that are written unless another number is asked for.
const MUTANTS: usize = 200;

fn base(folder: &Path, names: &[&str]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder.join("accept"))?;
    for base in BASES.iter().filter(|base| names.is_empty() || names.contains(&base.name)) {
        let bytes = base.make();
        println!("{:>7} bytes  {}", bytes.len(), base.name);
        fs::write(folder.join(format!("accept/{}.cap", base.name)), bytes)?;
    }
    Ok(())
}

fn table(folder: &Path, place: &Path) -> Result<(), Box<dyn Error>> {
    let bases = Bases::read(folder)?;
    fs::create_dir_all(place)?;
    for row in truth_table::rows() {
        fs::write(place.join(format!("{}.cap", row.name())), row.receipt(&bases.minimal).bytes())?;
        fs::write(place.join(format!("{}.options.json", row.name())), row.options())?;
    }
    Ok(())
}

fn hostile(folder: &Path, place: &Path, mutants: usize) -> Result<(), Box<dyn Error>> {
    let bases = Bases::read(folder)?;
    let write = |Vector { path, bytes, .. }: Vector| -> std::io::Result<()> {
        let file = place.join(format!("{path}.cap"));
        fs::create_dir_all(file.parent().unwrap_or(place))?;
        fs::write(file, bytes)
    };
    for case in hostile::large(&bases) {
        let path = format!("reject/{}/{}", case.code.name(), case.name);
        println!("{:>9} bytes  {path}", case.bytes.len());
        write(Vector { path, bytes: case.bytes, options: None })?;
    }
    for (number, bytes) in hostile::mutants(&bases.geom_other, mutants).enumerate() {
        write(Vector { path: format!("mutants/{number:05}"), bytes, options: None })?;
    }
    println!("{mutants} mutants of a proof");
    Ok(())
}
