// The host port: the only door out of the core. host_wasm.c implements it with WebAssembly imports, the tests with a
// fake. Every function that waits says so; none of them fails otherwise than by the result it names. Times are
// milliseconds. Texts handed in are read before the function returns and stay the caller's; texts handed out are in
// the given arena.
#ifndef HOST_H
#define HOST_H

#include "base/arena.h"

typedef enum host_error {
    HOST_OK,
    HOST_TIMEOUT,
    HOST_UNREACHABLE, // no connection, or one that broke off
    HOST_TOO_LARGE,   // the reply is larger than max_reply
    HOST_UNBOUND,     // the deployment has no such binding
} host_error;

// What came back. With an error other than HOST_OK the rest is zero.
typedef struct host_reply {
    int32_t error; // host_error
    int32_t status;
    str retry_after; // the Retry-After header as it came
    str body;
} host_reply;

// One HTTP call. `headers` is "name: value" lines, each ended by LF. A redirect is not followed.
typedef struct host_call {
    str method, url, headers, body;
    int32_t timeout_ms, max_reply;
    host_reply reply;
} host_call;

// One call of the AI binding: `input` is JSON, `gateway` an AI Gateway id or empty.
typedef struct host_ai_call {
    str model, input, gateway;
    int32_t timeout_ms, max_reply;
    host_reply reply;
} host_ai_call;

typedef enum host_jwt_verdict {
    HOST_JWT_VALID,
    HOST_JWT_INVALID,
    HOST_JWT_NO_KEY,
    HOST_JWT_UNAVAILABLE
} host_jwt_verdict;

// A signature to verify. With `jwks_url` the key is the one of that key set with this `kid`, of key type `kty` and
// (unless empty) curve `crv` (RFC 7517, RFC 7518); without, it is the shared secret `secret`. A key set that has the
// key is fetched again after `lifetime_ms`, one that has not after `cool_down_ms`; `timeout_ms` and `max_reply` are the
// fetch's.
typedef struct host_jwt {
    str alg, kid, kty, crv, jwks_url, secret, signing_input, signature;
    int32_t lifetime_ms, cool_down_ms, timeout_ms, max_reply;
} host_jwt;

typedef enum host_level { HOST_DEBUG, HOST_INFO, HOST_WARN, HOST_ERROR } host_level;

// Performs the calls together and fills each one's reply. Waits.
void host_fetch(arena *mem, host_call *calls, int32_t count);

// Runs a Workers AI model through the binding. Waits.
void host_ai_run(arena *mem, host_ai_call *call);

// Whether the signature is valid: NO_KEY when the key set has no such key, UNAVAILABLE when it cannot be read. Waits.
host_jwt_verdict host_jwt_verify(const host_jwt *jwt);

// The SHA-256 digest of `bytes`. Waits.
void host_sha256(str bytes, uint8_t digest[32]);

// Whether the rate limiter lets `key` pass; true when none is bound, or it cannot be asked. Waits.
bool host_rate_limit(str key);

// Sends the bodies (JSON texts, at most 100) to the embedding queue. Waits.
host_error host_queue_send(const str *bodies, int32_t count);

// Returns after `ms` milliseconds. Waits.
void host_sleep(int32_t ms);

// Sends the response: the first of an event settles it, later ones are a defect and ignored. `headers` as in host_call.
// With `more` the body stays open for host_respond_more until the event ends.
void host_respond(int32_t status, str headers, str body, bool more);

// Adds to an open body, waiting while the client reads slowly. False when the client is gone.
bool host_respond_more(str bytes);

// Decide the fate of queue message `index` of this event.
void host_message_ack(int32_t index);
void host_message_retry(int32_t index, int32_t delay_s);

// A configuration variable; empty when it is not set.
str host_var(arena *mem, str name);

// Whether the deployment has a binding of this name.
bool host_bound(str name);

// The time, in milliseconds since 1970. In production it stands still between two waits.
int64_t host_now_ms(void);

// Fills `count` bytes with cryptographically strong random values.
void host_random(uint8_t *bytes, int32_t count);

// Writes one line, `text`, to the log.
void host_log(host_level level, str text);

#endif
