// UTF-8 by the table of RFC 3629 section 4.
#include "base/utf8.h"

static unsigned byte_at(str text, ptrdiff_t i)
{
    return i < text.len ? (unsigned char)text.at[i] : 0;
}

static bool is_tail(unsigned byte)
{
    return (byte & 0xC0) == 0x80;
}

int utf8_next(str text)
{
    unsigned first = byte_at(text, 0);
    unsigned second = byte_at(text, 1);
    if (text.len <= 0)
        return 0;
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4 || !is_tail(second))
        return 0;
    if (first < 0xE0)
        return 2;
    bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    bool out_of_range = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
    if (overlong || out_of_range || !is_tail(byte_at(text, 2)))
        return 0;
    if (first < 0xF0)
        return 3;
    return is_tail(byte_at(text, 3)) ? 4 : 0;
}

bool utf8_is_valid(str text)
{
    while (text.len > 0) {
        int size = utf8_next(text);
        if (size == 0)
            return false;
        text = str_slice(text, size, text.len);
    }
    return true;
}

ptrdiff_t utf8_count(str text)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < text.len; i++)
        count += !is_tail(byte_at(text, i));
    return count;
}

str utf8_head(str text, ptrdiff_t count)
{
    ptrdiff_t end = 0;
    for (; end < text.len; end++) {
        if (!is_tail(byte_at(text, end)) && count-- == 0)
            break;
    }
    return str_slice(text, 0, end);
}

// Bytes of the white space character at the start of `text`; 0 when it starts with another.
static int space_at(str text)
{
    unsigned a = byte_at(text, 0), b = byte_at(text, 1), c = byte_at(text, 2);
    if (a == ' ' || (a >= '\t' && a <= '\r'))
        return 1;
    if (a == 0xC2 && b == 0xA0)
        return 2;
    bool space = (a == 0xE1 && b == 0x9A && c == 0x80) || // U+1680
                 (a == 0xE2 && b == 0x80 && ((c >= 0x80 && c <= 0x8A) || c == 0xA8 || c == 0xA9 || c == 0xAF)) ||
                 (a == 0xE2 && b == 0x81 && c == 0x9F) || // U+205F
                 (a == 0xE3 && b == 0x80 && c == 0x80) || // U+3000
                 (a == 0xEF && b == 0xBB && c == 0xBF);   // U+FEFF
    return space ? 3 : 0;
}

str utf8_trim(str text)
{
    for (int size; (size = space_at(text)) > 0;)
        text = str_slice(text, size, text.len);
    for (;;) {
        ptrdiff_t last = text.len - 1;
        while (last > 0 && is_tail(byte_at(text, last)))
            last--;
        if (text.len == 0 || space_at(str_slice(text, last, text.len)) != text.len - last)
            return text;
        text = str_slice(text, 0, last);
    }
}
