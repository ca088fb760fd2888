// auth: which tokens make a user, which key verifies what, and that nothing happens before.
#include "auth/auth.h"

#include "check.h"
#include "fake_host.h"

#define CLAIMS(more) "{\"sub\":\"" FAKE_USER "\",\"aud\":\"authenticated\",\"role\":\"authenticated\"" more "}"
#define GOOD CLAIMS(",\"exp\":1767229200")
#define MISSING                                                                                                        \
    "401 {\"code\":\"MISSING_AUTH_HEADER\",\"message\":\"The Authorization header is missing\",\"statusCode\":401}"
#define FORMAT                                                                                                         \
    "401 {\"code\":\"INVALID_AUTH_FORMAT\",\"message\":\"The Authorization header must read: Bearer "                  \
    "<token>\",\"statusCode\":401}"
#define EXPIRED "401 {\"code\":\"TOKEN_EXPIRED\",\"message\":\"The token has expired\",\"statusCode\":401}"
#define INVALID "401 {\"code\":\"INVALID_TOKEN\",\"message\":\"The token is not valid\",\"statusCode\":401}"

// Reads the embedding status with the token; the database says that there is none.
static void ask_with(const char *token)
{
    fake_fetch((fake_request){.path = "/api/profile/embedding", .token = token});
}

static bool let_in(const fake_call *call, host_reply *reply)
{
    *reply = (host_reply){.status = 200, .body = S("[]")};
    return str_starts_with(call->url, S(FAKE_URL "/rest/v1/resume_embedding_state?"));
}

static void check_refused(const char *want, const char *reason)
{
    CHECK_STR(fake_response(), want);
    CHECK_STR(fake_header("www-authenticate"), "Bearer");
    CHECK_STR(fake.log, fake_format("W [Auth] Refused: %s (request test)\n", reason));
}

static void header_shapes(void)
{
    static const struct {
        const char *header;
        const char *want, *reason;
    } rows[] = {
        {NULL, MISSING, "no Authorization header"},   {"", MISSING, "no Authorization header"},
        {"Bearer", FORMAT, "not a bearer token"},     {"Bearer ", FORMAT, "not a bearer token"},
        {"Basic YTpi", FORMAT, "not a bearer token"}, {"Token abc", FORMAT, "not a bearer token"},
        {"Bearer a b", FORMAT, "not a bearer token"}, {"Bearer abc", INVALID, "not a readable JWT"},
        {"Bearer ..", INVALID, "not a readable JWT"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].header);
        fake_fetch((fake_request){.path = "/api/profile", .authorization = rows[i].header});
        check_refused(rows[i].want, rows[i].reason);
    }
    CHECK_INT(fake.call_count, 0);
}

