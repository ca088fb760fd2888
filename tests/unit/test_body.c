// http/body: the ways a body can be wrong, as a client sees them.
#include "check.h"
#include "fake_host.h"
#include "json_cases.h"

static void put_profile(fake_request request)
{
    request.method = "PUT";
    request.path = "/api/profile";
    request.token = fake_user_token();
    fake_fetch(request);
}

static void check_error(int32_t status, const char *code, const char *message)
{
    CHECK_STR(fake_response(),
              fake_format("%d {\"code\":\"%s\",\"message\":\"%s\",\"statusCode\":%d}", status, code, message, status));
    CHECK_INT(fake.call_count, 0);
}

static void refused(void)
{
    static const struct {
        fake_request request;
        int32_t status;
        const char *code, *message;
    } rows[] = {
        {{.body_state = BODY_TOO_LARGE}, 413, "PAYLOAD_TOO_LARGE", "The body is larger than 64 KiB"},
        {{.body_state = BODY_TOO_LARGE, .content_type = "text/plain"},
         413,
         "PAYLOAD_TOO_LARGE",
         "The body is larger than 64 KiB"},
        {{.body = "{}", .content_type = "text/plain"},
         415,
         "UNSUPPORTED_MEDIA_TYPE",
         "The Content-Type must be application/json"},
        {{.body = "{}", .content_type = ""},
         415,
         "UNSUPPORTED_MEDIA_TYPE",
         "The Content-Type must be application/json"},
        {{.body_state = BODY_BROKEN, .content_type = "application/json"},
         400,
         "INVALID_JSON",
         "The body broke off before its end"},
        {{.body = ""}, 400, "INVALID_JSON", "The body is empty"},
        {{.body = " \r\n"}, 400, "INVALID_JSON", "The body is empty"},
        {{.body = "{"}, 400, "INVALID_JSON", "The body is not valid JSON: a string was expected at byte 1"},
        {{.body = "{\"first_name\":\"a\",\"first_name\":\"b\"}"},
         400,
         "INVALID_JSON",
         "The body is not valid JSON: the same key twice in one object at byte 0"},
        {{.body = "{\"x\":\"\\u0000\"}"},
         400,
         "INVALID_JSON",
         "The body is not valid JSON: a NUL character at byte 12"},
        {{.body = "[]"}, 400, "INVALID_JSON", "The body must be a JSON object"},
        {{.body = "null"}, 400, "INVALID_JSON", "The body must be a JSON object"},
        {{.body = "\"{}\""}, 400, "INVALID_JSON", "The body must be a JSON object"},
        {{.body = "1"}, 400, "INVALID_JSON", "The body must be a JSON object"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("row %zu", i));
        put_profile(rows[i].request);
        check_error(rows[i].status, rows[i].code, rows[i].message);
    }
}

// What the strict reading of JSON refuses is a 400 in every place of a body.
static void strict_json(void)
{
    for (size_t i = 0; i < json_case_count; i++) {
        if (!json_cases[i].fault)
            continue;
        check_row(json_cases[i].text);
        const char *const bodies[] = {json_cases[i].text,
                                      fake_format("{\"first_name\":\"a\",\"x\":%s}", json_cases[i].text)};
        for (size_t k = 0; k < ROWS(bodies); k++) {
            put_profile((fake_request){.body = bodies[k]});
            CHECK_INT(fake.status, 400);
            CHECK(str_starts_with(fake.body, S("{\"code\":\"INVALID_JSON\"")));
        }
        CHECK_INT(fake.call_count, 0);
    }
}

static void deep(void)
{
    put_profile((fake_request){.body = fake_format("{\"x\":%s}", json_nested(32, false))});
    CHECK_INT(fake.status, 400);
    CHECK(str_contains(fake.body, S("nested too deeply")));
    put_profile((fake_request){.body = fake_format("{\"x\":%s}", json_nested(31, false))});
    CHECK(str_contains(fake.body, S("At least one known field")));
    CHECK_INT(fake.call_count, 0);
}

static const test tests[] = {{"refused", refused}, {"strict json", strict_json}, {"deep", deep}};
const module body_tests = MODULE("body", tests);
