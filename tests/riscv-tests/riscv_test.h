/* The environment that riscv-tests expect (RVTEST_*, TESTNUM), on the RV32IM machine: a test that passes exits with 0, one
 * that fails with the number of the case. */
#ifndef RISCV_TEST_H
#define RISCV_TEST_H

#define TESTNUM gp

#define RVTEST_RV32U
#define RVTEST_RV64U

#define RVTEST_CODE_BEGIN \
        .section .text.start, "ax"; \
        .globl _start; \
_start: ;

#define RVTEST_CODE_END

#define RVTEST_PASS \
        li a0, 0; \
        li a7, 93; \
        ecall;

#define RVTEST_FAIL \
        mv a0, TESTNUM; \
        li a7, 93; \
        ecall;

#define EXTRA_DATA
#define RVTEST_DATA_BEGIN EXTRA_DATA
#define RVTEST_DATA_END

#endif
