// CORS (Fetch standard, "HTTP extensions"): an origin is answered only when ALLOWED_ORIGINS lists it, or is "*".
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include "base/buf.h"
#include "context.h"

// The header lines that let the request's origin read the answer; none for an origin that is not listed.
void cors_put_headers(buf *headers, const context *ctx);

// The header lines of a preflight's answer: `methods` is a comma-separated list. None for an origin not listed.
void cors_put_preflight(buf *headers, const context *ctx, str methods);

#endif
