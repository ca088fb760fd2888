// The events as the shim would start them, and what they leave behind.
#include <string.h>

#include "base/json.h"
#include "check.h"
#include "fake_host.h"

void fake_forbid_secrets(str text, const char *where)
{
    static const str secrets[] = {STR(FAKE_SERVICE_KEY), STR(FAKE_JWT_SECRET), STR(FAKE_AI_TOKEN), STR(FAKE_ANON_KEY)};
    for (size_t i = 0; i < ROWS(secrets); i++) {
        if (str_contains(text, secrets[i]))
            check_fail(__FILE__, __LINE__, "%s contains %s", where, secrets[i].at);
    }
    // Every JWT begins so; a fuzzer's other tokens may be any text, one of the answer's own included.
    if (str_starts_with(fake.token, S("eyJ")) && fake.token.len >= 16 && str_contains(text, fake.token))
        check_fail(__FILE__, __LINE__, "%s contains the user's token", where);
}

void fake_write_log(host_level level, str text)
{
    fake.log = str_from_c(fake_format("%.*s%c %.*s\n", (int)fake.log.len, fake.log.len ? fake.log.at : "",
                                      "DIWE"[level], (int)text.len, text.at));
}

context fake_context(void)
{
    arena *mem = fake_begin();
    return (context){
        .mem = mem,
        .cfg = config_read(mem),
        .request_id = S("test"),
        .started_ms = fake.now_ms,
        .deadline_ms = fake.now_ms + 300000,
        .method = S("GET"),
        .user = {.id = S(FAKE_USER), .email = S(FAKE_EMAIL), .token = S("the-users-token")},
    };
}

static str authorization_of(const fake_request *request)
{
    if (request->authorization)
        return fake_exact(request->authorization);
    return request->token ? fake_exact(fake_format("Bearer %s", request->token)) : (str){0};
}

void fake_fetch(fake_request request)
{
    bool has_body = request.body || request.raw_body.at;
    const char *type = request.content_type ? request.content_type : has_body ? "application/json" : "";
    const char *id = request.request_id ? request.request_id : "test";
    http_request *r = fake_alloc(sizeof *r);
    arena *mem = fake_begin();
    *r = (http_request){
        .method = fake_exact(request.method ? request.method : "GET"),
        .url = fake_exact(fake_format("https://worker.test%s", request.path)),
        .body = request.body ? fake_exact(request.body) : request.raw_body,
        .body_state = (int32_t)request.body_state,
    };
    r->headers[HEADER_AUTHORIZATION] = authorization_of(&request);
    r->headers[HEADER_CONTENT_TYPE] = fake_exact(type);
    r->headers[HEADER_ORIGIN] = fake_exact(request.origin ? request.origin : "");
    r->headers[HEADER_REQUEST_ID] = fake_exact(id);
    fake.in_request = true;
    fake.verified = fake.open = false;
    fake.responses = fake.status = fake.chunks = 0;
    fake.headers = fake.body = (str){0};
    fake.token = request.token ? fake_exact(request.token) : (str){0};
    core_fetch(mem, r);
    fake.in_request = false;
    if (fake.responses != 1)
        check_fail(__FILE__, __LINE__, "%d responses to %s %s", fake.responses, request.method ? request.method : "GET",
                   request.path);
}

static void run_in_background(void)
{
    fake.in_request = false;
    fake.responses = 0;
    fake.token = (str){0};
}

void fake_queue(const char *const *bodies, int32_t count, int32_t attempts)
{
    queue_message *messages = fake_alloc((size_t)count * sizeof *messages);
    for (int32_t i = 0; i < count; i++) {
        messages[i] = (queue_message){.body = fake_exact(bodies[i]), .attempts = attempts};
        fake.fates[i] = (fake_fate){0};
    }
    fake.message_count = count;
    run_in_background();
    core_queue(fake_begin(), messages, count);
    for (int32_t i = 0; i < count; i++) {
        if (fake.fates[i].decisions != 1)
            check_fail(__FILE__, __LINE__, "message %d was decided %d times", i, fake.fates[i].decisions);
    }
    CHECK_INT(fake.responses, 0);
}

void fake_scheduled(void)
{
    run_in_background();
    core_scheduled(fake_begin());
    CHECK_INT(fake.responses, 0);
}

str fake_header(const char *name)
{
    str_pair rest = {.tail = fake.headers, .found = true};
    while (rest.found) {
        rest = str_cut(rest.tail, '\n');
        str_pair line = str_cut(rest.head, ':');
        if (line.found && str_eq(line.head, str_from_c(name)))
            return str_trim(line.tail);
    }
    return (str){0};
}

str fake_response(void)
{
    return str_from_c(fake_format("%d %.*s", fake.status, (int)fake.body.len, fake.body.len ? fake.body.at : ""));
}
