// embedding/update, when the model fails: one bad profile stands alone, an outage leaves the batch whole.
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "embedding/update.h"
#include "fake_host.h"
#include "scenes.h"
#include "vectors.h"

static update_item items[100];

// Which title the model will not take, and how it says so.
static struct {
    int bad;
    int32_t status;
} model;

static bool mentions_bad(str body)
{
    return str_contains(body, str_from_c(fake_format("\"%s\"", scene_title(model.bad))));
}

static bool choosy(const fake_call *call, host_reply *reply)
{
    if (call->ai && mentions_bad(call->body)) {
        *reply =
            (host_reply){.status = model.status, .body = S("{\"name\":\"AiError\",\"description\":\"" PRIVATE "\"}")};
        return true;
    }
    if (str_ends_with(call->url, S(SCENE_FAILURES))) {
        *reply = (host_reply){.status = 204};
        return true;
    }
    return scene_healthy(call, reply);
}

static context begin(int count)
{
    context ctx = fake_context();
    ctx.request_id = S("");
    for (int i = 0; i < count; i++)
        items[i] = (update_item){.user_id = str_from_c(scene_id(i))};
    return ctx;
}

static int count_calls(const char *url)
{
    int count = 0;
    for (int32_t i = 0; i < fake.call_count; i++)
        count += str_contains(fake.calls[i].url, str_from_c(url));
    return count;
}

static const fake_call *call_of(const char *url)
{
    for (int32_t i = 0; i < fake.call_count; i++) {
        if (str_contains(fake.calls[i].url, str_from_c(url)))
            return &fake.calls[i];
    }
    return NULL;
}

static void one_bad_among_a_hundred(void)
{
    static const int bad[] = {0, 1, 37, 50, 99};
    for (size_t k = 0; k < ROWS(bad); k++) {
        fake_reset();
        check_row(fake_format("user %d", bad[k]));
        model.bad = bad[k];
        model.status = 400;
        fake.responder = choosy;
        fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 100)});
        context ctx = begin(100);
        update_run(&ctx, items, 100, false);
        for (int i = 0; i < 100; i++)
            CHECK_INT(items[i].outcome, i == bad[k] ? UPDATE_FAILED : UPDATE_STORED);
        CHECK(count_calls("@cf/") <= 15); // 1 + 2 log2(100)
        CHECK_INT(count_calls(SCENE_STORE), 1);
        const fake_call *record = call_of(SCENE_FAILURES);
        CHECK_STR(record ? record->body : S(""),
                  fake_format("{\"items\":[{\"user_id\":\"%s\",\"revision\":1,\"model\":\"" FAKE_TAG
                              "\",\"error\":\"the embedding model answered HTTP "
                              "400\",\"retry_after_s\":600}]}",
                              scene_id(bad[k])));
        CHECK(
            str_contains(fake.log, str_from_c(fake_format("E [Embeddings] Failed to update user embedding for %s: the "
                                                          "embedding model answered HTTP 400\n",
                                                          scene_id(bad[k])))));
    }
}

static void outage_keeps_the_batch(void)
{
    static const int32_t statuses[] = {429, 500, 503, 401, 408};
    for (size_t k = 0; k < ROWS(statuses); k++) {
        fake_reset();
        check_row(fake_format("status %d", statuses[k]));
        model.bad = 3;
        model.status = statuses[k];
        fake.responder = choosy;
        fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 100)});
        context ctx = begin(100);
        update_run(&ctx, items, 100, false);
        for (int i = 0; i < 100; i++)
            CHECK_INT(items[i].outcome, UPDATE_DELAYED);
        CHECK(count_calls("@cf/") <= 3);
        CHECK_INT(count_calls(SCENE_STORE) + count_calls(SCENE_FAILURES), 0);
    }
}

static void long_retry_after(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 2)});
    fake_expect((upstream){.method = "AI", .status = 429, .retry_after = "90"});
    context ctx = begin(2);
    update_run(&ctx, items, 2, false);
    CHECK_INT(items[0].retry_after_ms, 90000);
    CHECK_INT(items[1].retry_after_ms, 90000);
    CHECK_STR(items[1].reason, "the embedding model answered HTTP 429");
}

// A malformed vector fails its own user; the vectors beside it are stored.
static void malformed_vectors(void)
{
    static const struct {
        const char *first;
        int count;
        const char *why;
    } rows[] = {
        {"null", 768, "an element is not a number"},
        {"\"NaN\"", 768, "an element is not a number"},
        {"1", 767, "not 768 numbers"},
        {"1", 769, "not 768 numbers"},
        {"1e39", 768, "a number is out of range"},
        {"0", 768, "all zero"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("%s, %d numbers", rows[i].first, rows[i].count));
        const char *good = vector_text(768, "1.5");
        fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 2)});
        fake_expect((upstream){
            .method = "AI",
            .reply = ai_reply_of(fake_format("%s,%s", vector_text(rows[i].count, rows[i].first), good)),
        });
        fake_expect((upstream){.method = "POST",
                               .url = SCENE_STORE,
                               .body = fake_format("{\"items\":[{\"user_id\":\"%s\",*", scene_id(1)),
                               .reply = scene_outcomes(1, 2, "stored")});
        fake_expect(
            (upstream){.method = "POST",
                       .url = SCENE_FAILURES,
                       .body = fake_format("{\"items\":[{\"user_id\":\"%s\",\"revision\":1,\"model\":\"" FAKE_TAG
                                           "\",\"error\":\"the embedding model "
                                           "gave a malformed vector: %s\",\"retry_after_s\":600}]}",
                                           scene_id(0), rows[i].why)});
        context ctx = begin(2);
        update_run(&ctx, items, 2, false);
        CHECK_INT(items[0].outcome, UPDATE_FAILED);
        CHECK_INT(items[1].outcome, UPDATE_STORED);
        CHECK(str_contains(fake.log, S("I [Embeddings] Generated embedding with 768 dimensions\n")));
    }
}

