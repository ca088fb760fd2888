// The body of a request, as JSON.
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "base/json.h"
#include "context.h"

// The request's body as a JSON object, in the arena. NULL when it has answered 400, 413 or 415.
const cJSON *body_read_object(const context *ctx);

#endif
