// UTF-8 (RFC 3629) as this project needs it: validity, counting, cutting and trimming by character.
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

// Bytes of the well-formed character at the start of `text`, 1 to 4; 0 when there is none (empty, overlong, a
// surrogate, above U+10FFFF, cut off).
int utf8_next(str text);

// Whether all of `text` is well-formed; empty is.
bool utf8_is_valid(str text);

// Characters (Unicode scalar values) in valid UTF-8.
ptrdiff_t utf8_count(str text);

// The first `count` characters of valid UTF-8, or all of it when it has fewer.
str utf8_head(str text, ptrdiff_t count);

// Valid UTF-8 without leading and trailing white space: what ECMAScript's String.prototype.trim removes (Unicode
// category Zs, line ends, tabs and U+FEFF), since that is what clients see as blank.
str utf8_trim(str text);

#endif
