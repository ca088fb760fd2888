// What every step of one event needs: its memory, the configuration, and how much time is left.
#ifndef CONTEXT_H
#define CONTEXT_H

#include "config.h"
#include "http/request.h"

// The signed-in user, from a verified token.
typedef struct auth_user {
    str id;    // a UUID in lower case
    str email; // empty when the token has none
    str token; // as it came, for PostgREST
} auth_user;

typedef struct context {
    arena *mem;
    config cfg;
    str request_id; // goes into the answer and the log lines; empty outside HTTP
    int64_t started_ms;
    int32_t *subrequests; // spent by this event so far; NULL: nobody asks
    int64_t deadline_ms;  // when work behind this event must have ended
    // HTTP events only:
    const http_request *request;
    str method; // HEAD is served as GET
    bool head;
    str path_id; // the :id of the path, decoded; empty without
    auth_user user;
} context;

// Writes one line "[area] text", with the request id behind it. Never hand it a token, a key or profile text.
void context_log(const context *ctx, host_level level, str area, str text);

// context_log of several texts, one after the other.
#define context_logs(ctx, level, area, ...)                                                                            \
    context_log_all((ctx), (level), (area), (const str[]){__VA_ARGS__},                                                \
                    (ptrdiff_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)))
void context_log_all(const context *ctx, host_level level, str area, const str *texts, ptrdiff_t count);

// Counts subrequests, and says how many were counted: the runtime limits them per event.
void context_spend(const context *ctx, int32_t subrequests);
int32_t context_spent(const context *ctx);

// Milliseconds until the deadline; 0 when it has passed.
int64_t context_time_left(const context *ctx);

// `timeout_ms`, or what is left until the deadline when that is less; a second at least.
int32_t context_timeout(const context *ctx, int32_t timeout_ms);

#endif
