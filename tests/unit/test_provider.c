// embedding/provider: the three ways to an embedding, and what every answer means.
#include "embedding/provider.h"

#include "check.h"
#include "fake_host.h"
#include "vectors.h"

static provider_item items[101];

static provider_answer embed(const char *const *texts, int32_t count)
{
    context ctx = fake_context();
    for (int32_t i = 0; i < count; i++)
        items[i] = (provider_item){.text = str_from_c(texts[i])};
    return provider_embed(&ctx, items, count);
}

static provider_answer embed_one(void)
{
    static const char *const text = PRIVATE " text";
    return embed(&text, 1);
}

static void the_binding(void)
{
    static const char *const texts[] = {PRIVATE " \"one\"\n", "zwei é"};
    const char *reply = ai_reply(2);
    fake_set("AI_GATEWAY_ID", "gate");
    fake_set("EMBEDDING_POOLING", "cls");
    fake_expect((upstream){.method = "AI",
                           .url = "@cf/baai/bge-base-en-v1.5",
                           .body = "{\"text\":[\"" PRIVATE " \\\"one\\\"\\n\",\"zwei é\"],\"pooling\":\"cls\"}",
                           .reply = reply});
    provider_answer answer = embed(texts, 2);
    CHECK_INT(answer.outcome, PROVIDER_OK);
    CHECK_STR(items[0].vector, vector_text(768, "0.5"));
    CHECK_STR(items[1].vector, vector_text(768, "1.5"));
    CHECK_STR(fake.calls[0].headers, "gate");
    CHECK_STR(fake.log, "");
}

static void rest(void)
{
    fake_set("EMBEDDING_PROVIDER", "rest");
    fake_set("EMBEDDING_MODEL", "@cf/x/y");
    fake_set("CLOUDFLARE_ACCOUNT_ID", "acc/1");
    fake_set("CLOUDFLARE_API_TOKEN", FAKE_AI_TOKEN);
    fake_expect((upstream){
        .method = "POST",
        .url = "https://api.cloudflare.com/client/v4/accounts/acc%2F1/ai/run/@cf/x/y",
        .body = "{\"text\":[\"" PRIVATE " text\"],\"pooling\":\"mean\"}",
        .header = "authorization: Bearer " FAKE_AI_TOKEN,
        .reply = fake_format("{\"result\":%s,\"success\":true,\"errors\":[],\"messages\":[]}", ai_reply(1))});
    CHECK_INT(embed_one().outcome, PROVIDER_OK);
    CHECK_STR(items[0].vector, vector_text(768, "0.5"));
    CHECK(!str_contains(fake.calls[0].headers, S("cf-aig-gateway-id")));
    fake_set("WORKERS_AI_BASE_URL", "https://ai.test/v4/");
    fake_set("AI_GATEWAY_ID", "gate");
    fake_expect((upstream){.method = "POST",
                           .url = "https://ai.test/v4/accounts/acc%2F1/ai/run/@cf/x/y",
                           .header = "cf-aig-gateway-id: gate",
                           .reply = ai_reply(1)});
    CHECK_INT(embed_one().outcome, PROVIDER_OK);
}

static void mock(void)
{
    fake_set("EMBEDDING_PROVIDER", "mock");
    CHECK_INT(embed_one().outcome, PROVIDER_OK);
    CHECK(str_starts_with(items[0].vector, S("[0.")) && items[0].vector.len > 768 * 10);
    CHECK_INT(fake.call_count, 0);
}

