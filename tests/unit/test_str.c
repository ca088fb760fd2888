// base/str: slices.
#include <string.h>

#include "check.h"
#include "fake_host.h"

static void equality(void)
{
    static const struct {
        const char *a, *b;
        bool equal, nocase;
    } rows[] = {
        {"", "", true, true},     {"a", "a", true, true},   {"a", "A", false, true},  {"a", "ab", false, false},
        {"Ä", "ä", false, false}, {"@", "`", false, false}, {"[", "{", false, false}, {"Z0-", "z0-", false, true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].a);
        CHECK(str_eq(fake_exact(rows[i].a), fake_exact(rows[i].b)) == rows[i].equal);
        CHECK(str_eq_nocase(fake_exact(rows[i].a), fake_exact(rows[i].b)) == rows[i].nocase);
    }
    CHECK(str_eq((str){0}, S("")));
    CHECK_INT(str_from_c(NULL).len, 0);
}

static void search(void)
{
    static const struct {
        const char *text, *part;
        bool starts, ends, contains;
    } rows[] = {
        {"", "", true, true, true},           {"abc", "", true, true, true},    {"abc", "abc", true, true, true},
        {"abc", "ab", true, false, true},     {"abc", "bc", false, true, true}, {"abc", "b", false, false, true},
        {"abc", "abcd", false, false, false}, {"", "a", false, false, false},   {"aab", "ab", false, true, true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("%s in %s", rows[i].part, rows[i].text));
        str text = fake_exact(rows[i].text), part = fake_exact(rows[i].part);
        CHECK(str_starts_with(text, part) == rows[i].starts);
        CHECK(str_ends_with(text, part) == rows[i].ends);
        CHECK(str_contains(text, part) == rows[i].contains);
    }
}

static void slices(void)
{
    static const struct {
        ptrdiff_t from, to;
        const char *want;
    } rows[] = {
        {0, 5, "hello"}, {1, 3, "el"}, {-2, 2, "he"}, {3, 99, "lo"}, {5, 5, ""},
        {9, 12, ""},     {4, 2, ""},   {0, -1, ""},   {-9, -3, ""},  {PTRDIFF_MIN, PTRDIFF_MAX, "hello"},
    };
    str text = fake_exact("hello");
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK_STR(str_slice(text, rows[i].from, rows[i].to), rows[i].want);
    CHECK_INT(str_slice((str){0}, 0, 3).len, 0);
}

static void trimming(void)
{
    static const char *const rows[][2] = {
        {"", ""}, {" ", ""}, {" \t\r\n", ""}, {" a ", "a"}, {"a b", "a b"}, {"\n a\t b \r", "a\t b"}, {"\va", "\va"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK_STR(str_trim(fake_exact(rows[i][0])), rows[i][1]);
}

static void cutting(void)
{
    static const struct {
        const char *text, *head, *tail;
        bool found;
    } rows[] = {
        {"", "", "", false}, {"a", "a", "", false}, {"a:b", "a", "b", true},
        {":", "", "", true}, {"a:", "a", "", true}, {":b:c", "", "b:c", true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].text);
        str_pair pair = str_cut(fake_exact(rows[i].text), ':');
        CHECK_STR(pair.head, rows[i].head);
        CHECK_STR(pair.tail, rows[i].tail);
        CHECK(pair.found == rows[i].found);
    }
}

static void numbers(void)
{
    static const struct {
        const char *text;
        int64_t want; // -1: refused
    } rows[] = {
        {"0", 0},
        {"7", 7},
        {"007", 7},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", -1},
        {"99999999999999999999", -1},
        {"", -1},
        {"-1", -1},
        {"+1", -1},
        {" 1", -1},
        {"1 ", -1},
        {"1.0", -1},
        {"0x1", -1},
        {"\xD9\xA1", -1}, // an Arabic digit
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t value = -1;
        check_row(rows[i].text);
        CHECK(str_parse_u63(fake_exact(rows[i].text), &value) == (rows[i].want >= 0));
        CHECK_INT(value, rows[i].want);
    }
}

static void uuids(void)
{
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"11111111-1111-4111-8111-111111111111", true},  {"ABCDEF00-1234-5678-9abc-DEF012345678", true},
        {"00000000-0000-0000-0000-000000000000", true},  {"", false},
        {"11111111-1111-4111-8111-11111111111", false},  {"11111111-1111-4111-8111-1111111111111", false},
        {"{1111111-1111-4111-8111-11111111111}", false}, {"11111111x1111-4111-8111-111111111111", false},
        {"1111111-11111-4111-8111-111111111111", false}, {"g1111111-1111-4111-8111-111111111111", false},
        {"11111111-1111-4111-8111-11111111111 ", false}, {"111111111111411181111111111111111111", false},
        {"11111111-1111-4111-8111-1111%2011111", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].text);
        CHECK(str_is_uuid(fake_exact(rows[i].text)) == rows[i].want);
    }
}

// Every byte at every place of texts of every short length, with a second special byte behind or not.
static void plain_text(void)
{
    char bytes[20];
    for (int value = 0; value < 256; value++) {
        bool plain = value >= 0x20 && value < 0x80 && value != '"' && value != '\\';
        for (int len = 1; len < 20; len++) {
            for (int at = 0; at < len; at++) {
                memset(bytes, at % 2 ? ' ' : '!', sizeof bytes);
                bytes[at] = (char)value;
                str text = fake_bytes(bytes, len);
                const char *end = text.at + len;
                if (str_skip_plain(text.at, end) != (plain ? end : text.at + at))
                    check_fail(__FILE__, __LINE__, "byte %d at %d of %d", value, at, len);
            }
        }
    }
}

static const test tests[] = {
    {"equality", equality}, {"search", search},   {"slices", slices}, {"trimming", trimming},
    {"cutting", cutting},   {"numbers", numbers}, {"uuids", uuids},   {"plain text", plain_text},
};
const module str_tests = MODULE("str", tests);
