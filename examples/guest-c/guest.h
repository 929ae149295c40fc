/* Input and output of a guest program: a length in bytes as one word, then the bytes. */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

#define GUEST_INPUT ((const volatile uint32_t *)0x40000000)
#define GUEST_OUTPUT ((volatile uint32_t *)0x80000000)

static inline const char *input(size_t *length) {
    *length = GUEST_INPUT[0];
    return (const char *)(uintptr_t)(GUEST_INPUT + 1);
}

/* Appends to the output. */
static inline void commit(const char *bytes, size_t length) {
    volatile char *end = (volatile char *)(GUEST_OUTPUT + 1) + GUEST_OUTPUT[0];
    for (size_t i = 0; i < length; i++) end[i] = bytes[i];
    GUEST_OUTPUT[0] += length;
}

#endif
