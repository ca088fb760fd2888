// embedding/update: the one path, step by step.
#include "embedding/update.h"

#include "base/buf.h"
#include "check.h"
#include "fake_host.h"
#include "scenes.h"
#include "vectors.h"

static update_item items[100];

static void run(int from, int to, bool force)
{
    context ctx = fake_context();
    ctx.request_id = S("");
    for (int i = from; i < to; i++)
        items[i - from] = (update_item){.user_id = str_from_c(scene_id(i))};
    update_run(&ctx, items, to - from, force);
}

static void expect_read(int from, int to)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(from, to)});
}

static void expect_store(const char *body, const char *reply)
{
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .body = body, .reply = reply});
}

// The four lines, to the letter.
static void one_user(void)
{
    scene_expect_update(scene_id(0), PRIVATE " engineer", 4);
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_STORED);
    CHECK_STR(
        fake.log,
        "I [Embeddings] Starting resume embedding update for user 00000000-0000-4000-8000-000000000000\n"
        "I [Embeddings] Generated embedding with 768 dimensions\n"
        "I [Embeddings] Successfully updated resume embedding for user 00000000-0000-4000-8000-000000000000 in 0ms\n");
}

static void duration(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = scene_rows(0, 1), .took_ms = 20});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(1), .took_ms = 300});
    fake_expect(
        (upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(0, 1, "stored"), .took_ms = 4});
    run(0, 1, false);
    CHECK(str_ends_with(fake.log, S(" in 324ms\n")));
}

#define SKIPPED(reason) "I [Embeddings] Skipped user 00000000-0000-4000-8000-000000000000: " reason "\n"
#define FAILED(reason)                                                                                                 \
    "E [Embeddings] Failed to update user embedding for 00000000-0000-4000-8000-000000000000: " reason "\n"
#define KEEP                                                                                                           \
    "{\"items\":[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"revision\":5,\"model\":\"" FAKE_TAG           \
    "\",\"text_hash\":\"%s\",\"keep\":true}]}"
#define CLEAR                                                                                                          \
    "{\"items\":[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"revision\":5,\"model\":\"" FAKE_TAG           \
    "\",\"text_hash\":null,\"embedding\":null}]}"

static void run_one(scene_user user)
{
    user.id = scene_id(0);
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = fake_format("[%s]", scene_row(user))});
    run(0, 1, false);
}

static void unchanged(void)
{
    run_one((scene_user){.title = PRIVATE, .revision = 5, .embedded_revision = 5, .model = FAKE_TAG, .hash = "x"});
    CHECK_INT(items[0].outcome, UPDATE_UNCHANGED);
    CHECK(str_ends_with(fake.log, S(SKIPPED("unchanged"))));
    run_one((scene_user){.title = PRIVATE, .revision = 5, .embedded_revision = 6, .model = FAKE_TAG});
    CHECK_INT(items[0].outcome, UPDATE_UNCHANGED);
}

static void same_text(void)
{
    const char *hash = scene_hash(PRIVATE);
    fake_expect((upstream){.method = "GET",
                           .url = SCENE_READ,
                           .reply = fake_format("[%s]", scene_row((scene_user){.id = scene_id(0),
                                                                               .title = PRIVATE,
                                                                               .revision = 5,
                                                                               .embedded_revision = 4,
                                                                               .model = FAKE_TAG,
                                                                               .hash = hash}))});
    expect_store(fake_format(KEEP, hash), scene_outcomes(0, 1, "stored"));
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_UNCHANGED);
    CHECK(str_ends_with(fake.log, S(SKIPPED("unchanged"))));
}

// User 0 of the combined read, whose text was last stored as `hash`.
static void expect_stored_as(const char *hash, const char *others)
{
    scene_user user = {
        .id = scene_id(0), .title = PRIVATE, .revision = 5, .embedded_revision = 4, .model = FAKE_TAG, .hash = hash};
    fake_expect(
        (upstream){.method = "GET", .url = SCENE_READ, .reply = fake_format("[%s%s]", scene_row(user), others)});
}

// Another text was stored between the read and the keep: the vector is not that of the text, so it is made anew.
static void refused_keep(void)
{
    const char *other = scene_row((scene_user){.id = scene_id(1), .title = scene_title(1), .revision = 1});
    expect_stored_as(scene_hash(PRIVATE), fake_format(",%s", other));
    fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
    expect_store(NULL, "[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"outcome\":\"superseded\"},"
                       "{\"user_id\":\"00000001-0000-4000-8000-000000000000\",\"outcome\":\"stored\"}]");
    expect_stored_as("another", "");
    fake_expect((upstream){.method = "AI", .body = "{\"text\":[\"" PRIVATE "\"]*", .reply = ai_reply(1)});
    expect_store(fake_format("{\"items\":[{\"user_id\":\"%s\",\"revision\":5,\"model\":\"" FAKE_TAG
                             "\",\"text_hash\":\"%s\",\"embedding\":\"[0.5,*",
                             scene_id(0), scene_hash(PRIVATE)),
                 scene_outcomes(0, 1, "stored"));
    run(0, 2, false);
    CHECK_INT(items[0].outcome, UPDATE_STORED);
    CHECK_STR(items[0].reason, "");
    CHECK_INT(items[1].outcome, UPDATE_STORED);
    CHECK(fake.call_count == 6 && str_ends_with(fake.calls[3].url, S("&id=in.(00000000-0000-4000-8000-000000000000)")));
    CHECK(!str_contains(fake.log, S("Failed")) && !str_contains(fake.log, S("Skipped")));
}

