// embedding/vector: which arrays of numbers are vectors.
#include "embedding/vector.h"

#include "check.h"
#include "fake_host.h"
#include "vectors.h"

static void check_vector(const char *text, const char *want_why)
{
    json_reader r = json_read(fake_exact(fake_format(" %s,", text)));
    str vector = {0}, why = {0};
    CHECK(vector_read(&r, &vector, &why) == (want_why[0] == 0));
    CHECK_STR(why, want_why);
    if (want_why[0]) {
        CHECK_INT(r.at, 0);
        CHECK(!r.fault.what);
    } else {
        CHECK_STR(vector, text);
        CHECK_INT(r.text.at[r.at], ',');
    }
}

static void counts(void)
{
    static const struct {
        int count;
        const char *why;
    } rows[] = {{768, ""},
                {767, "not 768 numbers"},
                {769, "not 768 numbers"},
                {1, "not 768 numbers"},
                {1536, "not 768 numbers"}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("%d numbers", rows[i].count));
        check_vector(vector_text(rows[i].count, "1"), rows[i].why);
    }
    check_row("none");
    check_vector("[]", "not 768 numbers");
}

static void elements(void)
{
    static const struct {
        const char *first, *why;
    } rows[] = {
        {"1", ""},
        {"-0.0123456789", ""},
        {"1e-7", ""},
        {"-3.4028235e38", ""},
        {"3.4028234663852886e+38", ""},
        {"3.4028235677973365e38", ""}, // rounds to the largest float4
        {"3.4028235677973367e38", "a number is out of range"},
        {"3.41e38", "a number is out of range"},
        {"1e39", "a number is out of range"},
        {"-1e300", "a number is out of range"},
        {"1e999999999999", "a number is out of range"},
        {"340282346638528859811704183484516925440", ""},
        {"1.5e-45", ""},
        {"0", "all zero"},
        {"-0.0", "all zero"},
        {"0e5", "all zero"},
        {"1e-46", "all zero"}, // below what a float4 holds
        {"null", "an element is not a number"},
        {"\"1\"", "an element is not a number"},
        {"true", "an element is not a number"},
        {"[1]", "an element is not a number"},
        {"{}", "an element is not a number"},
        {"NaN", "an element is not a number"},
        {"Infinity", "an element is not a number"},
        {"-Infinity", "an element is not a number"},
        {"01", "an element is not a number"},
        {"1.", "an element is not a number"},
        {"", "an element is not a number"},
        {"1 1", "not readable"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].first);
        check_vector(vector_text(768, rows[i].first), rows[i].why);
    }
}

static void others(void)
{
    static const char *const texts[] = {"null", "{}", "\"[1]\"", "1", "", "{\"data\":[1]}"};
    for (size_t i = 0; i < ROWS(texts); i++) {
        check_row(texts[i]);
        check_vector(texts[i], "not an array");
    }
}

static void cut_off(void)
{
    str text = str_from_c(vector_text(768, "0.25"));
    for (ptrdiff_t len = 0; len < text.len; len += 97) {
        json_reader r = json_read(fake_bytes(text.at, len));
        str vector, why;
        CHECK(!vector_read(&r, &vector, &why));
    }
}

static const test tests[] = {{"counts", counts}, {"elements", elements}, {"others", others}, {"cut off", cut_off}};
const module vector_tests = MODULE("vector", tests);
