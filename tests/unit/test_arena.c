// base/arena: the event's memory.
#include <string.h>

#include <sanitizer/asan_interface.h>

#include "check.h"
#include "fake_host.h"

static bool is_zero(const char *bytes, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

static void alignment_and_zeroes(void)
{
    arena *mem = fake_begin();
    for (ptrdiff_t align = 1; align <= 64; align *= 2) {
        arena_bytes(mem, 1);
        char *block = arena_alloc(mem, 24, align, 3);
        CHECK_INT((int64_t)((uintptr_t)block & (uintptr_t)(align - 1)), 0);
        CHECK(is_zero(block, 72));
    }
    CHECK(arena_alloc(mem, 0, 1, 5) != NULL);
    CHECK(arena_alloc(mem, 8, 8, 0) != NULL);
}

static void gaps_are_poisoned(void)
{
    arena *mem = fake_begin();
    char *first = arena_bytes(mem, 5), *second = arena_bytes(mem, 5);
    CHECK(!__asan_address_is_poisoned(first + 4));
    CHECK(__asan_address_is_poisoned(first + 5));
    CHECK(!__asan_address_is_poisoned(second));
    CHECK(__asan_address_is_poisoned(second + 5));
}

static void extending(void)
{
    arena *mem = fake_begin();
    char *block = arena_bytes(mem, 8);
    memcpy(block, "12345678", 8);
    CHECK(arena_extend(mem, block, 8, 100));
    CHECK(memcmp(block, "12345678", 8) == 0);
    memset(block + 8, 'x', 92);
    char *newer = arena_bytes(mem, 4);
    CHECK(newer >= block + 100);
    char *at = mem->at;
    CHECK(!arena_extend(mem, block, 100, 200));
    CHECK(!arena_extend(mem, NULL, 0, 10));
    CHECK(mem->at == at);
    CHECK(arena_extend(mem, newer, 4, 4));
}

static void copies(void)
{
    arena *mem = fake_begin();
    str copy = arena_copy(mem, fake_exact("Äb"));
    CHECK_STR(copy, "Äb");
    CHECK_INT(copy.at[copy.len], 0);
    CHECK_INT(arena_copy(mem, (str){0}).len, 0);
    CHECK_STR(arena_lower(mem, fake_exact("AZaz[@Ä09")), "azaz[@Ä09");
    CHECK_INT(arena_lower(mem, (str){0}).len, 0);
}

static void rewinding(void)
{
    arena *mem = fake_begin();
    str kept = arena_copy(mem, S("kept"));
    char *mark = arena_mark(mem);
    char *given_up = arena_bytes(mem, 1000);
    memset(given_up, 'x', 1000);
    arena_copy(mem, S("secret"));
    char *end = mem->at;
    arena_rewind(mem, mark);
    CHECK(mem->at == mark);
    CHECK(is_zero(mark, end - mark));
    CHECK_STR(kept, "kept");
    arena_rewind(mem, mem->begin);
    CHECK(mem->at == mem->begin);
    CHECK(is_zero(mem->begin, end - mem->begin));
}

static void growing(void)
{
    arena *mem = fake_begin();
    const char *end = mem->end;
    char *small = arena_bytes(mem, 100);
    memset(small, 's', 100);
    char *large = arena_bytes(mem, 3 << 20);
    memset(large, 'l', 3 << 20);
    CHECK(mem->end > end);
    CHECK_INT(small[99], 's');
    CHECK(mem->at <= mem->end);
}

static void take_too_much(void)
{
    for (;;)
        arena_alloc(&fake.mem, 1 << 16, 1, 1);
}

static void take_at_once(void)
{
    arena_bytes(&fake.mem, PTRDIFF_MAX / 2);
}

static void take_exactly(void)
{
    arena *mem = &fake.mem;
    while (mem->end - mem->at >= 32)
        arena_bytes(mem, 1);
}

static void exhaustion(void)
{
    CHECK(fake_exhausts(take_too_much, 1 << 20));
    CHECK(fake_exhausts(take_at_once, 1 << 20));
    CHECK(!fake_exhausts(take_exactly, 1 << 16));
    fake_begin();
    CHECK(is_zero(arena_alloc(&fake.mem, 64, 8, 1), 64));
}

static const test tests[] = {
    {"alignment and zeroes", alignment_and_zeroes},
    {"gaps are poisoned", gaps_are_poisoned},
    {"extending", extending},
    {"copies", copies},
    {"rewinding", rewinding},
    {"growing", growing},
    {"exhaustion", exhaustion},
};
const module arena_tests = MODULE("arena", tests);
