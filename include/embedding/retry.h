// Trying again: which faults are worth it, and how long to wait.
#ifndef EMBEDDING_RETRY_H
#define EMBEDDING_RETRY_H

#include "context.h"
#include "supabase/postgrest.h"

enum {
    RETRY_ATTEMPTS = 3,
    RETRY_FIRST_DELAY_MS = 1000,   // then twice as long
    RETRY_LONGEST_WAIT_MS = 10000, // a longer Retry-After is left to the queue or the sweeper
};

// After attempt number `attempt` (from 1) at `what` failed because of `why`: waits and returns true when another
// attempt makes sense; false at once when it was the last, or when waiting `retry_after_ms` (-1: unknown) and calling
// again for up to `call_ms` would pass the deadline. Logs the retry.
bool retry_after_failure(const context *ctx, str what, str why, int attempt, int64_t retry_after_ms, int64_t call_ms);

// postgrest_send, tried again while the database is unavailable or too slow. Only for calls that may be repeated.
postgrest_answer retry_postgrest(const context *ctx, str what, host_call *call);

// How long a row that failed for good waits before the sweeper tries it again, in seconds: ten minutes, doubling with
// every attempt, at most a day.
int64_t retry_backoff_s(int64_t attempts);

#endif
