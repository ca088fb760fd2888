// http/cors: which origin may read the answers.
#include "check.h"
#include "fake_host.h"
#include "http/cors.h"

static void origins(void)
{
    static const struct {
        const char *allowed, *origin;
        const char *want; // Access-Control-Allow-Origin
        bool vary;
    } rows[] = {
        {NULL, "https://a.test", "", false},
        {"https://a.test", "https://a.test", "https://a.test", true},
        {"https://a.test", "", "", true},
        {"https://a.test", "https://b.test", "", true},
        {"https://a.test", "https://A.test", "", true},
        {"https://a.test", "http://a.test", "", true},
        {"https://a.test", "https://a.test.evil", "", true},
        {"https://a.test", "https://a.tes", "", true},
        {"https://a.test", "null", "", true},
        {"https://a.test", "*", "", true},
        {"https://a.test, https://b.test", "https://b.test", "https://b.test", true},
        {"https://a.test,https://b.test", "https://a.test,https://b.test", "", true},
        {"*", "https://a.test", "*", false},
        {"https://a.test, *", "https://b.test", "*", false},
        {"https://a.test,", "", "", true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("%s for %s", rows[i].origin, rows[i].allowed));
        fake_set("ALLOWED_ORIGINS", rows[i].allowed);
        fake_fetch((fake_request){.path = "/health", .origin = rows[i].origin});
        CHECK_INT(fake.status, 200);
        CHECK_STR(fake_header("access-control-allow-origin"), rows[i].want);
        CHECK_STR(fake_header("access-control-expose-headers"), rows[i].want[0] ? "X-Request-Id, Retry-After" : "");
        CHECK_INT(fake_header("access-control-allow-credentials").len, 0);
        CHECK_STR(fake_header("vary"), rows[i].vary ? "Origin" : "");
    }
}

// Errors have the same headers, or a browser would hide them from the page.
static void errors_too(void)
{
    fake_set("ALLOWED_ORIGINS", "https://a.test");
    fake_fetch((fake_request){.path = "/api/profile", .origin = "https://a.test"});
    CHECK_INT(fake.status, 401);
    CHECK_STR(fake_header("access-control-allow-origin"), "https://a.test");
}

static void preflight(void)
{
    fake_set("ALLOWED_ORIGINS", "https://a.test");
    fake_fetch((fake_request){.method = "OPTIONS", .path = "/api/profile/skills", .origin = "https://a.test"});
    CHECK_STR(fake_response(), "204 ");
    CHECK_STR(fake_header("access-control-allow-origin"), "https://a.test");
    CHECK_STR(fake_header("access-control-allow-methods"), "GET, HEAD, POST, OPTIONS");
    CHECK_STR(fake_header("access-control-allow-headers"), "Authorization, Content-Type, X-Request-Id");
    CHECK_STR(fake_header("access-control-max-age"), "86400");
    fake_fetch((fake_request){.method = "OPTIONS", .path = "/api/profile/skills", .origin = "https://b.test"});
    CHECK_INT(fake.status, 204);
    CHECK_INT(fake_header("access-control-allow-origin").len + fake_header("access-control-allow-methods").len, 0);
    CHECK_INT(fake.call_count, 0);
}

static const test tests[] = {{"origins", origins}, {"errors too", errors_too}, {"preflight", preflight}};
const module cors_tests = MODULE("cors", tests);
