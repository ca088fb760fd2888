// profile: edits, each with the exact calls that it makes and what it answers. A queue is bound, so that what follows
// an edit is one message.
#include "base/json.h"
#include "check.h"
#include "fake_host.h"

#define ROW_ID "aaaaaaaa-0000-4000-8000-000000000000"
#define PROFILE                                                                                                        \
    "/rest/v1/"                                                                                                        \
    "users?select=id,email,first_name,last_name,phone,location,linkedin_url,photo_url,current_title,professional_"     \
    "summary"
#define EXPERIENCE                                                                                                     \
    "/rest/v1/work_experience?select=id,user_id,position,company,description,start_date,end_date,is_current"
#define SKILL "/rest/v1/skills?select=id,user_id,name,level"
#define OWN "&user_id=eq." FAKE_USER
#define POSITION "\"position\":\"" PRIVATE "\",\"company\":\"C\",\"start_date\":\"2024-05-01\""
#define MESSAGE "{\"user_id\":\"" FAKE_USER "\"}\n"

static void edit(const char *method, const char *path, const char *body)
{
    fake.queued = (str){0};
    fake_fetch((fake_request){.method = method, .path = path, .token = fake_user_token(), .body = body});
}

static void expect_edit(const char *method, const char *url, const char *body, const char *reply)
{
    fake_expect((upstream){.method = method,
                           .url = url,
                           .body = body,
                           .header = "prefer: return=representation",
                           .status = method[0] == 'P' && method[1] == 'O' ? 201 : 200,
                           .reply = reply});
}

static void every_edit(void)
{
    static const struct {
        const char *method, *path, *body;
        const char *up_method, *up_url, *up_body;
        const char *want, *log;
        bool embeds;
    } rows[] = {
        {"PUT", "/api/profile", "{\"first_name\":\" Ada \",\"id\":\"x\"}", "PATCH", PROFILE "&id=eq." FAKE_USER,
         "{\"first_name\":\"Ada\"}", "200 {\"message\":\"Profile updated successfully\",\"profile\":{\"n\":1}}",
         "Profile updated successfully", false},
        {"PATCH", "/api/profile", "{\"current_title\":\"" PRIVATE "\"}", "PATCH", PROFILE "&id=eq." FAKE_USER,
         "{\"current_title\":\"" PRIVATE "\"}",
         "200 {\"message\":\"Profile updated successfully\",\"profile\":{\"n\":1}}", "Profile updated successfully",
         true},
        {"POST", "/api/profile/work-experience", "{" POSITION ",\"user_id\":\"" ROW_ID "\"}", "POST", EXPERIENCE,
         "{\"user_id\":\"" FAKE_USER "\"," POSITION "}",
         "201 {\"message\":\"Work experience added successfully\",\"experience\":{\"n\":1}}",
         "Work experience added successfully", true},
        {"PUT", "/api/profile/work-experience/" ROW_ID, "{\"end_date\":null}", "PATCH", EXPERIENCE OWN "&id=eq." ROW_ID,
         "{\"end_date\":null}", "200 {\"message\":\"Work experience updated successfully\",\"experience\":{\"n\":1}}",
         "Work experience updated successfully", false},
        {"PATCH", "/api/profile/work-experience/" ROW_ID, "{\"start_date\":\"2024-05-01\"}", "PATCH",
         EXPERIENCE OWN "&id=eq." ROW_ID, "{\"start_date\":\"2024-05-01\"}",
         "200 {\"message\":\"Work experience updated successfully\",\"experience\":{\"n\":1}}",
         "Work experience updated successfully", true},
        {"DELETE", "/api/profile/work-experience/" ROW_ID, NULL, "DELETE",
         "/rest/v1/work_experience?select=id" OWN "&id=eq." ROW_ID, "",
         "200 {\"message\":\"Work experience deleted successfully\"}", "Work experience deleted successfully", true},
        {"POST", "/api/profile/skills", "{\"name\":\"C\",\"level\":\"expert\"}", "POST", SKILL,
         "{\"user_id\":\"" FAKE_USER "\",\"name\":\"C\",\"level\":\"expert\"}",
         "201 {\"message\":\"Skill added successfully\",\"skill\":{\"n\":1}}", "Skill added successfully", true},
        {"PATCH", "/api/profile/skills/" ROW_ID, "{\"level\":null}", "PATCH", SKILL OWN "&id=eq." ROW_ID,
         "{\"level\":null}", "200 {\"message\":\"Skill updated successfully\",\"skill\":{\"n\":1}}",
         "Skill updated successfully", false},
        {"PUT", "/api/profile/skills/" ROW_ID "/", "{\"name\":\"D\"}", "PATCH", SKILL OWN "&id=eq." ROW_ID,
         "{\"name\":\"D\"}", "200 {\"message\":\"Skill updated successfully\",\"skill\":{\"n\":1}}",
         "Skill updated successfully", true},
        {"DELETE", "/api/profile/skills/" ROW_ID, NULL, "DELETE", "/rest/v1/skills?select=id" OWN "&id=eq." ROW_ID, "",
         "200 {\"message\":\"Skill deleted successfully\"}", "Skill deleted successfully", true},
    };
    fake_bind("EMBEDDING_QUEUE");
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("%s %s", rows[i].method, rows[i].path));
        expect_edit(rows[i].up_method, rows[i].up_url, rows[i].up_body, "[{\"n\":1}]");
        edit(rows[i].method, rows[i].path, rows[i].body);
        CHECK_STR(fake_response(), rows[i].want);
        CHECK_STR(fake.log, fake_format("I [Profile] %s for user " FAKE_USER " (request test)\n", rows[i].log));
        CHECK_STR(fake.queued, rows[i].embeds ? MESSAGE : "");
        CHECK_INT(fake_expected_left(), 0);
    }
}

