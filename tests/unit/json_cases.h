// Texts that RFC 8259 and this project's stricter rules accept or refuse, for the reader and for the tree.
#ifndef JSON_CASES_H
#define JSON_CASES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct json_case {
    const char *text;
    const char *fault; // NULL: accepted
} json_case;

extern const json_case json_cases[];
extern const size_t json_case_count;

// `depth` arrays or objects, one in the other. Lives until fake_reset.
const char *json_nested(int depth, bool objects);

#endif
