// Reading a JSON body, with an answer for each way it can be wrong.
#include "http/body.h"

#include "base/buf.h"
#include "http/answer.h"

static const cJSON *refuse(const context *ctx, answer_error error, str message)
{
    answer_error_send(ctx, error, message, S(""));
    return NULL;
}

static const cJSON *refuse_fault(const context *ctx, json_fault fault)
{
    buf message = buf_new(ctx->mem, 96);
    buf_puts(&message, S("The body is not valid JSON: "), str_from_c(fault.what), S(" at byte "));
    buf_put_int(&message, fault.at);
    return refuse(ctx, ERROR_INVALID_JSON, buf_str(&message));
}

const cJSON *body_read_object(const context *ctx)
{
    const http_request *request = ctx->request;
    json_fault fault;
    if (request->body_state == BODY_TOO_LARGE)
        return refuse(ctx, ERROR_PAYLOAD_TOO_LARGE, S(""));
    if (!http_is_json(request->headers[HEADER_CONTENT_TYPE]))
        return refuse(ctx, ERROR_UNSUPPORTED_MEDIA_TYPE, S(""));
    if (request->body_state == BODY_BROKEN)
        return refuse(ctx, ERROR_INVALID_JSON, S("The body broke off before its end"));
    if (!str_trim(request->body).len)
        return refuse(ctx, ERROR_INVALID_JSON, S("The body is empty"));
    const cJSON *body = json_parse(ctx->mem, request->body, &fault);
    if (!body)
        return refuse_fault(ctx, fault);
    if (!cJSON_IsObject(body))
        return refuse(ctx, ERROR_INVALID_JSON, S("The body must be a JSON object"));
    return body;
}