static void backoff_grows(void)
{
    scene_user user = {.id = scene_id(0), .title = PRIVATE, .revision = 9, .attempts = 3};
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = fake_format("[%s]", scene_row(user))});
    fake_expect((upstream){.method = "AI", .status = 422});
    fake_expect((upstream){.method = "POST",
                           .url = SCENE_FAILURES,
                           .body = fake_format("{\"items\":[{\"user_id\":\"%s\",\"revision\":9,\"model\":\"" FAKE_TAG
                                               "\",\"error\":\"the embedding model answered "
                                               "HTTP 422\",\"retry_after_s\":4800}]}",
                                               scene_id(0))});
    context ctx = begin(1);
    update_run(&ctx, items, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_FAILED);
}

static void failure_that_cannot_be_recorded(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 1)});
    fake_expect((upstream){.method = "AI", .status = 400});
    fake_expect((upstream){.method = "POST", .url = SCENE_FAILURES, .status = 404});
    context ctx = begin(1);
    update_run(&ctx, items, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_FAILED);
    CHECK(str_contains(fake.log, S("E [Embeddings] Cannot record failures: HTTP 404\n")));
}

// Splitting stops at the deadline: what is left goes back undone.
static void no_time_to_split(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 4)});
    fake_expect((upstream){.method = "AI", .status = 400, .took_ms = 1000});
    context ctx = begin(4);
    ctx.deadline_ms = fake.now_ms + 1000;
    update_run(&ctx, items, 4, false);
    for (int i = 0; i < 4; i++)
        CHECK_INT(items[i].outcome, UPDATE_DELAYED);
}

static void expect_parts(int from, int to, const char *skills)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .status = 400, .reply = "{\"code\":\"PGRST200\"}"});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/users*", .reply = scene_rows(from, to)});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/work_experience*", .reply = "[]"});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/skills*", .reply = skills});
}

static void expect_new_vector(int i, const char *store)
{
    fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
    fake_expect(
        (upstream){.method = "POST", .url = SCENE_STORE, .body = store, .reply = scene_outcomes(i, i + 1, "stored")});
}

// More rows than one answer holds, where the parts are read by themselves: each user alone, and only the one who has
// that many stays partial.
static void a_full_page_of_parts(void)
{
    buf rows = buf_new(&fake.mem, 128 << 10);
    for (int i = 0; i < 1000; i++)
        buf_puts(&rows, i ? S(",") : S("["), S("{\"user_id\":\""), str_from_c(scene_id(1)), S("\",\"name\":\"x\"}"));
    buf_put(&rows, S("]"));
    const char *full = fake_format("%.*s", (int)rows.len, rows.at);
    expect_parts(0, 2, full);
    expect_parts(0, 1, fake_format("[{\"user_id\":\"%s\",\"name\":\"" PRIVATE "\"}]", scene_id(0)));
    expect_new_vector(0, fake_format("{\"items\":[{\"user_id\":\"%s\",\"revision\":1,\"model\":\"" FAKE_TAG
                                     "\",\"text_hash\":\"%s\",*",
                                     scene_id(0), scene_hash(fake_format("%s " PRIVATE, scene_title(0)))));
    expect_parts(1, 2, full);
    expect_new_vector(1,
                      fake_format("{\"items\":[{\"user_id\":\"%s\",\"revision\":0,\"model\":\"" FAKE_TAG ";partial\",*",
                                  scene_id(1)));
    context ctx = begin(2);
    update_run(&ctx, items, 2, false);
    CHECK_INT(items[0].outcome, UPDATE_STORED);
    CHECK_INT(items[1].outcome, UPDATE_STORED);
    if (!CHECK_INT(fake.call_count, 16))
        return;
    CHECK(str_ends_with(fake.calls[4].url, str_from_c(fake_format("&id=in.(%s)", scene_id(0)))));
    CHECK(str_ends_with(fake.calls[13].url, str_from_c(fake_format("&user_id=in.(%s)", scene_id(1)))));
}

static const test tests[] = {
    {"one bad among a hundred", one_bad_among_a_hundred},
    {"outage keeps the batch", outage_keeps_the_batch},
    {"long retry-after", long_retry_after},
    {"malformed vectors", malformed_vectors},
    {"backoff grows", backoff_grows},
    {"failure that cannot be recorded", failure_that_cannot_be_recorded},
    {"no time to split", no_time_to_split},
    {"a full page of parts", a_full_page_of_parts},
};
const module update_faults_tests = MODULE("update_faults", tests);
