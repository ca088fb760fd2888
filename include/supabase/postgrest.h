// The PostgREST client: builds calls, sends them, and reads what an answer means.
// Error codes: https://docs.postgrest.org/en/stable/references/errors.html
#ifndef SUPABASE_POSTGREST_H
#define SUPABASE_POSTGREST_H

#include "base/json.h"
#include "context.h"

// The largest answer that is read. A read of many profiles above it is taken in halves.
enum { POSTGREST_MAX_REPLY = 8 * 1024 * 1024 };

typedef enum postgrest_outcome {
    POSTGREST_OK,
    POSTGREST_UNIQUE,       // 23505: unique_violation
    POSTGREST_FOREIGN_KEY,  // 23503
    POSTGREST_CHECK,        // 23514: check_violation
    POSTGREST_BAD_VALUE,    // 22xxx: data exception
    POSTGREST_NO_RELATION,  // PGRST200, PGRST201, PGRST205, 42P01: a table or a relation is not there
    POSTGREST_UNAUTHORIZED, // it does not take the token or the key
    POSTGREST_FORBIDDEN,    // 42501: a policy or a missing right
    POSTGREST_REFUSED,      // any other 4xx
    POSTGREST_TOO_LARGE,
    POSTGREST_UNREADABLE,  // a success that is not JSON
    POSTGREST_UNAVAILABLE, // 429, 5xx, no connection
    POSTGREST_TIMEOUT,     // 408, 504, or no answer in time
} postgrest_outcome;

// `why` is for the log: "HTTP 503", "timeout", "PGRST301". `body` is the answer as it came; `constraint_text` the
// database's message, in which a violated constraint is named (never for clients).
typedef struct postgrest_answer {
    postgrest_outcome outcome;
    str why;
    str body;
    str constraint_text;
    int64_t retry_after_ms; // -1: not said
} postgrest_answer;

// A call of the Supabase API with the user's own `token`. `path` starts behind the project's URL; the body is empty,
// timeout and size are at useful defaults. Texts are in the arena.
host_call postgrest_call(const context *ctx, str method, str path, str token);

// The same with the service-role key, past row-level security: for the embedding update only.
host_call postgrest_service_call(const context *ctx, str method, str path);

// Adds a JSON body and, unless empty, a Prefer header.
void postgrest_body(const context *ctx, host_call *call, str json, str prefer);

// Sends the call and reads its answer. Waits.
postgrest_answer postgrest_send(const context *ctx, host_call *call);

// What a reply means.
postgrest_answer postgrest_read(const context *ctx, const host_reply *reply);

// The rows of an answer that must be a JSON array: the text of the first into *row (empty when there is none). False
// when it is not well-formed. For answers that pass through unparsed.
bool postgrest_first_row(str body, str *row);

#endif
