// embedding/store and embedding/stale: the bodies of the RPCs, and what their answers mean.
#include "embedding/store.h"

#include "check.h"
#include "embedding/stale.h"
#include "fake_host.h"
#include "scenes.h"

#define A "aaaaaaaa-0000-4000-8000-000000000000"
#define B "bbbbbbbb-0000-4000-8000-000000000000"
#define C "cccccccc-0000-4000-8000-000000000000"

static context background(void)
{
    context ctx = fake_context();
    ctx.request_id = S("");
    return ctx;
}

static void bodies(void)
{
    store_item items[] = {
        {.user_id = S(A),
         .revision = 3,
         .action = STORE_VECTOR,
         .vector = S("[1,2]"),
         .text_hash = S("h\"1"),
         .model = S("m")},
        {.user_id = S(B), .revision = 4, .action = STORE_CLEAR, .vector = S("[1]"), .model = S("m")},
        {.user_id = S(C), .revision = 5, .action = STORE_KEEP, .text_hash = S("h"), .model = S("m")},
    };
    static const char want[] =
        "{\"items\":[{\"user_id\":\"" A
        "\",\"revision\":3,\"model\":\"m\",\"text_hash\":\"h\\\"1\",\"embedding\":\"[1,2]\"%s},"
        "{\"user_id\":\"" B "\",\"revision\":4,\"model\":\"m\",\"text_hash\":null,\"embedding\":null%s},"
        "{\"user_id\":\"" C "\",\"revision\":5,\"model\":\"m\",\"text_hash\":\"h\",\"keep\":true%s}]}";
    for (int force = 0; force < 2; force++) {
        const char *more = force ? ",\"force\":true" : "";
        context ctx = background();
        fake_expect((upstream){
            .method = "POST",
            .url = SCENE_STORE,
            .header = "apikey: " FAKE_SERVICE_KEY,
            .body = fake_format(want, more, more, more),
            .reply = "[{\"user_id\":\"" C "\",\"outcome\":\"missing\"},{\"user_id\":\"" A "\",\"outcome\":\"stored\"},"
                     "{\"user_id\":\"BBBBBBBB-0000-4000-8000-000000000000\",\"outcome\":\"superseded\"}]"});
        CHECK_INT(store_items(&ctx, items, 3, force).outcome, POSTGREST_OK);
        CHECK_INT(items[0].outcome, STORE_STORED);
        CHECK_INT(items[1].outcome, STORE_SUPERSEDED);
        CHECK_INT(items[2].outcome, STORE_MISSING);
    }
}

static void odd_answers(void)
{
    static const char *const replies[] = {
        "",
        "null",
        "[]",
        "{}",
        "[{\"user_id\":\"" A "\"}]",
        "[{\"user_id\":\"" A "\",\"outcome\":\"new\"}]",
        "[{\"user_id\":\"" B "\",\"outcome\":\"stored\"}]",
        "[7,null,{\"outcome\":\"stored\"}]",
    };
    for (size_t i = 0; i < ROWS(replies); i++) {
        context ctx = background();
        store_item item = {.user_id = S(A), .revision = 1, .action = STORE_CLEAR, .model = S("m")};
        check_row(replies[i]);
        fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = replies[i]});
        CHECK_INT(store_items(&ctx, &item, 1, false).outcome, POSTGREST_OK);
        CHECK_INT(item.outcome, STORE_UNKNOWN);
    }
}

static void failed_stores(void)
{
    context ctx = background();
    store_item item = {.user_id = S(A), .revision = 1, .action = STORE_CLEAR, .model = S("m")};
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .error = HOST_TIMEOUT});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .status = 400, .reply = "{\"code\":\"22P02\"}"});
    CHECK_INT(store_items(&ctx, &item, 1, false).outcome, POSTGREST_BAD_VALUE);
    CHECK_INT(item.outcome, STORE_UNKNOWN);
    CHECK_STR(fake.log, "W [Embeddings] Retrying the store in 1000ms after timeout\n");
}