// A request that is refused asks the database nothing.
static void refused_before_the_database(void)
{
    static const struct {
        const char *method, *path, *body;
    } edits[] = {
        {"PATCH", "/api/profile", "{\"first_name\":\"a\"}"},
        {"POST", "/api/profile/work-experience", "{" POSITION "}"},
        {"PATCH", "/api/profile/work-experience/" ROW_ID, "{" POSITION "}"},
        {"DELETE", "/api/profile/work-experience/" ROW_ID, NULL},
        {"POST", "/api/profile/skills", "{\"name\":\"a\"}"},
        {"PUT", "/api/profile/skills/" ROW_ID, "{\"name\":\"a\"}"},
        {"DELETE", "/api/profile/skills/" ROW_ID, NULL},
    };
    fake_bind("EMBEDDING_QUEUE");
    for (size_t i = 0; i < ROWS(edits); i++) {
        check_row(edits[i].path);
        fake_fetch((fake_request){.method = edits[i].method, .path = edits[i].path, .body = edits[i].body});
        CHECK_INT(fake.status, 401);
        fake.rate_limited = true;
        edit(edits[i].method, edits[i].path, edits[i].body);
        CHECK_INT(fake.status, 429);
        fake.rate_limited = false;
        if (!edits[i].body)
            continue;
        edit(edits[i].method, edits[i].path, "{\"position\":1,\"name\":1,\"first_name\":1}");
        CHECK_INT(fake.status, 400);
        CHECK(str_starts_with(fake.body, S("{\"error\":\"Invalid ")));
        edit(edits[i].method, edits[i].path, "{");
        CHECK_INT(fake.status, 400);
        CHECK(str_starts_with(fake.body, S("{\"code\":\"INVALID_JSON\"")));
    }
    CHECK_INT(fake.call_count, 0);
    CHECK_INT(fake.sends, 0);
}

static void validation_answer(void)
{
    edit("POST", "/api/profile/skills", "{\"level\":\"master\"}");
    CHECK_STR(fake_response(),
              "400 {\"error\":\"Invalid skill "
              "data\",\"details\":[{\"code\":\"invalid_type\",\"path\":[\"name\"],\"expected\":\"string\","
              "\"received\":\"undefined\",\"message\":\"Required\"},{\"code\":\"invalid_enum_value\",\"path\":["
              "\"level\"],\"received\":"
              "\"master\",\"options\":[\"beginner\",\"intermediate\",\"advanced\",\"expert\"],\"message\":\"Must be "
              "one of beginner, "
              "intermediate, advanced, expert\"}]}");
}

