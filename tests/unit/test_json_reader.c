// base/json, the reader: what it accepts, what it moves over, and how large a number is.
#include <string.h>

#include "base/json.h"
#include "check.h"
#include "fake_host.h"
#include "json_cases.h"

static str fault_of(str text)
{
    json_reader r = json_read(text);
    if (json_skip(&r, NULL))
        json_at_end(&r);
    return str_from_c(r.fault.what);
}

static void cases(void)
{
    for (size_t i = 0; i < json_case_count; i++) {
        check_row(json_cases[i].text);
        CHECK_STR(fault_of(fake_exact(json_cases[i].text)), json_cases[i].fault);
    }
}

// Every beginning of a text that holds everything, in a buffer that ends there, is refused without reading on.
static void every_beginning(void)
{
    static const char text[] = "{\"k\\u00e9\\uD83D\\uDE00\":[1.5e-3,-0,true,null,\"é€😀\\n\"],\"l\":{\"m\":false}}";
    for (ptrdiff_t len = 0; len < (ptrdiff_t)sizeof text - 1; len++) {
        check_row(fake_format("the first %td bytes", len));
        CHECK(fault_of(fake_bytes(text, len)).len > 0);
    }
    CHECK(fault_of(fake_exact(text)).len == 0);
}

static void raw_nul(void)
{
    CHECK_STR(fault_of(fake_bytes("\"a\0b\"", 5)), "a control character in a string");
    CHECK_STR(fault_of(fake_bytes("[1]\0", 4)), "something follows the value");
    CHECK_STR(fault_of(fake_bytes("\0", 1)), "a value was expected");
    CHECK_STR(fault_of(fake_bytes("[1,\0]", 5)), "a value was expected");
}

static void depth(void)
{
    for (int objects = 0; objects < 2; objects++) {
        CHECK_STR(fault_of(fake_exact(json_nested(JSON_MAX_DEPTH, objects))), "");
        CHECK_STR(fault_of(fake_exact(json_nested(JSON_MAX_DEPTH + 1, objects))), "nested too deeply");
        CHECK_STR(fault_of(fake_exact(json_nested(30000, objects))), "nested too deeply");
    }
}

static void fault_position(void)
{
    static const struct {
        const char *text;
        ptrdiff_t at;
    } rows[] = {{"[1,x]", 3}, {"x", 0}, {"[1 2]", 3}, {"{\"a\":\"\xff\"}", 6}, {"[] x", 3}, {"", 0}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        json_reader r = json_read(fake_exact(rows[i].text));
        check_row(rows[i].text);
        if (json_skip(&r, NULL))
            json_at_end(&r);
        CHECK_INT(r.fault.at, rows[i].at);
    }
    json_reader r = json_read(fake_exact("\"\\"));
    json_skip(&r, NULL);
    CHECK(r.fault.at <= 2);
}

static void raw_values(void)
{
    static const char *const values[] = {"{\"a\": [1, 2]}", "[ ]", "\"a\\\"b\"", "-1.5e3", "true", "null"};
    for (size_t i = 0; i < ROWS(values); i++) {
        json_reader r = json_read(fake_exact(fake_format(" %s ", values[i])));
        str raw = {0};
        CHECK(json_skip(&r, &raw));
        CHECK_STR(raw, values[i]);
        CHECK(json_at_end(&r));
    }
}

static void walking(void)
{
    json_reader r = json_read(fake_exact(" { \"a\" : 1 , \"b\\n\" : [ 2 , 3 ] } "));
    bool first = true, inner = true;
    str key, raw;
    CHECK(json_enter(&r, '{'));
    CHECK(json_member(&r, &first, &key) && str_eq(key, S("a")) && json_skip(&r, &raw) && str_eq(raw, S("1")));
    CHECK(json_member(&r, &first, &key) && str_eq(key, S("b\\n")) && json_enter(&r, '['));
    CHECK(json_element(&r, &inner) && json_skip(&r, &raw) && str_eq(raw, S("2")));
    CHECK(json_element(&r, &inner) && json_skip(&r, &raw) && str_eq(raw, S("3")));
    CHECK(!json_element(&r, &inner));
    CHECK(!json_member(&r, &first, &key));
    CHECK(!r.fault.what && json_at_end(&r));
}

// After a fault nothing is read any more, and the first fault is kept.
static void nothing_after_a_fault(void)
{
    json_reader r = json_read(fake_exact("[x, 1]"));
    bool first = true;
    str raw = {0};
    json_decimal size;
    CHECK(json_enter(&r, '[') && json_element(&r, &first) && !json_skip(&r, &raw));
    json_fault fault = r.fault;
    CHECK(!json_skip(&r, &raw) && !json_number(&r, &raw, &size) && !json_enter(&r, '[') && !json_element(&r, &first));
    CHECK(!json_at_end(&r));
    CHECK(r.fault.what == fault.what && r.fault.at == fault.at);
    r = json_read(fake_exact("[1]"));
    CHECK(!json_enter(&r, '{') && r.fault.what);
}

static void sizes(void)
{
    static const struct {
        const char *text;
        int64_t exponent;
        const char *digits; // the first nine; "" for zero
    } rows[] = {
        {"0", 0, ""},
        {"-0.000", 0, ""},
        {"0e50", 0, ""},
        {"1", 0, "100000000"},
        {"-1", 0, "100000000"},
        {"12", 1, "120000000"},
        {"1.2", 0, "120000000"},
        {"0.12", -1, "120000000"},
        {"0.0012", -3, "120000000"},
        {"100", 2, "100000000"},
        {"100.5", 2, "100500000"},
        {"1e5", 5, "100000000"},
        {"0.1e1", 0, "100000000"},
        {"120e-3", -1, "120000000"},
        {"3.40282347e38", 38, "340282347"},
        {"123456789987", 11, "123456789"},
        {"0.00000000012345678999", -10, "123456789"},
        {"1e-400", -400, "100000000"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        json_reader r = json_read(fake_exact(rows[i].text));
        str raw;
        json_decimal size = {.exponent = -1};
        check_row(rows[i].text);
        CHECK(json_number(&r, &raw, &size) && json_at_end(&r));
        CHECK_STR(raw, rows[i].text);
        CHECK_INT(size.exponent, rows[i].exponent);
        const char *digits = size.mantissa.len ? fake_format("%llu", (unsigned long long)json_digits(size)) : "";
        CHECK_STR(str_slice(str_from_c(digits), 0, 9), rows[i].digits);
    }
    static const char *const others[] = {"", "x", "\"1\"", "null", "-", "1.", "NaN", "[1]", "01"};
    for (size_t i = 0; i < ROWS(others); i++) {
        json_reader r = json_read(fake_exact(others[i]));
        str raw;
        json_decimal size;
        check_row(others[i]);
        CHECK(!json_number(&r, &raw, &size) && r.fault.what);
    }
}

static const test tests[] = {
    {"cases", cases},
    {"every beginning", every_beginning},
    {"raw nul", raw_nul},
    {"depth", depth},
    {"fault position", fault_position},
    {"raw values", raw_values},
    {"walking", walking},
    {"nothing after a fault", nothing_after_a_fault},
    {"sizes", sizes},
};
const module json_reader_tests = MODULE("json_reader", tests);
