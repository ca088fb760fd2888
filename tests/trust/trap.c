// A test build's stand-ins for the mock provider and the status route (tests/trust/lib/variant.mjs). Where a profile says
// "Trap: KIND" they trap, with all that the event has read still in memory.
#include "base/buf.h"
#include "embedding/mock.h"
#include "embedding/vector.h"
#include "http/answer.h"
#include "profile/profile.h"
#include "supabase/postgrest.h"

static int overflow(int depth)
{
    volatile char frame[4096];
    frame[depth % 4096] = 1;
    return depth < 0 ? 0 : overflow(depth + 1) + frame[depth % 4096];
}

static void trap_if_asked(arena *mem, str text)
{
    if (str_contains(text, S("Trap: unreachable")))
        __builtin_trap();
    if (str_contains(text, S("Trap: overflow")) && overflow(0))
        __builtin_trap();
    if (str_contains(text, S("Trap: exhausted")))
        arena_bytes(mem, 1 << 30);
}

str mock_embed(arena *mem, str text)
{
    trap_if_asked(mem, text);
    buf vector = buf_new(mem, 2 * VECTOR_DIMENSIONS + 2);
    buf_put(&vector, S("[1"));
    for (int i = 1; i < VECTOR_DIMENSIONS; i++)
        buf_put(&vector, S(",0"));
    buf_put_char(&vector, ']');
    return buf_str(&vector);
}

void profile_embedding_status(context *ctx, const route *route)
{
    (void)route;
    buf path = buf_new(ctx->mem, 128);
    buf_puts(&path, S("/rest/v1/users?select=id,email,current_title&id=eq."), ctx->user.id);
    host_call call = postgrest_call(ctx, S("GET"), buf_str(&path), ctx->user.token);
    postgrest_answer answer = postgrest_send(ctx, &call);
    trap_if_asked(ctx->mem, answer.body);
    answer_json(ctx, 200, answer.body);
}
