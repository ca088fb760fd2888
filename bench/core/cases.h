// The core's steps that are worth timing by themselves, each with its input prepared once. The native program and the
// WebAssembly module run the same cases; the clock is outside.
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include <stdint.h>

// Builds the inputs. Call it once, before anything else.
void bench_prepare(void);

int32_t bench_count(void);

// The name of a case, ended by NUL.
const char *bench_name(int32_t index);

// Runs a case `times` times, each time with an empty arena, which is part of what is timed.
void bench_repeat(int32_t index, int32_t times);

// The bytes of arena that one run of a case takes.
int32_t bench_bytes(int32_t index);

#endif
