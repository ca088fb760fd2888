// The routes of the profile: handlers for the table in routes.c. Each answers the request; the edits go on behind
// the answer with the embedding.
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include "profile/resource.h"

// The user's rows, in the resource's order.
void profile_list(context *ctx, const route *route);

// One row: of the path's id, or the user's own where the path has none.
void profile_read(context *ctx, const route *route);

// Adds a row of the body's members: 201 with the row. Makes the user's own row first where it is missing.
void profile_create(context *ctx, const route *route);

// Changes the given members of a row, as in profile_read: 200 with the row. A profile that is missing is made.
void profile_edit(context *ctx, const route *route);

// Deletes the row of the path's id: 200.
void profile_delete(context *ctx, const route *route);

// The state of the user's embedding.
void profile_embedding_status(context *ctx, const route *route);

#endif
