// Messages to users, outcomes to fates.
#include "embedding/consumer.h"

#include "base/buf.h"
#include "base/json.h"
#include "embedding/update.h"

enum {
    FIRST_DELAY_S = 30, // doubled with every delivery
    LONGEST_DELAY_S = 60 * 60,
    QUEUE_LONGEST_S = 12 * 60 * 60, // https://developers.cloudflare.com/queues/platform/limits/
};

static str message_user(const context *ctx, const queue_message *message)
{
    const cJSON *body = json_parse(ctx->mem, message->body, NULL);
    str id = json_text(json_get(body, "user_id"));
    return str_is_uuid(id) ? arena_lower(ctx->mem, id) : (str){0};
}

// The index of the user's item, added at the end when it is new.
static int32_t item_of(update_item *items, int32_t *count, str user_id)
{
    for (int32_t i = 0; i < *count; i++) {
        if (str_eq(items[i].user_id, user_id))
            return i;
    }
    items[*count] = (update_item){.user_id = user_id};
    return (*count)++;
}

static int32_t retry_delay_s(const queue_message *message, const update_item *item)
{
    int32_t doublings = message->attempts > 1 ? message->attempts - 1 : 0;
    int64_t delay = doublings < 7 ? (int64_t)FIRST_DELAY_S << doublings : LONGEST_DELAY_S;
    int64_t asked = (item->retry_after_ms + 999) / 1000;
    if (asked > delay)
        delay = asked;
    return (int32_t)(delay < QUEUE_LONGEST_S ? delay : QUEUE_LONGEST_S);
}

void consumer_run(const context *ctx, const queue_message *messages, int32_t count)
{
    update_item *items = arena_new(ctx->mem, update_item, count);
    int32_t *item_of_message = arena_new(ctx->mem, int32_t, count);
    int32_t users = 0;
    for (int32_t i = 0; i < count; i++) {
        str user_id = message_user(ctx, &messages[i]);
        item_of_message[i] = user_id.len ? item_of(items, &users, user_id) : -1;
    }
    for (int32_t from = 0; from < users; from += UPDATE_MAX_USERS) {
        int32_t size = users - from < UPDATE_MAX_USERS ? users - from : UPDATE_MAX_USERS;
        update_run(ctx, items + from, size, false);
    }
    for (int32_t i = 0; i < count; i++) {
        const update_item *item = item_of_message[i] < 0 ? NULL : &items[item_of_message[i]];
        if (!item)
            context_log(ctx, HOST_ERROR, S("Embeddings"), S("Dropped a queue message that names no user"));
        if (item && item->outcome == UPDATE_DELAYED)
            host_message_retry(i, retry_delay_s(&messages[i], item));
        else
            host_message_ack(i);
    }
}
