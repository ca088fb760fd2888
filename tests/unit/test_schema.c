// http/schema and the tables of profile/resource: what a body may say, and every way to say it wrong.
#include "http/schema.h"

#include <string.h>

#include "check.h"
#include "fake_host.h"
#include "profile/resource.h"

typedef struct schema_case {
    const char *body;
    const char *want; // the accepted members, or the details when they begin with {"code"
} schema_case;

static void check_cases(const resource *of, bool partial, const schema_case *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        arena *mem = fake_begin();
        const cJSON *body = json_parse(mem, fake_exact(rows[i].body), NULL);
        check_row(rows[i].body);
        if (!CHECK(body != NULL))
            continue;
        schema_result result = schema_check(of->schema, body, partial, mem);
        CHECK(result.ok == !str_starts_with(str_from_c(rows[i].want), S("{\"code\"")));
        CHECK_STR(result.ok ? result.members : result.details, rows[i].want);
    }
}

#define PROBLEM(code, path, message) "{\"code\":\"" code "\",\"path\":[\"" path "\"],\"message\":\"" message "\"}"
#define WRONG_TYPE(path, expected, received)                                                                           \
    "{\"code\":\"invalid_type\",\"path\":[\"" path "\"],\"expected\":\"" expected "\",\"received\":\"" received        \
    "\",\"message\":\"Expected " expected ", received " received "\"}"
#define REQUIRED(path, expected)                                                                                       \
    "{\"code\":\"invalid_type\",\"path\":[\"" path "\"],\"expected\":\"" expected                                      \
    "\",\"received\":\"undefined\",\"message\":\"Required\"}"
#define TOO_SMALL(path)                                                                                                \
    "{\"code\":\"too_small\",\"path\":[\"" path "\"],\"minimum\":1,\"message\":\"Must have at least 1 character\"}"
#define NO_FIELD "{\"code\":\"custom\",\"path\":[],\"message\":\"At least one known field is required\"}"
#define NO_DAY(path) PROBLEM("invalid_date", path, "Must be a calendar day as YYYY-MM-DD")
#define BEFORE_START PROBLEM("custom", "end_date", "Must not be before start_date")
#define STILL_CURRENT PROBLEM("custom", "end_date", "Must be empty while is_current is true")

static void profile(void)
{
    static const schema_case rows[] = {
        {"{}", NO_FIELD},
        {"{\"unknown\":1,\"id\":\"x\",\"user_id\":\"x\",\"email\":\"x\",\"resume_embedding\":\"[1]\"}", NO_FIELD},
        {"{\"First_name\":\"a\"}", NO_FIELD},
        {"{\"first_name\":\"Ada\"}", "\"first_name\":\"Ada\""},
        {"{\"last_name\":\"L\",\"unknown\":{},\"first_name\":\"A\"}", "\"first_name\":\"A\",\"last_name\":\"L\""},
        {"{\"first_name\":\"  A b\\t\\u00a0\"}", "\"first_name\":\"A b\""},
        {"{\"first_name\":null}", "\"first_name\":null"},
        {"{\"first_name\":\"\"}", "\"first_name\":null"},
        {"{\"first_name\":\" \\u3000\"}", "\"first_name\":null"},
        {"{\"first_name\":\"\\\"\\\\\\n\\u0001\"}", "\"first_name\":\"\\\"\\\\\\n\\u0001\""},
        {"{\"first_name\":1}", WRONG_TYPE("first_name", "string", "number")},
        {"{\"first_name\":true}", WRONG_TYPE("first_name", "string", "boolean")},
        {"{\"first_name\":[]}", WRONG_TYPE("first_name", "string", "array")},
        {"{\"first_name\":{}}", WRONG_TYPE("first_name", "string", "object")},
        {"{\"phone\":1,\"first_name\":[],\"x\":1}",
         WRONG_TYPE("first_name", "string", "array") "," WRONG_TYPE("phone", "string", "number")},
    };
    check_cases(&profile_resource, true, rows, ROWS(rows));
}