static void keep_refused_again(void)
{
    const char *hash = scene_hash(PRIVATE);
    for (int i = 0; i < 2; i++) {
        expect_stored_as(hash, "");
        expect_store(fake_format(KEEP, hash), scene_outcomes(0, 1, "superseded"));
    }
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_DELAYED);
    CHECK_INT(items[0].retry_after_ms, -1);
    CHECK_INT(fake.call_count, 4);
    CHECK(str_ends_with(fake.log, S(FAILED("another text was stored meanwhile"))));
}

// Another text, another model, or a text hash without its model: a new vector.
static void new_vector_needed(void)
{
    const scene_user users[] = {
        {.title = PRIVATE,
         .revision = 5,
         .embedded_revision = 5,
         .model = "@cf/baai/bge-base-en-v1.5;pooling=cls;text=1",
         .hash = scene_hash(PRIVATE)},
        {.title = PRIVATE, .revision = 5, .embedded_revision = 4, .model = FAKE_TAG, .hash = "another"},
        {.title = PRIVATE, .revision = 5, .embedded_revision = 4, .model = FAKE_TAG},
        {.title = PRIVATE, .revision = 5, .embedded_revision = 5, .hash = scene_hash(PRIVATE)},
    };
    for (size_t i = 0; i < ROWS(users); i++) {
        scene_user user = users[i];
        user.id = scene_id(0);
        check_row(fake_format("user %zu", i));
        fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = fake_format("[%s]", scene_row(user))});
        fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
        expect_store("{\"items\":[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"revision\":5,*",
                     scene_outcomes(0, 1, "stored"));
        run(0, 1, false);
        CHECK_INT(items[0].outcome, UPDATE_STORED);
    }
}

static void forced(void)
{
    scene_user user = {.id = scene_id(0),
                       .title = PRIVATE,
                       .revision = 5,
                       .embedded_revision = 5,
                       .model = FAKE_TAG,
                       .hash = scene_hash(PRIVATE)};
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = fake_format("[%s]", scene_row(user))});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(0, 1, "stored")});
    run(0, 1, true);
    CHECK_INT(items[0].outcome, UPDATE_STORED);
    CHECK(str_ends_with(fake.calls[2].body, S("\"force\":true}]}")));
}

static void empty(void)
{
    scene_user user = {.id = scene_id(0), .revision = 5, .embedded_revision = 4, .model = FAKE_TAG, .hash = "old"};
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = fake_format("[%s]", scene_row(user))});
    expect_store(CLEAR, scene_outcomes(0, 1, "stored"));
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_EMPTY);
    CHECK(str_ends_with(fake.log, S(SKIPPED("empty"))));
}

static void outcomes_of_the_store(void)
{
    static const struct {
        upstream store;
        update_outcome want;
        const char *log;
        int64_t retry_after_ms;
    } rows[] = {
        {{.reply = "[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"outcome\":\"superseded\"}]"},
         UPDATE_SUPERSEDED,
         SKIPPED("superseded"),
         0},
        {{.reply = "[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"outcome\":\"missing\"}]"},
         UPDATE_MISSING,
         SKIPPED("no such user"),
         0},
        {{.reply = "[]"}, UPDATE_DELAYED, FAILED("the database did not say what became of the vector"), -1},
        {{.status = 404, .reply = "{\"code\":\"PGRST202\"}"},
         UPDATE_DELAYED,
         FAILED("the database could not store the vector (HTTP 404 (PGRST202))"),
         -1},
        {{.status = 429, .retry_after = "60"},
         UPDATE_DELAYED,
         FAILED("the database could not store the vector (HTTP 429)"),
         60000},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        upstream store = rows[i].store;
        store.method = "POST";
        store.url = SCENE_STORE;
        check_row(fake_format("row %zu", i));
        expect_read(0, 1);
        fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
        fake_expect(store);
        run(0, 1, false);
        CHECK_INT(items[0].outcome, rows[i].want);
        CHECK_INT(items[0].retry_after_ms, rows[i].retry_after_ms);
        CHECK(str_ends_with(fake.log, str_from_c(rows[i].log)));
    }
}

static void users_that_are_not_there(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = "[]"});
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_MISSING);
    CHECK(str_ends_with(fake.log, S(SKIPPED("no such user"))));
    run_one((scene_user){.title = PRIVATE, .revision = 0});
    CHECK_INT(items[0].outcome, UPDATE_DELAYED);
    CHECK(str_ends_with(fake.log, S(FAILED("the embedding migration has not been applied to this user"))));
}

