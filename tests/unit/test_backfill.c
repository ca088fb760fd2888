// embedding/backfill: options, the lines of the stream, and where it stops.
#include "embedding/backfill.h"

#include "base/json.h"
#include "check.h"
#include "fake_host.h"
#include "scenes.h"
#include "vectors.h"

#define LINE(i, rest) "{\"user_id\":\"0000000" i "-0000-4000-8000-000000000000\",\"status\":\"" rest "}\n"
#define SUMMARY(total, success, skipped, failed, done, next)                                                           \
    "{\"summary\":{\"total\":" total ",\"success\":" success ",\"skipped\":" skipped ",\"failed\":" failed             \
    ",\"done\":" done ",\"next\":" next "}}\n"

static void expect_count(const char *more, const char *reply)
{
    fake_expect((upstream){.method = "POST",
                           .url = SCENE_COUNT,
                           .body = fake_format("{\"tag\":\"" FAKE_TAG "\"%s}", more),
                           .header = "authorization: Bearer " FAKE_SERVICE_KEY,
                           .reply = reply});
}

static void expect_search(const char *more, int size, const char *reply)
{
    fake_expect((upstream){
        .method = "POST",
        .url = SCENE_STALE,
        .body = fake_format("{\"tag\":\"" FAKE_TAG "\"%s,\"max_rows\":%d,\"min_age_s\":0,\"lease_s\":0}", more, size),
        .reply = reply});
}

static void backfill(const char *body)
{
    fake_fetch(
        (fake_request){.method = "POST", .path = "/api/admin/backfill", .token = FAKE_SERVICE_KEY, .body = body});
    for (str_pair rest = {.tail = fake.body, .found = true}; fake.open && rest.tail.len;) {
        rest = str_cut(rest.tail, '\n');
        json_reader line = json_read(rest.head);
        CHECK(rest.found && json_skip(&line, NULL) && json_at_end(&line));
    }
}

static const char *after(int i)
{
    return fake_format(",\"after\":\"%s\"", scene_id(i));
}

static void nobody(void)
{
    expect_count("", "0");
    expect_search("", 10, "[]");
    backfill(NULL);
    CHECK_STR(fake_header("content-type"), "application/x-ndjson; charset=utf-8");
    CHECK_STR(fake_response(), "200 {\"stale\":0}\n" SUMMARY("0", "0", "0", "0", "true", "null"));
}

static void a_page(void)
{
    expect_count("", "3");
    expect_search("", 10, scene_stale(0, 3));
    fake_expect((upstream){
        .method = "GET",
        .url = SCENE_READ,
        .reply = fake_format("[%s,%s,%s]", scene_row((scene_user){.id = scene_id(0), .title = PRIVATE, .revision = 1}),
                             scene_row((scene_user){.id = scene_id(1), .revision = 1}),
                             scene_row((scene_user){.id = scene_id(2), .title = PRIVATE, .revision = 1})),
    });
    fake_expect((upstream){.method = "AI",
                           .reply = ai_reply_of(fake_format("%s,%s", vector_text(768, "1"), vector_text(767, "1")))});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(0, 2, "stored")});
    fake_expect((upstream){.method = "POST", .url = SCENE_FAILURES, .status = 204});
    backfill("{}");
    CHECK_STR(fake_response(),
              "200 {\"stale\":3}\n" LINE("0", "success\"") LINE("1", "skipped\",\"reason\":\"empty\"")
                  LINE("2", "failed\",\"reason\":\"the embedding model gave a malformed vector: not 768 numbers\"")
                      SUMMARY("3", "1", "1", "1", "true", "null"));
}

static void pages(void)
{
    fake.responder = scene_healthy;
    expect_count("", "5");
    expect_search("", 2, scene_stale(0, 2));
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 2)});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(2)});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(0, 2, "stored")});
    expect_search(after(1), 2, scene_stale(2, 3));
    backfill("{\"batch_size\":2}");
    CHECK(str_ends_with(fake.body, S(SUMMARY("3", "3", "0", "0", "true", "null"))));
}

static void limit(void)
{
    expect_count("", "");
    expect_search("", 2, scene_stale(0, 2));
    expect_search(after(1), 1, scene_stale(2, 3));
    backfill("{\"batch_size\":2,\"limit\":3,\"dry_run\":true}");
    CHECK_STR(fake_response(),
              "200 " LINE("0", "skipped\",\"reason\":\"dry run\"") LINE("1", "skipped\",\"reason\":\"dry run\"")
                  LINE("2", "skipped\",\"reason\":\"dry run\"")
                      SUMMARY("3", "0", "3", "0", "true", "\"00000002-0000-4000-8000-000000000000\""));
}

static void force_and_after(void)
{
    fake.responder = scene_healthy;
    expect_count(fake_format("%s,\"include_fresh\":true", after(4)), "1");
    expect_search(fake_format("%s,\"include_fresh\":true", after(4)), 100, scene_stale(5, 6));
    backfill(fake_format("{\"force\":true,\"after\":\"%s\",\"batch_size\":100,\"dry_run\":false}", scene_id(4)));
    CHECK(str_ends_with(fake.body, S(SUMMARY("1", "1", "0", "0", "true", "null"))));
    CHECK(str_ends_with(fake.calls[fake.call_count - 1].body, S("\"force\":true}]}")));
}

