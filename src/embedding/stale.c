// The stale_resumes function of the migration, as a page.
#include "embedding/stale.h"

#include "base/buf.h"
#include "embedding/retry.h"

// The members that both functions take, with the object left open.
static buf query_json(const context *ctx, const stale_query *query)
{
    buf body = buf_new(ctx->mem, 256);
    buf_put(&body, S("{\"tag\":"));
    buf_put_json(&body, config_model_tag(&ctx->cfg, ctx->mem));
    if (query->after.len) {
        buf_put(&body, S(",\"after\":"));
        buf_put_json(&body, query->after);
    }
    if (query->everyone)
        buf_put(&body, S(",\"include_fresh\":true"));
    return body;
}

static void put_number(buf *body, str name, int64_t value)
{
    buf_puts(body, S(",\""), name, S("\":"));
    buf_put_int(body, value);
}

static postgrest_answer send(const context *ctx, str function, buf *body)
{
    buf_put_char(body, '}');
    host_call call = postgrest_service_call(ctx, S("POST"), function);
    postgrest_body(ctx, &call, buf_str(body), S(""));
    return retry_postgrest(ctx, S("the search for stale embeddings"), &call);
}

stale_page stale_find(const context *ctx, stale_query query)
{
    buf body = query_json(ctx, &query);
    put_number(&body, S("max_rows"), query.limit);
    put_number(&body, S("min_age_s"), query.min_age_s);
    put_number(&body, S("lease_s"), query.lease_s);
    stale_page page = {.answer = send(ctx, S("/rest/v1/rpc/stale_resumes"), &body)};
    if (page.answer.outcome != POSTGREST_OK)
        return page;
    const cJSON *rows = json_parse(ctx->mem, page.answer.body, NULL);
    if (!cJSON_IsArray(rows)) {
        page.answer =
            (postgrest_answer){.outcome = POSTGREST_UNREADABLE, .why = S("not a JSON array"), .retry_after_ms = -1};
        return page;
    }
    page.ids = arena_new(ctx->mem, str, cJSON_GetArraySize(rows));
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        str id = json_text(json_get(row, "user_id"));
        if (str_is_uuid(id) && page.count < query.limit)
            page.ids[page.count++] = id;
    }
    return page;
}

int64_t stale_count(const context *ctx, stale_query query)
{
    buf body = query_json(ctx, &query);
    postgrest_answer answer = send(ctx, S("/rest/v1/rpc/count_stale_resumes"), &body);
    int64_t count = -1;
    if (answer.outcome == POSTGREST_OK)
        json_whole(json_parse(ctx->mem, answer.body, NULL), &count);
    return count;
}
