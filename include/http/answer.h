// Answers: every response of the API goes out through here, with the same headers and the same two shapes of error.
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "context.h"

// The errors that clients see, each with one code, status and default message (see answer.c's table).
typedef enum answer_error {
    ERROR_MISSING_AUTH_HEADER,
    ERROR_INVALID_AUTH_FORMAT,
    ERROR_TOKEN_EXPIRED,
    ERROR_INVALID_TOKEN,
    ERROR_RATE_LIMIT_EXCEEDED,
    ERROR_NOT_FOUND,
    ERROR_METHOD_NOT_ALLOWED,
    ERROR_CONFLICT,
    ERROR_PAYLOAD_TOO_LARGE,
    ERROR_UNSUPPORTED_MEDIA_TYPE,
    ERROR_INVALID_JSON,
    ERROR_UPSTREAM_BAD,         // 502: the database answered something unusable
    ERROR_UPSTREAM_UNAVAILABLE, // 503: it refuses, or cannot be reached
    ERROR_UPSTREAM_TIMEOUT,     // 504: it took too long
    ERROR_INTERNAL,
    ANSWER_ERROR_COUNT,
} answer_error;

// How an error reads: its code, its HTTP status, and the message used when a caller has no better one.
typedef struct answer_error_text {
    str code;
    int32_t status;
    str message;
} answer_error_text;

// How `error` reads; never NULL.
const answer_error_text *answer_describe(answer_error error);

// The status 500 answer to a request whose run ended without one, such as by a trap: whoever runs the core sends it.
typedef struct answer_parts {
    str headers, body;
} answer_parts;

extern const answer_parts answer_failure;

// Sends `body` (JSON) with `status`. For a HEAD request the body is left out.
void answer_json(const context *ctx, int32_t status, str body);

// Sends {"code", "message", "statusCode"}. `message` empty: the default. `headers`: more header lines, or empty.
void answer_error_send(const context *ctx, answer_error error, str message, str headers);

// Sends 400 {"error": "Invalid `what` data", "details": [`details`]}, where `details` are the items of the array, JSON.
void answer_invalid(const context *ctx, str what, str details);

// Sends an empty 204 with `headers`.
void answer_empty(const context *ctx, str headers);

// Opens an NDJSON response, to be filled with host_respond_more.
void answer_stream(const context *ctx);

#endif
