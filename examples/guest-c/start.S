# The first instructions of a guest program in C: global pointer, stack, main, exit with main's result.
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    lui sp, %hi(__stack_top)
    call main
    li a7, 93
    ecall
    .size _start, . - _start
