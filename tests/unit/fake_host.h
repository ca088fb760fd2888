// The host port for tests: a strict and deterministic fake. It answers upstream calls from a script, records what the
// core does, and reports every broken precondition of the port, every leaked secret and every second response through
// check_fail. Everything it hands out lives until the next fake_reset.
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <setjmp.h>

#include "context.h"
#include "core.h"

// The deployment it plays, unless a test changes a variable.
#define FAKE_URL "https://project.test"
#define FAKE_ANON_KEY "key-of-anon"
#define FAKE_SERVICE_KEY "key-of-service"
#define FAKE_JWT_SECRET "secret-of-project"
#define FAKE_AI_TOKEN "token-of-workers-ai"
#define FAKE_USER "11111111-1111-4111-8111-111111111111"
#define FAKE_EMAIL "ada@example.test"
#define FAKE_NOW_S 1767225600 // 2026-01-01T00:00:00Z
#define FAKE_TAG "@cf/baai/bge-base-en-v1.5;pooling=mean;text=1"

// Every profile text in a test contains this word; no log line may.
#define PRIVATE "Quercus"

// One upstream call as the core made it.
typedef struct fake_call {
    bool ai; // host_ai_run: url is the model, headers the gateway
    str method, url, headers, body;
    int32_t timeout_ms;
    int64_t at_ms;
} fake_call;

// What the next upstream call must be, and what it is answered with. NULL is not compared.
typedef struct upstream {
    const char *method; // "AI" for the AI binding
    const char *url;    // behind FAKE_URL, or the whole; "…*" compares the beginning only
    const char *body;   // the whole body; "…*" as above
    const char *header; // must be among the headers: "name: value"
    int32_t status;     // 0: 200
    host_error error;
    const char *reply; // the answer's body
    const char *retry_after;
    int32_t took_ms;
} upstream;

// A request as a client makes it; NULL members are left out.
typedef struct fake_request {
    const char *method; // NULL: GET
    const char *path;   // behind https://worker.test
    const char *token;  // the bearer token
    const char *body;
    const char *content_type; // NULL: application/json when there is a body
    const char *origin;
    const char *authorization; // the whole header, instead of token
    const char *request_id;    // NULL: "test"
    str raw_body;              // instead of body
    http_body_state body_state;
} fake_request;

// What became of a queue message.
typedef struct fake_fate {
    int32_t decisions;
    bool retry;
    int32_t delay_s;
} fake_fate;

enum { FAKE_MAX_CALLS = 2048, FAKE_MAX_MESSAGES = 256, FAKE_MAX_KEYS = 4 };

// A published signing key, and the material that signs with it.
typedef struct fake_key {
    const char *kid, *kty, *crv;
} fake_key;

typedef struct fake_state {
    arena mem;
    int64_t now_ms;
    ptrdiff_t arena_limit; // bytes; beyond it the event ends in fake_exhausts
    jmp_buf exhausted;
    bool catching;

    // Answers what no expectation is queued for. False: the call was unexpected.
    bool (*responder)(const fake_call *call, host_reply *reply);
    fake_call *calls; // since the reset
    int32_t call_count;

    fake_key keys[FAKE_MAX_KEYS];
    bool keys_down;
    bool rate_limited;
    str rate_key; // the last that was asked for
    host_error queue_error;
    str queued; // the bodies that the queue took, each ended by LF
    int32_t sends;

    bool in_request; // an HTTP event is running
    bool verified;   // and its token has been found good
    str token;
    int32_t responses, status;
    str headers, body;
    bool open;
    int32_t chunks, chunks_wanted; // of a streamed body; the client leaves after so many, 0 for never
    fake_fate fates[FAKE_MAX_MESSAGES];
    int32_t message_count;

    str log; // of the last event: "I [Area] text" and LF for each line
} fake_state;

extern fake_state fake;

// Begins a test: a fresh fake with a default deployment. fake_finish reports expected calls that did not come.
void fake_reset(void);
void fake_finish(void);

void fake_set(const char *name, const char *value); // a variable; NULL removes it
str fake_variable(str name);                        // empty when not set
void fake_bind(const char *name);                   // a binding, besides AI
bool fake_is_bound(str name);

void fake_expect(upstream expected);
int32_t fake_expected_left(void);
// Takes the reply to a call from the script, or from the responder. Checks that the call is the expected one.
void fake_answer(const fake_call *call, host_reply *reply, arena *mem);
void fake_record(fake_call call);

// Poisons and fills the arena, forgets the log, and returns the arena: the start of an event.
arena *fake_begin(void);
// The context of an event, for tests below the three events.
context fake_context(void);

// The three events. fake_fetch checks that exactly one response was sent, the other two that none was; fake_queue also
// that each message was decided exactly once.
void fake_fetch(fake_request request);
void fake_queue(const char *const *bodies, int32_t count, int32_t attempts);
void fake_scheduled(void);

// Whether `run` runs out of an arena limited to `limit` bytes.
bool fake_exhausts(void (*run)(void), ptrdiff_t limit);

// The value of a header of the response; empty when it has none.
str fake_header(const char *name);

// The response's status and body in one: "404 {…}".
str fake_response(void);

// A token signed with the project's secret (HS256) or with the published key `kid`, over the given claims.
const char *fake_token(const char *alg, const char *kid, const char *claims);
// Any header; `material` signs.
const char *fake_token_with(const char *header, const char *claims, const char *material);
// A good HS256 token of FAKE_USER.
const char *fake_user_token(void);
host_jwt_verdict fake_verify(const host_jwt *jwt);

// Copies: printf's format with a NUL; bytes or text in a block of exactly their size.
__attribute__((format(printf, 1, 2))) const char *fake_format(const char *format, ...);
str fake_bytes(const void *bytes, ptrdiff_t count);
str fake_exact(const char *text);
void *fake_alloc(size_t size);

void fake_write_log(host_level level, str text);
// Reports a secret in what leaves the core other than upstream.
void fake_forbid_secrets(str text, const char *where);

#endif
