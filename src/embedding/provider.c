// Asking the embedding model, and reading its answer without parsing the vectors.
// Errors: https://developers.cloudflare.com/workers-ai/platform/errors/
#include "embedding/provider.h"

#include "base/buf.h"
#include "embedding/mock.h"
#include "embedding/retry.h"
#include "embedding/vector.h"

enum {
    ONE_TIMEOUT_MS = 7 * 1000, // three attempts and two pauses must fit the 25 s behind a response
    MANY_TIMEOUT_MS = 30 * 1000,
    MAX_REPLY = 8 * 1024 * 1024, // 100 vectors have about 1.6 MB
    NO_SUCH_MODEL = 5007,        // answered as a 400, but no fault of the texts
};

static provider_answer outage(str why, int64_t retry_after_ms)
{
    return (provider_answer){PROVIDER_OUTAGE, why, retry_after_ms};
}

static str input_json(const context *ctx, const provider_item *items, int32_t count)
{
    buf input = buf_new(ctx->mem, 256);
    buf_put(&input, S("{\"text\":["));
    for (int32_t i = 0; i < count; i++) {
        if (i)
            buf_put_char(&input, ',');
        buf_put_json(&input, items[i].text);
    }
    buf_put(&input, S("],\"pooling\":"));
    buf_put_json(&input, ctx->cfg.pooling);
    buf_put_char(&input, '}');
    return buf_str(&input);
}

static host_reply call_binding(const context *ctx, str input, int32_t timeout_ms)
{
    host_ai_call call = {
        .model = ctx->cfg.model,
        .input = input,
        .gateway = ctx->cfg.gateway,
        .timeout_ms = timeout_ms,
        .max_reply = MAX_REPLY,
    };
    host_ai_run(ctx->mem, &call);
    return call.reply;
}

static host_reply call_rest(const context *ctx, str input, int32_t timeout_ms)
{
    const config *cfg = &ctx->cfg;
    buf url = buf_new(ctx->mem, 256), headers = buf_new(ctx->mem, 256);
    buf_puts(&url, cfg->workers_ai_url, S("/accounts/"));
    buf_put_url(&url, cfg->account_id);
    buf_puts(&url, S("/ai/run/"), cfg->model);
    buf_puts(&headers, S("content-type: application/json\nauthorization: Bearer "), cfg->api_token, S("\n"));
    if (cfg->gateway.len)
        buf_puts(&headers, S("cf-aig-gateway-id: "), cfg->gateway, S("\n"));
    host_call call = {
        .method = S("POST"),
        .url = buf_str(&url),
        .headers = buf_str(&headers),
        .body = input,
        .timeout_ms = timeout_ms,
        .max_reply = MAX_REPLY,
    };
    host_fetch(ctx->mem, &call, 1);
    return call.reply;
}

// Whether an error answer says that the model does not exist: {"internalCode": 5007} from the binding,
// {"errors": [{"code": 5007}]} from the REST API.
static bool names_unknown_model(const context *ctx, str body)
{
    const cJSON *error = json_parse(ctx->mem, body, NULL);
    const cJSON *first = cJSON_GetArrayItem(json_get(error, "errors"), 0);
    int64_t code = 0;
    return (json_whole(json_get(error, "internalCode"), &code) || json_whole(json_get(first, "code"), &code)) &&
           code == NO_SUCH_MODEL;
}

static bool is_passing(const host_reply *reply)
{
    if (reply->error != HOST_OK)
        return reply->error == HOST_TIMEOUT || reply->error == HOST_UNREACHABLE;
    return reply->status == 408 || reply->status == 429 || reply->status >= 500;
}

static str reply_fault(const context *ctx, const host_reply *reply)
{
    switch (reply->error) {
    case HOST_OK: break;
    case HOST_TIMEOUT: return S("the embedding model took too long");
    case HOST_TOO_LARGE: return S("the embedding model's answer is too large");
    case HOST_UNBOUND: return S("no AI binding is configured");
    default: return S("the embedding model cannot be reached");
    }
    buf why = buf_new(ctx->mem, 64);
    buf_put(&why, S("the embedding model answered HTTP "));
    buf_put_int(&why, reply->status);
    return buf_str(&why);
}

