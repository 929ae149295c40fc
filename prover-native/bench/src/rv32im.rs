//! How fast RV32IM programs run.
//!
//! The program is a loop over an array as compilers make them: a call, loads and stores of words and bytes, a multiplication,
//! shifts, a branch that depends on the data, and a division now and then.

use std::{fmt, hint::black_box, time::Instant};

use serde::Serialize;
use verifier_core::{
    rv32im::{Access, Arithmetic, Condition, ImageError, Instruction, ProgramImage},
    stark::ParameterSet,
};

use super::prove_rv32im::{self, ProvingError, ProvingFigure};
use capseal_host::usage::cpu_time;
use capseal_machine::{
    Trap,
    assembler::{Assembler, register::*},
    execute,
};

/// Runs, of which the median counts.
const RUNS: usize = 7;

/// Rounds of the loop in each run; a round takes about 21 cycles.
const ROUNDS: [u32; 3] = [3_000, 48_000, 4_000_000];

/// The same for proofs: traces of 2^16, 2^18 and 2^20 rows.
const PROVEN_ROUNDS: [u32; 3] = [3_000, 12_000, 48_000];

/// What is wanted, cycles per second.
const WANTED: f64 = 50e6;

/// Figures of RV32IM.
#[derive(Clone, Debug, Serialize)]
pub struct Rv32imFigures {
    /// Execution alone, by length.
    pub execution: Vec<ExecutionFigure>,
    /// Proving, by parameter set and length.
    pub proving: Vec<ProvingFigure>,
}

/// Executing a program of some length.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ExecutionFigure {
    /// Cycles of the run.
    pub cycles: u64,
    /// Cycles per second by the clock, the median; loading and decoding included.
    pub cycles_per_second: f64,
    /// Processor time of one run, seconds; `None` where the system does not tell.
    pub processor_seconds: Option<f64>,
}

/// A benchmark's program that did not run to its end.
#[derive(Debug)]
pub enum Rv32imBenchError {
    /// It is no program.
    Image(ImageError),
    /// It was stopped.
    Trap(Trap),
    /// Its run was not proven.
    Proving(ProvingError),
}

/// Measures RV32IM.
///
/// # Errors
/// [`Rv32imBenchError`], which the program here gives no reason for.
pub fn rv32im() -> Result<Rv32imFigures, Rv32imBenchError> {
    let execution = ROUNDS.map(execution).into_iter().collect::<Result<_, _>>()?;
    let mut proving = Vec::new();
    for set in ParameterSet::ALL {
        for rounds in PROVEN_ROUNDS {
            proving.push(prove_rv32im::figure(&workload(rounds)?, set)?);
        }
    }
    Ok(Rv32imFigures { execution, proving })
}

fn execution(rounds: u32) -> Result<ExecutionFigure, Rv32imBenchError> {
    let image = workload(rounds)?;
    let (mut cycles, mut speeds) = (0, Vec::with_capacity(RUNS));
    let before = cpu_time();
    for _ in 0..RUNS {
        let began = Instant::now();
        cycles = black_box(execute(black_box(&image), b"", u64::MAX)?).cycles;
        speeds.push(cycles as f64 / began.elapsed().as_secs_f64());
    }
    let used = before.zip(cpu_time()).and_then(|(before, after)| after.checked_sub(before));
    speeds.sort_by(f64::total_cmp);
    Ok(ExecutionFigure {
        cycles,
        cycles_per_second: speeds[RUNS / 2],
        processor_seconds: used.map(|used| used.as_secs_f64() / RUNS as f64),
    })
}

/// The loop. Its array lies in memory that is zero at first.
fn workload(rounds: u32) -> Result<ProgramImage, ImageError> {
    const ARRAY: u32 = 0x10_0000;
    const PLACES: i32 = 2047;
    let mut program = Assembler::default();
    let [mix, next_round, even, done] = [(); 4].map(|()| program.label());
    program.set(S0, ARRAY).set(S1, rounds).set(A4, 0x9e37_79b1).set(A1, 1);
    program.place(next_round);
    program.branch(Condition::Eq, S1, ZERO, done);
    program.immediate(Arithmetic::And, T0, S1, PLACES).immediate(Arithmetic::Sll, T0, T0, 2);
    program.register(Arithmetic::Add, A2, S0, T0).load(Access::Word, false, A0, A2, 0);
    program.jump(RA, mix);
    program.store(Access::Word, A0, A2, 0).load(Access::Byte, false, T1, A2, 1);
    program.immediate(Arithmetic::And, T2, T1, 15).branch(Condition::Ne, T2, ZERO, even);
    program.register(Arithmetic::Remu, A1, A0, S1).place(even);
    program.immediate(Arithmetic::Add, S1, S1, -1).jump(ZERO, next_round);
    program.place(mix);
    program.register(Arithmetic::Add, A0, A0, A1).register(Arithmetic::Mul, A0, A0, A4);
    program.immediate(Arithmetic::Srl, T0, A0, 15).register(Arithmetic::Xor, A0, A0, T0);
    program.immediate(Arithmetic::Sll, T0, A1, 5).register(Arithmetic::Sub, A1, T0, A1);
    program.register(Arithmetic::Sltu, T0, A1, A0).register(Arithmetic::Add, A1, A1, T0);
    program.push(Instruction::Jalr { rd: ZERO, rs1: RA, offset: 0 });
    program.place(done).exit_with(ZERO).image()
}

impl fmt::Display for Rv32imFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  executing, median of {RUNS} runs; goal: {:.0} million cycles/s", WANTED / 1e6)?;
        for figure in &self.execution {
            let ExecutionFigure { cycles, cycles_per_second, processor_seconds } = figure;
            write!(f, "  {cycles:>11} cycles  {:>7.1} million cycles/s", cycles_per_second / 1e6)?;
            match processor_seconds {
                Some(seconds) => writeln!(f, "  {seconds:>6.2} CPU-s")?,
                None => writeln!(f)?,
            }
        }
        writeln!(f, "  proving; goals at 2^20 rows: {}", prove_rv32im::wanted())?;
        self.proving.iter().try_for_each(|figure| figure.fmt(f))
    }
}

impl From<ImageError> for Rv32imBenchError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl From<ProvingError> for Rv32imBenchError {
    fn from(error: ProvingError) -> Self {
        Self::Proving(error)
    }
}

impl From<Trap> for Rv32imBenchError {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

impl fmt::Display for Rv32imBenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the benchmark's program: ")?;
        match self {
            Self::Image(error) => error.fmt(f),
            Self::Trap(trap) => trap.fmt(f),
            Self::Proving(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Rv32imBenchError {}