// The first edit of a user without a row makes one, from the token's id and e-mail.
static void missing_users_row(void)
{
    fake_bind("EMBEDDING_QUEUE");
    expect_edit("PATCH", PROFILE "&id=eq." FAKE_USER, "{\"first_name\":\"Ada\"}", "[]");
    fake_expect((upstream){.method = "POST",
                           .url = PROFILE "&on_conflict=id",
                           .body = "{\"id\":\"" FAKE_USER "\",\"email\":\"" FAKE_EMAIL "\",\"first_name\":\"Ada\"}",
                           .header = "prefer: resolution=merge-duplicates,return=representation",
                           .status = 201,
                           .reply = "[{\"id\":\"" FAKE_USER "\"}]"});
    edit("PATCH", "/api/profile", "{\"first_name\":\"Ada\"}");
    CHECK_STR(fake_response(),
              "200 {\"message\":\"Profile updated successfully\",\"profile\":{\"id\":\"" FAKE_USER "\"}}");
}

static void missing_owner(void)
{
    static const char *const claims =
        "{\"sub\":\"" FAKE_USER "\",\"aud\":\"authenticated\",\"role\":\"authenticated\",\"exp\":1767229200}";
    fake_bind("EMBEDDING_QUEUE");
    fake_expect((upstream){
        .method = "POST", .url = SKILL, .status = 409, .reply = "{\"code\":\"23503\",\"message\":\"" PRIVATE "\"}"});
    fake_expect((upstream){.method = "POST",
                           .url = PROFILE "&on_conflict=id",
                           .body = "{\"id\":\"" FAKE_USER "\"}", // a token without an e-mail
                           .header = "prefer: resolution=ignore-duplicates,return=minimal",
                           .status = 201});
    expect_edit("POST", SKILL, "{\"user_id\":\"" FAKE_USER "\",\"name\":\"C\"}", "[{\"n\":1}]");
    fake_fetch((fake_request){.method = "POST",
                              .path = "/api/profile/skills",
                              .token = fake_token("HS256", NULL, claims),
                              .body = "{\"name\":\"C\"}"});
    CHECK_STR(fake_response(), "201 {\"message\":\"Skill added successfully\",\"skill\":{\"n\":1}}");
    CHECK_STR(fake.queued, MESSAGE);
}

// Making the row does not help, or cannot be done: an error, and no third attempt.
static void owner_that_cannot_be_made(void)
{
    fake_expect((upstream){.method = "POST", .url = SKILL, .status = 409, .reply = "{\"code\":\"23503\"}"});
    fake_expect((upstream){.method = "POST", .url = PROFILE "*", .status = 403, .reply = "{\"code\":\"42501\"}"});
    edit("POST", "/api/profile/skills", "{\"name\":\"C\"}");
    CHECK_INT(fake.status, 502);
    fake_expect((upstream){.method = "POST", .url = SKILL, .status = 409, .reply = "{\"code\":\"23503\"}"});
    fake_expect((upstream){.method = "POST", .url = PROFILE "*", .status = 201});
    fake_expect((upstream){.method = "POST", .url = SKILL, .status = 409, .reply = "{\"code\":\"23503\"}"});
    edit("POST", "/api/profile/skills", "{\"name\":\"C\"}");
    CHECK_INT(fake.status, 401);
    CHECK(str_contains(fake.body, S("\"INVALID_TOKEN\"")));
    CHECK_SLICE(fake_header("www-authenticate"), S("Bearer"));
    CHECK_STR(fake.queued, "");
}

// Another user's row and an unknown id are the same 404, and nothing follows.
static void rows_of_others(void)
{
    static const char *const methods[] = {"PUT", "PATCH", "DELETE"};
    fake_bind("EMBEDDING_QUEUE");
    for (size_t i = 0; i < ROWS(methods); i++) {
        fake_expect(
            (upstream){.method = i == 2 ? "DELETE" : "PATCH", .url = "/rest/v1/work_experience*", .reply = "[]"});
        edit(methods[i], "/api/profile/work-experience/" ROW_ID, i == 2 ? NULL : "{\"position\":\"P\"}");
        CHECK_STR(fake_response(),
                  "404 {\"code\":\"NOT_FOUND\",\"message\":\"Work experience not found\",\"statusCode\":404}");
        CHECK_STR(fake.queued, "");
        CHECK_STR(fake.log, "");
    }
}

