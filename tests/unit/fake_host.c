// The functions of the port, each with what host.h demands of its caller.
#include "host.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "check.h"
#include "fake_host.h"
#include "sha256.h"

#define REQUIRE(condition)                                                                                             \
    ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, "the port was misused: %s does not hold", #condition))

// Workers allow six connections at once: https://developers.cloudflare.com/workers/platform/limits/
enum { MAX_TOGETHER = 6, MAX_QUEUE_BATCH = 100, MAX_SLEEP_MS = 15 * 60 * 1000 };

static bool is_slice(str text)
{
    return text.len >= 0 && (text.len == 0 || text.at);
}

static bool has_control(str text)
{
    for (ptrdiff_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7F)
            return true;
    }
    return false;
}

// "name: value" lines, each ended by LF; names in lower case, no name twice.
static bool are_headers(str headers)
{
    str all = headers;
    while (headers.len) {
        str_pair line = str_cut(headers, '\n');
        str_pair parts = str_cut(line.head, ':');
        if (!line.found || !parts.found || !parts.head.len || !str_starts_with(parts.tail, S(" ")) ||
            has_control(line.head))
            return false;
        for (ptrdiff_t i = 0; i < parts.head.len; i++) {
            char c = parts.head.at[i];
            if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
                return false;
        }
        str before = str_slice(all, 0, line.head.at - all.at);
        str again = {line.head.at, parts.head.len + 1};
        if (str_starts_with(before, again) ||
            str_contains(before, str_from_c(fake_format("\n%.*s", (int)again.len, again.at))))
            return false;
        headers = line.tail;
    }
    return true;
}

static bool is_json(str text)
{
    json_reader r = json_read(text);
    return json_skip(&r, NULL) && json_at_end(&r);
}

static bool is_url(str url)
{
    for (ptrdiff_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.at[i] <= ' ' || (unsigned char)url.at[i] >= 0x7F || strchr("\"<>\\^`{|}", url.at[i]))
            return false;
    }
    return str_starts_with(url, S("https://")) || str_starts_with(url, S("http://"));
}

// Where a call may go, and with whose keys.
static void require_destination(const host_call *call)
{
    bool supabase = str_starts_with(call->url, S(FAKE_URL "/"));
    str ai_base = fake_variable(S("WORKERS_AI_BASE_URL"));
    bool ai = str_starts_with(call->url, ai_base.len ? ai_base : S("https://api.cloudflare.com/client/v4/accounts/"));
    REQUIRE(supabase || ai);
    REQUIRE(!str_contains(call->url, S(FAKE_SERVICE_KEY)) && !str_contains(call->body, S(FAKE_SERVICE_KEY)));
    REQUIRE(!str_contains(call->headers, S(FAKE_JWT_SECRET)));
    if (!supabase)
        REQUIRE(!str_contains(call->headers, S(FAKE_SERVICE_KEY)) && !str_contains(call->headers, S(FAKE_ANON_KEY)));
    else
        REQUIRE(!str_contains(call->headers, S(FAKE_AI_TOKEN)));
    // Until the request is answered the core acts for the user, with nothing but the user's token.
    if (fake.in_request && !fake.responses && !str_starts_with(call->url, S(FAKE_URL "/auth/v1/"))) {
        REQUIRE(fake.verified);
        REQUIRE(!str_contains(call->headers, S(FAKE_SERVICE_KEY)));
        REQUIRE(str_contains(call->headers, str_from_c(fake_format("\nauthorization: Bearer %.*s\n",
                                                                   (int)fake.token.len, fake.token.at))));
    }
}

static void require_call(const host_call *call)
{
    static const str methods[] = {STR("GET"), STR("POST"), STR("PATCH"), STR("DELETE")};
    bool known = false;
    for (size_t i = 0; i < ROWS(methods); i++)
        known = known || str_eq(call->method, methods[i]);
    REQUIRE(known);
    REQUIRE(is_slice(call->url) && is_url(call->url));
    REQUIRE(is_slice(call->headers) && are_headers(call->headers));
    REQUIRE(is_slice(call->body) && utf8_is_valid(call->body));
    REQUIRE(!call->body.len || is_json(call->body));
    REQUIRE(!call->body.len || str_contains(call->headers, S("content-type: application/json\n")));
    REQUIRE(call->timeout_ms > 0 && call->max_reply > 0);
    require_destination(call);
}

void host_fetch(arena *mem, host_call *calls, int32_t count)
{
    REQUIRE(mem == &fake.mem && calls && count >= 1 && count <= MAX_TOGETHER);
    for (int32_t i = 0; i < count; i++) {
        host_call *c = &calls[i];
        require_call(c);
        fake_record((fake_call){
            .method = c->method, .url = c->url, .headers = c->headers, .body = c->body, .timeout_ms = c->timeout_ms});
        fake_answer(&fake.calls[fake.call_count - 1], &c->reply, mem);
        if (c->reply.body.len > c->max_reply)
            c->reply = (host_reply){.error = HOST_TOO_LARGE};
        if (str_starts_with(c->url, S(FAKE_URL "/auth/v1/user")) && c->reply.status == 200)
            fake.verified = true;
    }
}

void host_ai_run(arena *mem, host_ai_call *call)
{
    REQUIRE(mem == &fake.mem && call);
    REQUIRE(is_slice(call->model) && call->model.len && is_slice(call->gateway));
    REQUIRE(is_json(call->input));
    REQUIRE(call->timeout_ms > 0 && call->max_reply > 0);
    REQUIRE(!fake.in_request || fake.responses);
    fake_record((fake_call){.ai = true,
                            .method = S("AI"),
                            .url = call->model,
                            .headers = call->gateway,
                            .body = call->input,
                            .timeout_ms = call->timeout_ms});
    fake_answer(&fake.calls[fake.call_count - 1], &call->reply, mem);
    if (call->reply.body.len > call->max_reply)
        call->reply = (host_reply){.error = HOST_TOO_LARGE};
}

