// The combined read: what the update needs to know of any number of users, in one PostgREST request.
#ifndef EMBEDDING_SOURCE_H
#define EMBEDDING_SOURCE_H

#include "embedding/text.h"
#include "supabase/postgrest.h"

// One user as read. Trees and texts live in the event's arena.
typedef struct source_user {
    text_source text;
    int64_t revision, embedded_revision, attempts;
    str model, text_hash; // empty: none
    bool partial;         // a part could not be read and is missing from `text`
} source_user;

// What was read: the rows that exist, in no particular order.
typedef struct source_read {
    postgrest_answer answer; // when not POSTGREST_OK there are no users
    source_user *users;
    int32_t count;
} source_read;

// Reads the profiles and embedding states of `ids` (UUIDs) with the service-role key, trying again while the database
// is unavailable. Where the combined read is refused, the parts are read separately: a part that cannot be read is
// logged and left out. Waits.
source_read source_read_users(const context *ctx, const str *ids, int32_t count);

// The user with this id among those read; NULL when there is none.
const source_user *source_find(const source_read *read, str id);

#endif
