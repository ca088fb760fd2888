// profile: reading rows, the embedding's state, and what a user is told when the database says no.
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

static void get(const char *path)
{
    fake_fetch((fake_request){.path = path, .token = fake_user_token()});
}

typedef struct read_case {
    const char *path, *url;
    const char *reply, *want;
} read_case;

static const read_case reads[] = {
    {"/api/profile", PROFILE "&id=eq." FAKE_USER, "[{\"id\":\"" FAKE_USER "\",\"phone\":null}]",
     "{\"profile\":{\"id\":\"" FAKE_USER "\",\"phone\":null}}"},
    {"/api/profile/work-experience", EXPERIENCE "&user_id=eq." FAKE_USER "&order=start_date.desc.nullslast,id",
     "[{\"id\":\"1\"}, {\"id\":\"2\"}]", "{\"experiences\":[{\"id\":\"1\"}, {\"id\":\"2\"}]}"},
    {"/api/profile/work-experience/", EXPERIENCE "&user_id=eq." FAKE_USER "&order=start_date.desc.nullslast,id", "[]",
     "{\"experiences\":[]}"},
    {"/api/profile/work-experience/" ROW_ID, EXPERIENCE "&user_id=eq." FAKE_USER "&id=eq." ROW_ID, "[{\"id\":\"1\"}]",
     "{\"experience\":{\"id\":\"1\"}}"},
    {"/api/profile/skills", SKILL "&user_id=eq." FAKE_USER "&order=name,id", "[{\"name\":\"C\"}]",
     "{\"skills\":[{\"name\":\"C\"}]}"},
    {"/api/profile/skills/" ROW_ID "/?x=1#y", SKILL "&user_id=eq." FAKE_USER "&id=eq." ROW_ID, "[{\"name\":\"C\"}]",
     "{\"skill\":{\"name\":\"C\"}}"},
};

static void rows(void)
{
    for (size_t i = 0; i < ROWS(reads); i++) {
        const char *token = fake_user_token();
        check_row(reads[i].path);
        fake_expect((upstream){.method = "GET",
                               .url = reads[i].url,
                               .body = "",
                               .header = fake_format("authorization: Bearer %s", token),
                               .reply = reads[i].reply});
        get(reads[i].path);
        CHECK_STR(fake_response(), fake_format("200 %s", reads[i].want));
        CHECK_STR(fake.log, "");
        fake_expect((upstream){.method = "GET", .url = reads[i].url, .reply = reads[i].reply});
        fake_fetch((fake_request){.method = "HEAD", .path = reads[i].path, .token = token});
        CHECK_STR(fake_response(), "200 ");
    }
}

static void not_found(void)
{
    static const char *const rows[][2] = {{"/api/profile", "Profile"},
                                          {"/api/profile/work-experience/" ROW_ID, "Work experience"},
                                          {"/api/profile/skills/" ROW_ID, "Skill"}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        fake_expect((upstream){.method = "GET", .url = "/rest/v1/*", .reply = "[]"});
        get(rows[i][0]);
        CHECK_STR(
            fake_response(),
            fake_format("404 {\"code\":\"NOT_FOUND\",\"message\":\"%s not found\",\"statusCode\":404}", rows[i][1]));
    }
}

// The same 404 for an id that no row can have, and the database is not asked.
static void impossible_ids(void)
{
    static const char *const ids[] = {
        "1",
        "x",
        "not-a-uuid",
        "aaaaaaaa-0000-4000-8000-00000000000",
        "aaaaaaaa-0000-4000-8000-0000000000000",
        ROW_ID "%20",
        "%20" ROW_ID,
        ROW_ID "&user_id=neq.x",
        ROW_ID "%26select=*",
        "neq." ROW_ID,
        "in.(" ROW_ID ")",
        "*",
        "..",
        "%2e%2e",
        "null",
        "or=(id.eq.1)",
        "aaaaaaaa-0000-4000-8000-00000000000%C3%A9",
        "%F0%9F%98%80",
        "%22",
        "'",
    };
    static const char *const methods[] = {"GET", "PATCH", "PUT", "DELETE"};
    for (size_t i = 0; i < ROWS(ids); i++) {
        for (size_t k = 0; k < ROWS(methods); k++) {
            check_row(fake_format("%s %s", methods[k], ids[i]));
            fake_fetch((fake_request){.method = methods[k],
                                      .path = fake_format("/api/profile/skills/%s", ids[i]),
                                      .token = fake_user_token(),
                                      .body = k == 1 || k == 2 ? "{\"name\":\"C\"}" : NULL});
            CHECK_STR(fake_response(),
                      "404 {\"code\":\"NOT_FOUND\",\"message\":\"Skill not found\",\"statusCode\":404}");
        }
    }
    CHECK_INT(fake.call_count, 0);
}

