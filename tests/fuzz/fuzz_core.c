// The whole core: a script becomes an event and the upstream's answers. Its lines:
//   settings  letters, see below
//   event     "METHOD PATH", "queue" or "cron"
//   headers   authorization, content type, origin and request id, separated by tabs
//   body      of the request; of a queue's batch: the messages, separated by "|"
//   answers   see fuzz.h
#include "check.h"
#include "fuzz.h"

enum { MAX_MESSAGES = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has(str settings, const char *letter)
{
    return str_contains(settings, str_from_c(letter));
}

static void apply(str settings)
{
    if (has(settings, "q") || has(settings, "Q"))
        fake_bind("EMBEDDING_QUEUE");
    if (has(settings, "Q"))
        fake.queue_error = HOST_UNREACHABLE;
    if (has(settings, "r")) {
        fake_set("EMBEDDING_PROVIDER", "rest");
        fake_set("CLOUDFLARE_ACCOUNT_ID", "account");
        fake_set("CLOUDFLARE_API_TOKEN", FAKE_AI_TOKEN);
    }
    if (has(settings, "m"))
        fake_set("EMBEDDING_PROVIDER", "mock");
    if (has(settings, "a"))
        fake_set("SUPABASE_JWT_SECRET", NULL);
    if (has(settings, "i"))
        fake_set("SUPABASE_JWT_ISSUER", FAKE_URL "/auth/v1");
    if (has(settings, "o"))
        fake_set("ALLOWED_ORIGINS", "https://a.test,https://b.test");
    if (has(settings, "O"))
        fake_set("ALLOWED_ORIGINS", "*");
    fake.rate_limited = has(settings, "l");
    fake.keys_down = has(settings, "k");
    fake.chunks_wanted = has(settings, "c") ? 2 : 0;
}

static const char *user_token(const char *alg, const char *kid)
{
    return fake_token(alg, kid,
                      "{\"sub\":\"" FAKE_USER "\",\"email\":\"" FAKE_EMAIL
                      "\",\"aud\":\"authenticated\",\"role\":\"authenticated\",\"exp\":1767229200}");
}

static void authorize(fake_request *request, str header)
{
    if (str_eq(header, S("user")))
        request->token = user_token("HS256", NULL);
    else if (str_eq(header, S("es")))
        request->token = user_token("ES256", "es");
    else if (str_eq(header, S("service")))
        request->token = FAKE_SERVICE_KEY;
    else if (header.len)
        request->authorization = fuzz_text(header);
}

static void run_request(str event, str headers, str body)
{
    str_pair line = str_cut(event, ' '), authorization = str_cut(headers, '\t'),
             type = str_cut(authorization.tail, '\t'), origin = str_cut(type.tail, '\t');
    fake_request request = {
        .method = fuzz_text(line.head),
        .path = fuzz_text(line.tail),
        .content_type = type.head.len ? fuzz_text(type.head) : NULL,
        .origin = fuzz_text(origin.head),
        .request_id = fuzz_text(origin.tail),
        .raw_body = body,
    };
    authorize(&request, authorization.head);
    fake_fetch(request);
    // What an upstream says in its own words stays out of every error.
    if (fake.status >= 400)
        FUZZ_REQUIRE(!str_contains(fake.body, S(PRIVATE)));
    // What must not reach the database does not: no user, no call.
    if (fake.status == 401 && !fake.verified)
        FUZZ_REQUIRE(fake.call_count == 0 || str_starts_with(fake.calls[0].url, S(FAKE_URL "/auth/v1/user")));
    if (str_eq(line.head, S("HEAD")))
        FUZZ_REQUIRE(fake.body.len == 0);
}

static void run_batch(str body)
{
    const char *bodies[MAX_MESSAGES];
    int32_t count = 0;
    str_pair rest = {.tail = body, .found = true};
    while (rest.found && count < MAX_MESSAGES) {
        rest = str_cut(rest.tail, '|');
        bodies[count++] = fuzz_text(rest.head);
    }
    fake_queue(bodies, count, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input;
    if (!fuzz_begin(data, size, &input))
        return -1;
    apply(fuzz_line(&input));
    str event = fuzz_line(&input), headers = fuzz_line(&input), body = fuzz_line(&input);
    fuzz_answer_from(&input);
    if (str_eq(event, S("queue")))
        run_batch(body);
    else if (str_eq(event, S("cron")))
        fake_scheduled();
    else
        run_request(event, headers, body);
    return 0;
}
