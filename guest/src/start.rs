//! The first instructions: global pointer, stack, main, exit.

core::arch::global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    ".type _start, @function",
    "_start:",
    ".option push",
    ".option norelax",
    "la gp, __global_pointer$",
    ".option pop",
    "lui sp, %hi(__stack_top)",
    "call capseal_main",
    "li a7, 93",
    "ecall",
    ".size _start, . - _start",
);
