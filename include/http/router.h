// Routes: one row of a table each. The router, the preflight answer, /api and the OpenAPI document read the same rows.
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/buf.h"
#include "context.h"

// Bits, so that one row can take several methods. HEAD comes with GET, OPTIONS with every path.
typedef enum http_method {
    METHOD_GET = 1,
    METHOD_POST = 2,
    METHOD_PUT = 4,
    METHOD_PATCH = 8,
    METHOD_DELETE = 16,
} http_method;

typedef enum route_access {
    ACCESS_PUBLIC,
    ACCESS_USER,    // a Supabase access token
    ACCESS_SERVICE, // the service-role key; anything else is answered as if the route did not exist
} route_access;

struct resource; // the table behind a route (profile/resource.h); the router does not look into it

typedef struct route {
    int32_t methods;
    str path; // segments that start with ':' match any one segment
    route_access access;
    const struct resource *resource;
    void (*handle)(context *ctx, const struct route *route);
    str summary;
    str message; // what a successful edit says
} route;

typedef struct router_match {
    const route *route; // NULL: no such path, or not that method
    int32_t allowed;    // the methods that the path takes, without those for the service role; 0: none
    str id;             // what matched the ':' segment, decoded
} router_match;

// The row for a method and a path. One trailing slash is ignored; segments are percent-decoded once, so that an
// encoded slash never matches. `id` is in the arena.
router_match router_find(const route *routes, int32_t count, str method, str path, arena *mem);

// Puts the names of `methods` with ", " between them, HEAD behind GET, and OPTIONS last.
void router_put_methods(buf *out, int32_t methods);

// The name of the lowest method in `methods`, in capitals.
str router_method_name(int32_t methods);

#endif
