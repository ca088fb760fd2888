// The backfill: pages of stale users through the same update as everything else.
#include "embedding/backfill.h"

#include "base/json.h"
#include "embedding/stale.h"
#include "embedding/update.h"
#include "http/answer.h"
#include "http/body.h"
#include "http/schema.h"

enum {
    DEFAULT_BATCH = 10,
    // Workers Free allows 50 subrequests per request; a batch takes four when nothing goes wrong. The client comes
    // back with the cursor. https://developers.cloudflare.com/workers/platform/limits/#subrequests
    SUBREQUESTS = 50,
    SUBREQUESTS_PER_BATCH = 4,
    STEP_MS = 45 * 1000, // no new batch starts with less time left
};

typedef struct options {
    bool dry_run, force;
    int64_t batch_size, limit; // limit 0: none
    str after;
} options;

typedef struct totals {
    int32_t success, skipped, failed;
    bool done, client_gone;
} totals;

static bool read_flag(const cJSON *body, const char *key, bool *flag)
{
    const cJSON *value = json_get(body, key);
    *flag = cJSON_IsTrue(value);
    return !value || cJSON_IsBool(value);
}

static bool read_count(const cJSON *body, const char *key, int64_t most, int64_t *count)
{
    const cJSON *value = json_get(body, key);
    return !value || (json_whole(value, count) && *count >= 1 && *count <= most);
}

static void check_option(buf *details, bool good, str path, str message)
{
    if (!good)
        schema_put_detail(details, S("custom"), path, message);
}

// False when it has answered.
static bool read_options(const context *ctx, options *o)
{
    *o = (options){.batch_size = DEFAULT_BATCH};
    if (ctx->request->body_state == BODY_COMPLETE && !ctx->request->body.len)
        return true;
    const cJSON *body = body_read_object(ctx);
    if (!body)
        return false;
    buf details = buf_new(ctx->mem, 0);
    const cJSON *after = json_get(body, "after");
    o->after = json_text(after);
    check_option(&details, read_flag(body, "dry_run", &o->dry_run), S("dry_run"), S("Must be true or false"));
    check_option(&details, read_flag(body, "force", &o->force), S("force"), S("Must be true or false"));
    check_option(&details, read_count(body, "batch_size", UPDATE_MAX_USERS, &o->batch_size), S("batch_size"),
                 S("Must be a whole number from 1 to 100"));
    check_option(&details, read_count(body, "limit", INT32_MAX, &o->limit), S("limit"),
                 S("Must be a positive whole number"));
    check_option(&details, !after || cJSON_IsNull(after) || str_is_uuid(o->after), S("after"), S("Must be a UUID"));
    if (details.len)
        answer_invalid(ctx, S("backfill"), buf_str(&details));
    return details.len == 0;
}

static void put_line(buf *lines, str user_id, str status, str reason)
{
    buf_puts(lines, S("{\"user_id\":\""), user_id, S("\",\"status\":\""), status, S("\""));
    if (reason.len) {
        buf_put(lines, S(",\"reason\":"));
        buf_put_json(lines, reason);
    }
    buf_put(lines, S("}\n"));
}

static void put_outcome(buf *lines, const update_item *item, totals *t)
{
    bool success = item->outcome == UPDATE_STORED;
    bool failed = item->outcome == UPDATE_FAILED || item->outcome == UPDATE_DELAYED;
    t->success += success;
    t->failed += failed;
    t->skipped += !success && !failed;
    put_line(lines, item->user_id, success ? S("success") : failed ? S("failed") : S("skipped"), item->reason);
}

