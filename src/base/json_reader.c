// The strict walk over JSON text, RFC 8259. It allocates nothing.
#include "base/json.h"
#include "base/utf8.h"

#include <string.h>

static bool fail(json_reader *r, const char *what)
{
    if (!r->fault.what)
        r->fault = (json_fault){what, r->at};
    return false;
}

static int peek(const json_reader *r)
{
    return r->at < r->text.len ? (unsigned char)r->text.at[r->at] : -1;
}

static void skip_space(json_reader *r)
{
    if (r->at < r->text.len && r->text.at[r->at] > ' ')
        return;
    for (int c = peek(r); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(r))
        r->at++;
}

static bool expect(json_reader *r, char c, const char *what)
{
    skip_space(r);
    if (r->fault.what || peek(r) != c)
        return fail(r, what);
    r->at++;
    return true;
}

json_reader json_read(str text)
{
    return (json_reader){.text = text};
}

bool json_at_end(json_reader *r)
{
    skip_space(r);
    return !r->fault.what && (r->at == r->text.len || fail(r, "something follows the value"));
}

// The four digits of a \u escape, the reader standing on the first; -1 when they are not hexadecimal.
static int hex4(json_reader *r)
{
    int value = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int c = peek(r);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool skip_unicode_escape(json_reader *r)
{
    int unit = hex4(r);
    if (unit < 0)
        return fail(r, "a \\u escape without four hexadecimal digits");
    if (unit == 0)
        return fail(r, "a NUL character");
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    bool pair = unit < 0xDC00 && peek(r) == '\\';
    if (pair) {
        r->at++;
        pair = peek(r) == 'u';
    }
    if (pair) {
        r->at++;
        int low = hex4(r);
        pair = low >= 0xDC00 && low <= 0xDFFF;
    }
    return pair || fail(r, "half of a surrogate pair");
}

static bool skip_escape(json_reader *r)
{
    r->at++;
    int c = peek(r);
    if (c >= 0)
        r->at++;
    if (c == 'u')
        return skip_unicode_escape(r);
    bool known = c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't';
    return known || fail(r, "an unknown escape in a string");
}

// A string; *raw is what stands between the quotes.
static bool skip_string(json_reader *r, str *raw)
{
    if (!expect(r, '"', "a string was expected"))
        return false;
    ptrdiff_t start = r->at;
    for (;;) {
        r->at = str_skip_plain(r->text.at + r->at, r->text.at + r->text.len) - r->text.at;
        int c = peek(r);
        if (c == '"')
            break;
        if (c < 0)
            return fail(r, "a string without an end");
        if (c < 0x20)
            return fail(r, "a control character in a string");
        if (c == '\\') {
            if (!skip_escape(r))
                return false;
        } else {
            int size = utf8_next(str_slice(r->text, r->at, r->text.len));
            if (size == 0)
                return fail(r, "invalid UTF-8");
            r->at += size;
        }
    }
    *raw = str_slice(r->text, start, r->at);
    r->at++;
    return true;
}

// Behind the digits at `at`. Eight at a time: an embedding of 100 profiles has more than a million.
static const char *skip_digits(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof eight);
        // A byte is a digit when its high half is 3 and still is after adding 6.
        uint64_t high = eight & 0xF0F0F0F0F0F0F0F0;
        uint64_t high_plus_6 = (eight + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0;
        if (high != 0x3030303030303030 || high_plus_6 != 0x3030303030303030)
            break;
    }
    while (at < end && (unsigned char)(*at - '0') < 10)
        at++;
    return at;
}

static const char *skip_zeros(const char *at, const char *end)
{
    while (at < end && *at == '0')
        at++;
    return at;
}

uint64_t json_digits(json_decimal size)
{
    uint64_t digits = 0;
    int count = 0;
    for (ptrdiff_t i = 0; i < size.mantissa.len && count < JSON_DIGITS; i++) {
        if (size.mantissa.at[i] == '.')
            continue;
        digits = digits * 10 + (uint64_t)(size.mantissa.at[i] - '0');
        count++;
    }
    for (; count > 0 && count < JSON_DIGITS; count++)
        digits *= 10;
    return digits;
}

// The exponent's value, held at a bound that no number in reach of a double can come near.
static bool skip_exponent(json_reader *r, int64_t *exponent)
{
    r->at++;
    bool negative = peek(r) == '-';
    if (negative || peek(r) == '+')
        r->at++;
    ptrdiff_t start = r->at;
    int64_t value = 0;
    for (int c = peek(r); c >= '0' && c <= '9'; r->at++, c = peek(r))
        value = value < 100000000 ? value * 10 + (c - '0') : value;
    *exponent += negative ? -value : value;
    return r->at > start || fail(r, "a digit was expected");
}

