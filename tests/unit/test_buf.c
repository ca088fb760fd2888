// base/buf: growing text and its encodings.
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "check.h"
#include "fake_host.h"

static void putting(void)
{
    buf b = buf_new(fake_begin(), 0);
    CHECK_INT(buf_str(&b).len, 0);
    buf_put(&b, fake_exact("ab"));
    buf_put(&b, (str){0});
    buf_put_char(&b, 'c');
    buf_puts(&b, fake_exact("d"), fake_exact(""), fake_exact("ef"));
    CHECK_STR(buf_str(&b), "abcdef");
}

static void numbers(void)
{
    static const struct {
        int64_t value;
        const char *want;
    } rows[] = {
        {0, "0"},
        {7, "7"},
        {-7, "-7"},
        {1000, "1000"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf b = buf_new(fake_begin(), 1);
        buf_put_int(&b, rows[i].value);
        CHECK_STR(buf_str(&b), rows[i].want);
    }
}

// Grows in place while it is the newest allocation, and moves when it is not.
static void growth(void)
{
    arena *mem = fake_begin();
    buf b = buf_new(mem, 1);
    const char *at = b.at;
    for (int i = 0; i < 1000; i++)
        buf_put(&b, S("0123456789"));
    CHECK(b.at == at);
    arena_bytes(mem, 1);
    for (int i = 0; i < 1000; i++)
        buf_put(&b, S("abcdefghij"));
    CHECK(b.at != at);
    CHECK_INT(b.len, 20000);
    CHECK(memcmp(b.at + 9990, "0123456789abcdefghij", 20) == 0);
}

static void two_at_once(void)
{
    arena *mem = fake_begin();
    buf a = buf_new(mem, 4), b = buf_new(mem, 4);
    for (int i = 0; i < 300; i++) {
        buf_put(&a, S("aaa"));
        buf_put(&b, S("bbb"));
    }
    CHECK_INT(a.len, 900);
    CHECK_INT(b.len, 900);
    for (int i = 0; i < 900; i++) {
        if (a.at[i] != 'a' || b.at[i] != 'b') {
            check_fail(__FILE__, __LINE__, "the texts mixed at %d", i);
            break;
        }
    }
}

static void json_strings(void)
{
    static const char *const rows[][2] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"\"\\/", "\"\\\"\\\\/\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"é€😀", "\"é€😀\""},
        {"a\"", "\"a\\\"\""},
        {"\na", "\"\\na\""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf b = buf_new(fake_begin(), 0);
        buf_put_json(&b, fake_exact(rows[i][0]));
        CHECK_STR(buf_str(&b), rows[i][1]);
    }
}

// Found by fuzzing: a blank name, trimmed to a slice of nothing, was offset from a null pointer.
static void slice_of_nothing(void)
{
    buf b = buf_new(fake_begin(), 0);
    buf_put_json(&b, (str){0});
    buf_put_url(&b, (str){0});
    buf_put(&b, (str){0});
    CHECK_STR(buf_str(&b), "\"\"");
}

// Whatever is put as a JSON string reads back as itself.
static void json_strings_read_back(void)
{
    for (int c = 1; c < 128; c++) {
        const char *text = fake_format("<%c%c>", c, c);
        arena *mem = fake_begin();
        buf b = buf_new(mem, 0);
        buf_put_json(&b, str_from_c(text));
        CHECK_STR(json_text(json_parse(mem, buf_str(&b), NULL)), text);
    }
}

static void url_components(void)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"AZaz09-._~", "AZaz09-._~"},
        {"a b", "a%20b"},
        {"a/b?c#d&e=f%", "a%2Fb%3Fc%23d%26e%3Df%25"},
        {"(),*!'", "%28%29%2C%2A%21%27"},
        {"é\r\n", "%C3%A9%0D%0A"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf b = buf_new(fake_begin(), 0);
        buf_put_url(&b, fake_exact(rows[i][0]));
        CHECK_STR(buf_str(&b), rows[i][1]);
    }
}

static void hexadecimal(void)
{
    static const uint8_t bytes[] = {0, 1, 0x0f, 0xf0, 0xff};
    buf b = buf_new(fake_begin(), 0);
    buf_put_hex(&b, bytes, 0);
    buf_put_hex(&b, bytes, 5);
    CHECK_STR(buf_str(&b), "00010ff0ff");
}

static void grow_for_ever(void)
{
    buf b = buf_new(&fake.mem, 16);
    for (;;)
        buf_put(&b, S("0123456789abcdef"));
}

static void exhaustion(void)
{
    CHECK(fake_exhausts(grow_for_ever, 1 << 18));
}

static const test tests[] = {
    {"putting", putting},
    {"numbers", numbers},
    {"growth", growth},
    {"two at once", two_at_once},
    {"json strings", json_strings},
    {"slice of nothing", slice_of_nothing},
    {"json strings read back", json_strings_read_back},
    {"url components", url_components},
    {"hexadecimal", hexadecimal},
    {"exhaustion", exhaustion},
};
const module buf_tests = MODULE("buf", tests);
