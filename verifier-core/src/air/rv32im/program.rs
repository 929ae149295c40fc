//! A program as the AIR sees it: every micro-op that can be fetched, and the words that memory starts with (spec:
//! `docs/spec/rv32im.md`, "Micro-ops").

use alloc::vec::Vec;

use super::micro_op::{self, MICRO_STEP, MicroOp};
use crate::rv32im::{Instruction, ProgramImage};

/// Most micro-ops of a program: a verifier holds and weighs every one.
pub const MAX_MICRO_OPS: usize = 1 << 20;

/// The micro-ops of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    ops: Vec<MicroOp>,
}

impl Program {
    /// Decodes the executable segments; words that are no instructions cannot be fetched. `None` when there are more than
    /// [`MAX_MICRO_OPS`].
    pub fn decode(image: &ProgramImage) -> Option<Self> {
        let mut ops = Vec::new();
        for segment in image.segments().iter().filter(|segment| segment.is_executable()) {
            for (pc, word) in segment.words() {
                if let Some(instruction) = Instruction::decode(word) {
                    micro_op::decode(pc, instruction, &mut ops);
                }
                if ops.len() >= MAX_MICRO_OPS {
                    return None;
                }
            }
        }
        ops.push(MicroOp::pad());
        Some(Self { ops })
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