static provider_answer read_failure(const context *ctx, const host_reply *reply)
{
    bool content = reply->error == HOST_OK && (reply->status == 400 || reply->status == 413 || reply->status == 422);
    if (content && !names_unknown_model(ctx, reply->body))
        return (provider_answer){PROVIDER_CONTENT, reply_fault(ctx, reply), -1};
    return outage(reply_fault(ctx, reply), http_retry_after_ms(reply->retry_after, host_now_ms()));
}

// The array of vectors that comes next; *found counts them.
static bool read_data(json_reader *r, provider_item *items, int32_t count, int32_t *found)
{
    bool first = true;
    if (!json_enter(r, '['))
        return false;
    for (*found = 0; json_element(r, &first); ++*found) {
        provider_item ignored = {0};
        provider_item *item = *found < count ? &items[*found] : &ignored;
        if (!vector_read(r, &item->vector, &item->fault) && !json_skip(r, NULL))
            return false;
    }
    return !r->fault.what;
}

// {"data": [[…], …], …}, which the REST API wraps into {"result": {…}, …}.
static bool read_object(json_reader *r, bool wrapped, provider_item *items, int32_t count, int32_t *found)
{
    bool first = true;
    str key;
    if (!json_enter(r, '{'))
        return false;
    while (json_member(r, &first, &key)) {
        bool read = wrapped && str_eq(key, S("result")) ? read_object(r, false, items, count, found)
                    : str_eq(key, S("data"))            ? read_data(r, items, count, found)
                                                        : json_skip(r, NULL);
        if (!read)
            return false;
    }
    return !r->fault.what;
}

static provider_answer read_vectors(str body, provider_item *items, int32_t count)
{
    json_reader r = json_read(body);
    int32_t found = -1;
    bool read = read_object(&r, true, items, count, &found) && json_at_end(&r);
    // A vector that is no JSON, such as one with a NaN, is its text's fault; an answer that is garbage or cut off is
    // not.
    if (!read && found >= 0 && found < count && r.fault.at < body.len)
        return (provider_answer){PROVIDER_CONTENT, S("the embedding model gave a malformed vector"), -1};
    if (!read)
        return outage(S("the embedding model's answer is not readable"), -1);
    if (found != count)
        return (provider_answer){PROVIDER_CONTENT, S("the embedding model gave another number of vectors"), -1};
    return (provider_answer){.outcome = PROVIDER_OK, .retry_after_ms = -1};
}

static provider_answer embed_with_mock(const context *ctx, provider_item *items, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        items[i].vector = mock_embed(ctx->mem, items[i].text);
    return (provider_answer){.outcome = PROVIDER_OK, .retry_after_ms = -1};
}

provider_answer provider_embed(const context *ctx, provider_item *items, int32_t count)
{
    const config *cfg = &ctx->cfg;
    if (cfg->provider == PROVIDER_MOCK)
        return embed_with_mock(ctx, items, count);
    if (cfg->provider == PROVIDER_UNKNOWN)
        return outage(S("EMBEDDING_PROVIDER is none of workers-ai, rest, mock"), -1);
    if (!str_eq(cfg->pooling, S("mean")) && !str_eq(cfg->pooling, S("cls")))
        return outage(S("EMBEDDING_POOLING is neither mean nor cls"), -1);
    if (cfg->provider == PROVIDER_REST && (!cfg->account_id.len || !cfg->api_token.len))
        return outage(S("CLOUDFLARE_ACCOUNT_ID or CLOUDFLARE_API_TOKEN is not configured"), -1);
    str input = input_json(ctx, items, count);
    int32_t timeout_ms = count == 1 ? ONE_TIMEOUT_MS : MANY_TIMEOUT_MS;
    for (int attempt = 1;; attempt++) {
        int32_t wait_ms = context_timeout(ctx, timeout_ms);
        context_spend(ctx, 1);
        host_reply reply =
            cfg->provider == PROVIDER_REST ? call_rest(ctx, input, wait_ms) : call_binding(ctx, input, wait_ms);
        if (reply.error == HOST_OK && reply.status >= 200 && reply.status < 300)
            return read_vectors(reply.body, items, count);
        provider_answer failure = read_failure(ctx, &reply);
        if (!is_passing(&reply) ||
            !retry_after_failure(ctx, S("the AI call"), failure.why, attempt, failure.retry_after_ms, timeout_ms))
            return failure;
    }
}
