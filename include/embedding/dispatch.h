// After an edit: who brings the embedding up to date.
#ifndef EMBEDDING_DISPATCH_H
#define EMBEDDING_DISPATCH_H

#include "context.h"

// Hands the user to the embedding queue where one is bound; runs the update right here where none is, or where it
// refuses. To be called after the response: from now on 25 s are left. Never fails: what cannot be done now stays stale
// in the database, where the sweeper finds it. Waits.
void embedding_dispatch(context *ctx, str user_id);

// The body of a queue message for one user: {"user_id": …}. In the arena.
str embedding_message(const context *ctx, str user_id);

#endif
