// embedding/source: the combined read, and the parts where it is refused.
#include "embedding/source.h"

#include "base/buf.h"
#include "check.h"
#include "fake_host.h"
#include "scenes.h"

#define A "aaaaaaaa-0000-4000-8000-000000000000"
#define B "bbbbbbbb-0000-4000-8000-000000000000"
#define USERS                                                                                                          \
    "/rest/v1/"                                                                                                        \
    "users?select=id,current_title,professional_summary,resume_embedding_state(revision,embedded_revision,model,text_" \
    "hash,attempts)"
#define COMBINED                                                                                                       \
    USERS ",work_experience(position,company,description),skills(name)&work_experience.order=start_date.desc."         \
          "nullslast,id"                                                                                               \
          "&skills.order=name,id&id=in.(" A "," B ")"
#define EXPERIENCES                                                                                                    \
    "/rest/v1/"                                                                                                        \
    "work_experience?select=user_id,position,company,description&order=start_date.desc.nullslast,id&user_id=in.(" A    \
    "," B ")"
#define SKILLS "/rest/v1/skills?select=user_id,name&order=name,id&user_id=in.(" A "," B ")"

static context ctx;

static source_read read_both(void)
{
    static const str ids[] = {STR(A), STR(B)};
    ctx = fake_context();
    ctx.user.token = S("");
    return source_read_users(&ctx, ids, 2);
}

static void combined(void)
{
    fake_expect((upstream){
        .method = "GET",
        .url = COMBINED,
        .header = "apikey: " FAKE_SERVICE_KEY,
        .reply =
            "[{\"id\":\"" B
            "\",\"current_title\":\"T\",\"resume_embedding_state\":{\"revision\":7,\"embedded_revision\":6,"
            "\"model\":\"m\",\"text_hash\":\"h\",\"attempts\":2},\"work_experience\":[{\"position\":\"P\"}],\"skills\":"
            "[]},"
            "{\"id\":\"" A "\",\"resume_embedding_state\":[{\"revision\":1,\"embedded_revision\":0,\"model\":null}]}]",
    });
    source_read read = read_both();
    CHECK_INT(read.answer.outcome, POSTGREST_OK);
    CHECK_INT(read.count, 2);
    const source_user *a = source_find(&read, S(A)), *b = source_find(&read, S("BBBBBBBB-0000-4000-8000-000000000000"));
    if (!CHECK(a && b))
        return;
    CHECK_INT(b->revision, 7);
    CHECK_INT(b->embedded_revision, 6);
    CHECK_INT(b->attempts, 2);
    CHECK_STR(b->model, "m");
    CHECK_STR(b->text_hash, "h");
    CHECK_STR(text_assemble(ctx.mem, &b->text), "T P");
    CHECK_INT(a->revision, 1); // an array of one
    CHECK_INT(a->model.len, 0);
    CHECK(!a->partial && !b->partial);
    CHECK(!source_find(&read, S("cccccccc-0000-4000-8000-000000000000")));
    CHECK(!source_find(&read, S("")));
}

static void odd_rows(void)
{
    fake_expect((upstream){.method = "GET",
                           .url = COMBINED,
                           .reply = "[null,7,\"x\",[],{},{\"id\":5},{\"id\":\"" A "\",\"resume_embedding_state\":null},"
                                    "{\"id\":\"" B
                                    "\",\"resume_embedding_state\":{\"revision\":\"7\",\"embedded_revision\":-1,"
                                    "\"attempts\":0.5}}]"});
    source_read read = read_both();
    CHECK_INT(read.answer.outcome, POSTGREST_OK);
    const source_user *a = source_find(&read, S(A)), *b = source_find(&read, S(B));
    CHECK(a && a->revision == 0);
    CHECK(b && b->revision == 0 && b->embedded_revision == 0 && b->attempts == 0);
}

static void unreadable(void)
{
    static const char *const replies[] = {"", "{}", "null", "[", "[{\"id\":1,\"id\":2}]", "<html>"};
    for (size_t i = 0; i < ROWS(replies); i++) {
        check_row(replies[i]);
        fake_expect((upstream){.method = "GET", .url = COMBINED, .reply = replies[i]});
        source_read read = read_both();
        CHECK_INT(read.answer.outcome, POSTGREST_UNREADABLE);
        CHECK_INT(read.count, 0);
    }
}

static void outages(void)
{
    fake_expect((upstream){.method = "GET", .url = COMBINED, .status = 503});
    fake_expect((upstream){.method = "GET", .url = COMBINED, .error = HOST_TIMEOUT});
    fake_expect((upstream){.method = "GET", .url = COMBINED, .reply = "[]"});
    source_read read = read_both();
    CHECK_INT(read.answer.outcome, POSTGREST_OK);
    CHECK_INT(read.count, 0);
    CHECK_STR(fake.log, "W [Embeddings] Retrying the read in 1000ms after HTTP 503 (request test)\n"
                        "W [Embeddings] Retrying the read in 2000ms after timeout (request test)\n");
    fake_expect((upstream){.method = "GET", .url = COMBINED, .status = 401});
    CHECK_INT(read_both().answer.outcome, POSTGREST_UNAUTHORIZED);
}

