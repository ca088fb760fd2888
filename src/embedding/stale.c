// The stale_resumes function of the migration, as a page.
#include "embedding/stale.h"

#include "base/buf.h"
#include "embedding/retry.h"

static host_call find_call(const context *ctx, stale_query query)
{
    buf body = buf_new(ctx->mem, 256);
    buf_put(&body, S("{\"tag\":"));
    buf_put_json(&body, config_model_tag(&ctx->cfg, ctx->mem));
    if (query.after.len) {
        buf_put(&body, S(",\"after\":"));
        buf_put_json(&body, query.after);
    }
    buf_put(&body, S(",\"max_rows\":"));
    buf_put_int(&body, query.limit);
    buf_put(&body, S(",\"min_age_s\":"));
    buf_put_int(&body, query.min_age_s);
    buf_put(&body, S(",\"lease_s\":"));
    buf_put_int(&body, query.lease_s);
    buf_put(&body, query.everyone ? S(",\"include_fresh\":true}") : S("}"));
    host_call call = postgrest_call(ctx, S("POST"), S("/rest/v1/rpc/stale_resumes"), S(""));
    postgrest_body(ctx, &call, buf_str(&body), S(""));
    return call;
}

stale_page stale_find(const context *ctx, stale_query query)
{
    host_call call = find_call(ctx, query);
    stale_page page = {.answer = retry_postgrest(ctx, S("the search for stale embeddings"), &call)};
    if (page.answer.outcome != POSTGREST_OK)
        return page;
    const cJSON *rows = json_parse(ctx->mem, page.answer.body, NULL);
    if (!cJSON_IsArray(rows)) {
        page.answer = (postgrest_answer){.outcome = POSTGREST_UNREADABLE, .why = S("not a JSON array"), .retry_after_ms = -1};
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
