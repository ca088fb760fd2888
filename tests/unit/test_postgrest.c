// supabase/postgrest: calls as they are built, and what every answer means.
#include "supabase/postgrest.h"

#include "check.h"
#include "fake_host.h"

static void calls(void)
{
    context ctx = fake_context();
    host_call call = postgrest_call(&ctx, S("GET"), S("/rest/v1/x"), S("tok"));
    CHECK_STR(call.method, "GET");
    CHECK_STR(call.url, FAKE_URL "/rest/v1/x");
    CHECK_STR(call.headers, "accept: application/json\napikey: " FAKE_ANON_KEY "\nauthorization: Bearer tok\n");
    CHECK(call.timeout_ms > 0 && call.max_reply == POSTGREST_MAX_REPLY);
    call = postgrest_service_call(&ctx, S("POST"), S("/rest/v1/x"));
    CHECK_STR(call.headers,
              "accept: application/json\napikey: " FAKE_SERVICE_KEY "\nauthorization: Bearer " FAKE_SERVICE_KEY "\n");
    postgrest_body(&ctx, &call, S("{}"), S(""));
    CHECK_STR(call.body, "{}");
    CHECK(str_ends_with(call.headers, S("\ncontent-type: application/json\n")));
    postgrest_body(&ctx, &call, S("[]"), S("return=minimal"));
    CHECK(str_ends_with(call.headers, S("\nprefer: return=minimal\n")));
}

// The newer keys are no JWTs and go without Authorization; a user's token goes all the same.
static void new_keys(void)
{
    fake_set("SUPABASE_SERVICE_ROLE_KEY", "sb_secret_abc");
    fake_set("SUPABASE_ANON_KEY", "sb_publishable_abc");
    context ctx = fake_context();
    CHECK_STR(postgrest_service_call(&ctx, S("GET"), S("/x")).headers,
              "accept: application/json\napikey: sb_secret_abc\n");
    CHECK_STR(postgrest_call(&ctx, S("GET"), S("/x"), S("tok")).headers,
              "accept: application/json\napikey: sb_publishable_abc\nauthorization: Bearer tok\n");
}

static void url_slashes(void)
{
    fake_set("SUPABASE_URL", " " FAKE_URL "// ");
    context ctx = fake_context();
    CHECK_STR(postgrest_service_call(&ctx, S("GET"), S("/x")).url, FAKE_URL "/x");
}

#define CODE(code) "{\"code\":\"" code "\",\"message\":\"the database's own " PRIVATE " words\",\"details\":null}"

