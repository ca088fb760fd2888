// http/request: the untrusted parts of a request.
#include "check.h"
#include "fake_host.h"

static void paths(void)
{
    static const char *const rows[][2] = {
        {"https://a.test/x/y", "/x/y"},
        {"https://a.test", "/"},
        {"https://a.test/", "/"},
        {"https://a.test?x=/y", "/"},
        {"https://a.test#/y", "/"},
        {"https://a.test/x?y=/z#w", "/x"},
        {"https://a.test/x#y?z", "/x"},
        {"https://a.test:8787/x/", "/x/"},
        {"https://a.test//x", "//x"},
        {"https://a.test/x/https://b.test/y", "/x/https://b.test/y"},
        {"", "/"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i][0]);
        CHECK_STR(http_url_path(fake_exact(rows[i][0])), rows[i][1]);
    }
}

static void segments(void)
{
    static const char *const rows[][2] = {
        {"", ""},         {"abc", "abc"}, {"a%20b", "a b"}, {"%41%6a%6A", "Ajj"}, {"%C3%A9", "é"},     {"é", "é"},
        {"%252F", "%2F"}, // decoded once
        {"a+b", "a+b"},   {"%2F", NULL},  {"%2f", NULL},    {"a/b", NULL},        {"%", NULL},         {"%4", NULL},
        {"%4g", NULL},    {"%g4", NULL},  {"% 4", NULL},    {"%00", NULL},        {"%0A", NULL},       {"%0d%0a", NULL},
        {"%7F", NULL},    {"\x1f", NULL}, {"%FF", NULL},    {"%C3", NULL},        {"%ED%A0%80", NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        str decoded = {0};
        check_row(rows[i][0]);
        if (CHECK(http_decode_segment(fake_begin(), fake_exact(rows[i][0]), &decoded) == (rows[i][1] != NULL)) &&
            rows[i][1])
            CHECK_STR(decoded, rows[i][1]);
    }
}

static void content_types(void)
{
    static const struct {
        const char *type;
        bool want;
    } rows[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {" application/json ", true},
        {"application/json;charset=utf-8", true},
        {"application/json; charset=\"UTF-8\"", true},
        {"application/json; Charset=utf-8; q=1", true},
        {"application/json; version=2", true},
        {"application/json;", true},
        {"application/problem+json", true},
        {"application/vnd.api+json; charset=utf-8", true},
        {"", false},
        {"text/plain", false},
        {"text/json", false},
        {"application/jsonp", false},
        {"application/x-json", false},
        {"application/+json", false},
        {"application/json-seq", false},
        {"application/xml", false},
        {"application/x-www-form-urlencoded", false},
        {"multipart/form-data; boundary=application/json", false},
        {"application/json; charset=iso-8859-1", false},
        {"application/json; charset=utf-16", false},
        {"application/json; charset=", false},
        {"application/json; a=b; charset=latin1", false},
        {"application/json, text/html", false},
        {"application", false},
        {"/json", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].type);
        CHECK(http_is_json(fake_exact(rows[i].type)) == rows[i].want);
    }
}

static void retry_after(void)
{
    static const struct {
        const char *value;
        int64_t want;
    } rows[] = {
        {"", -1},
        {"0", 0},
        {"1", 1000},
        {" 120 ", 120000},
        {"86400", 86400000},
        {"86401", 86400000},
        {"9223372036854775807", 86400000},
        {"-1", -1},
        {"1.5", -1},
        {"soon", -1},
        {"10 s", -1},
        {"Thu, 01 Jan 2026 00:00:10 GMT", 10000},
        {"Thu, 01 Jan 2026 00:00:00 GMT", 0},
        {"Wed, 31 Dec 2025 23:59:59 GMT", 0},
        {"Fri, 01 Jan 2027 00:00:00 GMT", 86400000},
        {"Thursday, 01-Jan-26 00:00:10 GMT", -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].value);
        CHECK_INT(http_retry_after_ms(fake_exact(rows[i].value), (int64_t)FAKE_NOW_S * 1000), rows[i].want);
    }
    // A part of a second is waited for as a whole one.
    CHECK_INT(http_retry_after_ms(S("Thu, 01 Jan 2026 00:00:10 GMT"), (int64_t)FAKE_NOW_S * 1000 + 1), 10000);
}

static void header_names(void)
{
    str_pair rest = {.tail = http_header_names, .found = true};
    int count = 0;
    for (; rest.found; count++)
        rest = str_cut(rest.tail, ',');
    CHECK_INT(count, HTTP_HEADER_COUNT);
    CHECK_STR(http_header_names, "authorization,content-type,origin,x-request-id");
}

static const test tests[] = {
    {"paths", paths},
    {"segments", segments},
    {"content types", content_types},
    {"retry-after", retry_after},
    {"header names", header_names},
};
const module request_tests = MODULE("request", tests);
