// The RPC bodies. A vector goes as a JSON string, which every PostgREST turns into a pgvector value.
#include "embedding/store.h"

#include "base/buf.h"
#include "embedding/retry.h"

enum { TIMEOUT_MS = 5 * 1000, MANY_TIMEOUT_MS = 30 * 1000 };

static host_call rpc_call(const context *ctx, str function, const buf *items, int32_t count)
{
    host_call call = postgrest_service_call(ctx, S("POST"), function);
    call.timeout_ms = count == 1 ? TIMEOUT_MS : MANY_TIMEOUT_MS;
    postgrest_body(ctx, &call, buf_str(items), S(""));
    return call;
}

static void put_text_member(buf *out, str name, str value)
{
    buf_puts(out, S(",\""), name, S("\":"));
    if (value.len)
        buf_put_json(out, value);
    else
        buf_put(out, S("null"));
}

static void put_number_member(buf *out, str name, int64_t value)
{
    buf_puts(out, S(",\""), name, S("\":"));
    buf_put_int(out, value);
}

static void put_item(buf *out, const store_item *item, bool force)
{
    buf_puts(out, S("{\"user_id\":\""), item->user_id, S("\""));
    put_number_member(out, S("revision"), item->revision);
    put_text_member(out, S("model"), item->model);
    put_text_member(out, S("text_hash"), item->text_hash);
    if (item->action == STORE_KEEP)
        buf_put(out, S(",\"keep\":true"));
    else
        put_text_member(out, S("embedding"), item->action == STORE_VECTOR ? item->vector : S(""));
    buf_put(out, force ? S(",\"force\":true}") : S("}"));
}

static store_outcome outcome_of(str name)
{
    return str_eq(name, S("stored"))       ? STORE_STORED
           : str_eq(name, S("superseded")) ? STORE_SUPERSEDED
           : str_eq(name, S("missing"))    ? STORE_MISSING
                                           : STORE_UNKNOWN;
}

static void read_outcomes(const cJSON *rows, store_item *items, int32_t count)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        str id = json_text(json_get(row, "user_id"));
        for (int32_t i = 0; i < count; i++) {
            if (str_eq_nocase(items[i].user_id, id))
                items[i].outcome = outcome_of(json_text(json_get(row, "outcome")));
        }
    }
}

postgrest_answer store_items(const context *ctx, store_item *items, int32_t count, bool force)
{
    ptrdiff_t size = 64;
    for (int32_t i = 0; i < count; i++)
        size += 256 + items[i].vector.len;
    buf body = buf_new(ctx->mem, size);
    buf_put(&body, S("{\"items\":["));
    for (int32_t i = 0; i < count; i++) {
        if (i)
            buf_put_char(&body, ',');
        put_item(&body, &items[i], force);
    }
    buf_put(&body, S("]}"));
    host_call call = rpc_call(ctx, S("/rest/v1/rpc/store_resume_embeddings"), &body, count);
    postgrest_answer answer = retry_postgrest(ctx, S("the store"), &call);
    if (answer.outcome == POSTGREST_OK)
        read_outcomes(json_parse(ctx->mem, answer.body, NULL), items, count);
    return answer;
}

postgrest_answer store_failures(const context *ctx, const store_failure *failures, int32_t count)
{
    buf body = buf_new(ctx->mem, 256 * (ptrdiff_t)count + 64);
    buf_put(&body, S("{\"items\":["));
    for (int32_t i = 0; i < count; i++) {
        buf_puts(&body, i ? S(",{\"user_id\":\"") : S("{\"user_id\":\""), failures[i].user_id, S("\""));
        put_number_member(&body, S("revision"), failures[i].revision);
        put_text_member(&body, S("model"), failures[i].model);
        put_text_member(&body, S("error"), failures[i].error);
        put_number_member(&body, S("retry_after_s"), failures[i].retry_after_s);
        buf_put_char(&body, '}');
    }
    buf_put(&body, S("]}"));
    host_call call = rpc_call(ctx, S("/rest/v1/rpc/record_resume_failures"), &body, count);
    return retry_postgrest(ctx, S("the record of a failure"), &call);
}
