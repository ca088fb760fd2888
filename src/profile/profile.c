// Reading and editing a user's rows, with the user's own token: row-level security decides what it may touch, and every
// filter names the owner besides.
#include "profile/profile.h"

#include "embedding/dispatch.h"
#include "http/answer.h"
#include "http/body.h"
#include "profile/refusal.h"

static const postgrest_answer unreadable = {.outcome = POSTGREST_UNREADABLE, .why = STR("the answer is not JSON")};

// "/rest/v1/TABLE?select=COLUMNS", to which filters are added.
static buf table_path(const context *ctx, const resource *of, str columns)
{
    buf path = buf_new(ctx->mem, 256);
    buf_puts(&path, S("/rest/v1/"), of->table, S("?select="), columns);
    return path;
}

static void filter_owned(const context *ctx, const resource *of, buf *path)
{
    buf_puts(path, S("&"), of->owner, S("=eq."), ctx->user.id);
    if (ctx->path_id.len) {
        buf_put(path, S("&id=eq."));
        buf_put_url(path, ctx->path_id);
    }
}

// Whether the path's id can be a row at all; answers 404 when not, without asking the database.
static bool has_possible_id(const context *ctx, const route *route)
{
    if (!ctx->path_id.len || str_is_uuid(ctx->path_id))
        return true;
    refusal_not_found(ctx, route->resource);
    return false;
}

// Sends the call; the answer's first row into *row, empty when there is none. False when it failed, *answer saying how.
static bool send_for_row(const context *ctx, host_call *call, postgrest_answer *answer, str *row)
{
    *answer = postgrest_send(ctx, call);
    if (answer->outcome == POSTGREST_OK && !postgrest_first_row(answer->body, row))
        *answer = unreadable;
    return answer->outcome == POSTGREST_OK;
}

static void answer_row(const context *ctx, const route *route, int32_t status, str row)
{
    buf body = buf_new(ctx->mem, row.len + 128);
    buf_put_char(&body, '{');
    if (route->message.len)
        buf_puts(&body, S("\"message\":\""), route->message, S("\""), row.len ? S(",") : S(""));
    if (row.len)
        buf_puts(&body, S("\""), route->resource->one, S("\":"), row);
    buf_put_char(&body, '}');
    answer_json(ctx, status, buf_str(&body));
}

void profile_list(context *ctx, const route *route)
{
    const resource *of = route->resource;
    buf path = table_path(ctx, of, of->columns);
    filter_owned(ctx, of, &path);
    buf_puts(&path, S("&order="), of->order);
    host_call call = postgrest_call(ctx, S("GET"), buf_str(&path), ctx->user.token);
    postgrest_answer answer;
    str row;
    if (!send_for_row(ctx, &call, &answer, &row)) {
        refusal_send(ctx, of, &answer);
        return;
    }
    buf body = buf_new(ctx->mem, answer.body.len + 64);
    buf_puts(&body, S("{\""), of->many, S("\":"), answer.body, S("}"));
    answer_json(ctx, 200, buf_str(&body));
}

void profile_read(context *ctx, const route *route)
{
    const resource *of = route->resource;
    if (!has_possible_id(ctx, route))
        return;
    buf path = table_path(ctx, of, of->columns);
    filter_owned(ctx, of, &path);
    host_call call = postgrest_call(ctx, S("GET"), buf_str(&path), ctx->user.token);
    postgrest_answer answer;
    str row;
    if (!send_for_row(ctx, &call, &answer, &row))
        refusal_send(ctx, of, &answer);
    else if (!row.len)
        refusal_not_found(ctx, of);
    else
        answer_row(ctx, route, 200, row);
}

// The body's accepted members; ok is false when an answer has been sent.
static schema_result read_members(const context *ctx, const resource *of, bool partial)
{
    const cJSON *body = body_read_object(ctx);
    if (!body)
        return (schema_result){0};
    schema_result result = schema_check(of->schema, body, partial, ctx->mem);
    if (!result.ok)
        answer_invalid(ctx, of->schema->what, result.details);
    return result;
}

