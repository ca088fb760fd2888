// The bump allocator. Under AddressSanitizer each allocation is followed by a poisoned gap, because the sanitizer
// cannot see an overrun from one allocation into the next.
#include "base/arena.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif

#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };
#define poison(at, size) ASAN_POISON_MEMORY_REGION((at), (size_t)(size))
#define unpoison(at, size) ASAN_UNPOISON_MEMORY_REGION((at), (size_t)(size))
#else
enum { GAP = 0 };
#define poison(at, size) ((void)(at), (void)(size))
#define unpoison(at, size) ((void)(at), (void)(size))
#endif

static char *take(arena *a, ptrdiff_t size, ptrdiff_t align)
{
    ptrdiff_t padding = (ptrdiff_t)(-(uintptr_t)a->at & (uintptr_t)(align - 1));
    if (size > PTRDIFF_MAX - padding - GAP)
        __builtin_trap();
    ptrdiff_t need = padding + size + GAP;
    if (need > a->end - a->at) {
        if (!a->grow)
            __builtin_trap();
        a->grow(a, need - (a->end - a->at));
    }
    char *block = a->at + padding;
    unpoison(block, size);
    poison(block + size, GAP);
    a->at = block + size + GAP;
    return block;
}

void *arena_alloc(arena *a, ptrdiff_t size, ptrdiff_t align, ptrdiff_t count)
{
    if (count < 0 || (count > 0 && size > PTRDIFF_MAX / count))
        __builtin_trap();
    char *block = take(a, size * count, align);
    return memset(block, 0, (size_t)(size * count));
}

char *arena_bytes(arena *a, ptrdiff_t size)
{
    return take(a, size, 1);
}

bool arena_extend(arena *a, char *block, ptrdiff_t old, ptrdiff_t size)
{
    if (!block || block + old + GAP != a->at)
        return false;
    a->at = block + old;
    poison(a->at, GAP);
    take(a, size - old, 1);
    return true;
}

str arena_copy(arena *a, str text)
{
    char *copy = arena_bytes(a, text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.at, (size_t)text.len);
    copy[text.len] = 0;
    return (str){copy, text.len};
}

str arena_lower(arena *a, str text)
{
    char *copy = arena_bytes(a, text.len);
    for (ptrdiff_t i = 0; i < text.len; i++)
        copy[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char)(text.at[i] + ('a' - 'A')) : text.at[i];
    return (str){copy, text.len};
}

char *arena_mark(const arena *a)
{
    return a->at;
}

void arena_rewind(arena *a, char *mark)
{
    unpoison(mark, a->at - mark);
    memset(mark, 0, (size_t)(a->at - mark));
    a->at = mark;
}
