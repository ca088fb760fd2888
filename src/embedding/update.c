// The update of up to a hundred users, step by step. A step that fails concludes its users' items; the rest goes on.
#include "embedding/update.h"

#include "base/buf.h"
#include "embedding/provider.h"
#include "embedding/retry.h"
#include "embedding/source.h"
#include "embedding/store.h"
#include "embedding/vector.h"

// What the steps know about one user who has something to store.
typedef struct job {
    update_item *item;
    const source_user *user;
    store_item store;
    str text;
    bool failed; // to be recorded
} job;

typedef struct run {
    const context *ctx;
    str tag;
    bool force;
    job *jobs;
    int32_t job_count;
    provider_item *texts; // one per job that needs a vector, and which job that is
    int32_t *text_jobs;
    int32_t text_count;
} run;

static void conclude(update_item *item, update_outcome outcome, str reason)
{
    item->outcome = outcome;
    item->reason = reason;
}

static void delay(update_item *item, str reason, int64_t retry_after_ms)
{
    conclude(item, UPDATE_DELAYED, reason);
    item->retry_after_ms = retry_after_ms;
}

static str hash_text(const run *r, str text)
{
    uint8_t digest[32];
    buf hex = buf_new(r->ctx->mem, 64);
    host_sha256(text, digest);
    buf_put_hex(&hex, digest, sizeof digest);
    return buf_str(&hex);
}

// A vector of an incomplete text is stored under the revision before and a tag of its own: it serves, and stays stale.
static void mark_partial(const run *r, store_item *store)
{
    buf tag = buf_new(r->ctx->mem, r->tag.len + 16);
    buf_puts(&tag, r->tag, S(";partial"));
    store->model = buf_str(&tag);
    store->revision--;
}

// Decides what has to be done for one user; adds a job unless nothing has.
static void plan(run *r, update_item *item, const source_user *user)
{
    bool same_tag = user && str_eq(user->model, r->tag);
    if (!user) {
        conclude(item, UPDATE_MISSING, S("no such user"));
        return;
    }
    if (user->revision == 0) {
        delay(item, S("the embedding migration has not been applied to this user"), -1);
        return;
    }
    if (!r->force && same_tag && user->embedded_revision >= user->revision) {
        conclude(item, UPDATE_UNCHANGED, S("unchanged"));
        return;
    }
    str text = text_assemble(r->ctx->mem, &user->text);
    job *j = &r->jobs[r->job_count++];
    *j = (job){
        .item = item,
        .user = user,
        .text = text,
        .store = {.user_id = item->user_id, .revision = user->revision, .model = r->tag},
    };
    if (user->partial && !text.len) {
        // What could be read says nothing, which is no reason to clear the vector of what could not.
        r->job_count--;
        delay(item, S("a part of the profile cannot be read"), -1);
        return;
    }
    if (user->partial)
        mark_partial(r, &j->store);
    if (!text.len) {
        j->store.action = STORE_CLEAR;
        return;
    }
    j->store.text_hash = hash_text(r, text);
    if (!r->force && str_eq(user->model, j->store.model) && str_eq(user->text_hash, j->store.text_hash)) {
        j->store.action = STORE_KEEP;
        return;
    }
    r->text_jobs[r->text_count] = r->job_count - 1;
    r->texts[r->text_count++].text = text;
}

static void fail_job(job *j, str reason)
{
    conclude(j->item, UPDATE_FAILED, reason);
    j->failed = true;
}

static str vector_fault(const run *r, str fault)
{
    buf reason = buf_new(r->ctx->mem, 96);
    buf_puts(&reason, S("the embedding model gave a malformed vector: "), fault);
    return buf_str(&reason);
}

static void log_generated(const run *r, int32_t count)
{
    buf line = buf_new(r->ctx->mem, 64);
    buf_put(&line, S("[Embeddings] Generated "));
    if (count == 1)
        buf_put(&line, S("embedding with "));
    else {
        buf_put_int(&line, count);
        buf_put(&line, S(" embeddings with "));
    }
    buf_put_int(&line, VECTOR_DIMENSIONS);
    buf_put(&line, S(" dimensions"));
    host_log(HOST_INFO, buf_str(&line));
}

static void take_vectors(run *r, int32_t from, int32_t to)
{
    int32_t good = 0;
    for (int32_t i = from; i < to; i++) {
        job *j = &r->jobs[r->text_jobs[i]];
        j->store.vector = r->texts[i].vector;
        if (r->texts[i].vector.len)
            good++;
        else
            fail_job(j, vector_fault(r, r->texts[i].fault));
    }
    if (good)
        log_generated(r, good);
}

