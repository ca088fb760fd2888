// A JSON body through the reader, the tree and the schemas. The first byte chooses the schema.
#include "base/utf8.h"
#include "check.h"
#include "fuzz.h"
#include "profile/resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// RFC 3629 by arithmetic, apart from the table that the core uses.
static bool is_utf8(str text)
{
    for (ptrdiff_t i = 0; i < text.len;) {
        unsigned lead = (unsigned char)text.at[i++];
        int more = lead < 0x80 ? 0 : lead < 0xC0 ? -1 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF8 ? 3 : -1;
        uint32_t point = more > 0 ? lead & (0x3Fu >> more) : lead;
        for (int k = 0; k < more; k++, i++) {
            if (i >= text.len || ((unsigned char)text.at[i] & 0xC0) != 0x80)
                return false;
            point = point << 6 | ((unsigned char)text.at[i] & 0x3F);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (more < 0 || point < least[more] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
            return false;
    }
    return true;
}

// What the reader accepts, cJSON accepts; what both accept has no key twice and no number beyond a double.
static void compare(str text, const cJSON *tree, json_fault fault)
{
    json_reader r = json_read(text);
    bool readable = json_skip(&r, NULL) && json_at_end(&r);
    FUZZ_REQUIRE(r.fault.at >= 0 && r.fault.at <= text.len);
    FUZZ_REQUIRE(readable == (r.fault.what == NULL));
    FUZZ_REQUIRE(!tree || readable);
    FUZZ_REQUIRE(tree || !readable || str_eq(str_from_c(fault.what), S("the same key twice in one object")));
    FUZZ_REQUIRE(!readable || is_utf8(text));
    FUZZ_REQUIRE(utf8_is_valid(text) == is_utf8(text));
}

static void check_result(const schema *s, const schema_result *result)
{
    arena *mem = &fake.mem;
    str json = str_from_c(result->ok ? fake_format("{%.*s}", (int)result->members.len, result->members.at)
                                     : fake_format("[%.*s]", (int)result->details.len, result->details.at));
    const cJSON *tree = json_parse(mem, json, NULL);
    FUZZ_REQUIRE(tree != NULL);
    FUZZ_REQUIRE(cJSON_GetArraySize(tree) > 0);
    if (!result->ok)
        return;
    const cJSON *one;
    cJSON_ArrayForEach(one, tree)
    {
        bool known = false;
        for (int32_t i = 0; i < s->field_count; i++)
            known = known || str_eq(s->fields[i].name, str_from_c(one->string));
        FUZZ_REQUIRE(known);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const resource *const resources[] = {&profile_resource, &experience_resource, &skill_resource};
    fuzz_input input;
    json_fault fault;
    if (size < 1 || !fuzz_begin(data + 1, size - 1, &input))
        return -1;
    str text = fuzz_rest(&input);
    arena *mem = fake_begin();
    const cJSON *tree = json_parse(mem, text, &fault);
    compare(text, tree, fault);
    if (cJSON_IsObject(tree)) {
        const schema *s = resources[data[0] % 3]->schema;
        schema_result result = schema_check(s, tree, data[0] & 4, mem);
        check_result(s, &result);
    }
    return 0;
}
