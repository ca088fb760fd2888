// The shared part of the fuzz targets.
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "check.h"
#include "scenes.h"

enum { STALE_PAGES = 2, USERS_A_PAGE = 3, MAX_STORED = 512 };

static struct {
    fuzz_input *answers;
    int stale_pages;
    bool lied;
    const char *stored[MAX_STORED]; // "USER REVISION MODEL" of what the upstream has stored
    int stored_count;
} upstream_state;

void check_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nlog of the event:\n%.*s", (int)fake.log.len, fake.log.len ? fake.log.at : "");
    va_end(arguments);
    abort();
}

bool check_that(bool holds, const char *what, const char *file, int line)
{
    if (!holds)
        check_fail(file, line, "%s does not hold", what);
    return holds;
}

bool check_int(int64_t have, int64_t want, const char *what, const char *file, int line)
{
    return check_that(have == want, what, file, line);
}

bool check_str(str have, str want, const char *what, const char *file, int line)
{
    return check_that(str_eq(have, want), what, file, line);
}

bool fuzz_begin(const uint8_t *data, size_t size, fuzz_input *input)
{
    static const str secrets[] = {STR(FAKE_SERVICE_KEY), STR(FAKE_ANON_KEY), STR(FAKE_JWT_SECRET), STR(FAKE_AI_TOKEN),
                                  STR(PRIVATE)};
    *input = (fuzz_input){.rest = {(const char *)data, (ptrdiff_t)size}};
    for (size_t i = 0; i < ROWS(secrets); i++) {
        if (str_contains(input->rest, secrets[i]))
            return false;
    }
    memset(&upstream_state, 0, sizeof upstream_state);
    upstream_state.stale_pages = STALE_PAGES;
    fake_reset();
    return true;
}

str fuzz_line(fuzz_input *input)
{
    str_pair parts = str_cut(input->rest, '\n');
    input->rest = parts.tail;
    return fake_bytes(parts.head.at, parts.head.len);
}

str fuzz_rest(fuzz_input *input)
{
    str rest = fake_bytes(input->rest.at, input->rest.len);
    input->rest = (str){0};
    return rest;
}

const char *fuzz_text(str text)
{
    return fake_format("%.*s", (int)text.len, text.len ? text.at : "");
}

// The items of a store, noted when it succeeds. A revision is stored once; only a forced run may do it again.
static void note_stored(str body)
{
    arena mem = {0};
    static char memory[1 << 22];
    mem = (arena){.begin = memory, .at = memory, .end = memory + sizeof memory};
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(json_parse(&mem, body, NULL), "items"))
    {
        str user = json_text(json_get(item, "user_id")), model = json_text(json_get(item, "model"));
        int64_t revision = 0;
        json_whole(json_get(item, "revision"), &revision);
        const char *key =
            fake_format("%.*s %lld %.*s", (int)user.len, user.at, (long long)revision, (int)model.len, model.at);
        for (int i = 0; i < upstream_state.stored_count && !upstream_state.lied; i++) {
            if (!json_get(item, "force") && strcmp(upstream_state.stored[i], key) == 0)
                check_fail(__FILE__, __LINE__, "stored twice: %s", key);
        }
        if (upstream_state.stored_count < MAX_STORED)
            upstream_state.stored[upstream_state.stored_count++] = key;
    }
    arena_rewind(&mem, mem.begin);
}

static bool is_call_of(const fake_call *call, const char *path)
{
    return str_starts_with(call->url, str_from_c(fake_format(FAKE_URL "%s", path)));
}

static void answer_healthy(const fake_call *call, host_reply *reply)
{
    *reply = (host_reply){.status = 200};
    if (is_call_of(call, "/auth/v1/user")) {
        reply->body = S("{\"id\":\"" FAKE_USER "\"}");
    } else if (is_call_of(call, SCENE_STALE)) {
        int page = STALE_PAGES - upstream_state.stale_pages;
        if (upstream_state.stale_pages > 0)
            upstream_state.stale_pages--;
        reply->body =
            str_from_c(page < STALE_PAGES ? scene_stale(page * USERS_A_PAGE, (page + 1) * USERS_A_PAGE) : "[]");
    } else if (is_call_of(call, SCENE_COUNT)) {
        reply->body = S("6");
    } else if (is_call_of(call, SCENE_FAILURES)) {
        reply->status = 204;
    } else if (str_contains(call->url, S("user_id=in.("))) {
        reply->body = S("[]");
    } else if (!call->ai && !is_call_of(call, SCENE_STORE) && !str_contains(call->url, S("resume_embedding_state("))) {
        reply->status = str_eq(call->method, S("POST")) ? 201 : 200;
        reply->body = S("[{\"id\":\"" FAKE_USER "\",\"current_title\":\"" PRIVATE "\"}]");
    } else {
        scene_healthy(call, reply);
    }
}

static host_error error_of(str name)
{
    return str_eq(name, S("timeout"))   ? HOST_TIMEOUT
           : str_eq(name, S("down"))    ? HOST_UNREACHABLE
           : str_eq(name, S("large"))   ? HOST_TOO_LARGE
           : str_eq(name, S("unbound")) ? HOST_UNBOUND
                                        : HOST_OK;
}

static str with_private_text(str body)
{
    str_pair parts = str_cut(body, '~');
    return parts.found ? str_from_c(fake_format("%.*s" PRIVATE "%.*s", (int)parts.head.len, parts.head.at,
                                                (int)parts.tail.len, parts.tail.at))
                       : body;
}

static void read_answer(str line, host_reply *reply)
{
    str_pair status = str_cut(line, ' '), retry_after = str_cut(status.tail, ' ');
    int64_t number = 200;
    host_error error = error_of(status.head);
    if (error != HOST_OK) {
        *reply = (host_reply){.error = (int32_t)error};
        return;
    }
    str_parse_u63(status.head, &number);
    reply->status = number >= 100 && number <= 599 ? (int32_t)number : 200;
    reply->retry_after = str_eq(retry_after.head, S("-")) ? (str){0} : retry_after.head;
    if (!str_eq(retry_after.tail, S("@"))) {
        reply->body = with_private_text(retry_after.tail);
        upstream_state.lied = upstream_state.lied || reply->status < 300;
    }
}

static bool answer(const fake_call *call, host_reply *reply)
{
    answer_healthy(call, reply);
    if (upstream_state.answers && upstream_state.answers->rest.len)
        read_answer(fuzz_line(upstream_state.answers), reply);
    if (is_call_of(call, SCENE_STORE) && reply->error == HOST_OK && reply->status >= 200 && reply->status < 300)
        note_stored(call->body);
    return true;
}

void fuzz_answer_from(fuzz_input *input)
{
    upstream_state.answers = input;
    fake.responder = answer;
}

bool fuzz_upstream_lied(void)
{
    return upstream_state.lied;
}
