// Writing results back: the two RPCs that move the embedding state (migration add_resume_embedding).
#ifndef EMBEDDING_STORE_H
#define EMBEDDING_STORE_H

#include "supabase/postgrest.h"

typedef enum store_action { STORE_VECTOR, STORE_CLEAR, STORE_KEEP } store_action;

// `SUPERSEDED`: the row has moved on, or holds this already. `UNKNOWN`: the call failed.
typedef enum store_outcome { STORE_UNKNOWN, STORE_STORED, STORE_SUPERSEDED, STORE_MISSING } store_outcome;

// A row to move forward to `revision`: with a new vector, with none, or with the one it has.
typedef struct store_item {
    str user_id;
    int64_t revision;
    store_action action;
    str vector, text_hash;
    str model;
    store_outcome outcome; // filled in
} store_item;

// Stores the items in one call, which never moves a row backwards, and fills their outcomes. `force`: also where the
// revision is embedded already. Waits.
postgrest_answer store_items(const context *ctx, store_item *items, int32_t count, bool force);

// A row that failed for good at `revision`, and in how many seconds it may be tried again.
typedef struct store_failure {
    str user_id, error, model;
    int64_t revision, retry_after_s;
} store_failure;

// Records the failures in one call; a row that was edited meanwhile is left alone. Waits.
postgrest_answer store_failures(const context *ctx, const store_failure *failures, int32_t count);

#endif