static void not_set_up(void)
{
    static const struct {
        const char *provider, *account, *token, *why;
    } rows[] = {
        {"openai", NULL, NULL, "EMBEDDING_PROVIDER is none of workers-ai, rest, mock"},
        {"rest", NULL, NULL, "CLOUDFLARE_ACCOUNT_ID or CLOUDFLARE_API_TOKEN is not configured"},
        {"rest", "a", NULL, "CLOUDFLARE_ACCOUNT_ID or CLOUDFLARE_API_TOKEN is not configured"},
        {"rest", NULL, "t", "CLOUDFLARE_ACCOUNT_ID or CLOUDFLARE_API_TOKEN is not configured"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        fake_set("EMBEDDING_PROVIDER", rows[i].provider);
        fake_set("CLOUDFLARE_ACCOUNT_ID", rows[i].account);
        fake_set("CLOUDFLARE_API_TOKEN", rows[i].token);
        provider_answer answer = embed_one();
        CHECK_INT(answer.outcome, PROVIDER_OUTAGE);
        CHECK_STR(answer.why, rows[i].why);
    }
    fake_set("EMBEDDING_PROVIDER", NULL);
    fake_set("EMBEDDING_POOLING", "max");
    provider_answer answer = embed_one();
    CHECK_INT(answer.outcome, PROVIDER_OUTAGE);
    CHECK_STR(answer.why, "EMBEDDING_POOLING is neither mean nor cls");
    CHECK_INT(fake.call_count, 0);
}

// One failing answer: how often it is asked again, and whose fault it is.
static void failures(void)
{
    static const struct {
        upstream answer;
        int attempts;
        provider_outcome want;
        const char *why;
        int64_t retry_after_ms;
    } rows[] = {
        {{.status = 400, .reply = "{}"}, 1, PROVIDER_CONTENT, "the embedding model answered HTTP 400", -1},
        {{.status = 413}, 1, PROVIDER_CONTENT, "the embedding model answered HTTP 413", -1},
        {{.status = 422, .reply = "garbage"}, 1, PROVIDER_CONTENT, "the embedding model answered HTTP 422", -1},
        {{.status = 400, .reply = "{\"internalCode\":5007,\"name\":\"InferenceUpstreamError\"}"},
         1,
         PROVIDER_OUTAGE,
         "the embedding model answered HTTP 400",
         -1},
        {{.status = 400, .reply = "{\"success\":false,\"errors\":[{\"code\":5007,\"message\":\"x\"}]}"},
         1,
         PROVIDER_OUTAGE,
         "the embedding model answered HTTP 400",
         -1},
        {{.status = 400, .reply = "{\"errors\":[{\"code\":3010}]}"},
         1,
         PROVIDER_CONTENT,
         "the embedding model answered HTTP 400",
         -1},
        {{.status = 401}, 1, PROVIDER_OUTAGE, "the embedding model answered HTTP 401", -1},
        {{.status = 403}, 1, PROVIDER_OUTAGE, "the embedding model answered HTTP 403", -1},
        {{.status = 404}, 1, PROVIDER_OUTAGE, "the embedding model answered HTTP 404", -1},
        {{.status = 302}, 1, PROVIDER_OUTAGE, "the embedding model answered HTTP 302", -1},
        {{.status = 408}, 3, PROVIDER_OUTAGE, "the embedding model answered HTTP 408", -1},
        {{.status = 429}, 3, PROVIDER_OUTAGE, "the embedding model answered HTTP 429", -1},
        {{.status = 429, .retry_after = "3"}, 3, PROVIDER_OUTAGE, "the embedding model answered HTTP 429", 3000},
        {{.status = 429, .retry_after = "60"}, 1, PROVIDER_OUTAGE, "the embedding model answered HTTP 429", 60000},
        {{.status = 500}, 3, PROVIDER_OUTAGE, "the embedding model answered HTTP 500", -1},
        {{.status = 503}, 3, PROVIDER_OUTAGE, "the embedding model answered HTTP 503", -1},
        {{.error = HOST_TIMEOUT}, 3, PROVIDER_OUTAGE, "the embedding model took too long", -1},
        {{.error = HOST_UNREACHABLE}, 3, PROVIDER_OUTAGE, "the embedding model cannot be reached", -1},
        {{.error = HOST_TOO_LARGE}, 1, PROVIDER_OUTAGE, "the embedding model's answer is too large", -1},
        {{.error = HOST_UNBOUND}, 1, PROVIDER_OUTAGE, "no AI binding is configured", -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        upstream call = rows[i].answer;
        call.method = "AI";
        check_row(fake_format("row %zu", i));
        for (int k = 0; k < rows[i].attempts; k++)
            fake_expect(call);
        provider_answer answer = embed_one();
        CHECK_INT(fake_expected_left(), 0);
        CHECK_INT(answer.outcome, rows[i].want);
        CHECK_STR(answer.why, rows[i].why);
        CHECK_INT(answer.retry_after_ms, rows[i].retry_after_ms);
    }
}

static void retry_timing(void)
{
    fake_expect((upstream){.method = "AI", .status = 500, .took_ms = 100});
    fake_expect((upstream){.method = "AI", .status = 429, .retry_after = "4"});
    fake_expect((upstream){.method = "AI", .reply = ai_reply(1)});
    CHECK_INT(embed_one().outcome, PROVIDER_OK);
    CHECK_INT(fake.calls[1].at_ms - fake.calls[0].at_ms, 1100);
    CHECK_INT(fake.calls[2].at_ms - fake.calls[1].at_ms, 4000);
    CHECK_STR(
        fake.log,
        "W [Embeddings] Retrying the AI call in 1000ms after the embedding model answered HTTP 500 (request test)\n"
        "W [Embeddings] Retrying the AI call in 4000ms after the embedding model answered HTTP 429 (request test)\n");
}

// Three attempts and two pauses fit the time behind a response.
static void deadline(void)
{
    static const char *const text = "x";
    context ctx = fake_context();
    ctx.deadline_ms = fake.now_ms + 25000;
    items[0] = (provider_item){.text = str_from_c(text)};
    for (int i = 0; i < 3; i++)
        fake_expect((upstream){.method = "AI", .error = HOST_TIMEOUT, .took_ms = 7000});
    provider_embed(&ctx, items, 1);
    CHECK_INT(fake.calls[0].timeout_ms, 7000);
    CHECK(fake.now_ms <= ctx.deadline_ms);
}

static void readable_answers(void)
{
    const char *good = vector_text(768, "0.5");
    const struct {
        const char *name, *reply;
        const char *fault; // of the item; NULL: a vector
    } rows[] = {
        {"plain", ai_reply(1), NULL},
        {"data first", fake_format("{\"data\":[%s]}", good), NULL},
        {"wrapped", fake_format("{\"success\":true,\"result\":{\"data\":[%s]}}", good), NULL},
        {"white space", fake_format(" {\n\"data\" : [ %s ] }\n", good), NULL},
        {"767 numbers", ai_reply_of(vector_text(767, "1")), "not 768 numbers"},
        {"769 numbers", ai_reply_of(vector_text(769, "1")), "not 768 numbers"},
        {"null inside", ai_reply_of(vector_text(768, "null")), "an element is not a number"},
        {"a string inside", ai_reply_of(vector_text(768, "\"0.1\"")), "an element is not a number"},
        {"out of range", ai_reply_of(vector_text(768, "1e39")), "a number is out of range"},
        {"all zero", ai_reply_of(vector_text(768, "0")), "all zero"},
        {"null", ai_reply_of("null"), "not an array"},
        {"an empty array", ai_reply_of("[]"), "not 768 numbers"},
        {"nested", ai_reply_of(fake_format("[%s]", good)), "an element is not a number"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].name);
        fake_expect((upstream){.method = "AI", .reply = rows[i].reply});
        CHECK_INT(embed_one().outcome, PROVIDER_OK);
        CHECK_STR(items[0].vector, rows[i].fault ? "" : good);
        CHECK_STR(items[0].fault, rows[i].fault);
    }
}

static void unreadable_answers(void)
{
    const char *good = vector_text(768, "0.5");
    const struct {
        const char *name, *reply;
        provider_outcome want;
    } rows[] = {
        {"empty", "", PROVIDER_OUTAGE},
        {"not JSON", "<html>Bad gateway</html>", PROVIDER_OUTAGE},
        {"cut off", fake_format("{\"data\":[%s", good), PROVIDER_OUTAGE},
        {"trailing", fake_format("{\"data\":[%s]} x", good), PROVIDER_OUTAGE},
        {"a NaN", "{\"data\":[[0.5,NaN,0.5]]}", PROVIDER_CONTENT},
        {"an array", fake_format("[%s]", good), PROVIDER_OUTAGE},
        {"null", "null", PROVIDER_OUTAGE},
        {"data is no array", "{\"data\":{}}", PROVIDER_OUTAGE},
        {"an error with status 200", "{\"result\":null,\"success\":false,\"errors\":[{\"code\":1}]}", PROVIDER_OUTAGE},
        {"no data", "{\"shape\":[1,768]}", PROVIDER_CONTENT},
        {"no vectors", "{\"data\":[]}", PROVIDER_CONTENT},
        {"too many vectors", ai_reply(2), PROVIDER_CONTENT},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].name);
        fake_expect((upstream){.method = "AI", .reply = rows[i].reply});
        CHECK_INT(embed_one().outcome, rows[i].want);
    }
}

static void a_hundred(void)
{
    static const char *texts[100];
    for (int i = 0; i < 100; i++)
        texts[i] = "t";
    fake_expect((upstream){.method = "AI", .reply = ai_reply(100)});
    CHECK_INT(embed(texts, 100).outcome, PROVIDER_OK);
    CHECK_STR(items[99].vector, vector_text(768, "99.5"));
    CHECK(fake.calls[0].timeout_ms > 7000);
}

static const test tests[] = {
    {"the binding", the_binding},
    {"rest", rest},
    {"mock", mock},
    {"not set up", not_set_up},
    {"failures", failures},
    {"retry timing", retry_timing},
    {"deadline", deadline},
    {"readable answers", readable_answers},
    {"unreadable answers", unreadable_answers},
    {"a hundred", a_hundred},
};
const module provider_tests = MODULE("provider", tests);
