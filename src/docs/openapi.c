// The OpenAPI document. Paths come from the route table, bodies and rows from the resources' schemas.
#include "docs/docs.h"
#include "docs/version.h"
#include "http/answer.h"
#include "profile/resource.h"
#include "routes.h"

static const resource *const resources[] = {&profile_resource, &experience_resource, &skill_resource};

// What the tables do not hold: the two shapes of error, the embedding's state, and the document's frame.
static const char head[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Profile Embeddings\",\"version\":\"" VERSION
    "\",\"description\":\"Edits of a profile; behind each the resume embedding is brought up to date.\"},"
    "\"components\":{\"securitySchemes\":{"
    "\"user\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\","
    "\"description\":\"A Supabase access token\"},"
    "\"service\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"The service-role key\"}},"
    "\"schemas\":{"
    "\"Error\":{\"type\":\"object\",\"required\":[\"code\",\"message\",\"statusCode\"],\"properties\":{"
    "\"code\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},\"statusCode\":{\"type\":\"integer\"}}},"
    "\"ValidationError\":{\"type\":\"object\",\"required\":[\"error\",\"details\"],\"properties\":{"
    "\"error\":{\"type\":\"string\"},\"details\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"required\":[\"code\",\"path\",\"message\"],\"properties\":{\"code\":{\"type\":\"string\"},"
    "\"path\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"message\":{\"type\":\"string\"}}}}}},"
    "\"BadRequest\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/ValidationError\"},"
    "{\"$ref\":\"#/components/schemas/Error\"}]},"
    "\"backfill\":{\"type\":\"object\",\"properties\":{\"dry_run\":{\"type\":\"boolean\"},"
    "\"batch_size\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":10},"
    "\"limit\":{\"type\":\"integer\",\"minimum\":1},\"after\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},"
    "\"force\":{\"type\":\"boolean\"}}},"
    "\"embedding\":{\"type\":\"object\",\"properties\":{"
    "\"status\":{\"type\":\"string\",\"enum\":[\"fresh\",\"stale\",\"empty\",\"failed\"]},"
    "\"model\":{\"type\":[\"string\",\"null\"]},\"dimensions\":{\"type\":\"integer\"},"
    "\"revision\":{\"type\":\"integer\"},\"embedded_revision\":{\"type\":\"integer\"},"
    "\"embedded_at\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},"
    "\"error\":{\"type\":[\"string\",\"null\"]}}}";

static void put_limits(buf *out, const field *f)
{
    if (f->min) {
        buf_put(out, S(",\"minLength\":"));
        buf_put_int(out, f->min);
    }
    if (f->max) {
        buf_put(out, S(",\"maxLength\":"));
        buf_put_int(out, f->max);
    }
    if (f->type == FIELD_DAY)
        buf_put(out, S(",\"format\":\"date\""));
    if (f->type == FIELD_URL)
        buf_put(out, S(",\"format\":\"uri\""));
    for (const str *choice = f->choices; choice && choice->len; choice++)
        buf_puts(out, choice == f->choices ? S(",\"enum\":[\"") : S("\",\""), *choice);
    if (f->choices)
        buf_put(out, f->required ? S("\"]") : S("\",null]"));
    if (f->about.len)
        buf_puts(out, S(",\"description\":\""), f->about, S("\""));
}

static void put_field(buf *out, const field *f)
{
    str type = f->type == FIELD_BOOL ? S("\"boolean\"") : S("\"string\"");
    buf_puts(out, S("\""), f->name, S("\":{\"type\":"));
    if (f->required)
        buf_put(out, type);
    else
        buf_puts(out, S("["), type, S(",\"null\"]"));
    put_limits(out, f);
    buf_put_char(out, '}');
}

static void put_fields(buf *out, const schema *s)
{
    for (int32_t i = 0; i < s->field_count; i++) {
        if (i)
            buf_put_char(out, ',');
        put_field(out, &s->fields[i]);
    }
}

static bool is_writable(const schema *s, str column)
{
    for (int32_t i = 0; i < s->field_count; i++) {
        if (str_eq(s->fields[i].name, column))
            return true;
    }
    return false;
}