static void experience(void)
{
    static const schema_case rows[] = {
        {"{}", REQUIRED("position", "string") "," REQUIRED("company", "string") "," REQUIRED("start_date", "string")},
        {"{\"position\":\" P \",\"company\":\"C\",\"start_date\":\"2024-02-29\"}",
         "\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-02-29\""},
        {"{\"position\":null,\"company\":\" \",\"start_date\":\"\"}",
         WRONG_TYPE("position", "string", "null") "," TOO_SMALL("company") "," NO_DAY("start_date")},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-02-30\",\"end_date\":\"tomorrow\"}",
         NO_DAY("start_date") "," NO_DAY("end_date")},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":20240101}",
         WRONG_TYPE("start_date", "string", "number")},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"end_date\":\"2024-04-30\"}",
         BEFORE_START},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"end_date\":\" 2024-05-01 \"}",
         "\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"end_date\":\"2024-05-01\""},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"end_date\":null,\"is_current\":true}",
         "\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"end_date\":null,\"is_current\":true"},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"end_date\":\"2024-06-01\",\"is_"
         "current\":true}",
         STILL_CURRENT},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"end_date\":\"2023-06-01\",\"is_"
         "current\":true}",
         BEFORE_START "," STILL_CURRENT},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"is_current\":\"yes\"}",
         WRONG_TYPE("is_current", "boolean", "string")},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"is_current\":\"\"}",
         WRONG_TYPE("is_current", "boolean", "string")},
        {"{\"position\":\"P\",\"company\":\"C\",\"start_date\":\"2024-05-01\",\"is_current\":1}",
         WRONG_TYPE("is_current", "boolean", "number")},
    };
    check_cases(&experience_resource, false, rows, ROWS(rows));
}

static void experience_partial(void)
{
    static const schema_case rows[] = {
        {"{}", NO_FIELD},
        {"{\"company\":\"C\"}", "\"company\":\"C\""},
        {"{\"description\":null,\"is_current\":null}", "\"description\":null,\"is_current\":false"},
        {"{\"is_current\":false,\"end_date\":\"2024-01-01\"}", "\"end_date\":\"2024-01-01\",\"is_current\":false"},
        {"{\"position\":null}", WRONG_TYPE("position", "string", "null")},
        {"{\"start_date\":null}", WRONG_TYPE("start_date", "string", "null")},
        {"{\"position\":\"\"}", TOO_SMALL("position")},
        {"{\"end_date\":\"2024-01-01\"}", "\"end_date\":\"2024-01-01\""},
        {"{\"is_current\":true,\"end_date\":\"2024-01-01\"}", STILL_CURRENT},
    };
    check_cases(&experience_resource, true, rows, ROWS(rows));
}

#define BAD_LEVEL(received)                                                                                            \
    "{\"code\":\"invalid_enum_value\",\"path\":[\"level\"],\"received\":\"" received                                   \
    "\",\"options\":[\"beginner\",\"intermediate\",\"advanced\",\"expert\"],"                                          \
    "\"message\":\"Must be one of beginner, intermediate, advanced, expert\"}"

static void skill(void)
{
    static const schema_case rows[] = {
        {"{\"name\":\"C\"}", "\"name\":\"C\""},
        {"{\"level\":\"expert\",\"name\":\" C \"}", "\"name\":\"C\",\"level\":\"expert\""},
        {"{\"name\":\"C\",\"level\":null}", "\"name\":\"C\",\"level\":null"},
        {"{\"level\":\"expert\"}", REQUIRED("name", "string")},
        {"{\"name\":\"C\",\"level\":\"Expert\"}", BAD_LEVEL("Expert")},
        {"{\"name\":\"C\",\"level\":\"a\\\"b\"}", BAD_LEVEL("a\\\"b")},
        {"{\"name\":\"C\",\"level\":3}", WRONG_TYPE("level", "string", "number")},
        {"{\"name\":\"\\u200b\"}", "\"name\":\"\xe2\x80\x8b\""},
    };
    check_cases(&skill_resource, false, rows, ROWS(rows));
}

// Lengths count characters, whatever their bytes, after trimming: the longest passes, one more does not.
static void lengths(void)
{
    static const struct {
        const resource *of;
        const char *field;
        int most;
    } rows[] = {
        {&profile_resource, "first_name", 100},
        {&profile_resource, "last_name", 100},
        {&profile_resource, "phone", 32},
        {&profile_resource, "location", 200},
        {&profile_resource, "current_title", 200},
        {&profile_resource, "professional_summary", 10000},
        {&experience_resource, "position", 200},
        {&experience_resource, "company", 200},
        {&experience_resource, "description", 10000},
        {&skill_resource, "name", 100},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (int more = 0; more < 2; more++) {
            arena *mem = fake_begin();
            char *text = fake_alloc((size_t)rows[i].most * 4 + 5);
            for (int k = 0; k < rows[i].most + more; k++)
                memcpy(text + 4 * (size_t)k, "😀", 5);
            const char *body = fake_format("{\"%s\":\" %s \"}", rows[i].field, text);
            schema_result result = schema_check(rows[i].of->schema, json_parse(mem, str_from_c(body), NULL), true, mem);
            check_row(rows[i].field);
            CHECK(result.ok == !more);
            if (more)
                CHECK_STR(result.details,
                          fake_format("{\"code\":\"too_big\",\"path\":[\"%s\"],\"maximum\":%d,\"message\":"
                                      "\"Must have at most %d characters\"}",
                                      rows[i].field, rows[i].most, rows[i].most));
        }
    }
}

