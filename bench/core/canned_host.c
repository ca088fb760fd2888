// The canned port. What no case calls does nothing.
#include "canned_host.h"

static str answer;

void canned_answer(str body)
{
    answer = body;
}

static host_reply reply(void)
{
    return (host_reply){.error = HOST_OK, .status = 200, .body = answer};
}

void host_fetch(arena *mem, host_call *calls, int32_t count)
{
    (void)mem;
    for (int32_t i = 0; i < count; i++)
        calls[i].reply = reply();
}

void host_ai_run(arena *mem, host_ai_call *call)
{
    (void)mem;
    call->reply = reply();
}

host_jwt_verdict host_jwt_verify(const host_jwt *jwt)
{
    (void)jwt;
    return HOST_JWT_VALID;
}

void host_sha256(str bytes, uint8_t digest[32])
{
    (void)bytes;
    for (int i = 0; i < 32; i++)
        digest[i] = 0;
}

bool host_rate_limit(str key)
{
    (void)key;
    return true;
}

host_error host_queue_send(const str *bodies, int32_t count)
{
    (void)bodies, (void)count;
    return HOST_UNBOUND;
}

void host_sleep(int32_t ms)
{
    (void)ms;
}

void host_respond(int32_t status, str headers, str body, bool more)
{
    (void)status, (void)headers, (void)body, (void)more;
}

bool host_respond_more(str bytes)
{
    (void)bytes;
    return true;
}

void host_message_ack(int32_t index)
{
    (void)index;
}

void host_message_retry(int32_t index, int32_t delay_s)
{
    (void)index, (void)delay_s;
}

str host_var(arena *mem, str name)
{
    (void)mem, (void)name;
    return S("");
}

bool host_bound(str name)
{
    (void)name;
    return true;
}

int64_t host_now_ms(void)
{
    return 0;
}

void host_random(uint8_t *bytes, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        bytes[i] = 0;
}

void host_log(host_level level, str text)
{
    (void)level, (void)text;
}