static void failures(void)
{
    static const store_failure rows[] = {
        {.user_id = STR(A), .error = STR("why \"so\""), .revision = 7, .retry_after_s = 600},
        {.user_id = STR(B), .error = STR("x"), .revision = 1, .retry_after_s = 86400},
    };
    context ctx = background();
    fake_expect((upstream){
        .method = "POST",
        .url = SCENE_FAILURES,
        .body = "{\"items\":[{\"user_id\":\"" A
                "\",\"revision\":7,\"model\":null,\"error\":\"why \\\"so\\\"\",\"retry_after_s\":600},"
                "{\"user_id\":\"" B "\",\"revision\":1,\"model\":null,\"error\":\"x\",\"retry_after_s\":86400}]}",
        .status = 204,
    });
    CHECK_INT(store_failures(&ctx, rows, 2).outcome, POSTGREST_OK);
}

static void searches(void)
{
    static const struct {
        stale_query query;
        const char *body;
    } rows[] = {
        {{.limit = 100}, "{\"tag\":\"" FAKE_TAG "\",\"max_rows\":100,\"min_age_s\":0,\"lease_s\":0}"},
        {{.after = STR(A), .limit = 10, .everyone = true},
         "{\"tag\":\"" FAKE_TAG "\",\"after\":\"" A
         "\",\"include_fresh\":true,\"max_rows\":10,\"min_age_s\":0,\"lease_s\":0}"},
        {{.limit = 1, .min_age_s = 60, .lease_s = 900},
         "{\"tag\":\"" FAKE_TAG "\",\"max_rows\":1,\"min_age_s\":60,\"lease_s\":900}"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        context ctx = background();
        fake_expect((upstream){.method = "POST", .url = SCENE_STALE, .body = rows[i].body, .reply = scene_stale(0, 1)});
        stale_page page = stale_find(&ctx, rows[i].query);
        CHECK_INT(page.count, 1);
        CHECK_STR(page.ids[0], scene_id(0));
    }
}

static void search_answers(void)
{
    static const struct {
        upstream answer;
        postgrest_outcome want;
        int32_t count;
    } rows[] = {
        {{.reply = "[]"}, POSTGREST_OK, 0},
        {{.reply = "[{\"user_id\":\"" A "\"},{\"user_id\":\"no\"},{\"user_id\":7},{},null,{\"user_id\":\"" B "\"}]"},
         POSTGREST_OK,
         2},
        {{.reply = "[{\"user_id\":\"" A "\"},{\"user_id\":\"" B "\"},{\"user_id\":\"" C "\"}]"},
         POSTGREST_OK,
         2}, // more than asked for
        {{.reply = "{}"}, POSTGREST_UNREADABLE, 0},
        {{.reply = ""}, POSTGREST_UNREADABLE, 0},
        {{.status = 404, .reply = "{\"code\":\"PGRST202\"}"}, POSTGREST_REFUSED, 0},
        {{.error = HOST_TOO_LARGE}, POSTGREST_TOO_LARGE, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        context ctx = background();
        upstream answer = rows[i].answer;
        answer.method = "POST";
        answer.url = SCENE_STALE;
        check_row(fake_format("row %zu", i));
        fake_expect(answer);
        stale_page page = stale_find(&ctx, (stale_query){.limit = 2});
        CHECK_INT(page.answer.outcome, rows[i].want);
        CHECK_INT(page.count, rows[i].count);
    }
}

static void counts(void)
{
    static const struct {
        upstream answer;
        int64_t want;
    } rows[] = {
        {{.reply = "0"}, 0},    {{.reply = "5000"}, 5000}, {{.reply = "-1"}, -1}, {{.reply = "null"}, -1},
        {{.reply = "[5]"}, -1}, {{.reply = ""}, -1},       {{.status = 404}, -1}, {{.error = HOST_TOO_LARGE}, -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        context ctx = background();
        upstream answer = rows[i].answer;
        answer.method = "POST";
        answer.url = SCENE_COUNT;
        answer.body = "{\"tag\":\"" FAKE_TAG "\",\"after\":\"" A "\"}";
        check_row(fake_format("row %zu", i));
        fake_expect(answer);
        CHECK_INT(stale_count(&ctx, (stale_query){.after = S(A), .limit = 7}), rows[i].want);
    }
}

static const test tests[] = {
    {"bodies", bodies},     {"odd answers", odd_answers}, {"failed stores", failed_stores},
    {"failures", failures}, {"searches", searches},       {"search answers", search_answers},
    {"counts", counts},
};
const module store_tests = MODULE("store", tests);
