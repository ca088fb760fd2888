// GET /api/profile/embedding: the user's own row of resume_embedding_state, in words.
#include "embedding/vector.h"
#include "http/answer.h"
#include "profile/profile.h"
#include "profile/refusal.h"

static const resource state_resource = {.title = STR("Embedding state")};

static void put_text_or_null(buf *out, str text)
{
    if (text.len)
        buf_put_json(out, text);
    else
        buf_put(out, S("null"));
}

// A user without a row has never had a profile to embed.
static str status_of(const cJSON *state, int64_t revision, int64_t embedded_revision, bool same_model)
{
    if (!state)
        return S("empty");
    if (embedded_revision < revision || !same_model)
        return json_text(json_get(state, "error")).len ? S("failed") : S("stale");
    return json_text(json_get(state, "text_hash")).len ? S("fresh") : S("empty");
}

static void answer_state(const context *ctx, const cJSON *state)
{
    int64_t revision = 0, embedded_revision = 0;
    str tag = json_text(json_get(state, "model"));
    json_whole(json_get(state, "revision"), &revision);
    json_whole(json_get(state, "embedded_revision"), &embedded_revision);
    bool same_model = str_eq(tag, config_model_tag(&ctx->cfg, ctx->mem));
    buf body = buf_new(ctx->mem, 256);
    buf_puts(&body, S("{\"status\":\""), status_of(state, revision, embedded_revision, same_model), S("\",\"model\":"));
    put_text_or_null(&body, str_cut(tag, ';').head);
    buf_put(&body, S(",\"dimensions\":"));
    buf_put_int(&body, VECTOR_DIMENSIONS);
    buf_put(&body, S(",\"revision\":"));
    buf_put_int(&body, revision);
    buf_put(&body, S(",\"embedded_revision\":"));
    buf_put_int(&body, embedded_revision);
    buf_put(&body, S(",\"embedded_at\":"));
    put_text_or_null(&body, json_text(json_get(state, "embedded_at")));
    buf_put(&body, S(",\"error\":"));
    put_text_or_null(&body, json_text(json_get(state, "error")));
    buf_put_char(&body, '}');
    answer_json(ctx, 200, buf_str(&body));
}

void profile_embedding_status(context *ctx, const route *route)
{
    (void)route;
    buf path = buf_new(ctx->mem, 256);
    buf_puts(
        &path,
        S("/rest/v1/"
          "resume_embedding_state?select=revision,embedded_revision,model,text_hash,embedded_at,error&user_id=eq."),
        ctx->user.id);
    host_call call = postgrest_call(ctx, S("GET"), buf_str(&path), ctx->user.token);
    postgrest_answer answer = postgrest_send(ctx, &call);
    const cJSON *rows = answer.outcome == POSTGREST_OK ? json_parse(ctx->mem, answer.body, NULL) : NULL;
    if (answer.outcome == POSTGREST_OK && !cJSON_IsArray(rows))
        answer = (postgrest_answer){.outcome = POSTGREST_UNREADABLE, .why = S("the answer is not a JSON array")};
    if (answer.outcome == POSTGREST_OK)
        answer_state(ctx, rows->child);
    else
        refusal_send(ctx, &state_resource, &answer);
}
