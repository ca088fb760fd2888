// The host port as WebAssembly: imports of module "host", and the exports that the shim calls. Every struct that
// crosses is laid out as the shim's constants say (js-shim/memory.mjs).
#include <stddef.h>

#include "core.h"
#include "host.h"
#include "http/answer.h"

#define IMPORT(name) __attribute__((import_module("host"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name), used))

_Static_assert(sizeof(str) == 8, "a slice is two words");
_Static_assert(sizeof(host_reply) == 24 && offsetof(host_reply, body) == 16, "host_reply");
_Static_assert(sizeof(host_call) == 64 && offsetof(host_call, timeout_ms) == 32 && offsetof(host_call, reply) == 40,
               "host_call");
_Static_assert(offsetof(host_ai_call, timeout_ms) == 24 && offsetof(host_ai_call, reply) == 32, "host_ai_call");
_Static_assert(sizeof(host_jwt) == 80 && offsetof(host_jwt, lifetime_ms) == 64, "host_jwt");
_Static_assert(offsetof(http_request, body) == 16 + 8 * HTTP_HEADER_COUNT, "http_request");
_Static_assert(sizeof(queue_message) == 12, "queue_message");

IMPORT("fetch") void import_fetch(host_call *calls, int32_t count);
IMPORT("ai_run") void import_ai_run(host_ai_call *call);
IMPORT("jwt_verify") int32_t import_jwt_verify(const host_jwt *jwt);
IMPORT("sha256") void import_sha256(const str *bytes, uint8_t *digest);
IMPORT("rate_limit") int32_t import_rate_limit(const str *key);
IMPORT("queue_send") int32_t import_queue_send(const str *bodies, int32_t count);
IMPORT("sleep") void import_sleep(int32_t ms);
IMPORT("respond") void import_respond(int32_t status, const str *headers, const str *body, int32_t more);
IMPORT("respond_more") int32_t import_respond_more(const str *bytes);
IMPORT("message_ack") void import_message_ack(int32_t index);
IMPORT("message_retry") void import_message_retry(int32_t index, int32_t delay_s);
IMPORT("var") void import_var(const str *name, str *value);
IMPORT("bound") int32_t import_bound(const str *name);
IMPORT("now_ms") double import_now_ms(void);
IMPORT("random") void import_random(uint8_t *bytes, int32_t count);
IMPORT("log") void import_log(int32_t level, const str *text);

enum { PAGE = 65536 };

extern char __heap_base;

static void grow_memory(arena *a, ptrdiff_t need)
{
    size_t pages = ((size_t)need + PAGE - 1) / PAGE;
    // Grown by an eighth at least, so that a large event does not grow page by page; near the maximum, by what is
    // needed.
    size_t eighth = __builtin_wasm_memory_size(0) / 8;
    size_t grown = pages < eighth ? __builtin_wasm_memory_grow(0, eighth) : (size_t)-1;
    if (grown == (size_t)-1 && __builtin_wasm_memory_grow(0, pages) == (size_t)-1)
        __builtin_trap();
    a->end = (char *)(__builtin_wasm_memory_size(0) * PAGE);
}

// The event's memory. One instance runs one event at a time, so that one arena serves the shim and the core.
static arena event_arena;

// Gives the shim `size` zeroed bytes for the event or a reply: when an event begins, and while the core waits. They are
// zero because the memory begins so and export_end leaves it so.
EXPORT("alloc") char *export_alloc(int32_t size)
{
    if (!event_arena.begin)
        event_arena = (arena){
            .begin = &__heap_base,
            .at = &__heap_base,
            .end = (char *)(__builtin_wasm_memory_size(0) * PAGE),
            .grow = grow_memory,
        };
    arena_alloc(&event_arena, 0, _Alignof(max_align_t), 0);
    return arena_bytes(&event_arena, size);
}

// Ends an event: zeroes what it used.
EXPORT("end") void export_end(void)
{
    arena_rewind(&event_arena, event_arena.begin);
}

EXPORT("fetch") void export_fetch(const http_request *request)
{
    core_fetch(&event_arena, request);
}

EXPORT("queue") void export_queue(const queue_message *messages, int32_t count)
{
    core_queue(&event_arena, messages, count);
}

EXPORT("scheduled") void export_scheduled(void)
{
    export_alloc(0);
    core_scheduled(&event_arena);
}

