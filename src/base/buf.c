// Growing text and its three encodings: JSON, URL, hexadecimal.
#include "base/buf.h"

#include <string.h>

buf buf_new(arena *mem, ptrdiff_t cap)
{
    return (buf){.mem = mem, .at = arena_bytes(mem, cap), .cap = cap};
}

str buf_str(const buf *b)
{
    return (str){b->at, b->len};
}

static void reserve(buf *b, ptrdiff_t more)
{
    if (more <= b->cap - b->len)
        return;
    if (more > PTRDIFF_MAX - 2 * b->cap)
        __builtin_trap();
    ptrdiff_t cap = 2 * b->cap + more;
    if (!arena_extend(b->mem, b->at, b->cap, cap)) {
        char *moved = arena_bytes(b->mem, cap);
        if (b->len > 0)
            memcpy(moved, b->at, (size_t)b->len);
        b->at = moved;
    }
    b->cap = cap;
}

void buf_put_bytes(buf *b, const char *at, ptrdiff_t len)
{
    if (len <= 0)
        return;
    reserve(b, len);
    memcpy(b->at + b->len, at, (size_t)len);
    b->len += len;
}

void buf_put_char(buf *b, char c)
{
    reserve(b, 1);
    b->at[b->len++] = c;
}

void buf_put_int(buf *b, int64_t value)
{
    char digits[20];
    int at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        buf_put_char(b, '-');
    buf_put(b, (str){digits + at, (ptrdiff_t)sizeof digits - at});
}

void buf_put_all(buf *b, const str *texts, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++)
        buf_put(b, texts[i]);
}

static const char hex_digits[] = "0123456789abcdef";

static void put_json_escape(buf *b, unsigned char c)
{
    static const char short_escapes[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                            {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    for (size_t i = 0; i < sizeof short_escapes / sizeof *short_escapes; i++) {
        if (c == (unsigned char)short_escapes[i][0]) {
            buf_put_char(b, '\\');
            buf_put_char(b, short_escapes[i][1]);
            return;
        }
    }
    buf_put(b, S("\\u00"));
    buf_put_char(b, hex_digits[c >> 4]);
    buf_put_char(b, hex_digits[c & 15]);
}

void buf_put_json(buf *b, str text)
{
    if (!text.len)
        text = S(""); // an empty slice may point nowhere, where even adding 0 is undefined
    const char *at = text.at, *end = text.at + text.len, *plain = at;
    buf_put_char(b, '"');
    while ((at = str_skip_plain(at, end)) < end) {
        if ((unsigned char)*at < 0x80) {
            buf_put(b, (str){plain, at - plain});
            put_json_escape(b, (unsigned char)*at);
            plain = at + 1;
        }
        at++;
    }
    buf_put(b, (str){plain, end - plain});
    buf_put_char(b, '"');
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void buf_put_url(buf *b, str text)
{
    for (ptrdiff_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (is_unreserved((char)c)) {
            buf_put_char(b, (char)c);
        } else {
            buf_put_char(b, '%');
            buf_put_char(b, "0123456789ABCDEF"[c >> 4]);
            buf_put_char(b, "0123456789ABCDEF"[c & 15]);
        }
    }
}

void buf_put_hex(buf *b, const uint8_t *bytes, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        buf_put_char(b, hex_digits[bytes[i] >> 4]);
        buf_put_char(b, hex_digits[bytes[i] & 15]);
    }
}