host_jwt_verdict host_jwt_verify(const host_jwt *jwt)
{
    REQUIRE(jwt && is_slice(jwt->alg) && is_slice(jwt->kid) && is_slice(jwt->signing_input) &&
            is_slice(jwt->signature));
    REQUIRE(!jwt->jwks_url.len || (jwt->lifetime_ms > jwt->cool_down_ms && jwt->cool_down_ms > jwt->timeout_ms &&
                                   jwt->timeout_ms > 0 && jwt->max_reply > 0));
    host_jwt_verdict verdict = fake_verify(jwt);
    fake.verified = fake.verified || verdict == HOST_JWT_VALID;
    return verdict;
}

void host_sha256(str bytes, uint8_t digest[32])
{
    REQUIRE(is_slice(bytes) && digest);
    sha256(bytes, digest);
}

bool host_rate_limit(str key)
{
    REQUIRE(is_slice(key) && key.len && fake.verified);
    fake.rate_key = fake_bytes(key.at, key.len);
    return !fake.rate_limited;
}

host_error host_queue_send(const str *bodies, int32_t count)
{
    REQUIRE(bodies && count >= 1 && count <= MAX_QUEUE_BATCH);
    REQUIRE(!fake.in_request || fake.responses);
    fake.sends++;
    if (!fake_is_bound(S("EMBEDDING_QUEUE")))
        return HOST_UNBOUND;
    if (fake.queue_error != HOST_OK)
        return fake.queue_error;
    ptrdiff_t size = fake.queued.len;
    for (int32_t i = 0; i < count; i++) {
        REQUIRE(is_slice(bodies[i]) && is_json(bodies[i]));
        size += bodies[i].len + 1;
    }
    char *all = fake_alloc((size_t)size), *at = all;
    if (fake.queued.len)
        at = (char *)memcpy(all, fake.queued.at, (size_t)fake.queued.len) + fake.queued.len;
    for (int32_t i = 0; i < count; i++) {
        at = (char *)memcpy(at, bodies[i].at, (size_t)bodies[i].len) + bodies[i].len;
        *at++ = '\n';
    }
    fake.queued = (str){all, size};
    return HOST_OK;
}

void host_sleep(int32_t ms)
{
    REQUIRE(ms > 0 && ms <= MAX_SLEEP_MS);
    REQUIRE(!fake.in_request || fake.responses);
    fake.now_ms += ms;
}

void host_respond(int32_t status, str headers, str body, bool more)
{
    REQUIRE(fake.in_request);
    REQUIRE(status >= 200 && status <= 599);
    REQUIRE(is_slice(headers) && are_headers(headers));
    REQUIRE(is_slice(body) && utf8_is_valid(body));
    REQUIRE(fake.responses == 0);
    fake.responses++;
    fake.status = status;
    fake.headers = fake_bytes(headers.at, headers.len);
    fake.body = fake_bytes(body.at, body.len);
    fake.open = more;
    str type = fake_header("content-type");
    REQUIRE((type.len > 0) == (status != 204));
    REQUIRE(!str_starts_with(type, S("application/json")) || !body.len || is_json(body));
    REQUIRE(!str_contains(body, S("resume_embedding\"")));
    fake_forbid_secrets(headers, "the response's headers");
    fake_forbid_secrets(body, "the response");
}

bool host_respond_more(str bytes)
{
    REQUIRE(fake.in_request && fake.open && is_slice(bytes) && utf8_is_valid(bytes));
    fake.chunks++;
    if (fake.chunks_wanted && fake.chunks > fake.chunks_wanted)
        return false;
    fake_forbid_secrets(bytes, "the response");
    fake.body = str_from_c(fake_format("%.*s%.*s", (int)fake.body.len, fake.body.len ? fake.body.at : "",
                                       (int)bytes.len, bytes.len ? bytes.at : ""));
    return true;
}

static void decide(int32_t index, bool retry, int32_t delay_s)
{
    REQUIRE(index >= 0 && index < fake.message_count);
    if (index < 0 || index >= fake.message_count)
        return;
    fake.fates[index].decisions++;
    fake.fates[index].retry = retry;
    fake.fates[index].delay_s = delay_s;
}

void host_message_ack(int32_t index)
{
    decide(index, false, 0);
}

// A delay is at most twelve hours: https://developers.cloudflare.com/queues/platform/limits/
void host_message_retry(int32_t index, int32_t delay_s)
{
    REQUIRE(delay_s >= 0 && delay_s <= 12 * 60 * 60);
    decide(index, true, delay_s);
}

str host_var(arena *mem, str name)
{
    REQUIRE(mem == &fake.mem && is_slice(name) && name.len);
    str value = fake_variable(name);
    return value.len ? arena_copy(mem, value) : (str){0};
}

bool host_bound(str name)
{
    REQUIRE(is_slice(name) && name.len);
    return fake_is_bound(name);
}

int64_t host_now_ms(void)
{
    return fake.now_ms;
}

void host_random(uint8_t *bytes, int32_t count)
{
    REQUIRE(bytes && count > 0);
    for (int32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(i * 17);
}

void host_log(host_level level, str text)
{
    REQUIRE(is_slice(text) && utf8_is_valid(text) && !has_control(text));
    REQUIRE(str_starts_with(text, S("[")) && str_contains(text, S("] ")));
    REQUIRE(!str_contains(text, S(PRIVATE)));
    fake_forbid_secrets(text, "a log line");
    fake_write_log(level, text);
}
