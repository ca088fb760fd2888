// The sweeper: what makes the promise hold when a worker dies, a message is lost, or somebody edits the tables by hand.
#ifndef EMBEDDING_SWEEP_H
#define EMBEDDING_SWEEP_H

#include "context.h"

// The budget of one invocation. Workers Free allows 50 subrequests per invocation, and every plan at least as many:
// https://developers.cloudflare.com/workers/platform/limits/#subrequests
enum {
    SWEEP_SUBREQUESTS = 50,
    SWEEP_SUBREQUESTS_PER_PAGE = 2,   // the search, and the send to the queue
    SWEEP_SUBREQUESTS_PER_UPDATE = 4, // the search, the read, the AI call, the store
};

// Finds stale users and sends them to the queue, or updates them right here where none is bound; goes on until none is
// left, the budget is spent or the deadline near. The next run goes on where this one stopped, because what was sent
// or done is not found again. Waits.
void sweep_run(const context *ctx);

#endif
