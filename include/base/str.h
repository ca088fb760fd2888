// Strings as slices: a pointer and a length. A slice owns nothing and need not end in NUL; every function here
// returns slices of its arguments unless it takes an arena.
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct str {
    const char *at;
    ptrdiff_t len;
} str;

// A literal as an initialiser of static data, and as a value.
// clang-format off
#define STR(literal) {literal, (ptrdiff_t)sizeof(literal) - 1}
// clang-format on
#define S(literal) ((str)STR(literal))

// The slice of a NUL-terminated string; empty for NULL.
str str_from_c(const char *text);

// Whether both have the same bytes.
bool str_eq(str a, str b);

// Equal when ASCII letters are compared without case.
bool str_eq_nocase(str a, str b);

// Whether `text` begins or ends with the other; every text does with an empty one.
bool str_starts_with(str text, str prefix);
bool str_ends_with(str text, str suffix);

// Whether `part` occurs in `text`. An empty part occurs everywhere.
bool str_contains(str text, str part);

// The bytes from `from` up to `to`, both clamped to the string.
str str_slice(str text, ptrdiff_t from, ptrdiff_t to);

// Without leading and trailing space, tab, CR and LF (HTTP's optional whitespace, RFC 9110 section 5.6.3, and line
// ends).
str str_trim(str text);

typedef struct str_pair {
    str head;
    str tail;
    bool found;
} str_pair;

// Splits at the first `separator`; without one, head is the whole text, tail is empty and found is false.
str_pair str_cut(str text, char separator);

// Reads a whole non-negative decimal number of digits only into *value. False, leaving *value alone, for anything
// else or for more than INT64_MAX.
bool str_parse_u63(str text, int64_t *value);

// A UUID in its canonical form, 8-4-4-4-12 hexadecimal digits of either case (RFC 9562 section 4).
bool str_is_uuid(str text);

// Behind the ASCII characters from `at` on that stand for themselves in a JSON string: all but controls, quote and
// backslash.
const char *str_skip_plain(const char *at, const char *end);

#endif