// Embeds the texts from `from` up to `to`. Texts that the model refuses are split in halves until the refused ones
// stand alone; an outage leaves all of them for later, and the following ones too. False after an outage.
static bool embed_range(run *r, int32_t from, int32_t to)
{
    if (from >= to)
        return true;
    provider_answer answer = provider_embed(r->ctx, r->texts + from, to - from);
    if (answer.outcome == PROVIDER_OK) {
        take_vectors(r, from, to);
        return true;
    }
    if (answer.outcome == PROVIDER_CONTENT && to - from == 1) {
        fail_job(&r->jobs[r->text_jobs[from]], answer.why);
        return true;
    }
    if (answer.outcome == PROVIDER_CONTENT && context_time_left(r->ctx) > 0) {
        int32_t middle = from + (to - from) / 2;
        return embed_range(r, from, middle) && embed_range(r, middle, to);
    }
    for (int32_t i = from; i < r->text_count; i++)
        delay(r->jobs[r->text_jobs[i]].item, answer.why, answer.retry_after_ms);
    return false;
}

static str database_fault(const run *r, str what, str why)
{
    buf reason = buf_new(r->ctx->mem, 96);
    buf_puts(&reason, S("the database could not "), what, S(" ("), why, S(")"));
    return buf_str(&reason);
}

static void conclude_stored(job *j)
{
    switch (j->store.outcome) {
    case STORE_STORED:
        conclude(j->item,
                 j->store.action == STORE_KEEP    ? UPDATE_UNCHANGED
                 : j->store.action == STORE_CLEAR ? UPDATE_EMPTY
                                                  : UPDATE_STORED,
                 j->store.action == STORE_KEEP    ? S("unchanged")
                 : j->store.action == STORE_CLEAR ? S("empty")
                                                  : S(""));
        break;
    case STORE_SUPERSEDED:
        // Another vector has been stored since the text was found unchanged: update_run looks again.
        if (j->store.action == STORE_KEEP)
            delay(j->item, S("another text was stored meanwhile"), -1);
        else
            conclude(j->item, UPDATE_SUPERSEDED, S("superseded"));
        j->item->again = j->store.action == STORE_KEEP;
        break;
    case STORE_MISSING: conclude(j->item, UPDATE_MISSING, S("no such user")); break;
    case STORE_UNKNOWN: delay(j->item, S("the database did not say what became of the vector"), -1); break;
    }
}

// Stores the jobs that `index` names, from `from` up to `to`. Values that the database refuses are split like texts.
static void store_range(run *r, const int32_t *index, int32_t from, int32_t to)
{
    int32_t count = to - from;
    if (count <= 0)
        return;
    store_item *items = arena_new(r->ctx->mem, store_item, count);
    for (int32_t i = 0; i < count; i++)
        items[i] = r->jobs[index[from + i]].store;
    postgrest_answer answer = store_items(r->ctx, items, count, r->force);
    bool content = answer.outcome == POSTGREST_BAD_VALUE || answer.outcome == POSTGREST_CHECK;
    if (content && count > 1) {
        int32_t middle = from + count / 2;
        store_range(r, index, from, middle);
        store_range(r, index, middle, to);
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        job *j = &r->jobs[index[from + i]];
        j->store.outcome = items[i].outcome;
        if (answer.outcome == POSTGREST_OK)
            conclude_stored(j);
        else if (content)
            fail_job(j, database_fault(r, S("take the vector"), answer.why));
        else
            delay(j->item, database_fault(r, S("store the vector"), answer.why), answer.retry_after_ms);
    }
}

static void store_all(run *r)
{
    int32_t *index = arena_new(r->ctx->mem, int32_t, r->job_count);
    int32_t count = 0;
    for (int32_t i = 0; i < r->job_count; i++) {
        if (r->jobs[i].item->outcome == UPDATE_PENDING)
            index[count++] = i;
    }
    store_range(r, index, 0, count);
}

static void record_failures(run *r)
{
    store_failure *failures = arena_new(r->ctx->mem, store_failure, r->job_count);
    int32_t count = 0;
    for (int32_t i = 0; i < r->job_count; i++) {
        const job *j = &r->jobs[i];
        if (j->failed)
            failures[count++] = (store_failure){
                .user_id = j->item->user_id,
                .error = j->item->reason,
                .model = r->tag,
                .revision = j->user->revision,
                .retry_after_s = retry_backoff_s(j->user->attempts),
            };
    }
    if (!count)
        return;
    postgrest_answer answer = store_failures(r->ctx, failures, count);
    if (answer.outcome != POSTGREST_OK)
        context_logs(r->ctx, HOST_ERROR, S("Embeddings"), S("Cannot record failures: "), answer.why);
}