static void urls(void)
{
    static const struct {
        const char *url;
        bool photo, linkedin;
    } rows[] = {
        {"https://a.test/p.png", true, true},
        {"http://a.test", true, true},
        {"HTTPS://A.TEST/x?y=z#w", true, true},
        {"https://a.test:8443/x", true, true},
        {"https://sub.a-b.test/%C3%A9", true, true},
        {"https://münchen.test/é", true, true},
        {"www.linkedin.com/in/ada", false, true},
        {"linkedin.com", false, true},
        {"https://localhost/x", false, false},
        {"https://", false, false},
        {"https:///x", false, false},
        {"https://a..test", false, false},
        {"https://-a.test", false, false},
        {"https://a.test.", false, false},
        {"https://a.test:0/", false, false},
        {"https://a.test:65536/", false, false},
        {"https://a.test:x/", false, false},
        {"https://user@a.test/", false, false},
        {"https://a.test/a b", false, false},
        {"https://a.test/\\\"<>", false, false},
        {"https://a.test\\\\@b.test", false, false},
        {"https://a.test/\\nx", false, false},
        {"javascript:alert(1)", false, false},
        {"javascript://a.test/%0Aalert(1)", false, false},
        {"data:text/html,x", false, false},
        {"ftp://a.test/x", false, false},
        {"//a.test/x", false, false},
        {"linkedin", false, false},
        {"ada lovelace", false, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        arena *mem = fake_begin();
        const char *body = fake_format("{\"photo_url\":\"%s\",\"linkedin_url\":\"%s\"}", rows[i].url, rows[i].url);
        schema_result result =
            schema_check(profile_resource.schema, json_parse(mem, fake_exact(body), NULL), true, mem);
        check_row(rows[i].url);
        CHECK(str_contains(result.details, S("\"path\":[\"photo_url\"]")) == !rows[i].photo);
        CHECK(str_contains(result.details, S("\"path\":[\"linkedin_url\"]")) == !rows[i].linkedin);
        CHECK(result.ok == (rows[i].photo && rows[i].linkedin));
    }
}

static void feeding_the_text(void)
{
    static const struct {
        const resource *of;
        const char *body;
        bool feeds;
    } rows[] = {
        {&profile_resource, "{\"first_name\":\"a\",\"phone\":\"1\",\"location\":\"b\"}", false},
        {&profile_resource, "{\"photo_url\":null,\"linkedin_url\":null,\"last_name\":null}", false},
        {&profile_resource, "{\"current_title\":null}", true},
        {&profile_resource, "{\"first_name\":\"a\",\"professional_summary\":\"b\"}", true},
        {&experience_resource, "{\"end_date\":null,\"is_current\":false}", false},
        {&experience_resource, "{\"start_date\":\"2024-01-01\"}", true},
        {&experience_resource, "{\"position\":\"a\"}", true},
        {&experience_resource, "{\"company\":\"a\"}", true},
        {&experience_resource, "{\"description\":null}", true},
        {&skill_resource, "{\"level\":\"expert\"}", false},
        {&skill_resource, "{\"name\":\"a\"}", true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        arena *mem = fake_begin();
        check_row(rows[i].body);
        schema_result result =
            schema_check(rows[i].of->schema, json_parse(mem, str_from_c(rows[i].body), NULL), true, mem);
        CHECK(result.ok && result.feeds_text == rows[i].feeds);
    }
}

static const test tests[] = {
    {"profile", profile},
    {"experience", experience},
    {"experience partial", experience_partial},
    {"skill", skill},
    {"lengths", lengths},
    {"urls", urls},
    {"feeding the text", feeding_the_text},
};
const module schema_tests = MODULE("schema", tests);