static void outcomes(void)
{
    static const struct {
        host_error error;
        int32_t status;
        const char *body;
        postgrest_outcome want;
        const char *why;
    } rows[] = {
        {HOST_OK, 200, "[]", POSTGREST_OK, ""},
        {HOST_OK, 201, "[{}]", POSTGREST_OK, ""},
        {HOST_OK, 204, "", POSTGREST_OK, ""},
        {HOST_OK, 299, "", POSTGREST_OK, ""},
        {HOST_OK, 409, CODE("23505"), POSTGREST_UNIQUE, "HTTP 409 (23505)"},
        {HOST_OK, 409, CODE("23503"), POSTGREST_FOREIGN_KEY, "HTTP 409 (23503)"},
        {HOST_OK, 400, CODE("23514"), POSTGREST_CHECK, "HTTP 400 (23514)"},
        {HOST_OK, 400, CODE("22P02"), POSTGREST_BAD_VALUE, "HTTP 400 (22P02)"},
        {HOST_OK, 400, CODE("22001"), POSTGREST_BAD_VALUE, "HTTP 400 (22001)"},
        {HOST_OK, 400, CODE("23502"), POSTGREST_REFUSED, "HTTP 400 (23502)"},
        {HOST_OK, 400, CODE("PGRST200"), POSTGREST_NO_RELATION, "HTTP 400 (PGRST200)"},
        {HOST_OK, 300, CODE("PGRST201"), POSTGREST_NO_RELATION, "HTTP 300 (PGRST201)"},
        {HOST_OK, 404, CODE("PGRST205"), POSTGREST_NO_RELATION, "HTTP 404 (PGRST205)"},
        {HOST_OK, 404, CODE("42P01"), POSTGREST_NO_RELATION, "HTTP 404 (42P01)"},
        {HOST_OK, 401, CODE("42501"), POSTGREST_FORBIDDEN, "HTTP 401 (42501)"},
        {HOST_OK, 403, CODE("42501"), POSTGREST_FORBIDDEN, "HTTP 403 (42501)"},
        {HOST_OK, 403, "", POSTGREST_FORBIDDEN, "HTTP 403"},
        {HOST_OK, 401, CODE("PGRST301"), POSTGREST_UNAUTHORIZED, "HTTP 401 (PGRST301)"},
        {HOST_OK, 401, "{}", POSTGREST_UNAUTHORIZED, "HTTP 401"},
        {HOST_OK, 404, "not JSON", POSTGREST_REFUSED, "HTTP 404"},
        {HOST_OK, 400, "[]", POSTGREST_REFUSED, "HTTP 400"},
        {HOST_OK, 302, "", POSTGREST_REFUSED, "HTTP 302"},
        {HOST_OK, 429, "", POSTGREST_UNAVAILABLE, "HTTP 429"},
        {HOST_OK, 500, "<html>", POSTGREST_UNAVAILABLE, "HTTP 500"},
        {HOST_OK, 500, CODE("57014"), POSTGREST_TIMEOUT, "HTTP 500 (57014)"},
        {HOST_OK, 502, "", POSTGREST_UNAVAILABLE, "HTTP 502"},
        {HOST_OK, 503, CODE("PGRST000"), POSTGREST_UNAVAILABLE, "HTTP 503 (PGRST000)"},
        {HOST_OK, 504, CODE("PGRST003"), POSTGREST_TIMEOUT, "HTTP 504 (PGRST003)"},
        {HOST_OK, 504, "", POSTGREST_TIMEOUT, "HTTP 504"},
        {HOST_OK, 408, "", POSTGREST_TIMEOUT, "HTTP 408"},
        {HOST_OK, 400, "{\"code\":22023}", POSTGREST_REFUSED, "HTTP 400"},
        {HOST_OK, 400, CODE("22\\n] forged"), POSTGREST_BAD_VALUE, "HTTP 400"},
        {HOST_OK, 400, CODE("abcdefghijklmnopq"), POSTGREST_REFUSED, "HTTP 400"},
        {HOST_TIMEOUT, 0, "", POSTGREST_TIMEOUT, "timeout"},
        {HOST_UNREACHABLE, 0, "", POSTGREST_UNAVAILABLE, "no connection"},
        {HOST_TOO_LARGE, 0, "", POSTGREST_TOO_LARGE, "the answer is too large"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        context ctx = fake_context();
        host_reply reply = {
            .error = (int32_t)rows[i].error, .status = rows[i].status, .body = fake_exact(rows[i].body)};
        check_row(fake_format("%d %s", rows[i].status, rows[i].body));
        postgrest_answer answer = postgrest_read(&ctx, &reply);
        CHECK_INT(answer.outcome, rows[i].want);
        CHECK_STR(answer.why, rows[i].why);
        CHECK_INT(answer.retry_after_ms, -1);
        if (answer.outcome == POSTGREST_OK)
            CHECK_STR(answer.body, rows[i].body);
    }
}

static void retry_after(void)
{
    context ctx = fake_context();
    host_reply reply = {.status = 429, .retry_after = S("7")};
    CHECK_INT(postgrest_read(&ctx, &reply).retry_after_ms, 7000);
    reply.retry_after = S("Thu, 01 Jan 2026 00:00:09 GMT");
    CHECK_INT(postgrest_read(&ctx, &reply).retry_after_ms, 9000);
}

static void sending(void)
{
    context ctx = fake_context();
    host_call call = postgrest_call(&ctx, S("GET"), S("/rest/v1/x"), S("tok"));
    fake_expect((upstream){.method = "GET", .url = "/rest/v1/x", .reply = "[1]"});
    postgrest_answer answer = postgrest_send(&ctx, &call);
    CHECK_INT(answer.outcome, POSTGREST_OK);
    CHECK_STR(answer.body, "[1]");
}

static void first_rows(void)
{
    static const struct {
        const char *body;
        bool readable;
        const char *row;
    } rows[] = {
        {"[]", true, ""},
        {" [ ] ", true, ""},
        {"[{\"a\":1}]", true, "{\"a\":1}"},
        {"[ {\"a\": [1]} , {\"b\":2} ]", true, "{\"a\": [1]}"},
        {"", false, ""},
        {"{}", false, ""},
        {"null", false, ""},
        {"[", false, ""},
        {"[{\"a\":1}", false, NULL},
        {"[{\"a\":1}] x", false, NULL},
        {"[{\"a\":\"\xff\"}]", false, NULL},
        {"[{\"a\":1},{\"b\":}]", false, NULL},
        {"<html>", false, ""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        str row;
        check_row(rows[i].body);
        CHECK(postgrest_first_row(fake_exact(rows[i].body), &row) == rows[i].readable);
        if (rows[i].row)
            CHECK_STR(row, rows[i].row);
    }
}

static const test tests[] = {
    {"calls", calls},           {"new keys", new_keys},       {"url slashes", url_slashes},
    {"outcomes", outcomes},     {"retry-after", retry_after}, {"sending", sending},
    {"first rows", first_rows},
};
const module postgrest_tests = MODULE("postgrest", tests);
