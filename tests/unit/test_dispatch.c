// embedding/dispatch: what follows an edit, with and without a queue. Driven through the profile's route.
#include "embedding/dispatch.h"

#include "check.h"
#include "fake_host.h"
#include "scenes.h"

#define EDITED "/rest/v1/users?select=*"
#define DONE "I [Profile] Profile updated successfully for user " FAKE_USER " (request test)\n"

static void edit(const char *body)
{
    fake_expect((upstream){.method = "PATCH", .url = EDITED, .reply = "[{\"id\":\"" FAKE_USER "\"}]"});
    fake_fetch((fake_request){.method = "PATCH", .path = "/api/profile", .token = fake_user_token(), .body = body});
    CHECK_INT(fake.status, 200);
}

static void message(void)
{
    context ctx = fake_context();
    CHECK_STR(embedding_message(&ctx, S(FAKE_USER)), "{\"user_id\":\"" FAKE_USER "\"}");
}

static void queue(void)
{
    fake_bind("EMBEDDING_QUEUE");
    edit("{\"current_title\":\"" PRIVATE "\"}");
    CHECK_STR(fake.queued, "{\"user_id\":\"" FAKE_USER "\"}\n");
    CHECK_STR(fake.log, DONE);
    CHECK_INT(fake.call_count, 1);
}

static void queue_refuses(void)
{
    static const host_error errors[] = {HOST_TIMEOUT, HOST_UNREACHABLE, HOST_TOO_LARGE};
    fake_bind("EMBEDDING_QUEUE");
    for (size_t i = 0; i < ROWS(errors); i++) {
        fake.queue_error = errors[i];
        fake_expect((upstream){.method = "PATCH", .url = EDITED, .reply = "[{\"id\":\"" FAKE_USER "\"}]"});
        scene_expect_update(FAKE_USER, PRIVATE, 2);
        fake_fetch((fake_request){.method = "PATCH",
                                  .path = "/api/profile",
                                  .token = fake_user_token(),
                                  .body = "{\"current_title\":\"" PRIVATE "\"}"});
        CHECK_STR(fake.log,
                  DONE "W [Embeddings] The queue refused user " FAKE_USER "; updating right here (request test)\n"
                       "I [Embeddings] Starting resume embedding update for user " FAKE_USER "\n"
                       "I [Embeddings] Generated embedding with 768 dimensions\n"
                       "I [Embeddings] Successfully updated resume embedding for user " FAKE_USER " in 0ms\n");
        CHECK_INT(fake_expected_left(), 0);
    }
    CHECK_STR(fake.queued, "");
}

static void no_queue(void)
{
    fake_expect((upstream){.method = "PATCH", .url = EDITED, .reply = "[{\"id\":\"" FAKE_USER "\"}]"});
    scene_expect_update(FAKE_USER, PRIVATE, 2);
    fake_fetch((fake_request){.method = "PATCH",
                              .path = "/api/profile",
                              .token = fake_user_token(),
                              .body = "{\"current_title\":\"" PRIVATE "\"}"});
    CHECK_STR(fake.log, DONE "I [Embeddings] Starting resume embedding update for user " FAKE_USER "\n"
                             "I [Embeddings] Generated embedding with 768 dimensions\n"
                             "I [Embeddings] Successfully updated resume embedding for user " FAKE_USER " in 0ms\n");
    CHECK_INT(fake.sends, 0);
}

static void nothing_to_embed(void)
{
    fake_bind("EMBEDDING_QUEUE");
    edit("{\"phone\":\"1\",\"location\":null}");
    CHECK_INT(fake.sends, 0);
    CHECK_STR(fake.log, DONE);
}

// However the update ends, the user keeps the answer, and the time behind it is not exceeded.
static void failing_update(void)
{
    fake_expect((upstream){.method = "PATCH", .url = EDITED, .reply = "[{\"id\":\"" FAKE_USER "\"}]", .took_ms = 9000});
    for (int i = 0; i < 3; i++)
        fake_expect((upstream){.method = "GET", .url = SCENE_READ, .error = HOST_TIMEOUT, .took_ms = 5000});
    int64_t before = fake.now_ms;
    fake_fetch((fake_request){.method = "PATCH",
                              .path = "/api/profile",
                              .token = fake_user_token(),
                              .body = "{\"current_title\":\"" PRIVATE "\"}"});
    CHECK_STR(fake_response(),
              "200 {\"message\":\"Profile updated successfully\",\"profile\":{\"id\":\"" FAKE_USER "\"}}");
    CHECK(fake.now_ms - before <= 9000 + 25000);
    CHECK(str_ends_with(fake.log, S("E [Embeddings] Failed to update user embedding for " FAKE_USER
                                    ": the database could not read the profile (timeout)\n")));
}

static const test tests[] = {
    {"message", message},
    {"queue", queue},
    {"queue refuses", queue_refuses},
    {"no queue", no_queue},
    {"nothing to embed", nothing_to_embed},
    {"failing update", failing_update},
};
const module dispatch_tests = MODULE("dispatch", tests);
