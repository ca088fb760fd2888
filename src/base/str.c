// Slices: comparison, cutting and the few formats that every module reads.
#include "base/str.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

str str_from_c(const char *text)
{
    return text ? (str){text, (ptrdiff_t)strlen(text)} : (str){0};
}

bool str_eq(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, (size_t)a.len) == 0);
}

bool str_eq_nocase(str a, str b)
{
    if (a.len != b.len)
        return false;
    for (ptrdiff_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    }
    return true;
}

bool str_starts_with(str text, str prefix)
{
    return text.len >= prefix.len && str_eq(str_slice(text, 0, prefix.len), prefix);
}

bool str_ends_with(str text, str suffix)
{
    return text.len >= suffix.len && str_eq(str_slice(text, text.len - suffix.len, text.len), suffix);
}

bool str_contains(str text, str part)
{
    for (ptrdiff_t i = 0; i + part.len <= text.len; i++) {
        if (str_eq(str_slice(text, i, i + part.len), part))
            return true;
    }
    return false;
}

str str_slice(str text, ptrdiff_t from, ptrdiff_t to)
{
    if (to > text.len)
        to = text.len;
    if (from < 0)
        from = 0;
    if (from >= to)
        return (str){0};
    return (str){text.at + from, to - from};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str text)
{
    while (text.len > 0 && is_space(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

str_pair str_cut(str text, char separator)
{
    const char *hit = text.len > 0 ? memchr(text.at, separator, (size_t)text.len) : NULL;
    if (!hit)
        return (str_pair){.head = text};
    ptrdiff_t at = hit - text.at;
    return (str_pair){str_slice(text, 0, at), str_slice(text, at + 1, text.len), true};
}

bool str_parse_u63(str text, int64_t *value)
{
    int64_t total = 0;
    for (ptrdiff_t i = 0; i < text.len; i++) {
        int digit = text.at[i] - '0';
        if (digit < 0 || digit > 9 || total > (INT64_MAX - digit) / 10)
            return false;
        total = total * 10 + digit;
    }
    if (text.len == 0)
        return false;
    *value = total;
    return true;
}

bool str_is_uuid(str text)
{
    if (text.len != 36)
        return false;
    for (ptrdiff_t i = 0; i < 36; i++) {
        char c = lower(text.at[i]);
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

const char *str_skip_plain(const char *at, const char *end)
{
    const uint64_t each = 0x0101010101010101, top = each * 0x80;
    for (; end - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof eight);
        // A byte's top bit is set here when the byte is below 0x20, a quote, a backslash, or not ASCII. A borrow may
        // set it for a byte behind such a one as well.
        uint64_t special =
            (eight - each * ' ') | ((eight ^ each * '"') - each) | ((eight ^ each * '\\') - each) | eight;
        if (special & top)
            break;
    }
    while (at < end && (signed char)*at >= ' ' && *at != '"' && *at != '\\')
        at++;
    return at;
}