static void failing_read(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .status = 401});
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_DELAYED);
    CHECK(str_ends_with(fake.log, S(FAILED("the database could not read the profile (HTTP 401)"))));
}

// A vector of an incomplete text is stored under the revision before and another tag, so that the row stays stale.
static void partial(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .status = 400, .reply = "{\"code\":\"PGRST200\"}"});
    fake_expect((upstream){
        .method = "GET",
        .url = "/rest/v1/users*",
        .reply = fake_format("[%s]", scene_row((scene_user){.id = scene_id(0), .title = PRIVATE, .revision = 5}))});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/work_experience*", .reply = "[]"});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/skills*", .status = 403});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
    expect_store(
        "{\"items\":[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"revision\":4,\"model\":\"" FAKE_TAG
        ";partial\",*",
        scene_outcomes(0, 1, "stored"));
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_STORED);
}

// What could be read says nothing: no reason to clear the vector of what could not.
static void partial_without_text(void)
{
    scene_user user = {.id = scene_id(0), .revision = 5, .embedded_revision = 4, .model = FAKE_TAG, .hash = "old"};
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .status = 400, .reply = "{\"code\":\"PGRST200\"}"});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/users*", .reply = fake_format("[%s]", scene_row(user))});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/work_experience*", .reply = "[]"});
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/skills*", .status = 403});
    run(0, 1, false);
    CHECK_INT(items[0].outcome, UPDATE_DELAYED);
    CHECK_INT(items[0].retry_after_ms, -1);
    CHECK_INT(fake.call_count, 4);
    CHECK(str_ends_with(fake.log, S(FAILED("a part of the profile cannot be read"))));
}

static void batch(void)
{
    expect_read(0, 100);
    fake_expect((upstream){.method = "AI", .reply = ai_reply(100)});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(0, 100, "stored")});
    run(0, 100, false);
    for (int i = 0; i < 100; i++)
        CHECK_INT(items[i].outcome, UPDATE_STORED);
    CHECK(str_starts_with(fake.log, S("I [Embeddings] Starting resume embedding update for 100 users\n"
                                      "I [Embeddings] Generated 100 embeddings with 768 dimensions\n"
                                      "I [Embeddings] Successfully updated resume embedding for user 00000000-")));
    CHECK(str_contains(fake.calls[2].body,
                       str_from_c(fake_format("\"user_id\":\"%s\",\"revision\":1,\"model\":\"" FAKE_TAG
                                              "\",\"text_hash\":\"%s\",\"embedding\":\"[42.5,",
                                              scene_id(42), scene_hash(scene_title(42))))));
}

static void read_too_large(void)
{
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .error = HOST_TOO_LARGE});
    expect_read(0, 1);
    fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(0, 1, "stored")});
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .error = HOST_TOO_LARGE});
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .status = 401});
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .error = HOST_TOO_LARGE});
    run(0, 3, false);
    CHECK_INT(items[0].outcome, UPDATE_STORED);
    CHECK_INT(items[1].outcome, UPDATE_DELAYED);
    CHECK_INT(items[2].outcome, UPDATE_FAILED);
    // What each half found out outlives its memory.
    CHECK_STR(items[0].reason, "");
    CHECK_STR(items[1].reason, "the database could not read the profile (HTTP 401)");
    CHECK_STR(items[2].reason, "the profile is too large to be read");
}

// Values that the database refuses are halved, like texts that the model refuses.
static void store_refused(void)
{
    expect_read(0, 2);
    fake_expect((upstream){.method = "AI", .reply = ai_reply(2)});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .status = 400, .reply = "{\"code\":\"22P02\"}"});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .status = 400, .reply = "{\"code\":\"22P02\"}"});
    fake_expect((upstream){.method = "POST", .url = SCENE_STORE, .reply = scene_outcomes(1, 2, "stored")});
    fake_expect((upstream){
        .method = "POST",
        .url = SCENE_FAILURES,
        .body = "{\"items\":[{\"user_id\":\"00000000-0000-4000-8000-000000000000\",\"revision\":1,\"model\":\"" FAKE_TAG
                "\",\"error\":"
                "\"the database could not take the vector (HTTP 400 (22P02))\",\"retry_after_s\":600}]}"});
    run(0, 2, false);
    CHECK_INT(items[0].outcome, UPDATE_FAILED);
    CHECK_INT(items[1].outcome, UPDATE_STORED);
}

static const test tests[] = {
    {"one user", one_user},
    {"duration", duration},
    {"unchanged", unchanged},
    {"same text", same_text},
    {"refused keep", refused_keep},
    {"keep refused again", keep_refused_again},
    {"new vector needed", new_vector_needed},
    {"forced", forced},
    {"empty", empty},
    {"outcomes of the store", outcomes_of_the_store},
    {"users that are not there", users_that_are_not_there},
    {"failing read", failing_read},
    {"partial", partial},
    {"partial without text", partial_without_text},
    {"batch", batch},
    {"read too large", read_too_large},
    {"store refused", store_refused},
};
const module update_tests = MODULE("update", tests);
