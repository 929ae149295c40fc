//! Prints what hostile receipts cost to refuse: time and memory, each in a process of its own.
#![allow(clippy::print_stdout, reason = "it prints tables")]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs, panic,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use capseal_tests::{
    every_byte::{Answer, answer},
    hostile::{self, Case},
    measure::{Cost, peak},
    vectors::{self, Bases},
};

/// What a refusal may cost.
const TIME: Duration = Duration::from_secs(1);
const MEMORY: u64 = 256 << 20;
const MUTANTS: usize = 10_000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", file] => println!("{}", Cost::here(Path::new(file))?.tell()),
        ["--children", folder] => small(Path::new(folder))?,
        ["--mutants", count] => mutants(count.parse()?)?,
        [] => return table(MUTANTS),
        [count] => return table(count.parse()?),
        _ => return Err("usage: hostile [MUTANTS]".into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn table(mutants: usize) -> Result<ExitCode, Box<dyn Error>> {
    let program = env::current_exe()?;
    let place = tempfile::tempdir()?;
    let bases = Bases::read(&vectors::folder())?;
    let mut clean = true;
    println!("| input | bytes | refused with | longest, ms | peak, MiB |\n|---|---:|---|---:|---:|");
    for case in hostile::large(&bases) {
        clean &= one(&program, place.path(), &case)?;
    }
    let reject = vectors::folder().join("reject");
    clean &= told(&program, "every reject vector", &["--children".as_ref(), reject.as_os_str()])?;
    let title = format!("{mutants} mutants of a proof");
    clean &= told(&program, &title, &["--mutants".as_ref(), mutants.to_string().as_ref()])?;
    println!("\n{}", if clean { "each refused within 1 s and 256 MiB" } else { "FAILED" });
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One case, in a child.
fn one(program: &Path, place: &Path, case: &Case) -> Result<bool, Box<dyn Error>> {
    let file: PathBuf = place.join(format!("{}.cap", case.name));
    fs::write(&file, &case.bytes)?;
    let cost = Cost::in_a_child(program, &file)?;
    fs::remove_file(&file)?;
    let code = cost.code.clone().unwrap_or_else(|| "ACCEPTED".to_owned());
    let megabytes = cost.peak.map_or_else(|| "?".to_owned(), |peak| (peak >> 20).to_string());
    println!("| {} | {} | {code} | {:.1} | {megabytes} |", case.name, case.bytes.len(), cost.time.as_secs_f64() * 1e3);
    Ok(code == case.code.name() && cost.time <= TIME && cost.peak.is_none_or(|peak| peak <= MEMORY))
}

/// Many cases in one child, which prints the rest of the row.
fn told(program: &Path, title: &str, arguments: &[&std::ffi::OsStr]) -> Result<bool, Box<dyn Error>> {
    let output = Command::new(program).args(arguments).output()?;
    println!("| {title} {}", String::from_utf8_lossy(&output.stdout).trim_end());
    Ok(output.status.success())
}

/// Every receipt below a folder, under default options.
fn small(folder: &Path) -> Result<(), Box<dyn Error>> {
    let vectors = vectors::read(folder)?;
    let vectors = vectors.into_iter().filter(|vector| vector.options.is_none()).map(|vector| vector.bytes);
    finish(vectors)
}

fn mutants(count: usize) -> Result<(), Box<dyn Error>> {
    let bases = Bases::read(&vectors::folder())?;
    finish(hostile::mutants(&bases.geom_other, count))
}

/// Verifies one after the other, and prints bytes, codes, the longest time and the peak of memory.
fn finish(receipts: impl Iterator<Item = Vec<u8>>) -> Result<(), Box<dyn Error>> {
    panic::set_hook(Box::new(|_| {}));
    let (mut longest, mut bytes, mut codes, mut wrong) = (Duration::ZERO, 0, BTreeMap::<_, usize>::new(), 0);
    for receipt in receipts {
        bytes += receipt.len();
        let start = Instant::now();
        let answer = answer(&receipt);
        longest = longest.max(start.elapsed());
        match answer {
            Answer::Refused(code) => *codes.entry(code).or_default() += 1,
            Answer::Accepted | Answer::Panicked => wrong += 1,
        }
    }
    let peak = peak();
    let codes: Vec<String> = codes.iter().map(|(code, count)| format!("E{:03} {count}", code.number())).collect();
    let megabytes = peak.map_or_else(|| "?".to_owned(), |peak| (peak >> 20).to_string());
    println!("| {bytes} | {} | {:.1} | {megabytes} |", codes.join(", "), longest.as_secs_f64() * 1e3);
    if wrong > 0 || longest > TIME || peak.is_some_and(|peak| peak > MEMORY) {
        return Err(format!("{wrong} not refused, {longest:?}, {peak:?} bytes").into());
    }
    Ok(())
}
