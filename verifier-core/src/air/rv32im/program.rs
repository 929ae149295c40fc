//! A program as the AIR sees it: every micro-op that can be fetched (spec: `docs/spec/rv32im.md`, "Micro-ops").

use alloc::vec::Vec;

use super::micro_op::{self, MAX_PER_INSTRUCTION, MICRO_STEP, MicroOp};
use crate::rv32im::{Instruction, ProgramImage, Segment};

/// Most micro-ops of a program, the padding included: a verifier makes each of them, and weighs those that are executed.
pub const MAX_MICRO_OPS: usize = 1 << 20;

/// The micro-ops of an image: those of its executable segments by instruction, then the padding. Words that are no
/// instructions have none, and cannot be fetched.
///
/// They are made as they are asked for. All at once they take up to 120 times the memory of the image.
pub fn micro_ops(image: &ProgramImage) -> impl Iterator<Item = MicroOp> + '_ {
    let executable = image.segments().iter().filter(|segment| segment.is_executable());
    executable
        .flat_map(Segment::words)
        .filter_map(|(pc, word)| Some((pc, Instruction::decode(word)?)))
        .flat_map(|(pc, instruction)| {
            let mut ops = Vec::with_capacity(MAX_PER_INSTRUCTION);
            micro_op::decode(pc, instruction, &mut ops);
            ops
        })
        .chain([MicroOp::pad()])
}

/// The micro-ops of an image in memory, for execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    ops: Vec<MicroOp>,
}

impl Program {
    /// Decodes an image. `None` when there are more than [`MAX_MICRO_OPS`].
    pub fn decode(image: &ProgramImage) -> Option<Self> {
        let ops: Vec<MicroOp> = micro_ops(image).take(MAX_MICRO_OPS + 1).collect();
        (ops.len() <= MAX_MICRO_OPS).then_some(Self { ops })
    }

    /// The micro-ops, by instruction; the last one is the padding.
    pub fn ops(&self) -> &[MicroOp] {
        &self.ops
    }
}

impl MicroOp {
    /// Whether an instruction starts with it, so that it counts as a cycle.
    pub const fn is_first(&self) -> bool {
        self.pc < MICRO_STEP
    }
}
