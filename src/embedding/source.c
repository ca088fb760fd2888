// Reading profiles: the orders are fixed, or the text's hash would change for nothing.
#include "embedding/source.h"

#include "base/buf.h"
#include "embedding/retry.h"

enum {
    TIMEOUT_MS = 5 * 1000,
    PAGE_ROWS = 1000, // PostgREST's db-max-rows on Supabase: as many rows may mean that there are more
    // As a tree, the smallest rows take eleven times as much, and an instance has 64 MB. More is read in halves.
    MAX_REPLY = 4 * 1024 * 1024,
};

#define USER_COLUMNS                                                                                                   \
    "id,current_title,professional_summary,"                                                                           \
    "resume_embedding_state(revision,embedded_revision,model,text_hash,attempts)"
#define EXPERIENCE_COLUMNS "position,company,description"
#define SKILL_COLUMNS "name"
#define EXPERIENCE_ORDER "order=start_date.desc.nullslast,id"
#define SKILL_ORDER "order=name,id"

static void put_ids(buf *path, const str *ids, int32_t count)
{
    buf_put(path, S("in.("));
    for (int32_t i = 0; i < count; i++)
        buf_puts(path, i ? S(",") : S(""), ids[i]);
    buf_put(path, S(")"));
}

static host_call read_call(const context *ctx, str query, str id_column, const str *ids, int32_t count)
{
    buf path = buf_new(ctx->mem, 512 + 40 * (ptrdiff_t)count);
    buf_puts(&path, S("/rest/v1/"), query, S("&"), id_column, S("="));
    put_ids(&path, ids, count);
    host_call call = postgrest_service_call(ctx, S("GET"), buf_str(&path));
    call.timeout_ms = TIMEOUT_MS;
    call.max_reply = MAX_REPLY;
    return call;
}

// The answer's rows, or NULL with the answer's outcome saying why.
static const cJSON *rows_of(const context *ctx, postgrest_answer *answer)
{
    if (answer->outcome != POSTGREST_OK)
        return NULL;
    const cJSON *rows = json_parse(ctx->mem, answer->body, NULL);
    if (cJSON_IsArray(rows))
        return rows;
    answer->outcome = POSTGREST_UNREADABLE;
    answer->why = S("the answer is not a JSON array");
    return NULL;
}

// A to-one relation is an object; implementations that take it for to-many give an array of one.
static const cJSON *to_one(const cJSON *relation)
{
    return cJSON_IsArray(relation) ? relation->child : relation;
}

static source_user read_user(const cJSON *row)
{
    const cJSON *state = to_one(json_get(row, "resume_embedding_state"));
    source_user user = {
        .text = {row, json_get(row, "work_experience"), json_get(row, "skills")},
        .model = json_text(json_get(state, "model")),
        .text_hash = json_text(json_get(state, "text_hash")),
    };
    json_whole(json_get(state, "revision"), &user.revision);
    json_whole(json_get(state, "embedded_revision"), &user.embedded_revision);
    json_whole(json_get(state, "attempts"), &user.attempts);
    return user;
}

static source_read read_rows(const context *ctx, postgrest_answer answer)
{
    source_read read = {.answer = answer};
    const cJSON *rows = rows_of(ctx, &read.answer);
    read.users = arena_new(ctx->mem, source_user, cJSON_GetArraySize(rows));
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        read.users[read.count++] = read_user(row);
    }
    return read;
}

// The rows of one part read by itself; NULL, having logged it, when it cannot be read whole: *full, because there are
// more.
static const cJSON *part_rows(const context *ctx, str table, const host_reply *reply, bool *full)
{
    postgrest_answer answer = postgrest_read(ctx, reply);
    const cJSON *rows = rows_of(ctx, &answer);
    if (rows && cJSON_GetArraySize(rows) < PAGE_ROWS)
        return rows;
    *full = *full || rows;
    context_logs(ctx, HOST_WARN, S("Embeddings"), S("Cannot read "), table, S(": "),
                 rows ? S("more rows than one answer holds") : answer.why);
    return NULL;
}

static source_read read_parts(const context *ctx, const str *ids, int32_t count)
{
    host_call users = read_call(ctx, S("users?select=" USER_COLUMNS), S("id"), ids, count);
    source_read read = read_rows(ctx, retry_postgrest(ctx, S("the read"), &users));
    if (read.answer.outcome != POSTGREST_OK)
        return read;
    host_call parts[] = {
        read_call(ctx, S("work_experience?select=user_id," EXPERIENCE_COLUMNS "&" EXPERIENCE_ORDER), S("user_id"), ids,
                  count),
        read_call(ctx, S("skills?select=user_id," SKILL_COLUMNS "&" SKILL_ORDER), S("user_id"), ids, count),
    };
    context_spend(ctx, 2);
    host_fetch(ctx->mem, parts, 2);
    bool full = false;
    const cJSON *experiences = part_rows(ctx, S("work_experience"), &parts[0].reply, &full);
    const cJSON *skills = part_rows(ctx, S("skills"), &parts[1].reply, &full);
    // Fewer users have fewer rows.
    if (full && count > 1)
        return (source_read){.answer = {.outcome = POSTGREST_TOO_LARGE, .why = S("more rows than one answer holds")}};
    for (int32_t i = 0; i < read.count; i++) {
        read.users[i].text.experiences = experiences;
        read.users[i].text.skills = skills;
        read.users[i].partial = !experiences || !skills;
    }
    return read;
}

static bool is_refusal(postgrest_outcome outcome)
{
    return outcome == POSTGREST_NO_RELATION || outcome == POSTGREST_FORBIDDEN || outcome == POSTGREST_REFUSED ||
           outcome == POSTGREST_BAD_VALUE;
}

source_read source_read_users(const context *ctx, const str *ids, int32_t count)
{
    host_call call =
        read_call(ctx,
                  S("users?select=" USER_COLUMNS ",work_experience(" EXPERIENCE_COLUMNS "),skills(" SKILL_COLUMNS
                    ")&work_experience." EXPERIENCE_ORDER "&skills." SKILL_ORDER),
                  S("id"), ids, count);
    postgrest_answer answer = retry_postgrest(ctx, S("the read"), &call);
    if (is_refusal(answer.outcome)) {
        context_logs(ctx, HOST_WARN, S("Embeddings"), S("Reading the profile in parts: "), answer.why);
        return read_parts(ctx, ids, count);
    }
    return read_rows(ctx, answer);
}

const source_user *source_find(const source_read *read, str id)
{
    for (int32_t i = 0; i < read->count; i++) {
        if (str_eq_nocase(json_text(json_get(read->users[i].text.user, "id")), id))
            return &read->users[i];
    }
    return NULL;
}
