// Log lines and the deadline.
#include "context.h"

#include "base/buf.h"

void context_log_all(const context *ctx, host_level level, str area, const str *texts, ptrdiff_t count)
{
    buf line = buf_new(ctx->mem, 192);
    buf_puts(&line, S("["), area, S("] "));
    buf_put_all(&line, texts, count);
    if (ctx->request_id.len)
        buf_puts(&line, S(" (request "), ctx->request_id, S(")"));
    host_log(level, buf_str(&line));
}

void context_log(const context *ctx, host_level level, str area, str text)
{
    context_log_all(ctx, level, area, &text, 1);
}

void context_spend(const context *ctx, int32_t subrequests)
{
    if (ctx->subrequests)
        *ctx->subrequests += subrequests;
}

int32_t context_spent(const context *ctx)
{
    return ctx->subrequests ? *ctx->subrequests : 0;
}

int64_t context_time_left(const context *ctx)
{
    int64_t left = ctx->deadline_ms - host_now_ms();
    return left > 0 ? left : 0;
}

int32_t context_timeout(const context *ctx, int32_t timeout_ms)
{
    enum { LEAST_MS = 1000 };
    int64_t left = context_time_left(ctx);
    return left > timeout_ms ? timeout_ms : left > LEAST_MS ? (int32_t)left : LEAST_MS;
}
