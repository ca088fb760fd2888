// The request as the shim hands it over: method, URL, the headers the core asks for, and the body read to its end.
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"

// The headers that the core asks for, in the order of http_header_names.
typedef enum http_header {
    HEADER_AUTHORIZATION,
    HEADER_CONTENT_TYPE,
    HEADER_ORIGIN,
    HEADER_REQUEST_ID,
    HTTP_HEADER_COUNT,
} http_header;

// Their names in lower case, separated by commas.
extern const str http_header_names;

// The largest body that is accepted, in bytes; a larger one is 413.
enum { HTTP_BODY_LIMIT = 64 * 1024 };

typedef enum http_body_state { BODY_COMPLETE, BODY_TOO_LARGE, BODY_BROKEN } http_body_state;

// Missing headers are empty. `body_state` is an http_body_state; the body is empty unless complete.
typedef struct http_request {
    str method;
    str url;
    str headers[HTTP_HEADER_COUNT];
    str body;
    int32_t body_state;
} http_request;

// A URL's path, from the slash behind the authority up to '?' or '#'; "/" when there is none. A slice of `url`.
str http_url_path(str url);

// `text` with percent-encoding undone, in the arena. False for an escape that is not two hexadecimal digits, for
// an encoded slash or control character, and for a result that is not UTF-8: no route has such a segment.
bool http_decode_segment(arena *mem, str text, str *decoded);

// Whether a Content-Type value names JSON: application/json or application/*+json, any parameters, no charset but UTF-8
// (RFC 9110 section 8.3, RFC 6839).
bool http_is_json(str content_type);

// How long a Retry-After value asks to wait, in milliseconds: seconds or an HTTP date (RFC 9110 section 10.2.3).
// -1 when the value is empty or unreadable; a date that has passed is 0. At most a day.
int64_t http_retry_after_ms(str value, int64_t now_ms);

#endif
