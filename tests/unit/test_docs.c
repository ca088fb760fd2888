// docs: health, the list of endpoints, and the OpenAPI document, each printed from the tables.
#include "docs/docs.h"

#include "base/json.h"
#include "check.h"
#include "fake_host.h"
#include "profile/resource.h"
#include "routes.h"

static const cJSON *get(const char *path)
{
    fake_fetch((fake_request){.path = path});
    CHECK_INT(fake.status, 200);
    CHECK_STR(fake_header("content-type"), "application/json; charset=utf-8");
    CHECK_INT(fake.call_count, 0);
    const cJSON *tree = json_parse(fake_begin(), fake.body, NULL);
    CHECK(tree != NULL);
    return tree;
}

static void health(void)
{
    fake_set("ENVIRONMENT", "a \"b\"");
    const cJSON *tree = get("/health");
    CHECK_STR(json_text(json_get(tree, "status")), "ok");
    CHECK(json_text(json_get(tree, "version")).len > 0);
    CHECK_STR(json_text(json_get(tree, "environment")), "a \"b\"");
    CHECK_STR(json_text(json_get(tree, "provider")), "workers-ai");
}

// Every route of the table is there, with its methods, and there is nothing else.
static void index(void)
{
    const cJSON *endpoints = json_get(get("/api"), "endpoints");
    CHECK_INT(cJSON_GetArraySize(endpoints), route_count);
    for (int32_t i = 0; i < route_count; i++) {
        const cJSON *one = cJSON_GetArrayItem(endpoints, i);
        buf methods = buf_new(&fake.mem, 64);
        router_put_methods(&methods, routes[i].methods);
        CHECK_SLICE(json_text(json_get(one, "path")), routes[i].path);
        CHECK_SLICE(json_text(json_get(one, "methods")), buf_str(&methods));
        CHECK_SLICE(json_text(json_get(one, "summary")), routes[i].summary);
    }
}

// "/a/:id" as OpenAPI writes it.
static const char *template_of(str path)
{
    str_pair parts = str_cut(path, ':');
    return parts.found
               ? fake_format("%.*s{%.*s}", (int)parts.head.len, parts.head.at, (int)parts.tail.len, parts.tail.at)
               : fake_format("%.*s", (int)path.len, path.at);
}

static void openapi_paths(void)
{
    static const struct {
        int32_t method;
        const char *name;
    } methods[] = {{METHOD_GET, "get"},
                   {METHOD_POST, "post"},
                   {METHOD_PUT, "put"},
                   {METHOD_PATCH, "patch"},
                   {METHOD_DELETE, "delete"}};
    const cJSON *document = get("/api/openapi.json");
    const cJSON *paths = json_get(document, "paths");
    int32_t operations = 0, described = 0;
    CHECK(str_starts_with(json_text(json_get(document, "openapi")), S("3.1.")));
    for (int32_t i = 0; i < route_count; i++) {
        const cJSON *path = json_get(paths, template_of(routes[i].path));
        check_row(routes[i].path.at);
        for (size_t k = 0; k < ROWS(methods); k++) {
            if (!(routes[i].methods & methods[k].method))
                continue;
            const cJSON *operation = json_get(path, methods[k].name);
            operations++;
            CHECK_SLICE(json_text(json_get(operation, "summary")), routes[i].summary);
            CHECK(cJSON_IsObject(json_get(operation, "responses")));
            CHECK((json_get(operation, "security") != NULL) == (routes[i].access != ACCESS_PUBLIC));
        }
    }
    const cJSON *path, *member;
    cJSON_ArrayForEach(path, paths)
    {
        for (size_t k = 0; k < ROWS(methods); k++)
            described += json_get(path, methods[k].name) != NULL;
    }
    CHECK_INT(described, operations);
    // References lead somewhere.
    cJSON_ArrayForEach(member, json_get(json_get(document, "components"), "schemas")) CHECK(cJSON_IsObject(member));
}

// Every field of every resource is described with its limits, wherever the document puts it.
static void openapi_fields(void)
{
    static const resource *const resources[] = {&profile_resource, &experience_resource, &skill_resource};
    get("/api/openapi.json");
    for (size_t i = 0; i < ROWS(resources); i++) {
        for (int32_t k = 0; k < resources[i]->schema->field_count; k++) {
            const field *f = &resources[i]->schema->fields[k];
            check_row(f->name.at);
            CHECK(str_contains(fake.body, str_from_c(fake_format("\"%s\":{\"type\":", f->name.at))));
            if (f->max)
                CHECK(str_contains(fake.body, str_from_c(fake_format("\"maxLength\":%d", f->max))));
        }
    }
    CHECK(!str_contains(fake.body, S("resume_embedding\"")));
}

static void head_requests(void)
{
    static const char *const paths[] = {"/health", "/api", "/api/openapi.json"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        fake_fetch((fake_request){.method = "HEAD", .path = paths[i]});
        CHECK_STR(fake_response(), "200 ");
        CHECK_STR(fake_header("content-type"), "application/json; charset=utf-8");
    }
}

static const test tests[] = {
    {"health", health},
    {"index", index},
    {"openapi paths", openapi_paths},
    {"openapi fields", openapi_fields},
    {"head requests", head_requests},
};
const module docs_tests = MODULE("docs", tests);
