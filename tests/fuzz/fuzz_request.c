// The request line and the headers: five lines (method, path, authorization, content type with origin and request id
// behind tabs), without an upstream. Nothing that a request says before it is authenticated may start anything.
#include "auth/jwt.h"
#include "base/utf8.h"
#include "check.h"
#include "fuzz.h"
#include "routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool none(const fake_call *call, host_reply *reply)
{
    (void)call, (void)reply;
    return false;
}

static void check_parsers(str path, str value)
{
    str decoded, url = http_url_path(path);
    FUZZ_REQUIRE(url.len > 0 && url.at[0] == '/');
    FUZZ_REQUIRE(!str_contains(url, S("?")) && !str_contains(url, S("#")));
    if (http_decode_segment(fake_begin(), value, &decoded))
        FUZZ_REQUIRE(utf8_is_valid(decoded) && !str_contains(decoded, S("/")) && decoded.len <= value.len);
    int64_t wait = http_retry_after_ms(value, fake.now_ms);
    FUZZ_REQUIRE(wait >= -1 && wait <= 86400000);
    FUZZ_REQUIRE(jwt_bearer(value).len <= value.len);
    http_is_json(value);
    router_match match = router_find(routes, route_count, value, url, fake_begin());
    FUZZ_REQUIRE(!match.route || (match.allowed & match.route->methods) == match.route->methods);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input;
    if (!fuzz_begin(data, size, &input))
        return -1;
    fake.responder = none;
    fake_set("ALLOWED_ORIGINS", "https://a.test");
    str method = fuzz_line(&input), path = fuzz_line(&input), authorization = fuzz_line(&input),
        type = fuzz_line(&input);
    str origin = fuzz_line(&input), id = fuzz_line(&input);
    check_parsers(path, type);
    fake_fetch((fake_request){
        .method = fuzz_text(method),
        .path = fuzz_text(path),
        .authorization = fuzz_text(authorization),
        .content_type = fuzz_text(type),
        .origin = fuzz_text(origin),
        .request_id = fuzz_text(id),
        .raw_body = fuzz_rest(&input),
    });
    // An origin is reflected only when it is listed.
    str allowed = fake_header("access-control-allow-origin");
    FUZZ_REQUIRE(!allowed.len || str_eq(allowed, S("https://a.test")));
    return 0;
}
