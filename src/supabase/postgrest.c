// Calls of PostgREST and the meaning of its answers.
#include "supabase/postgrest.h"

#include "base/buf.h"

// A user waits for these. PostgREST's own statement timeout for signed-in users is 8 s on Supabase.
enum { TIMEOUT_MS = 10 * 1000 };

static const struct {
    str code;
    postgrest_outcome outcome;
} codes[] = {
    {STR("23505"), POSTGREST_UNIQUE},         {STR("23503"), POSTGREST_FOREIGN_KEY},
    {STR("23514"), POSTGREST_CHECK},          {STR("42501"), POSTGREST_FORBIDDEN},
    {STR("42P01"), POSTGREST_NO_RELATION},    {STR("PGRST200"), POSTGREST_NO_RELATION},
    {STR("PGRST201"), POSTGREST_NO_RELATION}, {STR("PGRST205"), POSTGREST_NO_RELATION},
    {STR("57014"), POSTGREST_TIMEOUT},        {STR("PGRST003"), POSTGREST_TIMEOUT},
};

static host_call new_call(const context *ctx, str method, str path, str key, str bearer)
{
    buf url = buf_new(ctx->mem, 512), headers = buf_new(ctx->mem, 1024);
    buf_puts(&url, ctx->cfg.supabase_url, path);
    buf_puts(&headers, S("accept: application/json\napikey: "), key, S("\n"));
    if (bearer.len)
        buf_puts(&headers, S("authorization: Bearer "), bearer, S("\n"));
    return (host_call){
        .method = method,
        .url = buf_str(&url),
        .headers = buf_str(&headers),
        .timeout_ms = TIMEOUT_MS,
        .max_reply = POSTGREST_MAX_REPLY,
    };
}

host_call postgrest_call(const context *ctx, str method, str path, str token)
{
    return new_call(ctx, method, path, ctx->cfg.anon_key, token);
}

host_call postgrest_service_call(const context *ctx, str method, str path)
{
    str key = ctx->cfg.service_key;
    // Supabase's newer keys (sb_secret_…) are not JWTs: as a bearer token they would be refused.
    return new_call(ctx, method, path, key, str_starts_with(key, S("sb_")) ? S("") : key);
}

void postgrest_body(const context *ctx, host_call *call, str json, str prefer)
{
    buf headers = buf_new(ctx->mem, call->headers.len + 128);
    buf_puts(&headers, call->headers, S("content-type: application/json\n"));
    if (prefer.len)
        buf_puts(&headers, S("prefer: "), prefer, S("\n"));
    call->headers = buf_str(&headers);
    call->body = json;
}

static postgrest_answer failed(postgrest_outcome outcome, str why)
{
    return (postgrest_answer){.outcome = outcome, .why = why, .retry_after_ms = -1};
}

static postgrest_outcome outcome_of_status(int32_t status)
{
    if (status == 408 || status == 504)
        return POSTGREST_TIMEOUT;
    if (status == 429 || status >= 500)
        return POSTGREST_UNAVAILABLE;
    return status == 401 ? POSTGREST_UNAUTHORIZED : status == 403 ? POSTGREST_FORBIDDEN : POSTGREST_REFUSED;
}

static postgrest_outcome outcome_of_code(str code, postgrest_outcome otherwise)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (str_eq(code, codes[i].code))
            return codes[i].outcome;
    }
    return str_starts_with(code, S("22")) ? POSTGREST_BAD_VALUE : otherwise;
}

static str status_text(const context *ctx, int32_t status, str code)
{
    buf text = buf_new(ctx->mem, 32);
    buf_put(&text, S("HTTP "));
    buf_put_int(&text, status);
    // Only letters and digits: the code comes from outside and goes into a log line.
    bool plain = code.len > 0 && code.len <= 16;
    for (ptrdiff_t i = 0; i < code.len; i++)
        plain = plain && ((code.at[i] >= '0' && code.at[i] <= '9') || (code.at[i] >= 'A' && code.at[i] <= 'Z'));
    if (plain)
        buf_puts(&text, S(" ("), code, S(")"));
    return buf_str(&text);
}

postgrest_answer postgrest_read(const context *ctx, const host_reply *reply)
{
    switch (reply->error) {
    case HOST_OK: break;
    case HOST_TIMEOUT: return failed(POSTGREST_TIMEOUT, S("timeout"));
    case HOST_TOO_LARGE: return failed(POSTGREST_TOO_LARGE, S("the answer is too large"));
    default: return failed(POSTGREST_UNAVAILABLE, S("no connection"));
    }
    if (reply->status >= 200 && reply->status < 300)
        return (postgrest_answer){.outcome = POSTGREST_OK, .body = reply->body, .retry_after_ms = -1};
    postgrest_answer answer = failed(outcome_of_status(reply->status), (str){0});
    const cJSON *error = json_parse(ctx->mem, reply->body, NULL);
    str code = json_text(json_get(error, "code"));
    answer.outcome = outcome_of_code(code, answer.outcome);
    answer.why = status_text(ctx, reply->status, code);
    answer.constraint_text = json_text(json_get(error, "message"));
    answer.retry_after_ms = http_retry_after_ms(reply->retry_after, host_now_ms());
    return answer;
}

postgrest_answer postgrest_send(const context *ctx, host_call *call)
{
    call->timeout_ms = context_timeout(ctx, call->timeout_ms);
    context_spend(ctx, 1);
    host_fetch(ctx->mem, call, 1);
    return postgrest_read(ctx, &call->reply);
}

bool postgrest_first_row(str body, str *row)
{
    json_reader reader = json_read(body);
    bool first = true;
    *row = (str){0};
    if (!json_enter(&reader, '['))
        return false;
    while (json_element(&reader, &first)) {
        str item;
        if (!json_skip(&reader, &item))
            return false;
        if (!row->len)
            *row = item;
    }
    return json_at_end(&reader);
}
