// CORS headers. Credentials are never allowed: the API reads bearer tokens, not cookies.
#include "http/cors.h"

static bool is_listed(str origins, str origin)
{
    str_pair parts = {.tail = origins, .found = true};
    while (parts.found) {
        parts = str_cut(parts.tail, ',');
        if (str_eq(str_trim(parts.head), origin))
            return true;
    }
    return false;
}

// The value to answer the request's origin with: "*", the origin itself, or nothing.
static str allowed_origin(const context *ctx)
{
    str origin = ctx->request->headers[HEADER_ORIGIN];
    if (!origin.len)
        return (str){0};
    if (is_listed(ctx->cfg.allowed_origins, S("*")))
        return S("*");
    return is_listed(ctx->cfg.allowed_origins, origin) ? origin : (str){0};
}

void cors_put_headers(buf *headers, const context *ctx)
{
    str origin = allowed_origin(ctx);
    if (ctx->cfg.allowed_origins.len && !str_eq(origin, S("*")))
        buf_put(headers, S("vary: Origin\n"));
    if (origin.len)
        buf_puts(headers, S("access-control-allow-origin: "), origin,
                 S("\naccess-control-expose-headers: X-Request-Id, Retry-After\n"));
}

void cors_put_preflight(buf *headers, const context *ctx, str methods)
{
    if (allowed_origin(ctx).len)
        buf_puts(headers, S("access-control-allow-methods: "), methods,
                 S("\naccess-control-allow-headers: Authorization, Content-Type, X-Request-Id\n"
                   "access-control-max-age: 86400\n"));
}