#define OWN_WORDS "\"message\":\"the database's own " PRIVATE " words\",\"details\":\"" PRIVATE "\",\"hint\":null}"

typedef struct refusal_case {
    upstream answer;
    int32_t status;
    const char *code;
    const char *retry_after;
} refusal_case;

static const refusal_case refusals[] = {
    {{.status = 401, .reply = "{\"code\":\"PGRST301\"," OWN_WORDS}, 401, "INVALID_TOKEN", ""},
    {{.status = 403, .reply = "{\"code\":\"42501\"," OWN_WORDS}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 400, .reply = "{\"code\":\"PGRST100\"," OWN_WORDS}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 400, .reply = "{\"code\":\"22P02\"," OWN_WORDS}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 400, .reply = "{\"code\":\"23514\"," OWN_WORDS}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 409, .reply = "{\"code\":\"23505\"," OWN_WORDS}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 404, .reply = "{\"code\":\"PGRST205\"," OWN_WORDS}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 302}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 200, .reply = "{}"}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 200, .reply = ""}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 200, .reply = "[{\"id\":"}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 200, .reply = "<html>" PRIVATE}, 502, "UPSTREAM_ERROR", ""},
    {{.error = HOST_TOO_LARGE}, 502, "UPSTREAM_ERROR", ""},
    {{.status = 429, .retry_after = "7"}, 503, "UPSTREAM_ERROR", "7"},
    {{.status = 429}, 503, "UPSTREAM_ERROR", ""},
    {{.status = 500, .reply = "<html>" PRIVATE}, 503, "UPSTREAM_ERROR", ""},
    {{.status = 503, .retry_after = "Thu, 01 Jan 2026 00:00:30 GMT"}, 503, "UPSTREAM_ERROR", "30"},
    {{.error = HOST_UNREACHABLE}, 503, "UPSTREAM_ERROR", ""},
    {{.status = 504}, 504, "UPSTREAM_ERROR", ""},
    {{.status = 500, .reply = "{\"code\":\"57014\"," OWN_WORDS}, 504, "UPSTREAM_ERROR", ""},
    {{.error = HOST_TIMEOUT}, 504, "UPSTREAM_ERROR", ""},
};

// A reader is never told that a value is wrong, and never in the database's own words.
static void refused_reads(void)
{
    static const char *const paths[] = {"/api/profile", "/api/profile/work-experience",
                                        ("/api/profile/work-experience/" ROW_ID), "/api/profile/skills",
                                        "/api/profile/embedding"};
    for (size_t i = 0; i < ROWS(refusals); i++) {
        for (size_t k = 0; k < ROWS(paths); k++) {
            upstream answer = refusals[i].answer;
            answer.method = "GET";
            check_row(fake_format("refusal %zu of %s", i, paths[k]));
            fake_expect(answer);
            get(paths[k]);
            CHECK_INT(fake.status, refusals[i].status);
            CHECK(str_starts_with(fake.body, str_from_c(fake_format("{\"code\":\"%s\",", refusals[i].code))));
            CHECK(!str_contains(fake.body, S(PRIVATE)));
            CHECK_STR(fake_header("retry-after"), refusals[i].retry_after);
            CHECK_STR(fake_header("www-authenticate"), refusals[i].status == 401 ? "Bearer" : "");
            CHECK(str_starts_with(fake.log, S("W [Profile] ")));
        }
    }
}

