// base/json, the tree: as strict as the reader, and without duplicate keys.
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "check.h"
#include "fake_host.h"
#include "json_cases.h"

static void cases(void)
{
    for (size_t i = 0; i < json_case_count; i++) {
        json_fault fault = {"unset", -1};
        check_row(json_cases[i].text);
        const cJSON *tree = json_parse(fake_begin(), fake_exact(json_cases[i].text), &fault);
        CHECK((tree != NULL) == (json_cases[i].fault == NULL));
        CHECK_STR(str_from_c(fault.what), json_cases[i].fault);
        CHECK((json_parse(fake_begin(), fake_exact(json_cases[i].text), NULL) != NULL) ==
              (json_cases[i].fault == NULL));
        if (cJSON_IsNumber(tree))
            CHECK(isfinite(tree->valuedouble));
    }
}

static void raw_nul(void)
{
    CHECK(!json_parse(fake_begin(), fake_bytes("\"a\0b\"", 5), NULL));
    CHECK(!json_parse(fake_begin(), fake_bytes("{}\0", 3), NULL));
}

static void depth(void)
{
    for (int objects = 0; objects < 2; objects++) {
        CHECK(json_parse(fake_begin(), fake_exact(json_nested(JSON_MAX_DEPTH, objects)), NULL));
        CHECK(!json_parse(fake_begin(), fake_exact(json_nested(JSON_MAX_DEPTH + 1, objects)), NULL));
    }
}

static void duplicate_keys(void)
{
    static const struct {
        const char *text;
        bool accepted;
    } rows[] = {
        {"{\"a\":1,\"a\":1}", false},
        {"{\"a\":1,\"b\":2,\"a\":3}", false},
        {"{\"a\":1,\"\\u0061\":2}", false},
        {"{\"\\u00e9\":1,\"é\":2}", false},
        {"{\"\\uD83D\\uDE00\":1,\"😀\":2}", false},
        {"{\"/\":1,\"\\/\":2}", false},
        {"{\"\":1,\"\":2}", false},
        {"[{\"a\":1,\"a\":2}]", false},
        {"{\"x\":{\"y\":[0,{\"a\":1,\"a\":2}]}}", false},
        {"{\"a\":1,\"A\":2}", true},
        {"{\"a\":{\"a\":{\"a\":1}}}", true},
        {"[{\"a\":1},{\"a\":2}]", true},
        {"{\"a\":1,\"a \":2,\"\":3}", true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        json_fault fault;
        check_row(rows[i].text);
        CHECK((json_parse(fake_begin(), fake_exact(rows[i].text), &fault) != NULL) == rows[i].accepted);
        CHECK_STR(str_from_c(fault.what), rows[i].accepted ? "" : "the same key twice in one object");
    }
}

// An object with `count` different keys and, unless it is NULL, one more.
static str many_keys(int count, const char *last)
{
    char *text = fake_alloc((size_t)count * 12 + 32);
    char *at = text;
    *at++ = '{';
    for (int i = 0; i < count; i++) {
        const char *member = fake_format("%s\"k%d\":1", i ? "," : "", i);
        memcpy(at, member, strlen(member));
        at += strlen(member);
    }
    const char *end = last ? fake_format(",\"%s\":1}", last) : "}";
    memcpy(at, end, strlen(end));
    return (str){text, at - text + (ptrdiff_t)strlen(end)};
}

static void many_members(void)
{
    json_fault fault;
    CHECK(json_parse(fake_begin(), many_keys(JSON_MAX_MEMBERS, NULL), NULL));
    CHECK(json_parse(fake_begin(), many_keys(JSON_MAX_MEMBERS - 1, "other"), NULL));
    CHECK(!json_parse(fake_begin(), many_keys(JSON_MAX_MEMBERS - 1, "k0"), NULL));
    CHECK(!json_parse(fake_begin(), many_keys(JSON_MAX_MEMBERS - 1, "k498"), NULL));
    CHECK(!json_parse(fake_begin(), many_keys(JSON_MAX_MEMBERS + 1, NULL), &fault));
    CHECK_STR(str_from_c(fault.what), "too many members in one object");
}

static void members(void)
{
    arena *mem = fake_begin();
    const cJSON *tree = json_parse(mem, fake_exact("{\"a\":\"text\",\"b\":null,\"c\":[1],\"A\":2}"), NULL);
    CHECK_STR(json_text(json_get(tree, "a")), "text");
    CHECK(cJSON_IsNull(json_get(tree, "b")));
    CHECK(cJSON_IsNumber(json_get(tree, "A")));
    CHECK(!json_get(tree, "d"));
    CHECK(!json_get(NULL, "a"));
    CHECK(!json_get(json_get(tree, "c"), "a"));
    CHECK(!json_get(json_get(tree, "a"), "a"));
    CHECK_INT(json_text(NULL).len, 0);
    CHECK_INT(json_text(json_get(tree, "c")).len, 0);
    CHECK_INT(json_text(json_get(tree, "b")).len, 0);
}

static void decoded_text(void)
{
    static const char *const rows[][2] = {
        {"\"\\u00e9\\u20ac\\uD83D\\uDE00\"", "é€😀"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\uffff\"", "\xef\xbf\xbf"},
        {"\"\\u0001\"", "\x01"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK_STR(json_text(json_parse(fake_begin(), fake_exact(rows[i][0]), NULL)), rows[i][1]);
}

static void whole_numbers(void)
{
    static const struct {
        const char *text;
        int64_t want; // -1: refused
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"1", 1},
        {"1e3", 1000},
        {"5.0", 5},
        {"9007199254740991", 9007199254740991},
        {"9007199254740992", -1},
        {"1e300", -1},
        {"-1", -1},
        {"0.5", -1},
        {"1e-400", 0}, // too small for a double: zero
        {"\"1\"", -1},
        {"null", -1},
        {"true", -1},
        {"[1]", -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t value = -1;
        check_row(rows[i].text);
        CHECK(json_whole(json_parse(fake_begin(), fake_exact(rows[i].text), NULL), &value) == (rows[i].want >= 0));
        CHECK_INT(value, rows[i].want);
    }
    int64_t value = -1;
    CHECK(!json_whole(NULL, &value) && value == -1);
}

static void parse_much(void)
{
    json_parse(&fake.mem, many_keys(20000, NULL), NULL);
}

// A parse that ran out of memory leaves nothing behind that the next one would trip over.
static void exhaustion(void)
{
    CHECK(fake_exhausts(parse_much, 1 << 18));
    CHECK(json_parse(fake_begin(), S("{\"a\":[1,2]}"), NULL));
}

static const test tests[] = {
    {"cases", cases},
    {"raw nul", raw_nul},
    {"depth", depth},
    {"duplicate keys", duplicate_keys},
    {"many members", many_members},
    {"members", members},
    {"decoded text", decoded_text},
    {"whole numbers", whole_numbers},
    {"exhaustion", exhaustion},
};
const module json_tree_tests = MODULE("json_tree", tests);