static const struct {
    const char *claims;
    const char *want, *reason; // NULL: let in
} claim_rows[] = {
    {GOOD, NULL, NULL},
    // exp and nbf, 30 s of leeway around 1767225600
    {CLAIMS(",\"exp\":1767225571"), NULL, NULL},
    {CLAIMS(",\"exp\":1767225570.5"), NULL, NULL},
    {CLAIMS(",\"exp\":1767225570"), EXPIRED, "expired"},
    {CLAIMS(",\"exp\":0"), EXPIRED, "expired"},
    {CLAIMS(",\"exp\":-1e300"), EXPIRED, "expired"},
    {CLAIMS(",\"exp\":1e300"), NULL, NULL},
    {CLAIMS(""), INVALID, "exp or nbf is not a number"},
    {CLAIMS(",\"exp\":null"), INVALID, "exp or nbf is not a number"},
    {CLAIMS(",\"exp\":\"1767229200\""), INVALID, "exp or nbf is not a number"},
    {CLAIMS(",\"exp\":true"), INVALID, "exp or nbf is not a number"},
    {CLAIMS(",\"exp\":1767229200,\"nbf\":1767225630"), NULL, NULL},
    {CLAIMS(",\"exp\":1767229200,\"nbf\":1767225631"), INVALID, "not valid yet"},
    {CLAIMS(",\"exp\":1767229200,\"nbf\":null"), INVALID, "exp or nbf is not a number"},
    {CLAIMS(",\"exp\":1767229200,\"nbf\":\"0\""), INVALID, "exp or nbf is not a number"},
    {CLAIMS(",\"exp\":1767229200,\"nbf\":0,\"iat\":\"x\""), NULL, NULL},
    // aud and role
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":[\"x\",\"authenticated\"],\"role\":\"authenticated\",\"exp\":1767229200}",
     NULL, NULL},
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":[],\"role\":\"authenticated\",\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":[[\"authenticated\"]],\"role\":\"authenticated\",\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":\"Authenticated\",\"role\":\"authenticated\",\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    {"{\"sub\":\"" FAKE_USER "\",\"role\":\"authenticated\",\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":\"authenticated\",\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":\"authenticated\",\"role\":\"anon\",\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":\"authenticated\",\"role\":\"service_role\",\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    {"{\"sub\":\"" FAKE_USER "\",\"aud\":\"authenticated\",\"role\":[\"authenticated\"],\"exp\":1767229200}", INVALID,
     "not a signed-in user's token"},
    // sub
    {"{\"aud\":\"authenticated\",\"role\":\"authenticated\",\"exp\":1767229200}", INVALID, "sub is not a UUID"},
    {"{\"sub\":\"1\",\"aud\":\"authenticated\",\"role\":\"authenticated\",\"exp\":1767229200}", INVALID,
     "sub is not a UUID"},
    {"{\"sub\":\"x&id=neq." FAKE_USER "\",\"aud\":\"authenticated\",\"role\":\"authenticated\",\"exp\":1767229200}",
     INVALID, "sub is not a UUID"},
    // twice
    {CLAIMS(",\"exp\":1,\"exp\":1767229200"), INVALID, "not a readable JWT"},
    {CLAIMS(",\"exp\":1767229200,\"s\\u0075b\":\"22222222-2222-4222-8222-222222222222\""), INVALID,
     "not a readable JWT"},
};

static void claims(void)
{
    fake.responder = let_in;
    for (size_t i = 0; i < ROWS(claim_rows); i++) {
        int32_t before = fake.call_count;
        check_row(claim_rows[i].claims);
        ask_with(fake_token("HS256", NULL, claim_rows[i].claims));
        CHECK_INT(fake.call_count - before, claim_rows[i].want ? 0 : 1);
        if (claim_rows[i].want)
            check_refused(claim_rows[i].want, claim_rows[i].reason);
        else
            CHECK_INT(fake.status, 200);
    }
}

// An algorithm is verified by a key of its own type, or not at all (RFC 8725 sections 2.1 and 3.1).
static void algorithms(void)
{
    static const struct {
        const char *header, *material;
        const char *reason; // NULL: let in
    } rows[] = {
        {"{\"alg\":\"HS256\"}", FAKE_JWT_SECRET, NULL},
        {"{\"alg\":\"HS256\",\"kid\":\"whatever\"}", FAKE_JWT_SECRET, NULL},
        {"{\"alg\":\"ES256\",\"kid\":\"es\"}", "es", NULL},
        {"{\"alg\":\"RS256\",\"kid\":\"rs\"}", "rs", NULL},
        {"{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", "ed", NULL},
        // Signed with something else
        {"{\"alg\":\"HS256\"}", "another secret", "the signature does not fit"},
        {"{\"alg\":\"ES256\",\"kid\":\"es\"}", "rs", "the signature does not fit"},
        // The classic confusion: a published key used as a shared secret
        {"{\"alg\":\"HS256\",\"kid\":\"es\"}", "es", "the signature does not fit"},
        {"{\"alg\":\"HS256\",\"kid\":\"rs\"}", "rs", "the signature does not fit"},
        // A key of another type
        {"{\"alg\":\"RS256\",\"kid\":\"es\"}", "es", "no key for this token"},
        {"{\"alg\":\"ES256\",\"kid\":\"rs\"}", "rs", "no key for this token"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"es\"}", "es", "no key for this token"},
        {"{\"alg\":\"ES256\",\"kid\":\"unknown\"}", "es", "no key for this token"},
        {"{\"alg\":\"ES256\"}", "es", "no key for this token"},
        {"{\"alg\":\"ES256\",\"kid\":{\"a\":1}}", "es", "no key for this token"},
        // A key that the token brings itself
        {"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"es\"}}", "es",
         "no key for this token"},
        {"{\"alg\":\"ES256\",\"kid\":\"es\",\"jku\":\"https://evil.test/keys\",\"x5u\":\"https://evil.test/c\"}", "es",
         NULL},
        // Not accepted at all
        {"{\"alg\":\"none\"}", "", "an algorithm that is not accepted"},
        {"{\"alg\":\"None\"}", "", "an algorithm that is not accepted"},
        {"{\"alg\":\"NONE\"}", "", "an algorithm that is not accepted"},
        {"{\"alg\":\"hs256\"}", FAKE_JWT_SECRET, "an algorithm that is not accepted"},
        {"{\"alg\":\"HS384\"}", FAKE_JWT_SECRET, "an algorithm that is not accepted"},
        {"{\"alg\":\"HS512\"}", FAKE_JWT_SECRET, "an algorithm that is not accepted"},
        {"{\"alg\":\"PS256\",\"kid\":\"rs\"}", "rs", "an algorithm that is not accepted"},
        {"{\"alg\":\"ES384\",\"kid\":\"es\"}", "es", "an algorithm that is not accepted"},
        {"{\"alg\":\"Ed25519\",\"kid\":\"ed\"}", "ed", "an algorithm that is not accepted"},
        {"{\"alg\":\"RSA-OAEP\",\"kid\":\"rs\"}", "rs", "an algorithm that is not accepted"},
        {"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", FAKE_JWT_SECRET, "not a readable JWT"},
    };
    fake.responder = let_in;
    for (size_t i = 0; i < ROWS(rows); i++) {
        int32_t before = fake.call_count;
        check_row(rows[i].header);
        ask_with(fake_token_with(rows[i].header, GOOD, rows[i].material));
        CHECK_INT(fake.call_count - before, rows[i].reason ? 0 : 1);
        if (rows[i].reason)
            check_refused(INVALID, rows[i].reason);
        else
            CHECK_INT(fake.status, 200);
    }
}

static void tampering(void)
{
    const char *token = fake_user_token();
    str_pair parts = str_cut(str_from_c(token), '.');
    str_pair rest = str_cut(parts.tail, '.');
    const char *others = fake_token("HS256", NULL, CLAIMS(",\"exp\":1767229201"));
    str_pair other = str_cut(str_cut(str_from_c(others), '.').tail, '.');
    ask_with(fake_format("%.*s.%.*s.%.*s", (int)parts.head.len, parts.head.at, (int)other.head.len, other.head.at,
                         (int)rest.tail.len, rest.tail.at));
    check_refused(INVALID, "the signature does not fit");
    ask_with(fake_format("%.*s.%.*s.", (int)parts.head.len, parts.head.at, (int)rest.head.len, rest.head.at));
    check_refused(INVALID, "the signature does not fit");
    CHECK_INT(fake.call_count, 0);
}

static void issuer(void)
{
    fake.responder = let_in;
    fake_set("SUPABASE_JWT_ISSUER", FAKE_URL "/auth/v1");
    ask_with(fake_token("HS256", NULL, CLAIMS(",\"exp\":1767229200,\"iss\":\"" FAKE_URL "/auth/v1\"")));
    CHECK_INT(fake.status, 200);
    ask_with(fake_token("HS256", NULL, CLAIMS(",\"exp\":1767229200,\"iss\":\"https://evil.test/auth/v1\"")));
    check_refused(INVALID, "another issuer");
    ask_with(fake_token("HS256", NULL, GOOD));
    check_refused(INVALID, "another issuer");
}

static void keys_down(void)
{
    fake.keys_down = true;
    ask_with(fake_token("ES256", "es", GOOD));
    CHECK_INT(fake.status, 503);
    CHECK_INT(fake_header("www-authenticate").len, 0);
    CHECK_STR(fake.log, "W [Auth] Refused: the signing keys cannot be read (request test)\n");
    CHECK_INT(fake.call_count, 0);
}

// Without a secret the project is asked whose token it is.
static void asking(void)
{
    static const struct {
        upstream answer;
        int32_t status;
        const char *reason;
    } rows[] = {
        {{.reply = "{\"id\":\"" FAKE_USER "\"}"}, 200, NULL},
        {{.reply = "{\"id\":\"22222222-2222-4222-8222-222222222222\"}"},
         401,
         "the auth server knows the token as another user's"},
        {{.reply = "{}"}, 401, "the auth server knows the token as another user's"},
        {{.reply = "not JSON"}, 401, "the auth server knows the token as another user's"},
        {{.status = 401, .reply = "{\"msg\":\"bad jwt\"}"}, 401, "the auth server refuses the token"},
        {{.status = 403}, 401, "the auth server refuses the token"},
        {{.status = 404}, 401, "the auth server refuses the token"},
        {{.status = 302}, 503, "the auth server cannot be asked"},
        {{.status = 429}, 503, "the auth server cannot be asked"},
        {{.status = 500}, 503, "the auth server cannot be asked"},
        {{.error = HOST_UNREACHABLE}, 503, "the auth server cannot be asked"},
        {{.error = HOST_TOO_LARGE}, 503, "the auth server cannot be asked"},
        {{.error = HOST_TIMEOUT}, 504, "the auth server took too long"},
    };
    fake_set("SUPABASE_JWT_SECRET", NULL);
    for (size_t i = 0; i < ROWS(rows); i++) {
        upstream asked = rows[i].answer;
        asked.method = "GET";
        asked.url = "/auth/v1/user";
        asked.header = "apikey: " FAKE_ANON_KEY;
        check_row(rows[i].reason);
        fake_expect(asked);
        if (!rows[i].reason)
            fake_expect((upstream){.method = "GET", .url = "/rest/v1/resume_embedding_state*", .reply = "[]"});
        ask_with(fake_user_token());
        CHECK_INT(fake.status, rows[i].status);
        CHECK_INT(fake_expected_left(), 0);
        if (rows[i].reason)
            CHECK_STR(fake.log, fake_format("W [Auth] Refused: %s (request test)\n", rows[i].reason));
    }
}

// What the claims say already needs no question.
static void asking_in_vain(void)
{
    fake_set("SUPABASE_JWT_SECRET", NULL);
    ask_with(fake_token("HS256", NULL, CLAIMS(",\"exp\":1767225570")));
    check_refused(EXPIRED, "expired");
    ask_with(fake_token("HS256", NULL, "{\"role\":\"anon\",\"exp\":1767229200}"));
    check_refused(INVALID, "not a signed-in user's token");
    CHECK_INT(fake.call_count, 0);
}

static void user_of_the_token(void)
{
    fake.responder = let_in;
    ask_with(fake_token(
        "HS256", NULL,
        "{\"sub\":\"ABCDEF00-1111-4111-8111-111111111111\",\"aud\":\"authenticated\",\"role\":\"authenticated\","
        "\"exp\":1767229200}"));
    CHECK_INT(fake.status, 200);
    CHECK(str_ends_with(fake.calls[0].url, S("user_id=eq.abcdef00-1111-4111-8111-111111111111")));
    CHECK_STR(fake.rate_key, "abcdef00-1111-4111-8111-111111111111");
}

static void rate_limit(void)
{
    fake.rate_limited = true;
    ask_with(fake_user_token());
    CHECK_STR(fake_response(), "429 {\"code\":\"RATE_LIMIT_EXCEEDED\",\"message\":\"Too many requests; try again in a "
                               "minute\",\"statusCode\":429}");
    CHECK_STR(fake_header("retry-after"), "60");
    CHECK_INT(fake.call_count, 0);
}

// The service-role key opens the admin route and nothing else; whatever else is shown there sees no route.
static void service_key(void)
{
    static const char *const wrong[] = {
        NULL,
        "",
        "Bearer",
        "Bearer x",
        "Bearer " FAKE_ANON_KEY,
        "Bearer key-of-servicX",
        "Bearer key-of-service2",
        "Bearer key-of-servic",
        "Basic " FAKE_SERVICE_KEY,
        FAKE_SERVICE_KEY,
    };
    for (size_t i = 0; i < ROWS(wrong); i++) {
        check_row(wrong[i]);
        fake_fetch((fake_request){.method = "POST", .path = "/api/admin/backfill", .authorization = wrong[i]});
        CHECK_STR(fake_response(),
                  "404 {\"code\":\"NOT_FOUND\",\"message\":\"There is nothing here\",\"statusCode\":404}");
        CHECK_INT(fake_header("www-authenticate").len, 0);
    }
    check_row("a user's token");
    fake_fetch((fake_request){.method = "POST", .path = "/api/admin/backfill", .token = fake_user_token()});
    CHECK_INT(fake.status, 404);
    check_row("no key configured");
    fake_set("SUPABASE_SERVICE_ROLE_KEY", NULL);
    fake_fetch((fake_request){.method = "POST", .path = "/api/admin/backfill", .authorization = "Bearer "});
    CHECK_INT(fake.status, 404);
    check_row("the service key as a user");
    fake_fetch((fake_request){.path = "/api/profile", .token = FAKE_SERVICE_KEY});
    CHECK_INT(fake.status, 401);
    CHECK_INT(fake.call_count, 0);
}

static void not_configured(void)
{
    static const char *const names[] = {"SUPABASE_URL", "SUPABASE_ANON_KEY"};
    for (size_t i = 0; i < ROWS(names); i++) {
        fake_reset();
        check_row(names[i]);
        fake_set(names[i], " ");
        ask_with(fake_user_token());
        CHECK_STR(fake_response(), "500 {\"code\":\"INTERNAL_ERROR\",\"message\":\"The service is not "
                                   "configured\",\"statusCode\":500}");
        CHECK_STR(fake.log, "E [Config] SUPABASE_URL or SUPABASE_ANON_KEY is not configured (request test)\n");
        fake_fetch((fake_request){.path = "/health"});
        CHECK_INT(fake.status, 200);
    }
}

static const test tests[] = {
    {"header shapes", header_shapes},
    {"claims", claims},
    {"algorithms", algorithms},
    {"tampering", tampering},
    {"issuer", issuer},
    {"keys down", keys_down},
    {"asking", asking},
    {"asking in vain", asking_in_vain},
    {"user of the token", user_of_the_token},
    {"rate limit", rate_limit},
    {"service key", service_key},
    {"not configured", not_configured},
};
const module auth_tests = MODULE("auth", tests);