// The columns that are shown but not written: ids and the e-mail address.
static void put_read_only(buf *out, const resource *of)
{
    str_pair columns = {.tail = of->columns, .found = true};
    while (columns.found) {
        columns = str_cut(columns.tail, ',');
        if (is_writable(of->schema, columns.head))
            continue;
        bool id = str_ends_with(columns.head, S("id"));
        buf_puts(out, S("\""), columns.head, S("\":{\"type\":"),
                 id ? S("\"string\",\"format\":\"uuid\"") : S("[\"string\",\"null\"]"), S(",\"readOnly\":true},"));
    }
}

static void put_required(buf *out, const schema *s)
{
    str separator = S("\"required\":[");
    for (int32_t i = 0; i < s->field_count; i++) {
        if (!s->fields[i].required)
            continue;
        buf_puts(out, separator, S("\""), s->fields[i].name, S("\""));
        separator = S(",");
    }
    if (str_eq(separator, S(",")))
        buf_put(out, S("],"));
}

// Three components each: the row as shown, the body that creates one, the body that changes one.
static void put_components(buf *out, const resource *of)
{
    buf_puts(out, S(",\""), of->one, S("\":{\"type\":\"object\",\"properties\":{"));
    put_read_only(out, of);
    put_fields(out, of->schema);
    buf_puts(out, S("}},\""), of->one, S("_new\":{\"type\":\"object\","));
    put_required(out, of->schema);
    buf_put(out, S("\"properties\":{"));
    put_fields(out, of->schema);
    buf_puts(out, S("}},\""), of->one, S("_change\":{\"type\":\"object\",\"minProperties\":1,\"properties\":{"));
    put_fields(out, of->schema);
    buf_put(out, S("}}"));
}

static void put_reference(buf *out, str component, str suffix)
{
    buf_puts(out, S("{\"$ref\":\"#/components/schemas/"), component, suffix, S("\"}"));
}

static void put_json_content(buf *out)
{
    buf_put(out, S("\"content\":{\"application/json\":{\"schema\":"));
}

// The body of a successful answer of a route over a resource.
static void put_row_answer(buf *out, const route *r, bool list, bool deleted)
{
    buf_put(out, S("{\"type\":\"object\",\"properties\":{"));
    if (r->message.len)
        buf_puts(out, S("\"message\":{\"type\":\"string\",\"const\":\""), r->message, S("\"}"),
                 deleted ? S("") : S(","));
    if (list) {
        buf_puts(out, S("\""), r->resource->many, S("\":{\"type\":\"array\",\"items\":"));
        put_reference(out, r->resource->one, S(""));
        buf_put_char(out, '}');
    } else if (!deleted) {
        buf_puts(out, S("\""), r->resource->one, S("\":"));
        put_reference(out, r->resource->one, S(""));
    }
    buf_put(out, S("}}"));
}

static bool has_id(const route *r)
{
    return str_ends_with(r->path, S("/:id"));
}

static void put_success(buf *out, const route *r, int32_t method)
{
    bool list = r->resource && r->resource->many.len && !has_id(r) && method == METHOD_GET;
    buf_puts(out, S("\"responses\":{\""), r->resource && method == METHOD_POST ? S("201") : S("200"),
             S("\":{\"description\":\""), r->summary, S("\","));
    if (r->access == ACCESS_SERVICE) {
        buf_put(out, S("\"content\":{\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}}}}"));
        return;
    }
    put_json_content(out);
    if (r->resource)
        put_row_answer(out, r, list, method == METHOD_DELETE);
    else if (r->access == ACCESS_USER)
        put_reference(out, S("embedding"), S(""));
    else
        buf_put(out, S("{\"type\":\"object\"}"));
    buf_put(out, S("}}}"));
}

// The errors that operations answer with, and which of them do.
enum { FOR_USER = 1, FOR_BODY = 2, FOR_ROW = 4, FOR_SERVICE = 8, FOR_NEW_OR_CHANGE = 16 };
static const struct {
    str status, description, component;
    int32_t operations;
} failures[] = {
    {STR("400"), STR("The body is not valid"), STR("BadRequest"), FOR_BODY},
    {STR("401"), STR("No valid token"), STR("Error"), FOR_USER},
    {STR("404"), STR("Not there, or not the caller's"), STR("Error"), FOR_ROW | FOR_SERVICE},
    {STR("409"), STR("It exists already"), STR("Error"), FOR_NEW_OR_CHANGE},
    {STR("413"), STR("The body is larger than 64 KiB"), STR("Error"), FOR_BODY},
    {STR("415"), STR("The body is not declared as JSON"), STR("Error"), FOR_BODY},
    {STR("429"), STR("Too many requests"), STR("Error"), FOR_USER},
    {STR("502"), STR("The database gave an unusable answer"), STR("Error"), FOR_USER},
    {STR("503"), STR("The database is not available"), STR("Error"), FOR_USER},
    {STR("504"), STR("The database took too long"), STR("Error"), FOR_USER},
};

