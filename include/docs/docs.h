// What the API says about itself, printed from the tables that route and validate.
#ifndef DOCS_DOCS_H
#define DOCS_DOCS_H

#include "http/router.h"

// GET /health: status, version, environment and embedding provider.
void docs_health(context *ctx, const route *route);

// GET /api: the endpoints in brief.
void docs_index(context *ctx, const route *route);

// GET /api/openapi.json: OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1).
void docs_openapi(context *ctx, const route *route);

#endif