#define REFUSED(code)                                                                                                  \
    {                                                                                                                  \
        .method = "GET", .url = COMBINED, .status = 400,                                                               \
        .reply = "{\"code\":\"" code "\",\"message\":\"" PRIVATE "\"}"                                                 \
    }

static void expect_users(void)
{
    fake_expect((upstream){
        .method = "GET",
        .url = USERS "&id=in.(" A "," B ")",
        .reply = "[{\"id\":\"" A "\",\"current_title\":\"TA\",\"resume_embedding_state\":{\"revision\":3}},"
                 "{\"id\":\"" B "\",\"current_title\":\"TB\",\"resume_embedding_state\":{\"revision\":4}}]"});
}

static void in_parts(void)
{
    fake_expect((upstream)REFUSED("PGRST200"));
    expect_users();
    fake_expect((upstream){.method = "GET",
                           .url = EXPERIENCES,
                           .reply = "[{\"user_id\":\"" B "\",\"position\":\"PB\"},{\"user_id\":\"" A
                                    "\",\"position\":\"PA\"}]"});
    fake_expect((upstream){.method = "GET", .url = SKILLS, .reply = "[{\"user_id\":\"" A "\",\"name\":\"SA\"}]"});
    source_read read = read_both();
    const source_user *a = source_find(&read, S(A)), *b = source_find(&read, S(B));
    if (!CHECK(a && b))
        return;
    CHECK(!a->partial && !b->partial);
    CHECK_STR(text_assemble(ctx.mem, &a->text), "TA PA SA");
    CHECK_STR(text_assemble(ctx.mem, &b->text), "TB PB");
    CHECK_STR(fake.log, "W [Embeddings] Reading the profile in parts: HTTP 400 (PGRST200) (request test)\n");
}

static void a_part_missing(void)
{
    static const struct {
        upstream experiences, skills;
        const char *log;
    } rows[] = {
        {{.status = 404, .reply = "{\"code\":\"42P01\"}"},
         {.reply = "[{\"user_id\":\"" A "\",\"name\":\"SA\"}]"},
         "Cannot read work_experience: HTTP 404 (42P01)"},
        {{.error = HOST_TIMEOUT},
         {.reply = "[{\"user_id\":\"" A "\",\"name\":\"SA\"}]"},
         "Cannot read work_experience: timeout"},
        {{.reply = "oops"},
         {.reply = "[{\"user_id\":\"" A "\",\"name\":\"SA\"}]"},
         "Cannot read work_experience: the answer is not a JSON array"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        upstream experiences = rows[i].experiences, skills = rows[i].skills;
        experiences.method = skills.method = "GET";
        experiences.url = EXPERIENCES;
        skills.url = SKILLS;
        check_row(rows[i].log);
        fake_expect((upstream)REFUSED("42501"));
        expect_users();
        fake_expect(experiences);
        fake_expect(skills);
        source_read read = read_both();
        const source_user *a = source_find(&read, S(A));
        CHECK(a && a->partial);
        CHECK_STR(a ? text_assemble(ctx.mem, &a->text) : S(""), "TA SA");
        CHECK(str_contains(fake.log, str_from_c(rows[i].log)));
    }
}

// PostgREST cuts at 1,000 rows without saying so.
static void a_full_page(void)
{
    buf rows = buf_new(&fake.mem, 1 << 16);
    for (int i = 0; i < 1000; i++)
        buf_puts(&rows, i ? S(",") : S("["), S("{\"user_id\":\"" B "\",\"name\":\"x\"}"));
    buf_put(&rows, S("]"));
    fake_expect((upstream)REFUSED("PGRST201"));
    expect_users();
    fake_expect((upstream){.method = "GET", .url = EXPERIENCES, .reply = "[]"});
    fake_expect((upstream){.method = "GET", .url = SKILLS, .reply = fake_format("%.*s", (int)rows.len, rows.at)});
    source_read read = read_both();
    CHECK_INT(read.answer.outcome, POSTGREST_TOO_LARGE);
    CHECK(str_contains(fake.log, S("Cannot read skills: more rows than one answer holds")));
}

static void no_users_at_all(void)
{
    fake_expect((upstream)REFUSED("PGRST205"));
    fake_expect((upstream){.method = "GET", .url = USERS "*", .status = 404, .reply = "{\"code\":\"PGRST205\"}"});
    source_read read = read_both();
    CHECK_INT(read.answer.outcome, POSTGREST_NO_RELATION);
    CHECK_INT(read.count, 0);
}

static const test tests[] = {
    {"combined", combined},       {"odd rows", odd_rows},
    {"unreadable", unreadable},   {"outages", outages},
    {"in parts", in_parts},       {"a part missing", a_part_missing},
    {"a full page", a_full_page}, {"no users at all", no_users_at_all},
};
const module source_tests = MODULE("source", tests);
