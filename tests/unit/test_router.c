// http/router, and the table of routes: which row takes what, and the answers to what no row takes.
#include "routes.h"

#include "check.h"
#include "fake_host.h"

static void nothing(context *ctx, const route *row)
{
    (void)ctx, (void)row;
}

static const route table[] = {
    {.methods = METHOD_GET, .path = STR("/"), .handle = nothing},
    {.methods = METHOD_GET, .path = STR("/a"), .handle = nothing},
    {.methods = METHOD_PUT | METHOD_PATCH, .path = STR("/a"), .handle = nothing},
    {.methods = METHOD_GET | METHOD_DELETE, .path = STR("/a/:id"), .handle = nothing},
    {.methods = METHOD_GET, .path = STR("/a/b/:id/c"), .handle = nothing},
    {.methods = METHOD_POST, .path = STR("/a b"), .handle = nothing},
};

static void finding(void)
{
    static const struct {
        const char *method, *path;
        int row; // -1: none
        int32_t allowed;
        const char *id;
    } rows[] = {
        {"GET", "/", 0, METHOD_GET, ""},
        {"GET", "/a", 1, METHOD_GET | METHOD_PUT | METHOD_PATCH, ""},
        {"GET", "/a/", 1, METHOD_GET | METHOD_PUT | METHOD_PATCH, ""},
        {"PATCH", "/a", 2, METHOD_GET | METHOD_PUT | METHOD_PATCH, ""},
        {"DELETE", "/a", -1, METHOD_GET | METHOD_PUT | METHOD_PATCH, ""},
        {"get", "/a", -1, METHOD_GET | METHOD_PUT | METHOD_PATCH, ""},
        {"", "/a", -1, METHOD_GET | METHOD_PUT | METHOD_PATCH, ""},
        {"DELETE", "/a/x", 3, METHOD_GET | METHOD_DELETE, "x"},
        {"GET", "/a/x%20y", 3, METHOD_GET | METHOD_DELETE, "x y"},
        {"GET", "/a/:id", 3, METHOD_GET | METHOD_DELETE, ":id"},
        {"GET", "/%61/x", 3, METHOD_GET | METHOD_DELETE, "x"},
        {"GET", "/a/%C3%A9/", 3, METHOD_GET | METHOD_DELETE, "é"},
        {"GET", "/a/b/1/c", 4, METHOD_GET, "1"},
        {"POST", "/a%20b", 5, METHOD_POST, ""},
        {"GET", "/a//", -1, 0, ""},
        {"GET", "//a", -1, 0, ""},
        {"GET", "//", 0, METHOD_GET, ""},
        {"GET", "/A", -1, 0, ""},
        {"GET", "/a/x/y", -1, 0, ""},
        {"GET", "/a/b%2F1", -1, 0, ""},
        {"GET", "/a%2Fx", -1, 0, ""},
        {"GET", "/a/%", -1, 0, ""},
        {"GET", "/a/%00", -1, 0, ""},
        {"GET", "/a/b//c", -1, 0, ""},
        {"GET", "/a/b/1/c/d", -1, 0, ""},
        {"GET", "/nothing", -1, 0, ""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("%s %s", rows[i].method, rows[i].path));
        router_match match = router_find(table, (int32_t)ROWS(table), fake_exact(rows[i].method),
                                         fake_exact(rows[i].path), fake_begin());
        CHECK(match.route == (rows[i].row < 0 ? NULL : &table[rows[i].row]));
        CHECK_INT(match.allowed, rows[i].allowed);
        CHECK_STR(match.id, rows[i].id);
    }
}

static void method_lists(void)
{
    static const struct {
        int32_t methods;
        const char *want, *lowest;
    } rows[] = {
        {METHOD_GET, "GET, HEAD, OPTIONS", "GET"},
        {METHOD_POST, "POST, OPTIONS", "POST"},
        {METHOD_PATCH | METHOD_PUT, "PUT, PATCH, OPTIONS", "PUT"},
        {31, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", "GET"},
        {METHOD_DELETE, "DELETE, OPTIONS", "DELETE"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf out = buf_new(fake_begin(), 0);
        router_put_methods(&out, rows[i].methods);
        CHECK_STR(buf_str(&out), rows[i].want);
        CHECK_STR(router_method_name(rows[i].methods), rows[i].lowest);
    }
    CHECK_INT(router_method_name(0).len, 0);
}

// A table that the router can trust: patterns begin with a slash, no two rows take the same, edits say something.
static void the_table(void)
{
    CHECK(route_count > 0);
    for (int32_t i = 0; i < route_count; i++) {
        const route *row = &routes[i];
        check_row(row->path.at);
        CHECK(row->methods > 0 && row->methods < 32);
        CHECK(str_starts_with(row->path, S("/")) && !str_ends_with(row->path, S("/")));
        CHECK(row->handle && row->summary.len);
        CHECK(row->message.len > 0 || row->methods == METHOD_GET || row->access == ACCESS_SERVICE);
        for (int32_t k = 0; k < i; k++)
            CHECK(!(str_eq(routes[k].path, row->path) && (routes[k].methods & row->methods)));
    }
}

static void unknown_paths(void)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE", "", "G\xc3\x89T"};
    for (size_t i = 0; i < ROWS(methods); i++) {
        check_row(methods[i]);
        fake_fetch((fake_request){.method = methods[i], .path = "/nothing"});
        CHECK_INT(fake.status, 404);
        bool head = i == 1;
        CHECK_STR(fake.body,
                  head ? "" : "{\"code\":\"NOT_FOUND\",\"message\":\"There is nothing here\",\"statusCode\":404}");
    }
    fake_fetch((fake_request){.path = "/api/profile/skills/%2e%2e%2f"});
    CHECK_INT(fake.status, 404);
    CHECK_INT(fake.call_count, 0);
}

static void wrong_methods(void)
{
    static const struct {
        const char *method, *path, *allow;
    } rows[] = {
        {"DELETE", "/health", "GET, HEAD, OPTIONS"},
        {"DELETE", "/api/profile", "GET, HEAD, PUT, PATCH, OPTIONS"},
        {"PUT", "/api/profile/skills", "GET, HEAD, POST, OPTIONS"},
        {"POST", "/api/profile/skills/x", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
        {"BREW", "/api/profile/embedding/", "GET, HEAD, OPTIONS"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].path);
        fake_fetch((fake_request){.method = rows[i].method, .path = rows[i].path});
        CHECK_STR(fake_response(), "405 {\"code\":\"METHOD_NOT_ALLOWED\",\"message\":\"This path does not take that "
                                   "method\",\"statusCode\":405}");
        CHECK_STR(fake_header("allow"), rows[i].allow);
    }
    CHECK_INT(fake.call_count, 0);
}

static void options(void)
{
    fake_fetch((fake_request){.method = "OPTIONS", .path = "/api/profile"});
    CHECK_STR(fake_response(), "204 ");
    CHECK_STR(fake_header("allow"), "GET, HEAD, PUT, PATCH, OPTIONS");
    CHECK_INT(fake_header("access-control-allow-methods").len, 0);
}

static const test tests[] = {
    {"finding", finding},
    {"method lists", method_lists},
    {"the table", the_table},
    {"unknown paths", unknown_paths},
    {"wrong methods", wrong_methods},
    {"options", options},
};
const module router_tests = MODULE("router", tests);