static void conflicts(void)
{
    static const struct {
        const char *method, *path, *body, *message;
    } rows[] = {
        {"POST", "/api/profile/skills", "{\"name\":\"C\"}", "This skill is in the profile already"},
        {"PATCH", "/api/profile/skills/" ROW_ID, "{\"name\":\"C\"}", "This skill is in the profile already"},
        {"POST", "/api/profile/work-experience", "{" POSITION "}", "This work experience exists already"},
        {"PATCH", "/api/profile", "{\"phone\":\"1\"}", "Another profile has these values already"},
    };
    fake_bind("EMBEDDING_QUEUE");
    for (size_t i = 0; i < ROWS(rows); i++) {
        fake_expect((upstream){.status = 409,
                               .reply = "{\"code\":\"23505\",\"message\":\"duplicate key " PRIVATE
                                        "\",\"details\":\"" PRIVATE "\"}"});
        edit(rows[i].method, rows[i].path, rows[i].body);
        CHECK_STR(fake_response(),
                  fake_format("409 {\"code\":\"CONFLICT\",\"message\":\"%s\",\"statusCode\":409}", rows[i].message));
        CHECK_STR(fake.queued, "");
    }
}

// A rule that only the stored row can decide is a problem of the body, in the API's own words.
static void constraints(void)
{
    static const struct {
        const char *reply, *detail;
    } rows[] = {
        {"{\"code\":\"23514\",\"message\":\"new row violates check constraint "
         "\\\"work_experience_end_date_after_start_date\\\"\"}",
         "{\"code\":\"custom\",\"path\":[\"end_date\"],\"message\":\"Must not be before start_date\"}"},
        {"{\"code\":\"23514\",\"message\":\"new row violates check constraint "
         "\\\"work_experience_current_has_no_end_date\\\"\"}",
         "{\"code\":\"custom\",\"path\":[\"end_date\"],\"message\":\"Must be empty while is_current is true\"}"},
        {"{\"code\":\"23514\",\"message\":\"another " PRIVATE "\"}",
         "{\"code\":\"custom\",\"path\":[],\"message\":\"The stored values and these do not go together\"}"},
        {"{\"code\":\"22007\",\"message\":\"invalid " PRIVATE "\"}",
         "{\"code\":\"custom\",\"path\":[],\"message\":\"The stored values and these do not go together\"}"},
        {"{\"code\":\"23514\"}",
         "{\"code\":\"custom\",\"path\":[],\"message\":\"The stored values and these do not go together\"}"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        fake_expect((upstream){.status = 400, .reply = rows[i].reply});
        edit("PATCH", "/api/profile/work-experience/" ROW_ID, "{\"end_date\":\"2020-01-01\"}");
        CHECK_STR(fake_response(),
                  fake_format("400 {\"error\":\"Invalid work experience data\",\"details\":[%s]}", rows[i].detail));
    }
}

// Whatever else the database says to an edit, nothing follows it.
static void failing_edits(void)
{
    static const struct {
        upstream answer;
        int32_t status;
    } rows[] = {
        {{.status = 401}, 401},
        {{.status = 403}, 502},
        {{.status = 500}, 503},
        {{.error = HOST_TIMEOUT}, 504},
        {{.error = HOST_UNREACHABLE}, 503},
        {{.status = 201, .reply = "oops"}, 502},
        {{.status = 201, .reply = "[]"}, 502},
        {{.status = 204}, 502},
    };
    fake_bind("EMBEDDING_QUEUE");
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("row %zu", i));
        fake_expect(rows[i].answer);
        edit("POST", "/api/profile/skills", "{\"name\":\"C\"}");
        CHECK_INT(fake.status, rows[i].status);
        CHECK_STR(fake.queued, "");
        CHECK(str_starts_with(fake.log, S("W [Profile] Skill of user " FAKE_USER ": ")));
    }
}

static const test tests[] = {
    {"every edit", every_edit},
    {"refused before the database", refused_before_the_database},
    {"validation answer", validation_answer},
    {"missing users row", missing_users_row},
    {"missing owner", missing_owner},
    {"owner that cannot be made", owner_that_cannot_be_made},
    {"rows of others", rows_of_others},
    {"conflicts", conflicts},
    {"constraints", constraints},
    {"failing edits", failing_edits},
};
const module profile_edit_tests = MODULE("profile_edit", tests);