// The user's row of `users` as the token describes it, with the given members besides.
static host_call own_row_call(const context *ctx, str members, str prefer)
{
    buf path = table_path(ctx, &profile_resource, profile_resource.columns);
    buf body = buf_new(ctx->mem, members.len + 128);
    buf_put(&path, S("&on_conflict=id"));
    buf_puts(&body, S("{\"id\":\""), ctx->user.id, S("\""));
    if (ctx->user.email.len) {
        buf_put(&body, S(",\"email\":"));
        buf_put_json(&body, ctx->user.email);
    }
    buf_puts(&body, members.len ? S(",") : S(""), members, S("}"));
    host_call call = postgrest_call(ctx, S("POST"), buf_str(&path), ctx->user.token);
    postgrest_body(ctx, &call, buf_str(&body), prefer);
    return call;
}

// Answers an edit, logs it, and goes on with the embedding when the text may have changed.
static void finish_edit(context *ctx, const route *route, int32_t status, str row, bool feeds_text)
{
    answer_row(ctx, route, status, row);
    context_logs(ctx, HOST_INFO, S("Profile"), route->message, S(" for user "), ctx->user.id);
    if (feeds_text)
        embedding_dispatch(ctx, ctx->user.id);
}

void profile_create(context *ctx, const route *route)
{
    const resource *of = route->resource;
    schema_result given = read_members(ctx, of, false);
    if (!given.ok)
        return;
    buf path = table_path(ctx, of, of->columns);
    buf body = buf_new(ctx->mem, given.members.len + 64);
    buf_puts(&body, S("{\""), of->owner, S("\":\""), ctx->user.id, S("\","), given.members, S("}"));
    host_call call = postgrest_call(ctx, S("POST"), buf_str(&path), ctx->user.token);
    postgrest_body(ctx, &call, buf_str(&body), S("return=representation"));
    postgrest_answer answer;
    str row;
    bool created = send_for_row(ctx, &call, &answer, &row);
    if (!created && answer.outcome == POSTGREST_FOREIGN_KEY) {
        host_call owner = own_row_call(ctx, S(""), S("resolution=ignore-duplicates,return=minimal"));
        answer = postgrest_send(ctx, &owner);
        created = answer.outcome == POSTGREST_OK && send_for_row(ctx, &call, &answer, &row);
    }
    if (created && !row.len) {
        answer = unreadable;
        created = false;
    }
    if (created)
        finish_edit(ctx, route, 201, row, given.feeds_text);
    else
        refusal_send(ctx, of, &answer);
}

void profile_edit(context *ctx, const route *route)
{
    const resource *of = route->resource;
    if (!has_possible_id(ctx, route))
        return;
    schema_result given = read_members(ctx, of, true);
    if (!given.ok)
        return;
    buf path = table_path(ctx, of, of->columns);
    filter_owned(ctx, of, &path);
    buf body = buf_new(ctx->mem, given.members.len + 2);
    buf_puts(&body, S("{"), given.members, S("}"));
    host_call call = postgrest_call(ctx, S("PATCH"), buf_str(&path), ctx->user.token);
    postgrest_body(ctx, &call, buf_str(&body), S("return=representation"));
    postgrest_answer answer;
    str row;
    bool sent = send_for_row(ctx, &call, &answer, &row);
    if (sent && !row.len && of == &profile_resource) {
        call = own_row_call(ctx, given.members, S("resolution=merge-duplicates,return=representation"));
        sent = send_for_row(ctx, &call, &answer, &row);
    }
    if (!sent)
        refusal_send(ctx, of, &answer);
    else if (!row.len)
        refusal_not_found(ctx, of);
    else
        finish_edit(ctx, route, 200, row, given.feeds_text);
}

void profile_delete(context *ctx, const route *route)
{
    const resource *of = route->resource;
    if (!has_possible_id(ctx, route))
        return;
    buf path = table_path(ctx, of, S("id"));
    filter_owned(ctx, of, &path);
    host_call call = postgrest_call(ctx, S("DELETE"), buf_str(&path), ctx->user.token);
    postgrest_body(ctx, &call, S(""), S("return=representation"));
    postgrest_answer answer;
    str row;
    if (!send_for_row(ctx, &call, &answer, &row))
        refusal_send(ctx, of, &answer);
    else if (!row.len)
        refusal_not_found(ctx, of);
    else
        finish_edit(ctx, route, 200, (str){0}, true);
}