EXPORT("header_names") const str *export_header_names(void)
{
    return &http_header_names;
}

EXPORT("failure") const answer_parts *export_failure(void)
{
    return &answer_failure;
}

EXPORT("body_limit") int32_t export_body_limit(void)
{
    return HTTP_BODY_LIMIT;
}

// Nothing here has constructors. But a module that never calls them itself is linked as a command: every export would
// be wrapped to run them before, and libc's exit handlers after, each call.
void __wasm_call_ctors(void);
EXPORT("_initialize") void export_initialize(void)
{
    __wasm_call_ctors();
}

void host_fetch(arena *mem, host_call *calls, int32_t count)
{
    (void)mem;
    // A call may be sent again: the shim only fills in what there is.
    for (int32_t i = 0; i < count; i++)
        calls[i].reply = (host_reply){0};
    import_fetch(calls, count);
}

void host_ai_run(arena *mem, host_ai_call *call)
{
    (void)mem;
    call->reply = (host_reply){0};
    import_ai_run(call);
}

host_jwt_verdict host_jwt_verify(const host_jwt *jwt)
{
    return (host_jwt_verdict)import_jwt_verify(jwt);
}

void host_sha256(str bytes, uint8_t digest[32])
{
    import_sha256(&bytes, digest);
}

bool host_rate_limit(str key)
{
    return import_rate_limit(&key);
}

host_error host_queue_send(const str *bodies, int32_t count)
{
    return (host_error)import_queue_send(bodies, count);
}

void host_sleep(int32_t ms)
{
    import_sleep(ms);
}

void host_respond(int32_t status, str headers, str body, bool more)
{
    import_respond(status, &headers, &body, more);
}

bool host_respond_more(str bytes)
{
    return import_respond_more(&bytes);
}

void host_message_ack(int32_t index)
{
    import_message_ack(index);
}

void host_message_retry(int32_t index, int32_t delay_s)
{
    import_message_retry(index, delay_s);
}

str host_var(arena *mem, str name)
{
    (void)mem;
    str value = {0};
    import_var(&name, &value);
    return value;
}

bool host_bound(str name)
{
    return import_bound(&name);
}

int64_t host_now_ms(void)
{
    return (int64_t)import_now_ms();
}

void host_random(uint8_t *bytes, int32_t count)
{
    import_random(bytes, count);
}

void host_log(host_level level, str text)
{
    import_log((int32_t)level, &text);
}

// cJSON names these: its default allocator, and what its printing half uses, which is not called here and dropped by
// the linker, but would bring stdio and its WASI imports along. Everything here lives in the arena: a call is a defect.
void *malloc(size_t size)
{
    (void)size;
    __builtin_trap();
}

void *realloc(void *block, size_t size)
{
    (void)block, (void)size;
    __builtin_trap();
}

void free(void *block)
{
    (void)block;
    __builtin_trap();
}

int sprintf(char *restrict out, const char *restrict format, ...)
{
    (void)out, (void)format;
    __builtin_trap();
}

int sscanf(const char *restrict text, const char *restrict format, ...)
{
    (void)text, (void)format;
    __builtin_trap();
}

// cJSON reads numbers with strtod. libc's computes in binary128, a ninth of the whole module, for a correct last bit in
// numbers that nothing here looks at: what is read are whole numbers (revisions, times), and those are exact below
// 2^53.
double strtod(const char *restrict text, char **restrict end)
{
    const char *at = text;
    bool negative = *at == '-';
    at += negative;
    double value = 0;
    int exponent = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        value = value * 10 + (*at - '0');
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9'; at++, exponent--)
            value = value * 10 + (*at - '0');
    }
    if (*at == 'e' || *at == 'E') {
        int sign = at[1] == '-' ? -1 : 1, power = 0;
        for (at += at[1] == '-' || at[1] == '+' ? 2 : 1; *at >= '0' && *at <= '9'; at++)
            power = power < 10000 ? power * 10 + (*at - '0') : power;
        exponent += sign * power;
    }
    for (; exponent > 0 && value <= 1.7976931348623157e308; exponent--)
        value *= 10;
    for (; exponent < 0 && value > 0; exponent++)
        value /= 10;
    *end = (char *)at;
    return negative ? -value : value;
}
