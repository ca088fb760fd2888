// Text that grows at its end, in an arena. Putting never fails (see arena's `grow`).
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"

typedef struct buf {
    arena *mem;
    char *at;
    ptrdiff_t len;
    ptrdiff_t cap;
} buf;

// An empty text with room for `cap` bytes.
buf buf_new(arena *mem, ptrdiff_t cap);

// What has been put so far: a slice that the next put may move.
str buf_str(const buf *b);

void buf_put(buf *b, str text);
void buf_put_char(buf *b, char c);
void buf_put_int(buf *b, int64_t value);

// Several texts, one after the other; buf_puts(&b, S("a"), name, S("b")) counts them.
void buf_put_all(buf *b, const str *texts, ptrdiff_t count);
#define buf_puts(b, ...) \
    buf_put_all((b), (const str[]){__VA_ARGS__}, (ptrdiff_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)))

// `text`, which is valid UTF-8, as a JSON string with its quotes (RFC 8259 section 7).
void buf_put_json(buf *b, str text);

// `text` percent-encoded as one component of a URL: all but RFC 3986's unreserved characters.
void buf_put_url(buf *b, str text);

// `bytes` as lower-case hexadecimal digits.
void buf_put_hex(buf *b, const uint8_t *bytes, ptrdiff_t count);

#endif
