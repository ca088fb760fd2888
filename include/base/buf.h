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

// `len` bytes at `at`; none when it is not positive.
void buf_put_bytes(buf *b, const char *at, ptrdiff_t len);

static inline void buf_put(buf *b, str text)
{
    buf_put_bytes(b, text.at, text.len);
}

// One byte, and a number in decimal.
void buf_put_char(buf *b, char c);
void buf_put_int(buf *b, int64_t value);

// An array of texts, one after the other.
void buf_put_all(buf *b, const str *texts, ptrdiff_t count);

// buf_puts(&b, S("a"), name, S("b")): up to ten texts, one after the other. Unrolled: written as an array, the slices
// would pass through memory, at a twentieth of the module's size.
#define buf_puts(...) BUF_NTH(__VA_ARGS__, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)(__VA_ARGS__)
#define BUF_NTH(b, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, count, ...) BUF_PUT_##count
#define BUF_PUT_1(b, text) buf_put((b), (text))
#define BUF_PUT_2(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_1(b, __VA_ARGS__))
#define BUF_PUT_3(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_2(b, __VA_ARGS__))
#define BUF_PUT_4(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_3(b, __VA_ARGS__))
#define BUF_PUT_5(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_4(b, __VA_ARGS__))
#define BUF_PUT_6(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_5(b, __VA_ARGS__))
#define BUF_PUT_7(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_6(b, __VA_ARGS__))
#define BUF_PUT_8(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_7(b, __VA_ARGS__))
#define BUF_PUT_9(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_8(b, __VA_ARGS__))
#define BUF_PUT_10(b, text, ...) (BUF_PUT_1(b, text), BUF_PUT_9(b, __VA_ARGS__))

// `text`, which is valid UTF-8, as a JSON string with its quotes (RFC 8259 section 7).
void buf_put_json(buf *b, str text);

// `text` percent-encoded as one component of a URL: all but RFC 3986's unreserved characters.
void buf_put_url(buf *b, str text);

// `bytes` as lower-case hexadecimal digits.
void buf_put_hex(buf *b, const uint8_t *bytes, ptrdiff_t count);

#endif
