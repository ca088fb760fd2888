// core: the three events as wholes, where the order of things matters, and what happens when the memory runs out.
#include "core.h"

#include "check.h"
#include "fake_host.h"
#include "scenes.h"

#define EDITED "/rest/v1/users?select=*"

static void edit(void)
{
    fake_fetch((fake_request){.method = "PATCH",
                              .path = "/api/profile",
                              .token = fake_user_token(),
                              .body = "{\"current_title\":\"" PRIVATE "\"}"});
}

static int32_t responses_at_read;

static bool note_response(const fake_call *call, host_reply *reply)
{
    if (str_contains(call->url, S("resume_embedding_state(")))
        responses_at_read = fake.responses;
    return scene_healthy(call, reply);
}

// The user has the answer before the update begins.
static void answer_first(void)
{
    fake_expect((upstream){.method = "PATCH", .url = EDITED, .reply = "[{}]"});
    fake.responder = note_response;
    responses_at_read = -1;
    edit();
    CHECK_INT(responses_at_read, 1);
    CHECK_INT(fake.call_count, 4);
}

// What an event leaves behind in memory is not there for the next: each begins on other bytes and ends the same.
static void events_are_independent(void)
{
    const char *first = NULL;
    for (int i = 0; i < 3; i++) {
        fake_fetch((fake_request){.path = "/api/openapi.json"});
        if (first)
            CHECK_STR(fake.body, first);
        first = fake_format("%.*s", (int)fake.body.len, fake.body.at);
        fake_fetch((fake_request){.path = "/nothing", .request_id = "x"});
    }
}

static void serve_openapi(void)
{
    static const http_request request = {.method = STR("GET"), .url = STR("https://worker.test/api/openapi.json")};
    fake.in_request = true;
    fake.responses = 0;
    core_fetch(&fake.mem, &request);
}

static void consume(void)
{
    queue_message message = {.body = S("{\"user_id\":\"00000000-0000-4000-8000-000000000000\"}"), .attempts = 1};
    fake.message_count = 1;
    fake.responder = scene_healthy;
    core_queue(&fake.mem, &message, 1);
}

// Wherever the memory runs out, the event ends there; the next one is served.
static void exhaustion(void)
{

    CHECK(fake_exhausts(serve_openapi, 1 << 10));
    CHECK_INT(fake.responses, 0);
    fake.in_request = false;
    for (ptrdiff_t limit = 1 << 10; limit < 1 << 15; limit += 997)
        fake_exhausts(consume, limit);
    CHECK(fake_exhausts(consume, 1 << 12));
    CHECK(!fake_exhausts(consume, 1 << 20));
    fake_fetch((fake_request){.path = "/health"});
    CHECK_INT(fake.status, 200);
}

static const test tests[] = {
    {"answer first", answer_first},
    {"events are independent", events_are_independent},
    {"exhaustion", exhaustion},
};
const module core_tests = MODULE("core", tests);
