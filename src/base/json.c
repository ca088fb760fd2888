// The cJSON tree of a text: what cJSON lets pass (see the reader's rules) is refused before, duplicate keys after.
#include "base/json.h"

#include <string.h>

// cJSON's allocation hooks take no context. This is the arena of the parse that is running, and NULL between parses.
static arena *parse_arena;

static void *allocate(size_t size)
{
    return arena_alloc(parse_arena, (ptrdiff_t)size, _Alignof(max_align_t), 1);
}

static void release(void *block)
{
    (void)block;
}

// Whether two members of one object have the same (decoded) key, or there are more than JSON_MAX_MEMBERS, which bounds
// the comparisons.
static const char *member_fault(const cJSON *object)
{
    int count = 0;
    for (const cJSON *member = object->child; member; member = member->next) {
        if (++count > JSON_MAX_MEMBERS)
            return "too many members in one object";
        for (const cJSON *earlier = object->child; earlier != member; earlier = earlier->next) {
            if (strcmp(earlier->string, member->string) == 0)
                return "the same key twice in one object";
        }
    }
    return NULL;
}

// The recursion is bounded by JSON_MAX_DEPTH, which the text has been checked for.
static const char *any_member_fault(const cJSON *item)
{
    const char *fault = cJSON_IsObject(item) ? member_fault(item) : NULL;
    for (const cJSON *child = item->child; child && !fault; child = child->next)
        fault = any_member_fault(child);
    return fault;
}

static json_fault check(str text)
{
    json_reader reader = json_read(text);
    if (json_skip(&reader, NULL))
        json_at_end(&reader);
    return reader.fault;
}

const cJSON *json_parse(arena *mem, str text, json_fault *fault)
{
    json_fault found = check(text);
    const cJSON *tree = NULL;
    if (!found.what) {
        parse_arena = mem;
        cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = release});
        tree = cJSON_ParseWithLengthOpts(text.at, (size_t)text.len, NULL, 0);
        parse_arena = NULL;
        if (!tree)
            found = (json_fault){"not readable", 0};
        else
            found.what = any_member_fault(tree);
    }
    if (fault)
        *fault = found;
    return found.what ? NULL : tree;
}

const cJSON *json_get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

str json_text(const cJSON *item)
{
    return cJSON_IsString(item) ? str_from_c(item->valuestring) : (str){0};
}

bool json_whole(const cJSON *item, int64_t *value)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 9007199254740991.0))
        return false;
    int64_t whole = (int64_t)item->valuedouble;
    if ((double)whole != item->valuedouble)
        return false;
    *value = whole;
    return true;
}
