// JSON, read strictly (RFC 8259): valid UTF-8, no NUL in any spelling, no lone surrogates, no duplicate keys, nothing
// behind the value, no number beyond a double, no deeper nesting than JSON_MAX_DEPTH.
//
// Two ways to read: `json_parse` makes a cJSON tree for what is looked into; the reader walks over the text for
// what only passes through or is too large for a tree (embeddings), and copies nothing.
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cJSON.h>

#include "base/arena.h"

// Objects of more members are refused: comparing their keys with each other would take a user's 64 KiB for milliseconds
// of CPU. No body of this API, and no answer of its upstreams, has a tenth of them.
enum { JSON_MAX_DEPTH = 32, JSON_MAX_MEMBERS = 500 };

// What is wrong, for people, and the byte where; `what` is NULL when nothing is.
typedef struct json_fault {
    const char *what;
    ptrdiff_t at;
} json_fault;

// The tree of `text`, in the arena: never freed, valid until the arena is reset. NULL on a fault, which is stored in
// *fault (may be NULL).
const cJSON *json_parse(arena *mem, str text, json_fault *fault);

// The member called `key`, compared to the letter; NULL when `object` is NULL, not an object, or has none.
const cJSON *json_get(const cJSON *object, const char *key);

// The string's text, a slice of the tree; empty when `item` is NULL or not a string.
str json_text(const cJSON *item);

// A whole number of 0 to 2^53-1 into *value (what a double holds exactly); false, leaving it alone, for anything else.
bool json_whole(const cJSON *item, int64_t *value);

// A position in JSON text. Every function below moves it behind what it read and returns false at a fault, after which
// `fault` says what was wrong and nothing more is read.
typedef struct json_reader {
    str text;
    ptrdiff_t at;
    json_fault fault;
} json_reader;

// As many decimal digits as a uint64_t holds, and more than any double needs to be told from its neighbours.
enum { JSON_DIGITS = 19 };

// A number's size without converting it: d.ddd… x 10^exponent. `mantissa` is its text from the first digit that is not
// zero, with the point where it stands, up to the exponent; empty for zero, whose exponent is 0.
typedef struct json_decimal {
    int64_t exponent;
    str mantissa;
} json_decimal;

// The first JSON_DIGITS significant digits as a whole number, the last ones zero when it has fewer.
uint64_t json_digits(json_decimal size);

// A reader at the start of `text`, which must outlive it.
json_reader json_read(str text);

// Moves over one value of any kind; *raw (may be NULL) is its text.
bool json_skip(json_reader *r, str *raw);

// Moves over one number; *raw is its text, *size its magnitude.
bool json_number(json_reader *r, str *raw, json_decimal *size);

// Moves over the '{' or '[' that must come next.
bool json_enter(json_reader *r, char bracket);

// Inside an object: moves over the next key and its colon, with *key the raw text between the quotes, and returns true;
// at the closing brace moves over it and returns false without a fault. `first` is true for the first call after
// json_enter, and is cleared.
bool json_member(json_reader *r, bool *first, str *key);

// Inside an array: true when an element comes next; at the closing bracket moves over it and returns false.
bool json_element(json_reader *r, bool *first);

// Whether only white space is left and no fault occurred.
bool json_at_end(json_reader *r);

#endif
