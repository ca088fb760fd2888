// One tick of the sweeper.
#include "embedding/sweep.h"

#include "base/buf.h"
#include "embedding/dispatch.h"
#include "embedding/stale.h"
#include "embedding/update.h"

enum {
    MIN_AGE_S = 60,      // an edit's own update, or its queue message, gets this long before it counts as lost
    LEASE_S = 15 * 60,   // then a user who was sent to the queue is looked for again
    STEP_MS = 45 * 1000, // no new page starts with less time left
};

// True when the queue took the page.
static bool send_page(const context *ctx, const stale_page *page)
{
    str *messages = arena_new(ctx->mem, str, page->count);
    for (int32_t i = 0; i < page->count; i++)
        messages[i] = embedding_message(ctx, page->ids[i]);
    context_spend(ctx, 1);
    return host_queue_send(messages, page->count) == HOST_OK;
}

// True unless an outage makes it pointless to go on.
static bool update_page(const context *ctx, const stale_page *page)
{
    update_item *items = arena_new(ctx->mem, update_item, page->count);
    for (int32_t i = 0; i < page->count; i++)
        items[i].user_id = page->ids[i];
    update_run(ctx, items, page->count, false);
    int32_t delayed = 0;
    for (int32_t i = 0; i < page->count; i++)
        delayed += items[i].outcome == UPDATE_DELAYED;
    return delayed < page->count;
}

static void log_end(const context *ctx, int32_t users, bool queued, bool done)
{
    buf line = buf_new(ctx->mem, 96);
    buf_put(&line, queued ? S("Sweep sent ") : S("Sweep went through "));
    buf_put_int(&line, users);
    buf_put(&line, queued ? S(" stale users to the queue") : S(" stale users"));
    buf_put(&line, done ? S("") : S("; more are left for the next run"));
    context_log(ctx, HOST_INFO, S("Embeddings"), buf_str(&line));
}

void sweep_run(const context *ctx)
{
    bool queued = host_bound(S("EMBEDDING_QUEUE"));
    int32_t cost = queued ? SWEEP_SUBREQUESTS_PER_PAGE : SWEEP_SUBREQUESTS_PER_UPDATE;
    int32_t users = 0;
    bool go_on = true, done = false;
    char last[36];
    str after = {0};
    while (go_on && !done && context_spent(ctx) + cost <= SWEEP_SUBREQUESTS && context_time_left(ctx) > STEP_MS) {
        char *mark = arena_mark(ctx->mem);
        stale_page page = stale_find(
            ctx, (stale_query){.after = after, .limit = UPDATE_MAX_USERS, .min_age_s = MIN_AGE_S, .lease_s = LEASE_S});
        if (page.answer.outcome != POSTGREST_OK) {
            context_logs(ctx, HOST_ERROR, S("Embeddings"), S("Cannot search for stale embeddings: "), page.answer.why);
            return;
        }
        if (page.count && !(queued && send_page(ctx, &page))) {
            if (queued)
                context_log(ctx, HOST_WARN, S("Embeddings"),
                            S("The queue refused a page of stale users; updating right here"));
            queued = false;
            cost = SWEEP_SUBREQUESTS_PER_UPDATE;
            go_on = context_spent(ctx) + cost <= SWEEP_SUBREQUESTS && update_page(ctx, &page);
        }
        users += page.count;
        done = page.count < UPDATE_MAX_USERS && go_on;
        if (page.count) {
            __builtin_memcpy(last, page.ids[page.count - 1].at, sizeof last);
            after = (str){last, sizeof last};
        }
        arena_rewind(ctx->mem, mark);
    }
    log_end(ctx, users, queued, done);
}
