// What a user is told when the database says no. Its own words go to the log at most.
#ifndef PROFILE_REFUSAL_H
#define PROFILE_REFUSAL_H

#include "profile/resource.h"
#include "supabase/postgrest.h"

// Answers the request for an outcome other than POSTGREST_OK, and logs why.
void refusal_send(const context *ctx, const resource *of, const postgrest_answer *answer);

// Answers 404 for a row: the same for another user's, an unknown and a malformed id.
void refusal_not_found(const context *ctx, const resource *of);

#endif
