// Feature hashing.
#include "embedding/mock.h"

#include "base/buf.h"
#include "embedding/vector.h"

// FNV-1a, 64 bits (draft-eastlake-fnv), then the finalizer of SplitMix64, whose low and high bits are both usable.
static uint64_t fnv1a(uint64_t hash, str bytes)
{
    for (ptrdiff_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.at[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t mix(uint64_t h)
{
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

static const uint64_t fnv_basis = 0xcbf29ce484222325u;

static void add_feature(int32_t *sums, uint64_t hash)
{
    uint64_t h = mix(hash);
    sums[h % VECTOR_DIMENSIONS] += h >> 63 ? -1 : 1;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static void add_features(int32_t *sums, str text)
{
    str previous = {0};
    for (ptrdiff_t i = 0; i < text.len;) {
        ptrdiff_t start = i;
        while (i < text.len && is_word(text.at[i]))
            i++;
        if (i == start) {
            i++;
            continue;
        }
        str word = str_slice(text, start, i);
        add_feature(sums, fnv1a(fnv_basis, word));
        if (previous.len)
            add_feature(sums, fnv1a(fnv1a(fnv1a(fnv_basis, previous), S(" ")), word));
        previous = word;
    }
}

static void put_fraction(buf *out, double value)
{
    if (value < 0)
        buf_put_char(out, '-');
    int64_t scaled = (int64_t)(__builtin_fabs(value) * 1e8 + 0.5);
    buf_put_int(out, scaled / 100000000);
    buf_put_char(out, '.');
    for (int64_t digit = 10000000; digit > 0; digit /= 10)
        buf_put_char(out, (char)('0' + scaled / digit % 10));
}

str mock_embed(arena *mem, str text)
{
    int32_t *sums = arena_new(mem, int32_t, VECTOR_DIMENSIONS);
    double squares = 0;
    add_features(sums, arena_lower(mem, text));
    for (int i = 0; i < VECTOR_DIMENSIONS; i++)
        squares += (double)sums[i] * sums[i];
    if (squares == 0) {
        sums[0] = 1;
        squares = 1;
    }
    double norm = __builtin_sqrt(squares);
    buf out = buf_new(mem, (ptrdiff_t)VECTOR_DIMENSIONS * 12);
    for (int i = 0; i < VECTOR_DIMENSIONS; i++) {
        buf_put_char(&out, i ? ',' : '[');
        put_fraction(&out, sums[i] / norm);
    }
    buf_put_char(&out, ']');
    return buf_str(&out);
}
