// Finding the users whose vector is behind: keyset pages of ids.
#ifndef EMBEDDING_STALE_H
#define EMBEDDING_STALE_H

#include "supabase/postgrest.h"

// What to look for. `after`: ids above this one only, empty from the start. `min_age_s`: changed at least so long ago.
// `lease_s`: hides the found rows from other searches for so long. `everyone`: fresh ones too.
typedef struct stale_query {
    str after;
    int32_t limit, min_age_s, lease_s;
    bool everyone;
} stale_query;

typedef struct stale_page {
    postgrest_answer answer; // when not POSTGREST_OK there are no ids
    str *ids;                // ascending, in the arena
    int32_t count;
} stale_page;

// One page of at most `limit` (up to 100) ids. Waits.
stale_page stale_find(const context *ctx, stale_query query);

// How many users the query finds in all, whatever its limit; -1 when the database does not say. Waits.
int64_t stale_count(const context *ctx, stale_query query);

#endif
