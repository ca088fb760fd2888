// The retry policy.
#include "embedding/retry.h"

#include "base/buf.h"

bool retry_after_failure(const context *ctx, str what, str why, int attempt, int64_t retry_after_ms, int64_t call_ms)
{
    int64_t delay = (int64_t)RETRY_FIRST_DELAY_MS << (attempt - 1);
    if (retry_after_ms > delay)
        delay = retry_after_ms;
    if (attempt >= RETRY_ATTEMPTS || delay > RETRY_LONGEST_WAIT_MS || delay + call_ms > context_time_left(ctx))
        return false;
    buf line = buf_new(ctx->mem, 96);
    buf_puts(&line, S("Retrying "), what, S(" in "));
    buf_put_int(&line, delay);
    buf_puts(&line, S("ms after "), why);
    context_log(ctx, HOST_WARN, S("Embeddings"), buf_str(&line));
    host_sleep((int32_t)delay);
    return true;
}

postgrest_answer retry_postgrest(const context *ctx, str what, host_call *call)
{
    for (int attempt = 1;; attempt++) {
        postgrest_answer answer = postgrest_send(ctx, call);
        bool passing = answer.outcome == POSTGREST_UNAVAILABLE || answer.outcome == POSTGREST_TIMEOUT;
        if (!passing || !retry_after_failure(ctx, what, answer.why, attempt, answer.retry_after_ms, call->timeout_ms))
            return answer;
    }
}

int64_t retry_backoff_s(int64_t attempts)
{
    enum { FIRST_S = 600, LONGEST_S = 86400 };
    int64_t delay = attempts < 8 ? (int64_t)FIRST_S << attempts : LONGEST_S;
    return delay < LONGEST_S ? delay : LONGEST_S;
}
