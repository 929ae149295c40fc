//! Replay on the machines that backends define: a run is a function of program and input.

use verifier_core::{
    Digest, ReasonCode, Refusal,
    backend::{geom, rv32im},
    rv32im::ProgramImage,
};

use super::{Difference, Place, Replay, ReplayError};
use capseal_archive::bundle::Bundle;
use capseal_machine::execute;

/// Runs the geom machine again, and compares every output by name.
pub(super) fn geom(bundle: &Bundle<'_>) -> Result<Replay, ReplayError> {
    let stated = geom::read_statement(&bundle.capsule().payload.statement.public_inputs);
    let stated = stated.map_err(ReplayError::Statement)?;
    let outputs = stated.parameters().execute();
    let mut replay = on_machine();
    let names = verifier_core::air::geom::GeomOutputs::NAMES;
    for ((name, stated), found) in names.into_iter().zip(stated.outputs().values()).zip(outputs.values()) {
        if stated == found {
            replay.agreed.push(format!("{name} is {found}"));
        } else {
            let detail = format!("{name} is {found}, not {stated}");
            replay.differences.push(Difference::new(ReasonCode::ReplayOutputDiverged, detail));
        }
    }
    Ok(replay)
}

/// Runs a program for RV32IM again: exit code, output and number of cycles are compared.
pub(super) fn rv32im(bundle: &Bundle<'_>) -> Result<Replay, ReplayError> {
    let stated = rv32im::read_stated(&bundle.capsule().payload.statement.public_inputs);
    let stated = stated.map_err(ReplayError::Statement)?;
    let [program, input, output, _] = stated.documents;
    let image = ProgramImage::decode(&bundle.content(&program)?)
        .map_err(|error| ReplayError::Statement(Refusal::new(error.code(), error)))?;
    let mut replay = on_machine();
    let mut compare = |code, what: &str, found: String, stated: String| {
        if found == stated {
            replay.agreed.push(format!("{what} is {found}"));
        } else {
            replay.differences.push(Difference::new(code, format!("{what} is {found}, not {stated}")));
        }
    };
    // A run that is longer than stated has diverged, however it would end.
    match execute(&image, &bundle.content(&input)?, stated.cycles) {
        Err(trap) => {
            compare(
                ReasonCode::ReplayExitDiverged,
                "the end",
                trap.to_string(),
                format!("exit code {}", stated.exit_code),
            );
        }
        Ok(run) => {
            let [found, expected] = [run.exit_code, stated.exit_code].map(|code| code.to_string());
            compare(ReasonCode::ReplayExitDiverged, "the exit code", found, expected);
            let [found, expected] = [Digest::of_content(&run.output), output].map(|digest| digest.to_string());
            compare(ReasonCode::ReplayOutputDiverged, "the output", found, expected);
            let [found, expected] = [run.cycles, stated.cycles].map(|cycles| cycles.to_string());
            compare(ReasonCode::ReplayEventDiverged, "the number of cycles", found, expected);
        }
    }
    Ok(replay)
}

const fn on_machine() -> Replay {
    Replay {
        place: Place::Machine,
        agreed: Vec::new(),
        differences: Vec::new(),
        lacking: Vec::new(),
        other_runtime: Vec::new(),
    }
}
