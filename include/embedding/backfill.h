// POST /api/admin/backfill: embeds everyone who is stale, and tells about each user as it happens.
#ifndef EMBEDDING_BACKFILL_H
#define EMBEDDING_BACKFILL_H

#include "http/router.h"

// Streams NDJSON: {"stale": N}, the number of users to go through; then a line per user, {"user_id", "status":
// "success" | "skipped" | "failed", "reason"?}, then
// {"summary": {"total", "success", "skipped", "failed", "done", "next", "error"?}}. `done` is false when it stopped
// before the end or the limit; `next` is the `after` to go on from, null at the end. Options of the body: dry_run,
// batch_size, limit, after, force. Waits.
void backfill_handle(context *ctx, const route *route);

#endif
