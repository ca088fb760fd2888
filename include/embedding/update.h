// The update: one path for a single edit, a queue batch, the sweeper and the backfill.
//   read -> text -> hash -> AI -> check -> store
#ifndef EMBEDDING_UPDATE_H
#define EMBEDDING_UPDATE_H

#include "context.h"

// Users per update: as many as one AI call takes, and as many ids as a URL of about 4 KB holds.
enum { UPDATE_MAX_USERS = 100 };

typedef enum update_outcome {
    UPDATE_PENDING,
    UPDATE_STORED,     // a new vector
    UPDATE_EMPTY,      // the profile has no text, and now no vector
    UPDATE_UNCHANGED,  // the vector reflects this text already
    UPDATE_SUPERSEDED, // another update was faster; or a newer edit will be followed by its own
    UPDATE_MISSING,    // no such user any more
    UPDATE_FAILED,     // for good, because of the content: recorded, and left to the sweeper
    UPDATE_DELAYED,    // an outage: nothing was changed; worth trying again
} update_outcome;

// One user. `reason` says why, for all outcomes but UPDATE_STORED; in the arena.
typedef struct update_item {
    str user_id;
    update_outcome outcome;
    str reason;
    int64_t retry_after_ms; // UPDATE_DELAYED: what the upstream asked for, or -1
    bool again;             // update_run's own: to be looked at a second time
} update_item;

// Brings the embeddings of up to UPDATE_MAX_USERS different users up to date and fills the outcomes, logging each
// user's. `force`: embeds even where nothing has changed. Waits.
void update_run(const context *ctx, update_item *items, int32_t count, bool force);

#endif
