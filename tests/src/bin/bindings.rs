//! Prints what becomes of a receipt when a bound part is exchanged and the rest recomputed, as deep as an attacker can.
#![allow(clippy::print_stdout, reason = "it prints tables")]

use std::{error::Error, process::ExitCode};

use capseal_tests::{
    exchange::{self, Bound, Exchange},
    fields::{self, FREE, HASHES},
    receipt::Receipt,
    reseal::{Layer, Layers},
    vectors::{self, Bases},
};
use rayon::prelude::*;
use verifier_core::ReasonCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let bases = Bases::read(&vectors::folder())?;
    let mut holds = true;
    println!(
        "Each part is exchanged for another valid one. Columns: what is recomputed, up to and including the layer."
    );
    println!(
        "`accepted` in the last column is a complete reseal of an unsigned record: only a pinned capsule hash tells it."
    );
    holds &= table("geom_v1 (everything but a new proof)", &bases.geom, &exchange::of_geom(&bases));
    holds &= table("process_v1", &bases.typical, &exchange::of_process(&bases));
    holds &= table("process_v1 with a detached archive", &bases.detached, &exchange::of_detached(&bases));

    println!(
        "\n| fields of | changes | accepted as they stand | accepted with every hash recomputed |\n|---|---:|---:|---:|"
    );
    for (name, receipt) in
        [("process_v1", &bases.typical), ("process_v1, detached", &bases.detached), ("geom_v1", &bases.geom)]
    {
        let stand = fields::accepted(receipt, Layers::NONE).len();
        let hashes = fields::accepted(receipt, HASHES);
        holds &= stand == 0;
        println!("| {name} | {} | {stand} | {} |", fields::mutations(receipt).len(), hashes.len());
    }
    println!("\nFree by design once every hash is recomputed:\n\n| field | how | in | why |\n|---|---|---|---|");
    for free in FREE {
        let class = if free.proven { "every receipt" } else { "witnessed receipts" };
        println!("| `{}` | {:?} | {class} | {} |", free.path, free.how, free.why);
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(title: &str, receipt: &Receipt, exchanges: &[Exchange]) -> bool {
    let layers: Vec<&str> = Layer::ALL.iter().map(|layer| layer.name()).collect();
    println!("\n| {title} | nothing | {} | sets of layers | pinned |", layers.join(" | "));
    println!("|---|---|{}---:|---|", "---|".repeat(layers.len()));
    let outcomes: Vec<_> = exchanges.par_iter().map(|exchange| exchange.run(receipt)).collect();
    let mut all = true;
    for (exchange, outcome) in exchanges.iter().zip(outcomes) {
        let code = |code: &Option<ReasonCode>| match code {
            Some(code) => format!("E{:03}", code.number()),
            None => "accepted".to_owned(),
        };
        let depths: Vec<String> = outcome.by_depth.iter().map(code).collect();
        let holds = outcome.holds(exchange.bound);
        all &= holds;
        let mark = match (holds, exchange.bound) {
            (true, Bound::Always) => "",
            (true, Bound::ByPin) => " (by pin)",
            (false, _) => " FAILED",
        };
        println!(
            "| {}{mark} | {} | {} refused | {} |",
            exchange.part,
            depths.join(" | "),
            outcome.refused.values().sum::<usize>(),
            code(&outcome.complete_pinned),
        );
    }
    all
}
