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

static uint32_t hash_key(const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return hash;
}

// Whether two members of one object have the same (decoded) key: a hash set, because a body may hold thousands.
static bool has_duplicate(arena *mem, const cJSON *object)
{
    ptrdiff_t slots = 8;
    for (const cJSON *member = object->child; member; member = member->next)
        slots += 2;
    char *mark = arena_mark(mem);
    const char **seen = arena_new(mem, const char *, slots);
    bool duplicate = false;
    for (const cJSON *member = object->child; member && !duplicate; member = member->next) {
        ptrdiff_t slot = (ptrdiff_t)(hash_key(member->string) % (uint32_t)slots);
        while (seen[slot] && !duplicate) {
            duplicate = strcmp(seen[slot], member->string) == 0;
            slot = (slot + 1) % slots;
        }
        seen[slot] = member->string;
    }
    arena_rewind(mem, mark);
    return duplicate;
}

// The recursion is bounded by JSON_MAX_DEPTH, which the text has been checked for.
static bool any_duplicate(arena *mem, const cJSON *item)
{
    if (cJSON_IsObject(item) && has_duplicate(mem, item))
        return true;
    for (const cJSON *child = item->child; child; child = child->next) {
        if (any_duplicate(mem, child))
            return true;
    }
    return false;
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
        else if (any_duplicate(mem, tree))
            found = (json_fault){"the same key twice in one object", 0};
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
