// A token, by itself and as the authorization of a request. Only tokens that the harness signed make a user: a line
// "HEADER CLAIMS" of JSON is signed with the right key or a wrong one; any other line is the token itself.
#include "auth/jwt.h"
#include "base/utf8.h"
#include "check.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_token(const char *token)
{
    jwt parts;
    if (!jwt_read(fake_begin(), fake_exact(token), &parts))
        return;
    FUZZ_REQUIRE(parts.alg.len > 0 && cJSON_IsObject(parts.claims));
    FUZZ_REQUIRE(utf8_is_valid(parts.alg) && utf8_is_valid(parts.kid));
    FUZZ_REQUIRE(str_starts_with(str_from_c(token), parts.signing_input));
}

// Asks for the profile. The answer is a row exactly when the token is a user's, and what the database is asked for is
// that user's own.
static void ask(const char *token, bool signed_well)
{
    fuzz_input nothing = {0};
    fuzz_answer_from(&nothing);
    fake_fetch((fake_request){.path = "/api/profile", .token = token});
    FUZZ_REQUIRE(fake.status == 200 || fake.status == 401);
    FUZZ_REQUIRE(fake.status != 200 || (signed_well && fake.verified));
    FUZZ_REQUIRE(fake.call_count == (fake.status == 200));
    if (fake.status == 200) {
        str url = fake.calls[0].url, filter = str_slice(url, url.len - 39, url.len);
        FUZZ_REQUIRE(str_starts_with(filter, S("eq.")) && str_is_uuid(str_slice(filter, 3, 39)));
        FUZZ_REQUIRE(str_is_uuid(fake.rate_key));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const materials[] = {FAKE_JWT_SECRET, "es", "rs", "ed", "wrong"};
    fuzz_input input;
    if (size < 1 || !fuzz_begin(data + 1, size - 1, &input))
        return -1;
    str_pair parts = str_cut(fuzz_line(&input), '\t');
    const char *material = materials[data[0] % 5];
    const char *token =
        parts.found ? fake_token_with(fuzz_text(parts.head), fuzz_text(parts.tail), material) : fuzz_text(parts.head);
    check_token(token);
    ask(token, parts.found && data[0] % 5 != 4);
    return 0;
}