bool json_number(json_reader *r, str *raw, json_decimal *size)
{
    skip_space(r);
    if (r->fault.what)
        return false;
    const char *text = r->text.at, *start = text + r->at, *end = text + r->text.len;
    const char *whole = start < end && *start == '-' ? start + 1 : start;
    const char *at = skip_digits(whole, end), *point = at;
    bool fraction = at > whole && at < end && *at == '.';
    if (fraction)
        at = skip_digits(point + 1, end);
    r->at = at - text;
    if (point == whole || (fraction && at == point + 1))
        return fail(r, "a digit was expected");
    if (*whole == '0' && point - whole > 1)
        return fail(r, "a number with a leading zero");
    const char *first = *whole != '0' ? whole : fraction ? skip_zeros(point + 1, at) : at;
    *size = (json_decimal){
        .exponent = first == at     ? 0
                    : first < point ? point - first - 1
                                    : point - first,
        .mantissa = {first, at - first},
    };
    int c = peek(r);
    if ((c == 'e' || c == 'E') && !skip_exponent(r, &size->exponent))
        return false;
    if (size->mantissa.len == 0)
        size->exponent = 0;
    *raw = (str){start, text + r->at - start};
    return true;
}

// Whether a number rounds to a double at most: the largest is 1.7976931348623157e308, and up to
// 1.797693134862315807e308 rounds to it (IEEE 754 binary64).
static bool skip_finite_number(json_reader *r)
{
    str raw;
    json_decimal size;
    if (!json_number(r, &raw, &size))
        return false;
    bool finite = size.exponent < 308 || (size.exponent == 308 && json_digits(size) <= 1797693134862315806);
    return finite || fail(r, "a number beyond the range of a double");
}

static bool skip_word(json_reader *r, str word)
{
    if (!str_starts_with(str_slice(r->text, r->at, r->text.len), word))
        return fail(r, "a value was expected");
    r->at += word.len;
    return true;
}

bool json_enter(json_reader *r, char bracket)
{
    return expect(r, bracket, bracket == '{' ? "an object was expected" : "an array was expected");
}

// True when another item comes; false at the closing bracket, having moved over it, or at a fault.
static bool next_item(json_reader *r, bool *first, char closing)
{
    skip_space(r);
    if (r->fault.what)
        return false;
    int c = peek(r);
    if (c == closing) {
        r->at++;
        return false;
    }
    if (!*first) {
        if (c != ',')
            return fail(r, "a comma or the closing bracket was expected");
        r->at++;
        skip_space(r);
    }
    *first = false;
    return true;
}

bool json_member(json_reader *r, bool *first, str *key)
{
    return next_item(r, first, '}') && skip_string(r, key) && expect(r, ':', "a colon was expected");
}

bool json_element(json_reader *r, bool *first)
{
    return next_item(r, first, ']');
}

static bool skip_value(json_reader *r, int depth);

static bool skip_container(json_reader *r, int depth, char opening)
{
    bool first = true;
    str key;
    if (depth == 0)
        return fail(r, "nested too deeply");
    if (!json_enter(r, opening))
        return false;
    while (opening == '{' ? json_member(r, &first, &key) : json_element(r, &first)) {
        if (!skip_value(r, depth - 1))
            return false;
    }
    return !r->fault.what;
}

static bool skip_value(json_reader *r, int depth)
{
    str raw;
    skip_space(r);
    if (r->fault.what)
        return false;
    switch (peek(r)) {
    case '{': return skip_container(r, depth, '{');
    case '[': return skip_container(r, depth, '[');
    case '"': return skip_string(r, &raw);
    case 't': return skip_word(r, S("true"));
    case 'f': return skip_word(r, S("false"));
    case 'n': return skip_word(r, S("null"));
    default: break;
    }
    bool number = peek(r) == '-' || (peek(r) >= '0' && peek(r) <= '9');
    return number ? skip_finite_number(r) : fail(r, "a value was expected");
}

bool json_skip(json_reader *r, str *raw)
{
    skip_space(r);
    ptrdiff_t start = r->at;
    if (!skip_value(r, JSON_MAX_DEPTH))
        return false;
    if (raw)
        *raw = str_slice(r->text, start, r->at);
    return true;
}