static void put_failures(buf *out, int32_t operation)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        if (!(failures[i].operations & operation))
            continue;
        buf_puts(out, S(",\""), failures[i].status, S("\":{\"description\":\""), failures[i].description, S("\","));
        put_json_content(out);
        put_reference(out, failures[i].component, S(""));
        buf_put(out, S("}}}"));
    }
}

static void put_request_body(buf *out, const route *r, int32_t method)
{
    buf_puts(out, S("\"requestBody\":{\"required\":"), r->resource ? S("true,") : S("false,"));
    put_json_content(out);
    if (r->resource)
        put_reference(out, r->resource->one, method == METHOD_POST ? S("_new") : S("_change"));
    else
        put_reference(out, S("backfill"), S(""));
    buf_put(out, S("}}},"));
}

static void put_operation(buf *out, const route *r, int32_t method)
{
    bool writes = method != METHOD_GET && method != METHOD_DELETE;
    str name = arena_lower(out->mem, router_method_name(method));
    buf_puts(out, S("\""), name, S("\":{\"summary\":\""), r->summary, S("\","));
    if (r->access != ACCESS_PUBLIC)
        buf_puts(out, S("\"security\":[{\""), r->access == ACCESS_USER ? S("user") : S("service"), S("\":[]}],"));
    if (has_id(r))
        buf_put(out, S("\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
                       "\"schema\":{\"type\":\"string\",\"format\":\"uuid\"}}],"));
    if (writes)
        put_request_body(out, r, method);
    put_success(out, r, method);
    put_failures(out, (r->access == ACCESS_USER ? FOR_USER : 0) | (r->access == ACCESS_SERVICE ? FOR_SERVICE : 0) |
                          (writes ? FOR_BODY : 0) | (writes && r->resource ? FOR_NEW_OR_CHANGE : 0) |
                          (has_id(r) || (r->resource && !r->resource->many.len && !writes) ? FOR_ROW : 0));
    buf_put(out, S("}}"));
}

// A path with its ':' segments in braces.
static void put_path(buf *out, str path)
{
    str_pair parts = {.tail = str_slice(path, 1, path.len), .found = true};
    while (parts.found) {
        parts = str_cut(parts.tail, '/');
        if (str_starts_with(parts.head, S(":")))
            buf_puts(out, S("/{"), str_slice(parts.head, 1, parts.head.len), S("}"));
        else
            buf_puts(out, S("/"), parts.head);
    }
}

// Rows of one path stand next to each other in the table, but not always: a path is opened at its first row only.
static bool is_first_of_path(int32_t index)
{
    for (int32_t i = 0; i < index; i++) {
        if (str_eq(routes[i].path, routes[index].path))
            return false;
    }
    return true;
}

static void put_path_item(buf *out, str path)
{
    str separator = S("");
    for (int32_t i = 0; i < route_count; i++) {
        if (!str_eq(routes[i].path, path))
            continue;
        for (int32_t method = METHOD_GET; method <= METHOD_DELETE; method <<= 1) {
            if (!(routes[i].methods & method))
                continue;
            buf_put(out, separator);
            put_operation(out, &routes[i], method);
            separator = S(",");
        }
    }
}

void docs_openapi(context *ctx, const route *route)
{
    (void)route;
    buf out = buf_new(ctx->mem, 32 * 1024);
    buf_put(&out, str_from_c(head));
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        put_components(&out, resources[i]);
    buf_put(&out, S("}},\"paths\":{"));
    for (int32_t i = 0; i < route_count; i++) {
        if (!is_first_of_path(i))
            continue;
        buf_put(&out, i ? S(",\"") : S("\""));
        put_path(&out, routes[i].path);
        buf_put(&out, S("\":{"));
        put_path_item(&out, routes[i].path);
        buf_put_char(&out, '}');
    }
    buf_put(&out, S("}}"));
    answer_json(ctx, 200, buf_str(&out));
}
