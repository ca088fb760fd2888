// From PostgREST's outcome to the API's error.
#include "profile/refusal.h"

#include "http/answer.h"

static void send_violated_check(const context *ctx, const resource *of, str database_text)
{
    const resource_constraint *rule = of->constraints;
    while (rule->constraint.len && !str_contains(database_text, rule->constraint))
        rule++;
    buf details = buf_new(ctx->mem, 128);
    schema_put_detail(&details, S("custom"), rule->path,
                      rule->message.len ? rule->message : S("The stored values and these do not go together"));
    answer_invalid(ctx, of->schema->what, buf_str(&details));
}

static void send_unavailable(const context *ctx, const postgrest_answer *answer)
{
    buf headers = buf_new(ctx->mem, 32);
    if (answer->retry_after_ms >= 0) {
        buf_put(&headers, S("retry-after: "));
        buf_put_int(&headers, (answer->retry_after_ms + 999) / 1000);
        buf_put_char(&headers, '\n');
    }
    answer_error_send(ctx, ERROR_UPSTREAM_UNAVAILABLE, S(""), buf_str(&headers));
}

// Whether the request brought values that the database can object to.
static bool sends_values(const context *ctx)
{
    return !str_eq(ctx->method, S("GET")) && !str_eq(ctx->method, S("DELETE"));
}

void refusal_send(const context *ctx, const resource *of, const postgrest_answer *answer)
{
    postgrest_outcome outcome = answer->outcome;
    bool about_values = outcome == POSTGREST_UNIQUE || outcome == POSTGREST_CHECK || outcome == POSTGREST_BAD_VALUE;
    if (about_values && !sends_values(ctx))
        outcome = POSTGREST_REFUSED;
    context_logs(ctx, HOST_WARN, S("Profile"), of->title, S(" of user "), ctx->user.id, S(": "), answer->why);
    switch (outcome) {
    case POSTGREST_UNIQUE: answer_error_send(ctx, ERROR_CONFLICT, of->conflict, S("")); break;
    case POSTGREST_CHECK:
    case POSTGREST_BAD_VALUE: send_violated_check(ctx, of, answer->constraint_text); break;
    case POSTGREST_FOREIGN_KEY: // the account is gone, its token not yet expired
    case POSTGREST_UNAUTHORIZED:
        answer_error_send(ctx, ERROR_INVALID_TOKEN, S(""), S("www-authenticate: Bearer\n"));
        break;
    case POSTGREST_UNAVAILABLE: send_unavailable(ctx, answer); break;
    case POSTGREST_TIMEOUT: answer_error_send(ctx, ERROR_UPSTREAM_TIMEOUT, S(""), S("")); break;
    default: answer_error_send(ctx, ERROR_UPSTREAM_BAD, S(""), S("")); break;
    }
}

void refusal_not_found(const context *ctx, const resource *of)
{
    buf message = buf_new(ctx->mem, 64);
    buf_puts(&message, of->title, S(" not found"));
    answer_error_send(ctx, ERROR_NOT_FOUND, buf_str(&message), S(""));
}
