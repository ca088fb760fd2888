// embedding/consumer: messages to users, and outcomes to fates.
#include "embedding/consumer.h"

#include "check.h"
#include "fake_host.h"
#include "scenes.h"
#include "vectors.h"

static const char *message_of(int i)
{
    return fake_format("{\"user_id\":\"%s\"}", scene_id(i));
}

static void expect_update(int from, int to)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(from, to)});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(to - from)});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(from, to, "stored")});
}

static void a_hundred_users(void)
{
    const char *bodies[100];
    for (int i = 0; i < 100; i++)
        bodies[i] = message_of(i);
    expect_update(0, 100);
    fake_queue(bodies, 100, 1);
    CHECK_INT(fake.call_count, 3);
    for (int i = 0; i < 100; i++)
        CHECK(!fake.fates[i].retry);
}

// Several messages about one user are one user, whatever the letters' case.
static void duplicates(void)
{
    const char *const bodies[] = {
        "{\"user_id\":\"aaaaaaaa-0000-4000-8000-000000000000\"}",
        "{\"user_id\":\"AAAAAAAA-0000-4000-8000-000000000000\",\"more\":1}",
        " {\"user_id\" : \"aaaaaaaa-0000-4000-8000-000000000000\"} ",
    };
    scene_expect_update("aaaaaaaa-0000-4000-8000-000000000000", PRIVATE, 1);
    fake_queue(bodies, 3, 1);
    CHECK_INT(fake.call_count, 3);
    CHECK(str_ends_with(fake.calls[0].url, S("&id=in.(aaaaaaaa-0000-4000-8000-000000000000)")));
}

static void malformed(void)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "null",
        "7",
        "\"x\"",
        "not JSON",
        "{\"user_id\":null}",
        "{\"user_id\":\"" PRIVATE "\"}",
        "{\"user_id\":[\"" FAKE_USER "\"]}",
        "{\"user_id\":\"" FAKE_USER "\",\"user_id\":\"" FAKE_USER "\"}",
        "{\"user_id\":\"" FAKE_USER "&x=\"}",
        "{\"user_id\":\"\xff\"}",
        "[{\"user_id\":\"" FAKE_USER "\"}]",
        "{\"User_id\":\"" FAKE_USER "\"}",
    };
    fake_queue(bodies, (int32_t)ROWS(bodies), 1);
    const char *log = "";
    for (size_t i = 0; i < ROWS(bodies); i++) {
        CHECK(!fake.fates[i].retry);
        log = fake_format("%sE [Embeddings] Dropped a queue message that names no user\n", log);
    }
    CHECK_STR(fake.log, log);
    CHECK_INT(fake.call_count, 0);
}

// A good message among malformed ones still counts.
static void mixed(void)
{
    const char *const bodies[] = {"x", message_of(0), "{}"};
    expect_update(0, 1);
    fake_queue(bodies, 3, 1);
    CHECK_INT(fake.call_count, 3);
}

static void fates(void)
{
    const char *const bodies[] = {message_of(0), message_of(1), message_of(2), message_of(3)};
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 3)});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(3)});
    fake_expect((upstream){
        .method = "POST",
        .url = SCENE_STORE,
        .reply =
            fake_format("[{\"user_id\":\"%s\",\"outcome\":\"stored\"},{\"user_id\":\"%s\",\"outcome\":\"superseded\"}]",
                        scene_id(0), scene_id(1))});
    fake_queue(bodies, 4, 1);
    CHECK(!fake.fates[0].retry);
    CHECK(!fake.fates[1].retry);
    CHECK(fake.fates[2].retry);  // the store did not say
    CHECK(!fake.fates[3].retry); // deleted meanwhile
}

static void failed_for_good(void)
{
    const char *const body = message_of(0);
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 1)});
    fake_expect((upstream){.method = "AI", .status = 400});
    fake_expect((upstream){.method = "POST", .url = SCENE_FAILURES, .status = 204});
    fake_queue(&body, 1, 1);
    CHECK(!fake.fates[0].retry);
}

static void retry_delays(void)
{
    static const struct {
        int32_t deliveries;
        const char *retry_after;
        int calls; // a short Retry-After is waited for right here
        int32_t want;
    } rows[] = {
        {1, NULL, 3, 30},   {2, NULL, 3, 60},   {3, NULL, 3, 120},    {6, NULL, 3, 960},
        {7, NULL, 3, 1920}, {8, NULL, 3, 3600}, {100, NULL, 3, 3600}, {0, NULL, 3, 30},
        {-5, NULL, 3, 30},  {1, "45", 1, 45},   {2, "45", 1, 60},     {1, "7200", 1, 7200},
        {1, "29", 1, 30},   {1, "soon", 3, 30}, {1, "5", 3, 30},      {INT32_MAX, "1", 3, 3600},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *const bodies[] = {message_of(0), message_of(1)};
        check_row(fake_format("%d deliveries, %s", rows[i].deliveries,
                              rows[i].retry_after ? rows[i].retry_after : "no Retry-After"));
        fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 2)});
        for (int k = 0; k < rows[i].calls; k++)
            fake_expect((upstream){.method = "AI", .status = 429, .retry_after = rows[i].retry_after});
        fake_queue(bodies, 2, rows[i].deliveries);
        for (int k = 0; k < 2; k++) {
            CHECK(fake.fates[k].retry);
            CHECK_INT(fake.fates[k].delay_s, rows[i].want);
        }
        CHECK_INT(fake_expected_left(), 0);
    }
}

// More users than one update takes become several updates, and nobody is left out.
static void more_than_a_batch(void)
{
    const char *bodies[130];
    for (int i = 0; i < 130; i++)
        bodies[i] = message_of(i);
    expect_update(0, 100);
    expect_update(100, 130);
    fake_queue(bodies, 130, 1);
    CHECK_INT(fake.call_count, 6);
}

static void no_messages(void)
{
    fake_queue(NULL, 0, 1);
    CHECK_INT(fake.call_count, 0);
}

static const test tests[] = {
    {"a hundred users", a_hundred_users},
    {"duplicates", duplicates},
    {"malformed", malformed},
    {"mixed", mixed},
    {"fates", fates},
    {"failed for good", failed_for_good},
    {"retry delays", retry_delays},
    {"more than a batch", more_than_a_batch},
    {"no messages", no_messages},
};
const module consumer_tests = MODULE("consumer", tests);