_Static_assert((int)UPDATE_MAX_USERS <= (int)PROVIDER_MAX_TEXTS, "an update is one AI call");

static void log_start(const update_item *items, int32_t count, arena *mem)
{
    buf line = buf_new(mem, 128);
    buf_put(&line, S("[Embeddings] Starting resume embedding update for "));
    if (count == 1) {
        buf_puts(&line, S("user "), items[0].user_id);
    } else {
        buf_put_int(&line, count);
        buf_put(&line, S(" users"));
    }
    host_log(HOST_INFO, buf_str(&line));
}

static void log_outcome(const context *ctx, const update_item *item, int64_t started_ms)
{
    buf line = buf_new(ctx->mem, 128);
    switch (item->outcome) {
    case UPDATE_STORED:
        buf_puts(&line, S("[Embeddings] Successfully updated resume embedding for user "), item->user_id, S(" in "));
        buf_put_int(&line, host_now_ms() - started_ms);
        buf_put(&line, S("ms"));
        host_log(HOST_INFO, buf_str(&line));
        break;
    case UPDATE_FAILED:
    case UPDATE_DELAYED:
        buf_puts(&line, S("[Embeddings] Failed to update user embedding for "), item->user_id, S(": "), item->reason);
        host_log(HOST_ERROR, buf_str(&line));
        break;
    default: context_logs(ctx, HOST_INFO, S("Embeddings"), S("Skipped user "), item->user_id, S(": "), item->reason);
    }
}

enum { REASON_ROOM = 160 }; // the longest reason has about 100

// Updates some of the users and gives the memory back, all but the reasons, which go to `reasons`.
static void run_part(const context *ctx, update_item *items, int32_t count, bool force, char *reasons)
{
    char *mark = arena_mark(ctx->mem);
    update_run(ctx, items, count, force);
    for (int32_t i = 0; i < count; i++, reasons += REASON_ROOM) {
        str reason = str_slice(items[i].reason, 0, REASON_ROOM);
        for (ptrdiff_t at = 0; at < reason.len; at++)
            reasons[at] = reason.at[at];
        items[i].reason = (str){reasons, reason.len};
    }
    arena_rewind(ctx->mem, mark);
}

// An answer too large for one read: each half by itself, down to single users.
static bool halve(const context *ctx, update_item *items, int32_t count, bool force, postgrest_outcome outcome)
{
    if (outcome != POSTGREST_TOO_LARGE || count == 1)
        return false;
    int32_t half = count / 2;
    char *reasons = arena_bytes(ctx->mem, (ptrdiff_t)count * REASON_ROOM);
    run_part(ctx, items, half, force, reasons);
    run_part(ctx, items + half, count - half, force, reasons + (ptrdiff_t)half * REASON_ROOM);
    return true;
}

static void run_once(const context *ctx, update_item *items, int32_t count, bool force)
{
    int64_t started_ms = host_now_ms();
    run r = {
        .ctx = ctx,
        .tag = config_model_tag(&ctx->cfg, ctx->mem),
        .force = force,
        .jobs = arena_new(ctx->mem, job, count),
        .texts = arena_new(ctx->mem, provider_item, count),
        .text_jobs = arena_new(ctx->mem, int32_t, count),
    };
    str *ids = arena_new(ctx->mem, str, count);
    for (int32_t i = 0; i < count; i++)
        ids[i] = items[i].user_id;
    log_start(items, count, ctx->mem);
    source_read read = source_read_users(ctx, ids, count);
    if (halve(ctx, items, count, force, read.answer.outcome))
        return;
    for (int32_t i = 0; i < count; i++) {
        if (read.answer.outcome == POSTGREST_TOO_LARGE)
            conclude(&items[i], UPDATE_FAILED, S("the profile is too large to be read"));
        else if (read.answer.outcome == POSTGREST_OK)
            plan(&r, &items[i], source_find(&read, items[i].user_id));
        else
            delay(&items[i], database_fault(&r, S("read the profile"), read.answer.why), read.answer.retry_after_ms);
    }
    embed_range(&r, 0, r.text_count);
    store_all(&r);
    record_failures(&r);
    for (int32_t i = 0; i < count; i++) {
        if (!items[i].again)
            log_outcome(ctx, &items[i], started_ms);
    }
}

void update_run(const context *ctx, update_item *items, int32_t count, bool force)
{
    run_once(ctx, items, count, force);
    for (int32_t i = 0; i < count; i++) {
        if (!items[i].again)
            continue;
        items[i] = (update_item){.user_id = items[i].user_id};
        run_once(ctx, &items[i], 1, force);
        if (items[i].again)
            log_outcome(ctx, &items[i], host_now_ms());
        items[i].again = false;
    }
}
