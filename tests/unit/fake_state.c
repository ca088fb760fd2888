// The fake's memory, variables and script.
#include "fake_host.h"

#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum {
    ARENA_SIZE = 64 << 20,
    ARENA_FIRST = 1 << 16, // what an event begins with; more is added by `grow`
    MAX_VARIABLES = 32,
    MAX_BOUND = 4,
    MAX_EXPECTED = 512,
    PATTERN = 0xA5,
};

typedef struct block {
    struct block *next;
    max_align_t bytes[];
} block;

fake_state fake;

static struct {
    block *blocks;
    struct {
        const char *name, *value;
    } variables[MAX_VARIABLES];
    int variable_count;
    const char *bound[MAX_BOUND];
    int bound_count;
    upstream expected[MAX_EXPECTED];
    int32_t expected_count, expected_at;
} script;

static _Alignas(max_align_t) char region[ARENA_SIZE];
static fake_call calls[FAKE_MAX_CALLS];

void *fake_alloc(size_t size)
{
    block *b = malloc(sizeof *b + size);
    if (!b)
        abort();
    b->next = script.blocks;
    script.blocks = b;
    return b->bytes;
}

const char *fake_format(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t size = (size_t)vsnprintf(NULL, 0, format, arguments) + 1;
    char *text = fake_alloc(size);
    vsnprintf(text, size, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

str fake_bytes(const void *bytes, ptrdiff_t count)
{
    char *copy = fake_alloc((size_t)count);
    if (count > 0)
        memcpy(copy, bytes, (size_t)count);
    return (str){copy, count};
}

str fake_exact(const char *text)
{
    return fake_bytes(text, (ptrdiff_t)strlen(text));
}

void fake_reset(void)
{
    while (script.blocks) {
        block *b = script.blocks;
        script.blocks = b->next;
        free(b);
    }
    script.variable_count = script.bound_count = 0;
    script.expected_count = script.expected_at = 0;
    fake = (fake_state){.mem = fake.mem, .calls = calls};
    fake.now_ms = (int64_t)FAKE_NOW_S * 1000;
    fake.arena_limit = ARENA_SIZE;
    fake.keys[0] = (fake_key){"es", "EC", "P-256"};
    fake.keys[1] = (fake_key){"rs", "RSA", ""};
    fake.keys[2] = (fake_key){"ed", "OKP", "Ed25519"};
    fake_set("SUPABASE_URL", FAKE_URL);
    fake_set("SUPABASE_ANON_KEY", FAKE_ANON_KEY);
    fake_set("SUPABASE_SERVICE_ROLE_KEY", FAKE_SERVICE_KEY);
    fake_set("SUPABASE_JWT_SECRET", FAKE_JWT_SECRET);
    fake_begin();
}

void fake_finish(void)
{
    if (fake_expected_left())
        check_fail(__FILE__, __LINE__, "%d expected upstream calls did not come; the next is %s %s",
                   fake_expected_left(), script.expected[script.expected_at].method,
                   script.expected[script.expected_at].url);
    if (script.expected_at < script.expected_count)
        script.expected_at = script.expected_count;
}

void fake_set(const char *name, const char *value)
{
    int i = 0;
    while (i < script.variable_count && strcmp(script.variables[i].name, name) != 0)
        i++;
    if (i == MAX_VARIABLES)
        abort();
    script.variables[i].name = name;
    script.variables[i].value = value;
    script.variable_count += i == script.variable_count;
}

str fake_variable(str name)
{
    for (int i = 0; i < script.variable_count; i++) {
        if (str_eq(str_from_c(script.variables[i].name), name))
            return str_from_c(script.variables[i].value);
    }
    return (str){0};
}

void fake_bind(const char *name)
{
    if (script.bound_count == MAX_BOUND)
        abort();
    script.bound[script.bound_count++] = name;
}

bool fake_is_bound(str name)
{
    for (int i = 0; i < script.bound_count; i++) {
        if (str_eq(str_from_c(script.bound[i]), name))
            return true;
    }
    return false;
}

void fake_expect(upstream expected)
{
    if (script.expected_count == MAX_EXPECTED)
        abort();
    script.expected[script.expected_count++] = expected;
}

int32_t fake_expected_left(void)
{
    return script.expected_count - script.expected_at;
}

static bool fits(str have, const char *pattern)
{
    str want = str_from_c(pattern);
    if (!pattern)
        return true;
    if (!str_ends_with(want, S("*")))
        return str_eq(have, want);
    want.len--;
    return str_starts_with(have, want);
}

static bool has_header(str headers, const char *line)
{
    if (!line)
        return true;
    str_pair rest = {.tail = headers, .found = true};
    while (rest.found) {
        rest = str_cut(rest.tail, '\n');
        if (str_eq(rest.head, str_from_c(line)))
            return true;
    }
    return false;
}

static void compare(const fake_call *call, const upstream *want)
{
    str path = call->url;
    if (str_starts_with(path, S(FAKE_URL)))
        path = str_slice(path, S(FAKE_URL).len, path.len);
    bool fit = fits(call->method, want->method) && (fits(path, want->url) || fits(call->url, want->url)) &&
               fits(call->body, want->body) && has_header(call->headers, want->header);
    if (!fit)
        check_fail(__FILE__, __LINE__, "upstream call %d is\n  %.*s %.*s\n  %.*s\nnot\n  %s %s\n  %s\n  with header %s",
                   fake.call_count, (int)call->method.len, call->method.at, (int)path.len, path.at, (int)call->body.len,
                   call->body.len ? call->body.at : "", want->method, want->url, want->body ? want->body : "(any)",
                   want->header ? want->header : "(any)");
}

// A copy that ends at its last byte, for AddressSanitizer.
static str copy_to(arena *mem, str text)
{
    char *copy = arena_bytes(mem, text.len);
    if (text.len > 0)
        memcpy(copy, text.at, (size_t)text.len);
    return (str){copy, text.len};
}

void fake_answer(const fake_call *call, host_reply *reply, arena *mem)
{
    *reply = (host_reply){.error = HOST_UNREACHABLE};
    if (script.expected_at < script.expected_count) {
        const upstream *want = &script.expected[script.expected_at++];
        compare(call, want);
        fake.now_ms += want->took_ms;
        *reply = (host_reply){
            .error = (int32_t)want->error,
            .status = want->error    ? 0
                      : want->status ? want->status
                                     : 200,
            .retry_after = str_from_c(want->error ? NULL : want->retry_after),
            .body = str_from_c(want->error ? NULL : want->reply),
        };
    } else if (!fake.responder || !fake.responder(call, reply)) {
        check_fail(__FILE__, __LINE__, "unexpected upstream call %.*s %.*s", (int)call->method.len, call->method.at,
                   (int)call->url.len, call->url.at);
    }
    reply->retry_after = copy_to(mem, reply->retry_after);
    reply->body = copy_to(mem, reply->body);
}

void fake_record(fake_call call)
{
    // Only a fuzzer makes so many; of those the last is kept.
    if (fake.call_count == FAKE_MAX_CALLS)
        fake.call_count--;
    call.url = fake_bytes(call.url.at, call.url.len);
    call.headers = fake_bytes(call.headers.at, call.headers.len);
    call.body = fake_bytes(call.body.at, call.body.len);
    call.method = fake_bytes(call.method.at, call.method.len);
    call.at_ms = fake.now_ms;
    fake.calls[fake.call_count++] = call;
}

static void grow(arena *a, ptrdiff_t need)
{
    ptrdiff_t step = need > (1 << 16) ? need : 1 << 16;
    ptrdiff_t left = fake.arena_limit - (a->end - a->begin);
    if (step > left)
        step = left;
    if (step < need) {
        if (!fake.catching)
            abort();
        longjmp(fake.exhausted, 1);
    }
    ASAN_UNPOISON_MEMORY_REGION(a->end, (size_t)step);
    memset(a->end, PATTERN, (size_t)step);
    ASAN_POISON_MEMORY_REGION(a->end, (size_t)step);
    a->end += step;
}

arena *fake_begin(void)
{
    ptrdiff_t first = fake.arena_limit < ARENA_FIRST ? fake.arena_limit : ARENA_FIRST;
    ptrdiff_t used = fake.mem.end ? fake.mem.end - region : ARENA_SIZE;
    used = used > first ? used : first;
    ASAN_UNPOISON_MEMORY_REGION(region, (size_t)used);
    memset(region, PATTERN, (size_t)first);
    ASAN_POISON_MEMORY_REGION(region, (size_t)used);
    fake.mem = (arena){.begin = region, .at = region, .end = region + first, .grow = grow};
    fake.log = (str){0};
    return &fake.mem;
}

bool fake_exhausts(void (*run)(void), ptrdiff_t limit)
{
    fake.arena_limit = limit;
    fake_begin();
    fake.catching = true;
    bool exhausted = setjmp(fake.exhausted) != 0;
    if (!exhausted)
        run();
    fake.catching = false;
    fake.arena_limit = ARENA_SIZE;
    return exhausted;
}
