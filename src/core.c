// The three events: route -> authenticate -> handle, or the queue's consumer, or the sweeper.
#include "core.h"

#include "auth/auth.h"
#include "base/buf.h"
#include "embedding/sweep.h"
#include "http/answer.h"
#include "http/cors.h"
#include "routes.h"

enum {
    // Queue consumers and cron triggers may run for 15 minutes:
    // https://developers.cloudflare.com/workers/platform/limits/
    // A third of that leaves room, and more than one batch ever needs.
    BACKGROUND_MS = 5 * 60 * 1000,
    RATE_PERIOD_S = 60, // of the RATE_LIMITER binding in wrangler.toml
};

static bool is_request_id(str id)
{
    for (ptrdiff_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                     c == '_' || c == '.';
        if (!plain)
            return false;
    }
    return id.len > 0 && id.len <= 64;
}

static str new_request_id(arena *mem)
{
    uint8_t bytes[16];
    buf id = buf_new(mem, 32);
    host_random(bytes, sizeof bytes);
    buf_put_hex(&id, bytes, sizeof bytes);
    return buf_str(&id);
}

static context new_context(arena *mem)
{
    int64_t now = host_now_ms();
    return (context){
        .mem = mem,
        .cfg = config_read(mem),
        .started_ms = now,
        .deadline_ms = now + BACKGROUND_MS,
        .subrequests = arena_new(mem, int32_t, 1),
    };
}

static str methods_text(const context *ctx, int32_t methods)
{
    buf text = buf_new(ctx->mem, 48);
    router_put_methods(&text, methods);
    return buf_str(&text);
}

// Answers what no route takes: preflights, unknown paths, wrong methods.
static void answer_unrouted(const context *ctx, int32_t allowed)
{
    buf headers = buf_new(ctx->mem, 256);
    if (!allowed) {
        answer_error_send(ctx, ERROR_NOT_FOUND, S(""), S(""));
        return;
    }
    buf_puts(&headers, S("allow: "), methods_text(ctx, allowed), S("\n"));
    if (str_eq(ctx->method, S("OPTIONS"))) {
        cors_put_preflight(&headers, ctx, methods_text(ctx, allowed));
        answer_empty(ctx, buf_str(&headers));
    } else {
        answer_error_send(ctx, ERROR_METHOD_NOT_ALLOWED, S(""), buf_str(&headers));
    }
}

static bool passes_rate_limit(const context *ctx)
{
    if (host_rate_limit(ctx->user.id))
        return true;
    buf header = buf_new(ctx->mem, 32);
    buf_put(&header, S("retry-after: "));
    buf_put_int(&header, RATE_PERIOD_S);
    buf_put_char(&header, '\n');
    answer_error_send(ctx, ERROR_RATE_LIMIT_EXCEEDED, S(""), buf_str(&header));
    return false;
}

static bool has_access(context *ctx, route_access access)
{
    switch (access) {
    case ACCESS_PUBLIC: return true;
    case ACCESS_SERVICE: return auth_is_service(ctx);
    case ACCESS_USER: break;
    }
    if (!ctx->cfg.supabase_url.len || !ctx->cfg.anon_key.len) {
        context_log(ctx, HOST_ERROR, S("Config"), S("SUPABASE_URL or SUPABASE_ANON_KEY is not configured"));
        answer_error_send(ctx, ERROR_INTERNAL, S("The service is not configured"), S(""));
        return false;
    }
    return auth_user_from_token(ctx) && passes_rate_limit(ctx);
}

void core_fetch(arena *mem, const http_request *request)
{
    context ctx = new_context(mem);
    str given_id = request->headers[HEADER_REQUEST_ID];
    ctx.request = request;
    ctx.request_id = is_request_id(given_id) ? given_id : new_request_id(mem);
    ctx.head = str_eq(request->method, S("HEAD"));
    ctx.method = ctx.head ? S("GET") : request->method;
    router_match match = router_find(routes, route_count, ctx.method, http_url_path(request->url), mem);
    ctx.path_id = match.id;
    if (!match.route)
        answer_unrouted(&ctx, match.allowed);
    else if (has_access(&ctx, match.route->access))
        match.route->handle(&ctx, match.route);
}

// A context for work without a request; says so when it cannot succeed.
static context new_background_context(arena *mem)
{
    context ctx = new_context(mem);
    if (!ctx.cfg.supabase_url.len || !ctx.cfg.service_key.len)
        context_log(&ctx, HOST_ERROR, S("Config"), S("SUPABASE_URL or SUPABASE_SERVICE_ROLE_KEY is not configured"));
    return ctx;
}

void core_queue(arena *mem, const queue_message *messages, int32_t count)
{
    context ctx = new_background_context(mem);
    consumer_run(&ctx, messages, count);
}

void core_scheduled(arena *mem)
{
    context ctx = new_background_context(mem);
    sweep_run(&ctx);
}
