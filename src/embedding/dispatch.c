// Queue or here.
#include "embedding/dispatch.h"

#include "base/buf.h"
#include "embedding/update.h"

// Cloudflare cancels what waitUntil still runs 30 s after the response:
// https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
enum { BEHIND_RESPONSE_MS = 25 * 1000 };

str embedding_message(const context *ctx, str user_id)
{
    buf body = buf_new(ctx->mem, 64);
    buf_puts(&body, S("{\"user_id\":\""), user_id, S("\"}"));
    return buf_str(&body);
}

void embedding_dispatch(context *ctx, str user_id)
{
    ctx->deadline_ms = host_now_ms() + BEHIND_RESPONSE_MS;
    if (host_bound(S("EMBEDDING_QUEUE"))) {
        str message = embedding_message(ctx, user_id);
        if (host_queue_send(&message, 1) == HOST_OK)
            return;
        context_logs(ctx, HOST_WARN, S("Embeddings"), S("The queue refused user "), user_id,
                     S("; updating right here"));
    }
    update_item item = {.user_id = user_id};
    update_run(ctx, &item, 1, false);
}
