// The check of a body against its table of fields. Codes and members of a problem follow Zod's issues.
#include "http/schema.h"

#include "base/date.h"
#include "base/utf8.h"

typedef struct checking {
    const schema *schema;
    const cJSON *body;
    bool partial;
    buf members, details;
} checking;

static void open_detail(buf *details, str code, str path)
{
    if (details->len)
        buf_put_char(details, ',');
    buf_puts(details, S("{\"code\":\""), code, S("\",\"path\":["));
    if (path.len)
        buf_put_json(details, path);
    buf_put_char(details, ']');
}

static void close_detail(buf *details, str message)
{
    buf_put(details, S(",\"message\":"));
    buf_put_json(details, message);
    buf_put_char(details, '}');
}

void schema_put_detail(buf *details, str code, str path, str message)
{
    open_detail(details, code, path);
    close_detail(details, message);
}

static str expected_type(const field *f)
{
    return f->type == FIELD_BOOL ? S("boolean") : S("string");
}

static str received_type(const cJSON *value)
{
    return !value                  ? S("undefined")
           : cJSON_IsNull(value)   ? S("null")
           : cJSON_IsBool(value)   ? S("boolean")
           : cJSON_IsNumber(value) ? S("number")
           : cJSON_IsString(value) ? S("string")
           : cJSON_IsArray(value)  ? S("array")
                                   : S("object");
}

static void report_type(checking *c, const field *f, const cJSON *value)
{
    str expected = expected_type(f), received = received_type(value);
    buf message = buf_new(c->details.mem, 64);
    if (value)
        buf_puts(&message, S("Expected "), expected, S(", received "), received);
    else
        buf_put(&message, S("Required"));
    open_detail(&c->details, S("invalid_type"), f->name);
    buf_puts(&c->details, S(",\"expected\":\""), expected, S("\",\"received\":\""), received, S("\""));
    close_detail(&c->details, buf_str(&message));
}

static void report_length(checking *c, const field *f, bool too_small)
{
    int32_t limit = too_small ? f->min : f->max;
    buf message = buf_new(c->details.mem, 64);
    buf_put(&message, too_small ? S("Must have at least ") : S("Must have at most "));
    buf_put_int(&message, limit);
    buf_put(&message, limit == 1 ? S(" character") : S(" characters"));
    open_detail(&c->details, too_small ? S("too_small") : S("too_big"), f->name);
    buf_put(&c->details, too_small ? S(",\"minimum\":") : S(",\"maximum\":"));
    buf_put_int(&c->details, limit);
    close_detail(&c->details, buf_str(&message));
}

static void report_choice(checking *c, const field *f, str value)
{
    buf message = buf_new(c->details.mem, 96);
    buf_put(&message, S("Must be one of "));
    open_detail(&c->details, S("invalid_enum_value"), f->name);
    buf_put(&c->details, S(",\"received\":"));
    buf_put_json(&c->details, value);
    buf_put(&c->details, S(",\"options\":["));
    for (const str *choice = f->choices; choice->len; choice++) {
        str separator = choice == f->choices ? S("") : S(",");
        buf_puts(&message, separator, separator.len ? S(" ") : S(""), *choice);
        buf_put(&c->details, separator);
        buf_put_json(&c->details, *choice);
    }
    buf_put_char(&c->details, ']');
    close_detail(&c->details, buf_str(&message));
}

static bool is_choice(const field *f, str value)
{
    for (const str *choice = f->choices; choice->len; choice++) {
        if (str_eq(*choice, value))
            return true;
    }
    return false;
}

// A host name with a dot in it: profile links point to the public web.
static bool is_host(str host)
{
    bool dot = false;
    for (ptrdiff_t i = 0; i < host.len; i++) {
        char c = host.at[i];
        bool word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
        bool inner = i > 0 && i + 1 < host.len;
        if (!word && !(inner && (c == '-' || c == '_' || (c == '.' && host.at[i - 1] != '.'))))
            return false;
        dot = dot || c == '.';
    }
    return dot;
}

