// base/utf8: validity by the table of RFC 3629, and characters.
#include <string.h>

#include "base/utf8.h"
#include "check.h"
#include "fake_host.h"

static void next(void)
{
    static const struct {
        const char *bytes;
        int want;
    } rows[] = {
        {"", 0},
        {"a", 1},
        {"\x7f", 1},
        {"\x80", 0}, // a tail by itself
        {"\xbf", 0},
        {"\xc0\x80", 0}, // overlong
        {"\xc1\xbf", 0},
        {"\xc2\x80", 2},
        {"\xdf\xbf", 2},
        {"\xc2", 0}, // cut off
        {"\xc2"
         "a",
         0},
        {"\xe0\x80\x80", 0}, // overlong
        {"\xe0\x9f\xbf", 0},
        {"\xe0\xa0\x80", 3},
        {"\xe2\x82", 0},
        {"\xe2\x82"
         "a",
         0},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0}, // U+D800
        {"\xed\xbf\xbf", 0}, // U+DFFF
        {"\xee\x80\x80", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x80\x80\x80", 0}, // overlong
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4},
        {"\xf0\x9f\x98", 0},
        {"\xf0\x9f\x98"
         "a",
         0},
        {"\xf4\x8f\xbf\xbf", 4}, // U+10FFFF
        {"\xf4\x90\x80\x80", 0}, // above
        {"\xf5\x80\x80\x80", 0},
        {"\xf8\x88\x80\x80\x80", 0},
        {"\xfe", 0},
        {"\xff", 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        str text = fake_exact(rows[i].bytes);
        check_row(fake_format("row %zu", i));
        CHECK_INT(utf8_next(text), rows[i].want);
        bool whole = rows[i].want == text.len;
        CHECK(utf8_is_valid(text) == whole);
    }
    CHECK(utf8_is_valid(fake_exact("aé€😀")));
    CHECK(!utf8_is_valid(fake_exact("aé€😀\xf0\x9f")));
    CHECK_INT(utf8_next(fake_bytes("\0", 1)), 1);
}

static void counting_and_heads(void)
{
    static const struct {
        const char *text;
        ptrdiff_t count;
        const char *heads[5];
    } rows[] = {
        {"", 0, {"", "", "", "", ""}},
        {"abc", 3, {"", "a", "ab", "abc", "abc"}},
        {"é€😀", 3, {"", "é", "é€", "é€😀", "é€😀"}},
        {"e\xcc\x81", 2, {"", "e", "e\xcc\x81", "e\xcc\x81", "e\xcc\x81"}}, // a combining mark counts
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        CHECK_INT(utf8_count(fake_exact(rows[i].text)), rows[i].count);
        for (ptrdiff_t k = 0; k < 5; k++)
            CHECK_STR(utf8_head(fake_exact(rows[i].text), k), rows[i].heads[k]);
    }
    CHECK_INT(utf8_head((str){0}, 3).len, 0);
}

// The white space of ECMAScript's trim, each by itself, around a text, and twice.
static void trimming(void)
{
    static const char *const spaces[] = {
        " ",
        "\t",
        "\n",
        "\v",
        "\f",
        "\r",
        "\xc2\xa0",
        "\xe1\x9a\x80",
        "\xe2\x80\x80",
        "\xe2\x80\x81",
        "\xe2\x80\x82",
        "\xe2\x80\x83",
        "\xe2\x80\x84",
        "\xe2\x80\x85",
        "\xe2\x80\x86",
        "\xe2\x80\x87",
        "\xe2\x80\x88",
        "\xe2\x80\x89",
        "\xe2\x80\x8a",
        "\xe2\x80\xa8",
        "\xe2\x80\xa9",
        "\xe2\x80\xaf",
        "\xe2\x81\x9f",
        "\xe3\x80\x80",
        "\xef\xbb\xbf",
    };
    for (size_t i = 0; i < ROWS(spaces); i++) {
        check_row(fake_format("space %zu", i));
        CHECK_STR(utf8_trim(fake_exact(spaces[i])), "");
        CHECK_STR(utf8_trim(fake_exact(fake_format("%sa%sb%s", spaces[i], spaces[i], spaces[i]))),
                  fake_format("a%sb", spaces[i]));
        CHECK_STR(utf8_trim(fake_exact(fake_format("%s%s€%s%s", spaces[i], spaces[0], spaces[0], spaces[i]))), "€");
    }
    // No white space: zero width space and joiner, next line, a soft hyphen, characters that end like a space.
    static const char *const others[] = {"\xe2\x80\x8b",    "\xe2\x80\x8d", "\xc2\x85", "\xc2\xad", "\xc3\xa0", "à",
                                         "\xf0\x9f\x80\x80"};
    for (size_t i = 0; i < ROWS(others); i++)
        CHECK_STR(utf8_trim(fake_exact(others[i])), others[i]);
    CHECK_INT(utf8_trim((str){0}).len, 0);
}

static const test tests[] = {{"next", next}, {"counting and heads", counting_and_heads}, {"trimming", trimming}};
const module utf8_tests = MODULE("utf8", tests);
