// auth/jwt: the bearer header, and tokens taken apart.
#include "auth/jwt.h"

#include <string.h>

#include "check.h"
#include "fake_host.h"

static void bearer(void)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"Bearer abc.def.ghi", "abc.def.ghi"},
        {"bearer abc", "abc"},
        {"BEARER  abc ", "abc"},
        {" Bearer abc", "abc"},
        {"Bearer", ""},
        {"Bearer ", ""},
        {"abc.def.ghi", ""},
        {"Basic abc", ""},
        {"Bearerabc", ""},
        {"Bearer: abc", ""},
        {"Bearer abc def", ""},
        {"Bearer abc,def", "abc,def"},
        {"Bearer a\tb", ""},
        {"Bearer a\r\nb", ""},
        {"Bearer a\x7f", ""},
        {"Bearer \xc3\xa9", ""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i][0]);
        CHECK_STR(jwt_bearer(fake_exact(rows[i][0])), rows[i][1]);
    }
}

static void a_published_example(void)
{
    // RFC 7515 appendix A.1.
    static const char token[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    static const uint8_t signature[] = {116, 24,  223, 180, 151, 153, 224, 37,  79, 250, 96, 125, 216, 173, 187, 186,
                                        22,  212, 37,  77,  105, 214, 191, 240, 91, 88,  5,  88,  83,  132, 141, 121};
    jwt out;
    CHECK(jwt_read(fake_begin(), fake_exact(token), &out));
    CHECK_STR(out.alg, "HS256");
    CHECK_INT(out.kid.len, 0);
    CHECK_STR(json_text(json_get(out.claims, "iss")), "joe");
    CHECK_SLICE(out.signing_input, str_slice(str_from_c(token), 0, (ptrdiff_t)strlen(token) - 44));
    CHECK_SLICE(out.signature, ((str){(const char *)signature, sizeof signature}));
}

static void headers(void)
{
    static const struct {
        const char *header;
        bool readable;
    } rows[] = {
        {"{\"alg\":\"HS256\"}", true},
        {"{\"alg\":\"none\"}", true}, // readable; the policy refuses it
        {"{\"alg\":\"ES256\",\"kid\":\"k\",\"jwk\":{\"kty\":\"EC\"},\"jku\":\"https://evil.test\"}", true},
        {"{\"alg\":\"\"}", false},
        {"{}", false},
        {"{\"alg\":null}", false},
        {"{\"alg\":1}", false},
        {"{\"alg\":[\"HS256\"]}", false},
        {"{\"ALG\":\"HS256\"}", false},
        {"{\"alg\":\"HS256\",\"alg\":\"none\"}", false},
        {"{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", false},
        {"{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", false},
        {"{\"alg\":\"HS256\",\"crit\":[]}", false},
        {"{\"alg\":\"HS256\",\"crit\":null}", false},
        {"[\"alg\",\"HS256\"]", false},
        {"\"HS256\"", false},
        {"", false},
        {"{\"alg\":\"HS256\"} ", true},
        {"{\"alg\":\"HS256\"}x", false},
        {"{\"alg\":\"HS256\\u0000\"}", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        jwt out;
        check_row(rows[i].header);
        CHECK(jwt_read(fake_begin(), fake_exact(fake_token_with(rows[i].header, "{}", "k")), &out) == rows[i].readable);
    }
}

static void claims(void)
{
    static const struct {
        const char *claims;
        bool readable;
    } rows[] = {
        {"{}", true},
        {"{\"sub\":\"a\"}", true},
        {"[]", false},
        {"", false},
        {"null", false},
        {"{\"sub\":\"a\",\"sub\":\"b\"}", false},
        {"{\"sub\":\"a\",\"s\\u0075b\":\"b\"}", false},
        {"{\"x\":{\"y\":1,\"y\":2}}", false},
        {"{\"sub\":\"\xff\"}", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        jwt out;
        check_row(rows[i].claims);
        CHECK(jwt_read(fake_begin(), fake_exact(fake_token_with("{\"alg\":\"HS256\"}", rows[i].claims, "k")), &out) ==
              rows[i].readable);
    }
}

// "e30" is {} and "eyJhbGciOiJhIn0" is {"alg":"a"}.
static void compact_form(void)
{
    static const struct {
        const char *token;
        bool readable;
    } rows[] = {
        {"eyJhbGciOiJhIn0.e30.AA", true},
        {"eyJhbGciOiJhIn0.e30.", true}, // an empty signature, which no key verifies
        {"eyJhbGciOiJhIn0.e30", false},
        {"eyJhbGciOiJhIn0", false},
        {"", false},
        {"..", false},
        {"eyJhbGciOiJhIn0.e30.AA.AA", false}, // five parts are an encrypted token
        {"eyJhbGciOiJhIn0.e30.AA.AA.AA", false},
        {"eyJhbGciOiJhIn0=.e30.AA", false}, // padding
        {"eyJhbGciOiJhIn0.e30=.AA", false},
        {"eyJhbGciOiJhIn0.e30.AA==", false},
        {"eyJhbGciOiJhIn0.e31.AA", false}, // bits left over
        {"eyJhbGciOiJhIn0.e30.A", false},  // a single digit
        {"eyJhbGciOiJhIn0.e30.AB", false},
        {"eyJhbGciOiJhIn0.e30.A+", false}, // the other alphabet
        {"eyJhbGciOiJhIn0.e30.A/", false},
        {"eyJhbGciOiJhIn0.e30.A A", false},
        {"eyJhbGciOiJhIn0. e30.AA", false},
        {"e30.e30.AA", false},
        {".e30.AA", false},
        {"eyJhbGciOiJhIn0..AA", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        jwt out;
        check_row(rows[i].token);
        CHECK(jwt_read(fake_begin(), fake_exact(rows[i].token), &out) == rows[i].readable);
    }
}

static void length(void)
{
    static char long_token[JWT_MAX_LENGTH + 2] = "eyJhbGciOiJhIn0.e30.";
    jwt out;
    size_t start = strlen("eyJhbGciOiJhIn0.e30.");
    memset(long_token + start, 'A', JWT_MAX_LENGTH + 1 - start);
    CHECK(jwt_read(fake_begin(), fake_bytes(long_token, JWT_MAX_LENGTH), &out));
    CHECK(!jwt_read(fake_begin(), fake_bytes(long_token, JWT_MAX_LENGTH + 1), &out));
}

static const test tests[] = {
    {"bearer", bearer},
    {"a published example", a_published_example},
    {"headers", headers},
    {"claims", claims},
    {"compact form", compact_form},
    {"length", length},
};
const module jwt_tests = MODULE("jwt", tests);
