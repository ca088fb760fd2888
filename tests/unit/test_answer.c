// http/answer: the headers and shapes that all answers share.
#include "http/answer.h"

#include "base/json.h"
#include "check.h"
#include "fake_host.h"

static void error_table(void)
{
    static const struct {
        answer_error error;
        const char *code;
        int32_t status;
    } rows[] = {
        {ERROR_MISSING_AUTH_HEADER, "MISSING_AUTH_HEADER", 401},
        {ERROR_INVALID_AUTH_FORMAT, "INVALID_AUTH_FORMAT", 401},
        {ERROR_TOKEN_EXPIRED, "TOKEN_EXPIRED", 401},
        {ERROR_INVALID_TOKEN, "INVALID_TOKEN", 401},
        {ERROR_RATE_LIMIT_EXCEEDED, "RATE_LIMIT_EXCEEDED", 429},
        {ERROR_NOT_FOUND, "NOT_FOUND", 404},
        {ERROR_METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", 405},
        {ERROR_CONFLICT, "CONFLICT", 409},
        {ERROR_PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", 413},
        {ERROR_UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", 415},
        {ERROR_INVALID_JSON, "INVALID_JSON", 400},
        {ERROR_UPSTREAM_BAD, "UPSTREAM_ERROR", 502},
        {ERROR_UPSTREAM_UNAVAILABLE, "UPSTREAM_ERROR", 503},
        {ERROR_UPSTREAM_TIMEOUT, "UPSTREAM_ERROR", 504},
        {ERROR_INTERNAL, "INTERNAL_ERROR", 500},
    };
    CHECK_INT(ROWS(rows), ANSWER_ERROR_COUNT);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const answer_error_text *text = answer_describe(rows[i].error);
        check_row(rows[i].code);
        CHECK_STR(text->code, rows[i].code);
        CHECK_INT(text->status, rows[i].status);
        CHECK(text->message.len > 0);
    }
}

// Runs `send` as if a route had been found, and returns the response.
static str answer_of(context *ctx, void (*send)(const context *ctx))
{
    static const http_request request = {.method = STR("GET"), .url = STR("https://worker.test/")};
    ctx->request = &request;
    fake.in_request = true;
    fake.responses = 0;
    send(ctx);
    fake.in_request = false;
    CHECK_INT(fake.responses, 1);
    return fake_response();
}

static void send_json(const context *ctx)
{
    answer_json(ctx, 201, S("{\"a\":1}"));
}

static void send_error(const context *ctx)
{
    answer_error_send(ctx, ERROR_CONFLICT, S("with \"quotes\"\n"), S("retry-after: 5\n"));
}

static void send_invalid(const context *ctx)
{
    answer_invalid(ctx, S("skill"), S("{\"code\":\"custom\",\"path\":[],\"message\":\"m\"}"));
}

static void send_empty(const context *ctx)
{
    answer_empty(ctx, S("allow: GET\n"));
}

static void send_stream(const context *ctx)
{
    answer_stream(ctx);
}

static void shapes(void)
{
    context ctx = fake_context();
    CHECK_STR(answer_of(&ctx, send_json), "201 {\"a\":1}");
    CHECK_STR(fake_header("content-type"), "application/json; charset=utf-8");
    CHECK_STR(answer_of(&ctx, send_error),
              "409 {\"code\":\"CONFLICT\",\"message\":\"with \\\"quotes\\\"\\n\",\"statusCode\":409}");
    CHECK_STR(fake_header("retry-after"), "5");
    CHECK_STR(
        answer_of(&ctx, send_invalid),
        "400 {\"error\":\"Invalid skill data\",\"details\":[{\"code\":\"custom\",\"path\":[],\"message\":\"m\"}]}");
    CHECK_STR(answer_of(&ctx, send_empty), "204 ");
    CHECK_STR(fake_header("allow"), "GET");
    CHECK_INT(fake_header("content-type").len, 0);
    CHECK_STR(answer_of(&ctx, send_stream), "200 ");
    CHECK_STR(fake_header("content-type"), "application/x-ndjson; charset=utf-8");
    CHECK(fake.open);
    ctx.head = true;
    CHECK_STR(answer_of(&ctx, send_json), "201 ");
    CHECK_STR(answer_of(&ctx, send_error), "409 ");
}

static void security_headers(void)
{
    static const char *const paths[] = {"/health", "/nothing", "/api/profile"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        fake_fetch((fake_request){.path = paths[i]});
        CHECK_STR(fake_header("x-content-type-options"), "nosniff");
        CHECK_STR(fake_header("cache-control"), "no-store");
        CHECK(str_starts_with(fake_header("strict-transport-security"), S("max-age=")));
        CHECK_STR(fake_header("x-request-id"), "test");
    }
}

// What is sent for a run that ended without an answer looks like any other error.
static void failure(void)
{
    fake_fetch((fake_request){.path = "/nothing"});
    str_pair line = {.tail = answer_failure.headers, .found = true};
    while (line.tail.len) {
        line = str_cut(line.tail, '\n');
        CHECK(str_contains(fake.headers, line.head));
    }
    const answer_error_text *text = answer_describe(ERROR_INTERNAL);
    CHECK_STR(answer_failure.body, fake_format("{\"code\":\"%s\",\"message\":\"%s\",\"statusCode\":%d}", text->code.at,
                                               text->message.at, text->status));
}

// An id that is fit for headers and logs is kept; anything else is replaced.
static void request_ids(void)
{
    static const struct {
        const char *given;
        bool kept;
    } rows[] = {
        {"abc-DEF_0.9", true},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"", false},
        {"a b", false},
        {"a\tb", false},
        {"a/b", false},
        {"a:b", false},
        {"é", false},
        {"a\x01", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].given);
        fake_fetch((fake_request){.path = "/api/profile", .request_id = rows[i].given});
        const char *want = rows[i].kept ? rows[i].given : "00112233445566778899aabbccddeeff";
        CHECK_STR(fake_header("x-request-id"), want);
        CHECK_STR(fake.log, fake_format("W [Auth] Refused: no Authorization header (request %s)\n", want));
    }
}

static const test tests[] = {
    {"error table", error_table}, {"shapes", shapes},           {"security headers", security_headers},
    {"failure", failure},         {"request ids", request_ids},
};
const module answer_tests = MODULE("answer", tests);