static void log_of_a_refusal(void)
{
    fake_expect((upstream){.method = "GET", .status = 500, .reply = "{\"code\":\"XX000\"," OWN_WORDS});
    get("/api/profile/skills");
    CHECK_STR(fake.log, "W [Profile] Skill of user " FAKE_USER ": HTTP 500 (XX000) (request test)\n");
}

#define STATE                                                                                                          \
    "/rest/v1/"                                                                                                        \
    "resume_embedding_state?select=revision,embedded_revision,model,text_hash,embedded_at,error&user_id=eq." FAKE_USER
#define TAG "\"model\":\"" FAKE_TAG "\""
#define MODEL "\"model\":\"@cf/baai/bge-base-en-v1.5\",\"dimensions\":768"

static void embedding_status(void)
{
    static const struct {
        const char *reply, *want;
    } rows[] = {
        {"[]", "{\"status\":\"empty\",\"model\":null,\"dimensions\":768,\"revision\":0,\"embedded_revision\":0,"
               "\"embedded_at\":null,\"error\":null}"},
        {"[{\"revision\":1,\"embedded_revision\":0,\"model\":null,\"text_hash\":null,\"embedded_at\":null,\"error\":"
         "null}]",
         "{\"status\":\"stale\",\"model\":null,\"dimensions\":768,\"revision\":1,\"embedded_revision\":0,\"embedded_"
         "at\":null,\"error\":null}"},
        {"[{\"revision\":3,\"embedded_revision\":3," TAG
         ",\"text_hash\":\"h\",\"embedded_at\":\"2026-01-01T00:00:00+00:00\",\"error\":null}]",
         "{\"status\":\"fresh\"," MODEL
         ",\"revision\":3,\"embedded_revision\":3,\"embedded_at\":\"2026-01-01T00:00:00+00:00\",\"error\":null}"},
        {"[{\"revision\":3,\"embedded_revision\":3," TAG ",\"text_hash\":null,\"embedded_at\":\"t\"}]",
         "{\"status\":\"empty\"," MODEL
         ",\"revision\":3,\"embedded_revision\":3,\"embedded_at\":\"t\",\"error\":null}"},
        {"[{\"revision\":4,\"embedded_revision\":3," TAG ",\"text_hash\":\"h\",\"embedded_at\":\"t\",\"error\":null}]",
         "{\"status\":\"stale\"," MODEL
         ",\"revision\":4,\"embedded_revision\":3,\"embedded_at\":\"t\",\"error\":null}"},
        {"[{\"revision\":4,\"embedded_revision\":3," TAG
         ",\"text_hash\":\"h\",\"embedded_at\":\"t\",\"error\":\"the embedding model answered HTTP 400\"}]",
         "{\"status\":\"failed\"," MODEL ",\"revision\":4,\"embedded_revision\":3,\"embedded_at\":\"t\",\"error\":"
         "\"the embedding model answered HTTP 400\"}"},
        {"[{\"revision\":4,\"embedded_revision\":4,\"model\":\"old;pooling=mean;text=1\",\"text_hash\":\"h\","
         "\"embedded_at\":\"t\"}]",
         "{\"status\":\"stale\",\"model\":\"old\",\"dimensions\":768,\"revision\":4,\"embedded_revision\":4,\"embedded_"
         "at\":\"t\",\"error\":null}"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("row %zu", i));
        fake_expect((upstream){.method = "GET", .url = STATE, .reply = rows[i].reply});
        get("/api/profile/embedding");
        CHECK_STR(fake_response(), fake_format("200 %s", rows[i].want));
    }
}

static const test tests[] = {
    {"rows", rows},
    {"not found", not_found},
    {"impossible ids", impossible_ids},
    {"refused reads", refused_reads},
    {"log of a refusal", log_of_a_refusal},
    {"embedding status", embedding_status},
};
const module profile_read_tests = MODULE("profile_read", tests);
