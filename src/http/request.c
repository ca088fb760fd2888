// Reading a request's parts. Everything here is untrusted.
#include "http/request.h"

#include "base/date.h"
#include "base/utf8.h"

const str http_header_names = STR("authorization,content-type,origin,x-request-id");

str http_url_path(str url)
{
    for (ptrdiff_t i = 0; i + 2 < url.len; i++) {
        if (str_eq(str_slice(url, i, i + 3), S("://"))) {
            url = str_slice(url, i + 3, url.len);
            break;
        }
    }
    url = str_cut(str_cut(url, '#').head, '?').head;
    str_pair authority = str_cut(url, '/');
    return authority.found ? str_slice(url, authority.head.len, url.len) : S("/");
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool http_decode_segment(arena *mem, str text, str *decoded)
{
    char *out = arena_bytes(mem, text.len);
    ptrdiff_t len = 0;
    for (ptrdiff_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = i + 1 < text.len ? hex_value(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7F || c == '/')
            return false;
        out[len++] = c;
    }
    *decoded = (str){out, len};
    return utf8_is_valid(*decoded);
}

static bool is_utf8_charset(str parameter)
{
    str_pair pair = str_cut(parameter, '=');
    if (!str_eq_nocase(str_trim(pair.head), S("charset")))
        return true;
    str value = str_trim(pair.tail);
    return str_eq_nocase(value, S("utf-8")) || str_eq_nocase(value, S("\"utf-8\""));
}

bool http_is_json(str content_type)
{
    str_pair parts = str_cut(content_type, ';');
    str_pair type = str_cut(str_trim(parts.head), '/');
    bool json =
        str_eq_nocase(type.tail, S("json")) ||
        (type.tail.len > 5 && str_eq_nocase(str_slice(type.tail, type.tail.len - 5, type.tail.len), S("+json")));
    if (!str_eq_nocase(type.head, S("application")) || !json)
        return false;
    while (parts.found) {
        parts = str_cut(parts.tail, ';');
        if (!is_utf8_charset(parts.head))
            return false;
    }
    return true;
}

int64_t http_retry_after_ms(str value, int64_t now_ms)
{
    enum { DAY_S = 24 * 60 * 60 };
    int64_t seconds = -1;
    value = str_trim(value);
    if (!str_parse_u63(value, &seconds)) {
        int64_t date = date_parse_http(value);
        if (date < 0)
            return -1;
        seconds = date > now_ms ? (date - now_ms + 999) / 1000 : 0;
    }
    return (seconds < DAY_S ? seconds : DAY_S) * 1000;
}
