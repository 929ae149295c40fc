//! Prints `docs/spec/reasons.md` from the table in the core.
#![allow(clippy::print_stdout, reason = "it prints a page")]

use verifier_core::ReasonCode;

fn main() {
    println!("# Reason codes\n");
    println!(
        "Generated from `verifier-core/src/reason.rs`. Stable: a number or name is never changed and never reused.\n"
    );
    println!("| code | exit status | meaning |\n| --- | --- | --- |");
    for code in ReasonCode::ALL {
        println!("| `{}` | {} | {} |", code.name(), code.exit_code().number(), code.meaning());
    }
}
