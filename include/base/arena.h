// One event's memory: a bump allocator that is reset as a whole, or rewound to where it stood. Nothing is freed by
// hand.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

typedef struct arena arena;
struct arena {
    char *begin;
    char *at;
    char *end;
    // Asked for `need` more bytes behind `end`: moves `end` and returns, or does not return (a trap on WebAssembly,
    // a jump in tests). NULL: running out aborts.
    void (*grow)(arena *a, ptrdiff_t need);
};

// `count` objects of a type, zeroed.
#define arena_new(a, type, count) ((type *)arena_alloc((a), (ptrdiff_t)sizeof(type), _Alignof(type), (count)))

// `count` zeroed objects of `size` bytes, aligned to `align` (a power of two). Never returns NULL: see `grow`.
void *arena_alloc(arena *a, ptrdiff_t size, ptrdiff_t align, ptrdiff_t count);

// `size` bytes that the caller fills, not zeroed and not aligned.
char *arena_bytes(arena *a, ptrdiff_t size);

// Grows the block of `old` bytes at `block` to `size` in place when it is the arena's newest allocation; false,
// changing nothing, when it is not.
bool arena_extend(arena *a, char *block, ptrdiff_t old, ptrdiff_t size);

// A copy of `text` in the arena, followed by a NUL that the length does not count.
str arena_copy(arena *a, str text);

// A copy of `text` in the arena with ASCII letters in lower case.
str arena_lower(arena *a, str text);

// Where the arena stands, and back to there: zeroes and gives up all that was allocated since the mark. A reset is
// a rewind to `begin`.
char *arena_mark(const arena *a);
void arena_rewind(arena *a, char *mark);

#endif
