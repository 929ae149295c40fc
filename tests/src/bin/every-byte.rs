//! Prints what becomes of a receipt when any of its bytes, or any of its entries, is another one.
#![allow(clippy::print_stdout, reason = "it prints tables")]

use std::{env, error::Error, fs, panic, process::ExitCode, time::Instant};

use capseal_tests::{
    every_byte::{self, Answer, Deed, Tally},
    receipt::Receipt,
    vectors,
};

/// Receipts, and every how many bytes one is changed: all of them where the receipt is small.
const RECEIPTS: [(&str, usize); 4] =
    [("process-typical", 1), ("process-detached", 1), ("geom-100", 1), ("rv32im-100", 97)];
const MASKS: [u8; 2] = [0xff, 0x01];

/// All receipts, or those that are named.
fn main() -> Result<ExitCode, Box<dyn Error>> {
    let named: Vec<String> = env::args().skip(1).collect();
    let receipts =
        RECEIPTS.into_iter().filter(|(name, _)| named.is_empty() || named.iter().any(|wanted| wanted == name));
    panic::set_hook(Box::new(|_| {}));
    let start = Instant::now();
    let mut clean = true;
    println!(
        "| receipt | changed | mask | changes | accepted | panics | refused with |\n|---|---|---|---:|---:|---:|---|"
    );
    for (name, step) in receipts.clone() {
        let bytes = fs::read(vectors::folder().join(format!("accept/{name}.cap")))?;
        let receipt = Receipt::read(&bytes);
        let each = if step == 1 { "each byte".to_owned() } else { format!("each {step}th byte") };
        for mask in MASKS {
            let tally = every_byte::as_it_stands(&bytes, mask, step);
            clean &= row(name, &format!("{each} of the file"), mask, &tally);
            let tally = every_byte::with_checksums(&bytes, mask, step);
            clean &= row(name, &format!("{each} of a content, with its checksums"), mask, &tally);
            if receipt.entries.keys().any(|name| name.starts_with("proof/")) {
                let tally = every_byte::of_the_proof(&receipt, mask, step);
                clean &= row(name, &format!("{each} of the proof, with every hash"), mask, &tally);
            }
        }
    }
    for (name, _) in receipts {
        let bytes = fs::read(vectors::folder().join(format!("accept/{name}.cap")))?;
        clean &= entries(name, &bytes);
    }
    println!(
        "\n{} in {:.1} s",
        if clean { "nothing accepted, no panic" } else { "FAILED" },
        start.elapsed().as_secs_f64()
    );
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn row(name: &str, what: &str, mask: u8, tally: &Tally) -> bool {
    let Tally { tried, accepted, panicked, refused } = tally;
    let refused: Vec<String> = refused.iter().map(|(code, count)| format!("E{:03} {count}", code.number())).collect();
    println!("| {name} | {what} | {mask:#04x} | {tried} | {accepted} | {panicked} | {} |", refused.join(", "));
    tally.is_clean()
}

fn entries(name: &str, receipt: &[u8]) -> bool {
    let mut clean = true;
    let deeds: Vec<&str> = Deed::ALL.iter().map(|deed| deed.name()).collect();
    println!("\n| entry of {name} | {} |\n|---|{}", deeds.join(" | "), "---|".repeat(deeds.len()));
    for (entry, answers) in every_byte::entries(receipt) {
        let cells = answers.iter().map(|answer| match answer {
            None => "-".to_owned(),
            Some(Answer::Refused(code)) => format!("E{:03}", code.number()),
            Some(answer) => {
                clean = false;
                format!("{answer:?}").to_uppercase()
            }
        });
        let cells: Vec<String> = cells.collect();
        let short = if entry.len() > 28 { &entry[..28] } else { &entry };
        println!("| `{short}` | {} |", cells.join(" | "));
    }
    clean
}
