// The one exit of every answer: security headers, CORS, request id, error shapes.
#include "http/answer.h"

#include "base/buf.h"
#include "http/cors.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define INTERNAL_ERROR_MESSAGE "Something went wrong here"

static const answer_error_text errors[ANSWER_ERROR_COUNT] = {
    [ERROR_MISSING_AUTH_HEADER] = {STR("MISSING_AUTH_HEADER"), 401, STR("The Authorization header is missing")},
    [ERROR_INVALID_AUTH_FORMAT] = {STR("INVALID_AUTH_FORMAT"), 401,
                                   STR("The Authorization header must read: Bearer <token>")},
    [ERROR_TOKEN_EXPIRED] = {STR("TOKEN_EXPIRED"), 401, STR("The token has expired")},
    [ERROR_INVALID_TOKEN] = {STR("INVALID_TOKEN"), 401, STR("The token is not valid")},
    [ERROR_RATE_LIMIT_EXCEEDED] = {STR("RATE_LIMIT_EXCEEDED"), 429, STR("Too many requests; try again in a minute")},
    [ERROR_NOT_FOUND] = {STR("NOT_FOUND"), 404, STR("There is nothing here")},
    [ERROR_METHOD_NOT_ALLOWED] = {STR("METHOD_NOT_ALLOWED"), 405, STR("This path does not take that method")},
    [ERROR_CONFLICT] = {STR("CONFLICT"), 409, STR("It exists already")},
    [ERROR_PAYLOAD_TOO_LARGE] = {STR("PAYLOAD_TOO_LARGE"), 413, STR("The body is larger than 64 KiB")},
    [ERROR_UNSUPPORTED_MEDIA_TYPE] = {STR("UNSUPPORTED_MEDIA_TYPE"), 415,
                                      STR("The Content-Type must be application/json")},
    [ERROR_INVALID_JSON] = {STR("INVALID_JSON"), 400, STR("The body is not valid JSON")},
    [ERROR_UPSTREAM_BAD] = {STR("UPSTREAM_ERROR"), 502, STR("The database gave an answer that could not be used")},
    [ERROR_UPSTREAM_UNAVAILABLE] = {STR("UPSTREAM_ERROR"), 503, STR("The database is not available; try again later")},
    [ERROR_UPSTREAM_TIMEOUT] = {STR("UPSTREAM_ERROR"), 504,
                                STR("The database took too long to answer; try again later")},
    [ERROR_INTERNAL] = {STR("INTERNAL_ERROR"), 500, STR(INTERNAL_ERROR_MESSAGE)},
};

const answer_error_text *answer_describe(answer_error error)
{
    return &errors[error];
}

#define SECURITY_HEADERS                                                                                               \
    "x-content-type-options: nosniff\n"                                                                                \
    "cache-control: no-store\n"                                                                                        \
    "strict-transport-security: max-age=31536000\n"

const answer_parts answer_failure = {
    .headers = STR("content-type: " JSON_TYPE "\n" SECURITY_HEADERS),
    .body = STR("{\"code\":\"INTERNAL_ERROR\",\"message\":\"" INTERNAL_ERROR_MESSAGE "\",\"statusCode\":500}"),
};

static void send(const context *ctx, int32_t status, str content_type, str body, str more_headers, bool open)
{
    buf headers = buf_new(ctx->mem, 320);
    if (content_type.len)
        buf_puts(&headers, S("content-type: "), content_type, S("\n"));
    buf_puts(&headers, S(SECURITY_HEADERS "x-request-id: "), ctx->request_id, S("\n"), more_headers);
    cors_put_headers(&headers, ctx);
    host_respond(status, buf_str(&headers), ctx->head ? S("") : body, open);
}

static const str json_type = STR(JSON_TYPE);

void answer_json(const context *ctx, int32_t status, str body)
{
    send(ctx, status, json_type, body, S(""), false);
}

void answer_error_send(const context *ctx, answer_error error, str message, str headers)
{
    const answer_error_text *text = answer_describe(error);
    buf body = buf_new(ctx->mem, 128);
    buf_puts(&body, S("{\"code\":\""), text->code, S("\",\"message\":"));
    buf_put_json(&body, message.len ? message : text->message);
    buf_put(&body, S(",\"statusCode\":"));
    buf_put_int(&body, text->status);
    buf_put_char(&body, '}');
    send(ctx, text->status, json_type, buf_str(&body), headers, false);
}

void answer_invalid(const context *ctx, str what, str details)
{
    buf body = buf_new(ctx->mem, 64 + details.len);
    buf_puts(&body, S("{\"error\":\"Invalid "), what, S(" data\",\"details\":["), details, S("]}"));
    send(ctx, 400, json_type, buf_str(&body), S(""), false);
}

void answer_empty(const context *ctx, str headers)
{
    send(ctx, 204, S(""), S(""), headers, false);
}

void answer_stream(const context *ctx)
{
    send(ctx, 200, S("application/x-ndjson; charset=utf-8"), S(""), S(""), true);
}