static bool is_url(str url, bool needs_scheme)
{
    for (ptrdiff_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.at[i];
        if (c <= 0x20 || c == 0x7F || c == '"' || c == '<' || c == '>' || c == '\\' || c == '`')
            return false;
    }
    static const str schemes[] = {STR("https://"), STR("http://")};
    bool scheme = false;
    for (int i = 0; i < 2 && !scheme; i++) {
        scheme = str_eq_nocase(str_slice(url, 0, schemes[i].len), schemes[i]);
        if (scheme)
            url = str_slice(url, schemes[i].len, url.len);
    }
    str authority = str_cut(str_cut(str_cut(url, '#').head, '?').head, '/').head;
    str_pair port = str_cut(authority, ':');
    int64_t number = 0;
    bool port_ok = !port.found || (str_parse_u63(port.tail, &number) && number > 0 && number < 65536);
    return (scheme || !needs_scheme) && port_ok && is_host(port.head);
}

static void put_member(checking *c, const field *f)
{
    buf_puts(&c->members, c->members.len ? S(",\"") : S("\""), f->name, S("\":"));
}

static void check_text(checking *c, const field *f, str text)
{
    ptrdiff_t count = utf8_count(text);
    if (count < f->min)
        report_length(c, f, true);
    else if (f->max && count > f->max)
        report_length(c, f, false);
    else if (f->type == FIELD_DAY && !date_is_day(text))
        schema_put_detail(&c->details, S("invalid_date"), f->name, S("Must be a calendar day as YYYY-MM-DD"));
    else if (f->type == FIELD_URL && !is_url(text, true))
        schema_put_detail(&c->details, S("invalid_string"), f->name, S("Must be an http or https URL"));
    else if (f->type == FIELD_LOOSE_URL && !is_url(text, false))
        schema_put_detail(&c->details, S("invalid_string"), f->name, S("Must be a URL"));
    else if (f->type == FIELD_CHOICE && !is_choice(f, text))
        report_choice(c, f, text);
    put_member(c, f);
    buf_put_json(&c->members, text);
}

static void check_field(checking *c, const field *f, const cJSON *value)
{
    if (!value) {
        if (f->required && !c->partial)
            report_type(c, f, value);
        return;
    }
    str text = utf8_trim(json_text(value));
    bool blank = f->type != FIELD_BOOL && cJSON_IsString(value) && text.len == 0;
    if (!f->required && (cJSON_IsNull(value) || blank)) {
        put_member(c, f);
        buf_put(&c->members, f->type == FIELD_BOOL ? S("false") : S("null"));
    } else if (f->type == FIELD_BOOL ? !cJSON_IsBool(value) : !cJSON_IsString(value)) {
        report_type(c, f, value);
    } else if (f->type == FIELD_BOOL) {
        put_member(c, f);
        buf_put(&c->members, cJSON_IsTrue(value) ? S("true") : S("false"));
    } else {
        check_text(c, f, text);
    }
}

static void check_rules(checking *c)
{
    for (int32_t i = 0; i < c->schema->rule_count; i++) {
        const schema_rule *rule = &c->schema->rules[i];
        if (!rule->holds(json_get(c->body, rule->first), json_get(c->body, rule->second)))
            schema_put_detail(&c->details, S("custom"), rule->path, rule->message);
    }
}

schema_result schema_check(const schema *s, const cJSON *body, bool partial, arena *mem)
{
    checking c = {
        .schema = s, .body = body, .partial = partial, .members = buf_new(mem, 256), .details = buf_new(mem, 0)};
    bool any = false, feeds_text = false;
    for (int32_t i = 0; i < s->field_count; i++) {
        const cJSON *value = json_get(body, s->fields[i].name.at);
        check_field(&c, &s->fields[i], value);
        any = any || value;
        feeds_text = feeds_text || (value && s->fields[i].feeds_text);
    }
    check_rules(&c);
    if (!any && c.details.len == 0)
        schema_put_detail(&c.details, S("custom"), S(""), S("At least one known field is required"));
    bool ok = c.details.len == 0;
    return (schema_result){
        .ok = ok, .feeds_text = feeds_text, .members = buf_str(&c.members), .details = buf_str(&c.details)};
}
