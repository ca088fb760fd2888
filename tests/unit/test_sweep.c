// embedding/sweep: one tick, with and without a queue, within its budget.
#include "embedding/sweep.h"

#include "check.h"
#include "fake_host.h"
#include "scenes.h"

static void expect_search(const char *after, const char *reply)
{
    fake_expect((upstream){
        .method = "POST",
        .url = SCENE_STALE,
        .body = fake_format("{\"tag\":\"" FAKE_TAG "\"%s,\"max_rows\":100,\"min_age_s\":60,\"lease_s\":900}",
                            after ? fake_format(",\"after\":\"%s\"", after) : ""),
        .reply = reply,
    });
}

static void nobody(void)
{
    expect_search(NULL, "[]");
    fake_scheduled();
    CHECK_STR(fake.log, "I [Embeddings] Sweep went through 0 stale users\n");
}

static void directly(void)
{
    fake.responder = scene_healthy;
    expect_search(NULL, scene_stale(0, 2));
    fake_scheduled();
    CHECK_INT(fake.call_count, 4);
    CHECK(str_ends_with(fake.log, S("I [Embeddings] Sweep went through 2 stale users\n")));
    CHECK(str_contains(fake.log,
                       S("Successfully updated resume embedding for user 00000001-0000-4000-8000-000000000000")));
}

static void to_the_queue(void)
{
    fake_bind("EMBEDDING_QUEUE");
    expect_search(NULL, scene_stale(0, 100));
    expect_search(scene_id(99), scene_stale(100, 150));
    fake_scheduled();
    CHECK_INT(fake.sends, 2);
    CHECK(str_starts_with(fake.queued, str_from_c(fake_format("{\"user_id\":\"%s\"}\n{\"user_id\":\"%s\"}\n",
                                                              scene_id(0), scene_id(1)))));
    CHECK(str_ends_with(fake.queued, str_from_c(fake_format("\n{\"user_id\":\"%s\"}\n", scene_id(149)))));
    CHECK_STR(fake.log, "I [Embeddings] Sweep sent 150 stale users to the queue\n");
}

static int pages;

// A page of a hundred for every search, going up for ever.
static bool endless(const fake_call *call, host_reply *reply)
{
    if (!str_ends_with(call->url, S(SCENE_STALE)))
        return scene_healthy(call, reply);
    *reply = (host_reply){.status = 200, .body = str_from_c(scene_stale(pages * 100, pages * 100 + 100))};
    pages++;
    return true;
}

static void check_budget(int32_t least_pages)
{
    pages = 0;
    fake.responder = endless;
    fake_scheduled();
    CHECK(fake.call_count + fake.sends <= SWEEP_SUBREQUESTS);
    CHECK(pages >= least_pages);
    CHECK(str_ends_with(fake.log, S("; more are left for the next run\n")));
}

static void budget_directly(void)
{
    check_budget(SWEEP_SUBREQUESTS / SWEEP_SUBREQUESTS_PER_UPDATE);
}

static void budget_with_queue(void)
{
    fake_bind("EMBEDDING_QUEUE");
    check_budget(SWEEP_SUBREQUESTS / SWEEP_SUBREQUESTS_PER_PAGE);
}

// A queue that takes nothing does not let the sweep spend more than it has.
static void budget_with_refusing_queue(void)
{
    fake_bind("EMBEDDING_QUEUE");
    fake.queue_error = HOST_UNREACHABLE;
    check_budget(SWEEP_SUBREQUESTS / (SWEEP_SUBREQUESTS_PER_UPDATE + 2));
}

static void queue_refuses(void)
{
    fake_bind("EMBEDDING_QUEUE");
    fake.queue_error = HOST_UNREACHABLE;
    fake.responder = scene_healthy;
    expect_search(NULL, scene_stale(0, 3));
    fake_scheduled();
    CHECK_INT(fake.call_count, 4);
    CHECK(
        str_starts_with(fake.log, S("W [Embeddings] The queue refused a page of stale users; updating right here\n")));
    CHECK(str_contains(fake.log, S("Successfully updated resume embedding for user 00000002-")));
}

// An outage ends the run: what is left stays stale for the next one.
static void outage(void)
{
    expect_search(NULL, scene_stale(0, 100));
    for (int i = 0; i < 3; i++)
        fake_expect((upstream){.method = "GET", .url = SCENE_READ, .status = 503});
    fake_scheduled();
    CHECK(str_ends_with(fake.log,
                        S("I [Embeddings] Sweep went through 100 stale users; more are left for the next run\n")));
}

static void failing_search(void)
{
    for (int i = 0; i < 3; i++)
        fake_expect((upstream){.method = "POST", .url = SCENE_STALE, .status = 500});
    fake_scheduled();
    CHECK(str_ends_with(fake.log, S("E [Embeddings] Cannot search for stale embeddings: HTTP 500\n")));
    fake_expect((upstream){.method = "POST", .url = SCENE_STALE, .reply = "{}"});
    fake_scheduled();
    CHECK_STR(fake.log, "E [Embeddings] Cannot search for stale embeddings: not a JSON array\n");
}

static bool slow(const fake_call *call, host_reply *reply)
{
    fake.now_ms += call->ai ? 29000 : 100;
    return endless(call, reply);
}

// No new page starts when the time that one takes is not left.
static void time_runs_out(void)
{
    int64_t before = fake.now_ms;
    pages = 0;
    fake.responder = slow;
    fake_scheduled();
    CHECK(pages >= 5 && pages < SWEEP_SUBREQUESTS / SWEEP_SUBREQUESTS_PER_UPDATE);
    CHECK(fake.now_ms - before <= 5 * 60 * 1000);
}

static const test tests[] = {
    {"nobody", nobody},
    {"directly", directly},
    {"to the queue", to_the_queue},
    {"budget directly", budget_directly},
    {"budget with queue", budget_with_queue},
    {"budget with refusing queue", budget_with_refusing_queue},
    {"queue refuses", queue_refuses},
    {"outage", outage},
    {"failing search", failing_search},
    {"time runs out", time_runs_out},
};
const module sweep_tests = MODULE("sweep", tests);
