// The cases and their inputs. A result that is not the expected one traps: a case that fails fast would look fast.
#include "cases.h"

#include "canned_host.h"

#include "base/buf.h"
#include "embedding/provider.h"
#include "embedding/source.h"
#include "embedding/store.h"
#include "embedding/text.h"
#include "embedding/vector.h"
#include "profile/resource.h"

enum { INPUT_BYTES = 16 << 20, WORK_BYTES = 32 << 20, BATCH = 100, EXPERIENCES = 30, SKILLS = 60 };

#define USER_ID "00000000-0000-4000-8000-000000000001"
#define SENTENCE "Led the team that moved the order system to events, cut the cost of a checkout and kept it up. "
#define PARAGRAPH SENTENCE SENTENCE SENTENCE SENTENCE SENTENCE SENTENCE

static char input_memory[INPUT_BYTES], work_memory[WORK_BYTES];
static arena inputs = {input_memory, input_memory, input_memory + INPUT_BYTES, NULL};

static context base;
static str edit, read_answer, ai_answer, vector, text_hash;
static source_user long_profile;

static void expect(bool holds)
{
    if (!holds)
        __builtin_trap();
}

// 768 numbers as Workers AI prints them: about twenty characters each.
static str build_vector(void)
{
    buf out = buf_new(&inputs, VECTOR_DIMENSIONS * 24);
    uint64_t state = 1;
    for (int i = 0; i < VECTOR_DIMENSIONS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        buf_put(&out, i ? S(",") : S("["));
        buf_put(&out, state >> 63 ? S("-0.0") : S("0.0"));
        buf_put_int(&out, (int64_t)(1000000000000000 + (state >> 14) % 9000000000000000));
    }
    buf_put_char(&out, ']');
    return buf_str(&out);
}

static str build_ai_answer(void)
{
    buf out = buf_new(&inputs, BATCH * (vector.len + 1) + 64);
    buf_put(&out, S("{\"shape\":[100,768],\"data\":["));
    for (int i = 0; i < BATCH; i++)
        buf_puts(&out, i ? S(",") : S(""), vector);
    buf_put(&out, S("],\"pooling\":\"mean\"}"));
    return buf_str(&out);
}

static str build_read_answer(void)
{
    buf out = buf_new(&inputs, 64 << 10);
    buf_put(&out, S("[{\"id\":\"" USER_ID "\",\"current_title\":\"Principal Software Engineer\","
                    "\"professional_summary\":\"" PARAGRAPH "\",\"resume_embedding_state\":{\"revision\":2,"
                    "\"embedded_revision\":1,\"model\":null,\"text_hash\":null,\"attempts\":0},\"work_experience\":["));
    for (int i = 0; i < EXPERIENCES; i++)
        buf_puts(&out, i ? S(",") : S(""),
                 S("{\"position\":\"Engineer\",\"company\":\"Northwind Traders\",\"description\":\"" PARAGRAPH "\"}"));
    buf_put(&out, S("],\"skills\":["));
    for (int i = 0; i < SKILLS; i++)
        buf_puts(&out, i ? S(",") : S(""), S("{\"name\":\"Distributed systems\"}"));
    buf_put(&out, S("]}]"));
    return buf_str(&out);
}

static context context_in(arena *mem)
{
    context ctx = base;
    ctx.mem = mem;
    return ctx;
}

static void run_edit(arena *mem)
{
    context ctx = context_in(mem);
    schema_result result = schema_check(profile_resource.schema, json_parse(mem, edit, NULL), true, mem);
    expect(result.ok);
    buf body = buf_new(mem, result.members.len + 2);
    buf_puts(&body, S("{"), result.members, S("}"));
    host_call call = postgrest_call(&ctx, S("PATCH"), S("/rest/v1/users?id=eq." USER_ID), S("token"));
    postgrest_body(&ctx, &call, buf_str(&body), S("return=representation"));
    expect(call.body.len > 600);
}

static void run_read(arena *mem)
{
    context ctx = context_in(mem);
    canned_answer(read_answer);
    str id = S(USER_ID);
    expect(source_read_users(&ctx, &id, 1).count == 1);
}

static void run_text(arena *mem)
{
    expect(text_assemble(mem, &long_profile.text).len == TEXT_MAX_CHARACTERS);
}

static void run_check(arena *mem)
{
    context ctx = context_in(mem);
    canned_answer(ai_answer);
    provider_item *items = arena_new(mem, provider_item, BATCH);
    for (int i = 0; i < BATCH; i++)
        items[i].text = S("Engineer");
    expect(provider_embed(&ctx, items, BATCH).outcome == PROVIDER_OK && items[BATCH - 1].vector.len == vector.len);
}

static void run_store(arena *mem)
{
    context ctx = context_in(mem);
    canned_answer(S("[]"));
    store_item *items = arena_new(mem, store_item, BATCH);
    for (int i = 0; i < BATCH; i++)
        items[i] = (store_item){
            .user_id = S(USER_ID),
            .revision = 2,
            .action = STORE_VECTOR,
            .vector = vector,
            .text_hash = text_hash,
            .model = S("@cf/baai/bge-base-en-v1.5;pooling=mean;text=1"),
        };
    expect(store_items(&ctx, items, BATCH, false).outcome == POSTGREST_OK);
}

static const struct {
    const char *name;
    void (*run)(arena *mem);
} cases[] = {
    {"request body to PATCH call", run_edit},    {"read of a long profile", run_read},
    {"resume text of a long profile", run_text}, {"check of a 100-vector AI answer", run_check},
    {"store call for 100 vectors", run_store},
};

void bench_prepare(void)
{
    base.cfg = (config){
        .supabase_url = S("http://127.0.0.1:54321"),
        .anon_key = S("anon"),
        .service_key = S("service"),
        .provider = PROVIDER_WORKERS_AI,
        .provider_name = S("workers-ai"),
        .model = S("@cf/baai/bge-base-en-v1.5"),
        .pooling = S("mean"),
    };
    base.mem = &inputs;
    base.deadline_ms = 60 * 1000;
    edit = S("{\"first_name\":\"Ada\",\"last_name\":\"Example\",\"location\":\"Lisbon, Portugal\","
             "\"linkedin_url\":\"https://www.linkedin.com/in/ada-example\","
             "\"current_title\":\"Principal Software Engineer\",\"professional_summary\":\"" PARAGRAPH "\"}");
    text_hash = S("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    vector = build_vector();
    ai_answer = build_ai_answer();
    read_answer = build_read_answer();
    canned_answer(read_answer);
    str id = S(USER_ID);
    source_read read = source_read_users(&base, &id, 1);
    expect(read.count == 1);
    long_profile = read.users[0];
}

int32_t bench_count(void)
{
    return (int32_t)(sizeof cases / sizeof *cases);
}

const char *bench_name(int32_t index)
{
    return cases[index].name;
}

void bench_repeat(int32_t index, int32_t times)
{
    arena work = {work_memory, work_memory, work_memory + WORK_BYTES, NULL};
    for (int32_t i = 0; i < times; i++) {
        cases[index].run(&work);
        arena_rewind(&work, work.begin);
    }
}

int32_t bench_bytes(int32_t index)
{
    arena work = {work_memory, work_memory, work_memory + WORK_BYTES, NULL};
    cases[index].run(&work);
    int32_t used = (int32_t)(work.at - work.begin);
    arena_rewind(&work, work.begin);
    return used;
}
