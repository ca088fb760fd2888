// What the fuzz targets share: taking an input apart, and an upstream that answers as the input says. A broken promise
// of the core, or of the port, aborts (check_fail), which the fuzzer reports with the input.
#ifndef FUZZ_H
#define FUZZ_H

#include "fake_host.h"

// The rest of an input that is taken apart from its start.
typedef struct fuzz_input {
    str rest;
} fuzz_input;

// Begins a run on a fresh fake. False when the input holds one of the fake's secrets literally: it would be found again
// in places where it is no leak.
bool fuzz_begin(const uint8_t *data, size_t size, fuzz_input *input);

// The next line, without its LF, in a block of exactly its size; the rest, likewise.
str fuzz_line(fuzz_input *input);
str fuzz_rest(fuzz_input *input);

// A line or slice as a C string, cut at a NUL.
const char *fuzz_text(str text);

// Makes upstream calls answered by the lines of `input`: "STATUS RETRY-AFTER BODY", where STATUS is a number or one of
// timeout, down, large and unbound, RETRY-AFTER is "-" for none, and BODY is "@" for what a healthy upstream would say;
// in any other, the first "~" becomes a word that no log line and no error may repeat. Behind the last line everything
// is healthy.
void fuzz_answer_from(fuzz_input *input);

// Whether a text was answered that a healthy upstream would not have said, with a status of success.
bool fuzz_upstream_lied(void);

// Aborts unless the condition holds.
#define FUZZ_REQUIRE(condition) CHECK(condition)

#endif
