// embedding/text: what a profile says, as one text.
#include "embedding/text.h"

#include <string.h>

#include "base/utf8.h"
#include "check.h"
#include "fake_host.h"

static const cJSON *tree(const char *json)
{
    return json ? json_parse(&fake.mem, fake_exact(json), NULL) : NULL;
}

static str assemble(const char *user, const char *experiences, const char *skills)
{
    fake_begin();
    text_source source = {tree(user), tree(experiences), tree(skills)};
    return text_assemble(&fake.mem, &source);
}

static void parts(void)
{
    static const struct {
        const char *user, *experiences, *skills, *want;
    } rows[] = {
        {"{}", "[]", "[]", ""},
        {"{}", NULL, NULL, ""},
        {"{\"current_title\":\"T\",\"professional_summary\":\"S\"}",
         "[{\"position\":\"P1\",\"company\":\"C1\",\"description\":\"D1\"},{\"position\":\"P2\",\"company\":\"C2\","
         "\"description\":\"D2\"}]",
         "[{\"name\":\"A\"},{\"name\":\"B\"}]", "T S P1 C1 D1 P2 C2 D2 A B"},
        {"{\"current_title\":null,\"professional_summary\":\" \\u00a0\\n\"}",
         "[{\"position\":\" P \",\"company\":\"\",\"description\":null}]", "[{\"name\":\"\\tA\\t\"},{\"name\":\"\"}]",
         "P A"},
        {"{\"professional_summary\":\"two  words\\nand a line\"}", "[]", "[]", "two  words\nand a line"},
        {"{\"id\":\"u\",\"email\":\"e\",\"first_name\":\"f\",\"current_title\":\"T\"}",
         "[{\"id\":\"i\",\"start_date\":\"d\"}]", "[{\"level\":\"expert\"}]", "T"},
        {"{\"current_title\":5,\"professional_summary\":[\"x\"]}", "[{\"position\":{}},7,null]", "[\"A\",{\"name\":1}]",
         ""},
        {"{\"current_title\":\"T\"}", "{\"position\":\"P\"}", "\"A\"", "T"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(fake_format("row %zu", i));
        CHECK_STR(assemble(rows[i].user, rows[i].experiences, rows[i].skills), rows[i].want);
    }
}

// Rows that were read for many users at once count for their own user only.
static void rows_of_others(void)
{
    CHECK_STR(assemble("{\"id\":\"u1\",\"current_title\":\"T\"}",
                       "[{\"user_id\":\"u2\",\"position\":\"other\"},{\"user_id\":\"u1\",\"position\":\"own\"}]",
                       "[{\"user_id\":null,\"name\":\"nobody\"},{\"user_id\":\"u1\",\"name\":\"skill\"},{\"user_id\":"
                       "\"u2\",\"name\":\"x\"}]"),
              "T own skill");
}

static void cut(void)
{
    char *long_text = fake_alloc(4 * 9000 + 1);
    for (int i = 0; i < 9000; i++)
        memcpy(long_text + 4 * (size_t)i, "😀", 5);
    str text = assemble(fake_format("{\"current_title\":\"ab\",\"professional_summary\":\"%s\"}", long_text), "[]",
                        "[{\"name\":\"A\"}]");
    CHECK_INT(utf8_count(text), TEXT_MAX_CHARACTERS);
    CHECK_INT(text.len, 3 + 4 * (TEXT_MAX_CHARACTERS - 3));
    CHECK(utf8_is_valid(text));
    long_text[4 * 7997] = 0;
    text = assemble(fake_format("{\"current_title\":\"ab\",\"professional_summary\":\"%s\"}", long_text), "[]", "[]");
    CHECK_INT(utf8_count(text), TEXT_MAX_CHARACTERS);
}

static const test tests[] = {{"parts", parts}, {"rows of others", rows_of_others}, {"cut", cut}};
const module text_tests = MODULE("text", tests);
