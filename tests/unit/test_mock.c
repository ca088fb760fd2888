// embedding/mock: the vectors of a few texts, as a second implementation (in another language) computed them.
#include "embedding/mock.h"

#include <stdlib.h>

#include "base/buf.h"
#include "check.h"
#include "embedding/vector.h"
#include "fake_host.h"
#include "sha256.h"

// The numbers that are not zero, in order.
static const char *sparse(str vector)
{
    const char *all = "";
    int index = 0;
    for (str_pair rest = {.tail = str_slice(vector, 1, vector.len - 1), .found = true}; rest.found; index++) {
        rest = str_cut(rest.tail, ',');
        if (!str_eq(rest.head, S("0.00000000")))
            all = fake_format("%s%d:%.*s ", all, index, (int)rest.head.len, rest.head.at);
    }
    return all;
}

static void known_vectors(void)
{
    static const struct {
        const char *text, *want, *sha256;
    } rows[] = {
        {"", "0:1.00000000 ", "1f6b0a1b43e1201261b528f992c46f7ddcb6c51c4fecf00df83f1475009ac0c1"},
        {"!? \n-", "0:1.00000000 ", "1f6b0a1b43e1201261b528f992c46f7ddcb6c51c4fecf00df83f1475009ac0c1"},
        {"hello", "271:1.00000000 ", "3d9d0452733d26381d1801c519b425999b6cf5ff50d1fda3779ec853740ca8cf"},
        {"Hello, World", "141:0.57735027 271:0.57735027 593:0.57735027 ",
         "c3f9755374a6a88051463f0c03b957bc4c4467c9d7b372e45369dd2cf2731ed0"},
        {"hello WORLD!", "141:0.57735027 271:0.57735027 593:0.57735027 ",
         "c3f9755374a6a88051463f0c03b957bc4c4467c9d7b372e45369dd2cf2731ed0"},
        {"C developer. C developer!", "2:0.55470020 102:0.55470020 576:-0.55470020 639:-0.27735010 ",
         "01824ed39e270341b46dbd6e228d8292a644d46fb90a596d1e338e1b4c18c9c8"},
        {"Ingénieure à Zürich 東京",
         "179:-0.37796447 240:-0.37796447 309:-0.37796447 339:-0.37796447 521:-0.37796447 599:-0.37796447 "
         "748:-0.37796447 ",
         "750a69d32c62c473ce95523f61929cc14a2286f43d18c124a3ca201152c21122"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t digest[32];
        str vector = mock_embed(fake_begin(), fake_exact(rows[i].text));
        buf hex = buf_new(&fake.mem, 64);
        check_row(rows[i].text);
        CHECK_STR(str_from_c(sparse(vector)), rows[i].want);
        sha256(vector, digest);
        buf_put_hex(&hex, digest, 32);
        CHECK_STR(buf_str(&hex), rows[i].sha256);
    }
}

// Every vector that the mock gives is one that the store would take.
static void valid(void)
{
    static const char *const texts[] = {"", "a", "a a a a", "The quick brown fox jumps over the lazy dog",
                                        "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < ROWS(texts); i++) {
        str vector, why, made = mock_embed(fake_begin(), str_from_c(texts[i]));
        json_reader r = json_read(made);
        CHECK(vector_read(&r, &vector, &why) && json_at_end(&r));
        CHECK_SLICE(vector, made);
    }
}

static double dot(str a, str b)
{
    double sum = 0;
    str_pair x = {.tail = str_slice(a, 1, a.len - 1), .found = true}, y = {.tail = str_slice(b, 1, b.len - 1)};
    while (x.found) {
        x = str_cut(x.tail, ',');
        y = str_cut(y.tail, ',');
        sum += atof(fake_format("%.*s", (int)x.head.len, x.head.at)) *
               atof(fake_format("%.*s", (int)y.head.len, y.head.at));
    }
    return sum;
}

static void similarity(void)
{
    arena *mem = fake_begin();
    str a = mock_embed(mem, S("Backend engineer, writes C and Postgres"));
    str near = mock_embed(mem, S("Backend engineer who writes C and some Postgres"));
    str far = mock_embed(mem, S("Pastry chef with a bakery in Lyon"));
    CHECK(dot(a, a) > 0.999 && dot(a, a) < 1.001);
    CHECK(dot(a, near) > 0.4);
    CHECK(dot(a, far) < 0.2);
}

static const test tests[] = {{"known vectors", known_vectors}, {"valid", valid}, {"similarity", similarity}};
const module mock_tests = MODULE("mock", tests);
