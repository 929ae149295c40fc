//! An agent that logs what it does: `cargo run --example agent_loop -- [LOG]`
//!
//! Each step is logged before its result is used, at level S1, so that it is on disk. A check of the result is recorded as an obligation
//! with the SHA-256 of what was checked; the log is closed, and whoever has it can run `capseal pcap verify --run LOG`.
#![allow(clippy::print_stdout, reason = "it shows what it does")]

use std::{env, error::Error, path::PathBuf};

use capseal_logs::{Action, LogFile, NewEntry, examine, refuse_proofs};
use serde_json::Map;
use verifier_core::{
    Digest,
    pcap::{
        Options,
        obligation::{Level, Obligation, Outcome, ProofRef, Record},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).map_or_else(|| PathBuf::from("agent.jsonl"), PathBuf::from);
    let mut log = LogFile::create(&path, Map::new())?;
    let mut total = 0u64;
    for task in ["1 2 3", "4 5", "6"] {
        let sum: u64 = task.split(' ').filter_map(|number| number.parse::<u64>().ok()).sum();
        let step = Action::new("add", "agent").with("input", task).with("output", sum).at(Level::S1);
        let [appended] = log.append(&[step.into()])?[..] else { continue };
        println!("{}: {task} -> {sum}", appended.seq);
        total += sum;
    }
    let result = total.to_string();
    let log_id = examine(&path, Options::default(), &mut refuse_proofs)?.log_id.unwrap_or_default();
    let checked = Record {
        obligation: Obligation {
            policy_id: "arithmetic".into(),
            invariant_id: "total_is_sum_of_steps".into(),
            result: if total == (1..=6).sum::<u64>() { Outcome::Verified } else { Outcome::Failed },
            proof_ref: ProofRef::Line { log_id, seq: 1 },
        },
        subject: Digest::of_content(result.as_bytes()),
        level: Level::S1,
    };
    log.append(&[NewEntry::from(&checked)])?;
    log.seal(Map::new())?;
    println!("{}", examine(&path, Options::default(), &mut refuse_proofs)?.to_json());
    Ok(())
}
