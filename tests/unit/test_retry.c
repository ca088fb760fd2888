// embedding/retry: how often, how long, and when not at all.
#include "embedding/retry.h"

#include "check.h"
#include "fake_host.h"

static void delays(void)
{
    static const struct {
        int attempt;
        int64_t retry_after_ms, call_ms, left_ms;
        int64_t want; // the wait; -1: no other attempt
    } rows[] = {
        {1, -1, 7000, 25000, 1000},   {2, -1, 7000, 25000, 2000},     {3, -1, 7000, 25000, -1},
        {1, 0, 7000, 25000, 1000},    {1, 500, 7000, 25000, 1000},    {1, 5000, 7000, 25000, 5000},
        {2, 1500, 7000, 25000, 2000}, {1, 10000, 7000, 25000, 10000}, {1, 10001, 7000, 60000, -1}, // left to the queue
        {1, -1, 7000, 8000, 1000},    {1, -1, 7000, 7999, -1},        {1, 5000, 7000, 11999, -1},
        {1, -1, 7000, 0, -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        context ctx = fake_context();
        int64_t before = fake.now_ms;
        ctx.deadline_ms = before + rows[i].left_ms;
        check_row(fake_format("row %zu", i));
        CHECK(retry_after_failure(&ctx, S("the call"), S("HTTP 500"), rows[i].attempt, rows[i].retry_after_ms,
                                  rows[i].call_ms) == (rows[i].want >= 0));
        CHECK_INT(fake.now_ms - before, rows[i].want < 0 ? 0 : rows[i].want);
        CHECK_STR(fake.log,
                  rows[i].want < 0
                      ? ""
                      : fake_format("W [Embeddings] Retrying the call in %dms after HTTP 500 (request test)\n",
                                    (int)rows[i].want));
    }
}

static void database(void)
{
    static const struct {
        upstream first;
        bool again;
    } rows[] = {
        {{.status = 500}, true},
        {{.status = 429, .retry_after = "3"}, true},
        {{.status = 408}, true},
        {{.error = HOST_TIMEOUT}, true},
        {{.error = HOST_UNREACHABLE}, true},
        {{.status = 400}, false},
        {{.status = 401}, false},
        {{.status = 404}, false},
        {{.status = 409}, false},
        {{.error = HOST_TOO_LARGE}, false},
        {{.status = 200}, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        context ctx = fake_context();
        upstream first = rows[i].first;
        host_call call = postgrest_service_call(&ctx, S("GET"), S("/rest/v1/x"));
        check_row(fake_format("row %zu", i));
        first.method = "GET";
        first.url = "/rest/v1/x";
        fake_expect(first);
        if (rows[i].again)
            fake_expect((upstream){.method = "GET", .url = "/rest/v1/x", .reply = "[]"});
        retry_postgrest(&ctx, S("the read"), &call);
        CHECK_INT(fake_expected_left(), 0);
    }
}

static void three_attempts(void)
{
    context ctx = fake_context();
    host_call call = postgrest_service_call(&ctx, S("GET"), S("/rest/v1/x"));
    for (int i = 0; i < 3; i++)
        fake_expect((upstream){.method = "GET", .url = "/rest/v1/x", .status = 503});
    CHECK_INT(retry_postgrest(&ctx, S("the read"), &call).outcome, POSTGREST_UNAVAILABLE);
    CHECK_INT(fake.calls[1].at_ms - fake.calls[0].at_ms, 1000);
    CHECK_INT(fake.calls[2].at_ms - fake.calls[1].at_ms, 2000);
}

// No call waits past the deadline, but each has a second.
static void timeouts(void)
{
    static const struct {
        int32_t timeout_ms;
        int64_t left_ms;
        int32_t want;
    } rows[] = {
        {7000, 25000, 7000}, {7000, 1LL << 40, 7000}, {7000, 7000, 7000}, {7000, 6999, 6999},  {7000, 1001, 1001},
        {7000, 1000, 1000},  {7000, 999, 1000},       {7000, 0, 1000},    {7000, -5000, 1000},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        context ctx = fake_context();
        ctx.deadline_ms = fake.now_ms + rows[i].left_ms;
        check_row(fake_format("row %zu", i));
        CHECK_INT(context_timeout(&ctx, rows[i].timeout_ms), rows[i].want);
        host_call call = postgrest_service_call(&ctx, S("GET"), S("/rest/v1/x"));
        call.timeout_ms = rows[i].timeout_ms;
        fake_expect((upstream){.method = "GET", .url = "/rest/v1/x", .reply = "[]"});
        postgrest_send(&ctx, &call);
        CHECK_INT(fake.calls[fake.call_count - 1].timeout_ms, rows[i].want);
    }
}

static void backoff(void)
{
    static const int64_t rows[][2] = {
        {0, 600},   {1, 1200},  {2, 2400},   {3, 4800},   {7, 76800},
        {8, 86400}, {9, 86400}, {63, 86400}, {64, 86400}, {9007199254740991, 86400},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK_INT(retry_backoff_s(rows[i][0]), rows[i][1]);
}

static const test tests[] = {{"delays", delays},
                             {"database", database},
                             {"three attempts", three_attempts},
                             {"timeouts", timeouts},
                             {"backoff", backoff}};
const module retry_tests = MODULE("retry", tests);
