//! Writes hostile proofs of `geom_v1` for verifiers in other places: an honest one, and mutants of it.
//!
//! `proof_corpus FOLDER [COUNT]` fills FOLDER with `honest.bin`, `mutant-<n>.bin`, and `statement.json`, which has what a
//! verifier must be told. Only the honest proof may be accepted.

use std::error::Error;
use std::{env, fs, path::PathBuf};

use capseal_prover::GeomProver;
use verifier_core::Digest;
use verifier_core::air::geom::{GeomOutputs, GeomParameters};
use verifier_core::stark::{ParameterSet, testing::mutants};

const STEPS: u32 = 100;
const SEED: u64 = 0x5eed;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("usage: proof_corpus FOLDER [COUNT]")?);
    let count = env::args().nth(2).map_or(Ok(1000), |count| count.parse())?;
    fs::create_dir_all(&folder)?;
    let parameters = GeomParameters::new(STEPS, GeomParameters::DEFAULT_INITIAL, GeomParameters::DEFAULT_MATRIX)?;
    let set = ParameterSet::Stark100;
    let committed = GeomProver::commit(parameters, set);
    let (statement, trace_root) = (committed.statement()?, committed.trace_root());
    let instance_hash = Digest::of_content(b"corpus");
    let proof = committed.prove(instance_hash)?;
    let outputs = GeomOutputs::NAMES.into_iter().zip(statement.outputs().values().map(|value| value.to_string()));
    let told = serde_json::json!({
        "parameter_set": set.name(), "steps": STEPS, "initial": parameters.initial(), "matrix": parameters.matrix(),
        "outputs": outputs.collect::<std::collections::BTreeMap<_, _>>(),
        "instance_hash": instance_hash, "trace_root": trace_root,
    });
    fs::write(folder.join("statement.json"), told.to_string())?;
    for (index, mutant) in mutants(&proof, SEED, count).enumerate() {
        fs::write(folder.join(format!("mutant-{index}.bin")), mutant)?;
    }
    fs::write(folder.join("honest.bin"), proof)?;
    Ok(())
}