#define BAD(path, message) "{\"code\":\"custom\",\"path\":[\"" path "\"],\"message\":\"" message "\"}"
#define BAD_SIZE BAD("batch_size", "Must be a whole number from 1 to 100")
#define BAD_LIMIT BAD("limit", "Must be a positive whole number")
#define BAD_AFTER BAD("after", "Must be a UUID")

static void options(void)
{
    static const struct {
        const char *body, *details;
    } rows[] = {
        {"{\"dry_run\":1}", BAD("dry_run", "Must be true or false")},
        {"{\"force\":\"true\"}", BAD("force", "Must be true or false")},
        {"{\"batch_size\":0}", BAD_SIZE},
        {"{\"batch_size\":101}", BAD_SIZE},
        {"{\"batch_size\":1.5}", BAD_SIZE},
        {"{\"batch_size\":\"10\"}", BAD_SIZE},
        {"{\"batch_size\":null}", BAD_SIZE},
        {"{\"limit\":0}", BAD_LIMIT},
        {"{\"limit\":-1}", BAD_LIMIT},
        {"{\"limit\":2147483648}", BAD_LIMIT},
        {"{\"after\":\"x\"}", BAD_AFTER},
        {"{\"after\":7}", BAD_AFTER},
        {"{\"limit\":0,\"dry_run\":null,\"batch_size\":[],\"after\":\"\"}",
         BAD("dry_run", "Must be true or false") "," BAD_SIZE "," BAD_LIMIT "," BAD_AFTER},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].body);
        backfill(rows[i].body);
        CHECK_STR(fake_response(),
                  fake_format("400 {\"error\":\"Invalid backfill data\",\"details\":[%s]}", rows[i].details));
    }
    backfill("[]");
    CHECK_INT(fake.status, 400);
    fake_fetch((fake_request){.method = "POST",
                              .path = "/api/admin/backfill",
                              .token = FAKE_SERVICE_KEY,
                              .body = "{}",
                              .content_type = "text/plain"});
    CHECK_INT(fake.status, 415);
    CHECK_INT(fake.call_count, 0);
    expect_count("", "0");
    expect_search("", 10, "[]");
    backfill("{\"after\":null,\"unknown\":1}");
    CHECK_INT(fake.status, 200);
}

static int page_number;

static bool endless(const fake_call *call, host_reply *reply)
{
    *reply = (host_reply){.status = 200, .body = S("100000")};
    if (str_ends_with(call->url, S(SCENE_COUNT)))
        return true;
    if (!str_ends_with(call->url, S(SCENE_STALE)))
        return scene_healthy(call, reply);
    reply->body = str_from_c(scene_stale(page_number * 10, page_number * 10 + 10));
    page_number++;
    return true;
}

// It stops by itself within the subrequests of one invocation, and says where to go on.
static void budget(void)
{
    page_number = 0;
    fake.responder = endless;
    backfill(NULL);
    CHECK(fake.call_count <= 50 && page_number >= 12);
    CHECK(str_ends_with(fake.body,
                        str_from_c(fake_format(SUMMARY("%d", "%d", "0", "0", "false", "\"%s\""), page_number * 10,
                                               page_number * 10, scene_id(page_number * 10 - 1)))));
}

static bool slow(const fake_call *call, host_reply *reply)
{
    fake.now_ms += call->ai ? 29000 : 100;
    return endless(call, reply);
}

static void time_runs_out(void)
{
    int64_t before = fake.now_ms;
    page_number = 0;
    fake.responder = slow;
    backfill(NULL);
    CHECK(fake.now_ms - before <= 5 * 60 * 1000 && page_number >= 5);
    CHECK(str_contains(fake.body, S("\"done\":false")));
}

// When nothing of a page could be done, it stops before that page, so that the cursor leads back to it.
static void outage(void)
{
    expect_count("", "4");
    expect_search("", 2, scene_stale(0, 2));
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 2)});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(2)});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(0, 2, "stored")});
    expect_search(after(1), 2, scene_stale(2, 4));
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .status = 401});
    backfill("{\"batch_size\":2}");
    CHECK(str_contains(fake.body,
                       S(LINE("3", "failed\",\"reason\":\"the database could not read the profile (HTTP 401)\""))));
    CHECK(
        str_ends_with(fake.body, S(SUMMARY("4", "2", "0", "2", "false", "\"00000001-0000-4000-8000-000000000000\""))));
}

static void failing_search(void)
{
    expect_count("", "4");
    fake_expect((upstream){.method = "POST",
                           .url = SCENE_STALE,
                           .status = 400,
                           .reply = "{\"code\":\"42883\",\"message\":\"" PRIVATE "\"}"});
    backfill(NULL);
    CHECK(str_ends_with(fake.body,
                        S("\"done\":false,\"next\":null,\"error\":\"the database could not be searched\"}}\n")));
    CHECK_STR(fake.log, "E [Embeddings] Cannot search for stale embeddings: HTTP 400 (42883) (request test)\n");
}

// A client that left needs no further work; whoever comes back goes on from the start of that page.
static void client_leaves(void)
{
    page_number = 0;
    fake.responder = endless;
    fake.chunks_wanted = 3; // the count and two pages
    backfill(NULL);
    CHECK_INT(page_number, 3);
}

static const test tests[] = {
    {"nobody", nobody},
    {"a page", a_page},
    {"pages", pages},
    {"limit", limit},
    {"force and after", force_and_after},
    {"options", options},
    {"budget", budget},
    {"time runs out", time_runs_out},
    {"outage", outage},
    {"failing search", failing_search},
    {"client leaves", client_leaves},
};
const module backfill_tests = MODULE("backfill", tests);
