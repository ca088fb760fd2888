// Finding a route: a walk over the table, which is short enough to need no index.
#include "http/router.h"

static const struct {
    int32_t method;
    str name;
} methods_by_name[] = {
    {METHOD_GET, STR("GET")},     {METHOD_POST, STR("POST")},     {METHOD_PUT, STR("PUT")},
    {METHOD_PATCH, STR("PATCH")}, {METHOD_DELETE, STR("DELETE")},
};
enum { METHOD_COUNT = sizeof methods_by_name / sizeof *methods_by_name };

static int32_t method_of(str name)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        if (str_eq(methods_by_name[i].name, name))
            return methods_by_name[i].method;
    }
    return 0;
}

str router_method_name(int32_t methods)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        if (methods & methods_by_name[i].method)
            return methods_by_name[i].name;
    }
    return (str){0};
}

void router_put_methods(buf *out, int32_t methods)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        if (methods & methods_by_name[i].method)
            buf_puts(out, methods_by_name[i].name, S(", "));
        if (methods & methods_by_name[i].method & METHOD_GET)
            buf_put(out, S("HEAD, "));
    }
    buf_put(out, S("OPTIONS"));
}

// Whether `path` fits `pattern`, segment by segment; both start with a slash.
static bool fits(str pattern, str path, arena *mem, str *id)
{
    str_pair want = str_cut(str_slice(pattern, 1, pattern.len), '/');
    str_pair have = str_cut(str_slice(path, 1, path.len), '/');
    for (;;) {
        str segment = {0};
        if (!http_decode_segment(mem, have.head, &segment))
            return false;
        if (str_starts_with(want.head, S(":"))) {
            if (!segment.len)
                return false;
            *id = segment;
        } else if (!str_eq(want.head, segment)) {
            return false;
        }
        if (!want.found || !have.found)
            return want.found == have.found;
        want = str_cut(want.tail, '/');
        have = str_cut(have.tail, '/');
    }
}

router_match router_find(const route *routes, int32_t count, str method, str path, arena *mem)
{
    router_match match = {0};
    int32_t wanted = method_of(method);
    if (path.len > 1 && str_ends_with(path, S("/")))
        path.len--;
    for (int32_t i = 0; i < count; i++) {
        str id = {0};
        if (!fits(routes[i].path, path, mem, &id))
            continue;
        // Such a route answers 404 to all but the service-role key, and so do the methods that it does not take.
        if (routes[i].access != ACCESS_SERVICE)
            match.allowed |= routes[i].methods;
        if (!match.route && (routes[i].methods & wanted)) {
            match.route = &routes[i];
            match.id = id;
        }
    }
    return match;
}