// One page, told to the client. False when an outage makes it pointless to go on.
static bool run_page(const context *ctx, const options *o, const stale_page *page, totals *t)
{
    buf lines = buf_new(ctx->mem, 80 * (ptrdiff_t)page->count);
    update_item *items = arena_new(ctx->mem, update_item, page->count);
    int32_t delayed = 0;
    for (int32_t i = 0; i < page->count; i++)
        items[i].user_id = page->ids[i];
    if (o->dry_run) {
        for (int32_t i = 0; i < page->count; i++)
            put_line(&lines, page->ids[i], S("skipped"), S("dry run"));
        t->skipped += page->count;
    } else {
        update_run(ctx, items, page->count, o->force);
        for (int32_t i = 0; i < page->count; i++) {
            put_outcome(&lines, &items[i], t);
            delayed += items[i].outcome == UPDATE_DELAYED;
        }
    }
    t->client_gone = !host_respond_more(buf_str(&lines));
    return delayed < page->count && !t->client_gone;
}

static void put_summary(const context *ctx, const totals *t, str next, str error)
{
    buf line = buf_new(ctx->mem, 192);
    buf_put(&line, S("{\"summary\":{\"total\":"));
    buf_put_int(&line, (int64_t)t->success + t->skipped + t->failed);
    buf_put(&line, S(",\"success\":"));
    buf_put_int(&line, t->success);
    buf_put(&line, S(",\"skipped\":"));
    buf_put_int(&line, t->skipped);
    buf_put(&line, S(",\"failed\":"));
    buf_put_int(&line, t->failed);
    buf_puts(&line, S(",\"done\":"), t->done ? S("true") : S("false"), S(",\"next\":"));
    if (next.len)
        buf_put_json(&line, next);
    else
        buf_put(&line, S("null"));
    if (error.len) {
        buf_put(&line, S(",\"error\":"));
        buf_put_json(&line, error);
    }
    buf_put(&line, S("}}\n"));
    host_respond_more(buf_str(&line));
}

// How many there are to go through from `after` on, for the client's progress; a limit does not count.
static void put_stale(const context *ctx, const options *o)
{
    int64_t count = stale_count(ctx, (stale_query){.after = o->after, .everyone = o->force});
    if (count < 0)
        return;
    buf line = buf_new(ctx->mem, 32);
    buf_put(&line, S("{\"stale\":"));
    buf_put_int(&line, count);
    buf_put(&line, S("}\n"));
    host_respond_more(buf_str(&line));
}

static int32_t page_size(const options *o, int32_t handled)
{
    int64_t left = o->limit ? o->limit - handled : o->batch_size;
    return (int32_t)(left < o->batch_size ? left : o->batch_size);
}

void backfill_handle(context *ctx, const route *route)
{
    (void)route;
    options o;
    if (!read_options(ctx, &o))
        return;
    answer_stream(ctx);
    put_stale(ctx, &o);
    totals t = {0};
    char last[36];
    str after = o.after, error = {0};
    bool go_on = true, at_end = false;
    int32_t handled = 0;
    while (go_on && context_spent(ctx) + SUBREQUESTS_PER_BATCH <= SUBREQUESTS && context_time_left(ctx) > STEP_MS) {
        char *mark = arena_mark(ctx->mem);
        int32_t size = page_size(&o, handled);
        stale_page page = stale_find(ctx, (stale_query){.after = after, .limit = size, .everyone = o.force});
        if (page.answer.outcome != POSTGREST_OK) {
            error = S("the database could not be searched");
            context_logs(ctx, HOST_ERROR, S("Embeddings"), S("Cannot search for stale embeddings: "), page.answer.why);
            break;
        }
        go_on = page.count == 0 || run_page(ctx, &o, &page, &t);
        if (page.count && go_on) {
            __builtin_memcpy(last, page.ids[page.count - 1].at, sizeof last);
            after = (str){last, sizeof last};
        }
        handled += page.count;
        at_end = go_on && page.count < size;
        t.done = at_end || (go_on && handled == o.limit);
        go_on = go_on && !t.done;
        arena_rewind(ctx->mem, mark);
    }
    put_summary(ctx, &t, at_end ? S("") : after, error);
}
