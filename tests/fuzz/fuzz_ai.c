// Answers of the embedding model. The first byte chooses the way to it and the number of texts; the rest is the answer,
// in which "$" stands for a good vector and "#" for the zeroes behind the first number of one, so that a short input
// can hold a whole vector.
#include <string.h>

#include "base/buf.h"
#include "check.h"
#include "embedding/provider.h"
#include "embedding/vector.h"
#include "fuzz.h"
#include "vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str reply_text;

static bool answer(const fake_call *call, host_reply *reply)
{
    (void)call;
    *reply = (host_reply){.status = 200, .body = reply_text};
    return true;
}

static str expand(str text)
{
    str good = str_from_c(vector_text(VECTOR_DIMENSIONS, "0.5"));
    str zeroes = str_slice(good, 4, good.len - 1);
    buf all = buf_new(fake_begin(), 4096);
    for (ptrdiff_t i = 0; i < text.len; i++)
        buf_put(&all, text.at[i] == '$' ? good : text.at[i] == '#' ? zeroes : str_slice(text, i, i + 1));
    return fake_bytes(all.at, all.len);
}

// A vector is 768 finite numbers, and nothing else.
static void check_vector(str vector)
{
    const cJSON *tree = json_parse(&fake.mem, vector, NULL);
    FUZZ_REQUIRE(cJSON_IsArray(tree) && cJSON_GetArraySize(tree) == VECTOR_DIMENSIONS);
    const cJSON *number;
    bool any = false;
    cJSON_ArrayForEach(number, tree)
    {
        FUZZ_REQUIRE(cJSON_IsNumber(number) && number->valuedouble <= 3.4028235677973366e38 &&
                     number->valuedouble >= -3.4028235677973366e38);
        any = any || (float)number->valuedouble != 0;
    }
    FUZZ_REQUIRE(any);
    FUZZ_REQUIRE(vector.at[0] == '[' && vector.at[vector.len - 1] == ']');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input;
    provider_item items[3] = {{.text = S("a")}, {.text = S("b")}, {.text = S("c")}};
    if (size < 1 || !fuzz_begin(data + 1, size - 1, &input))
        return -1;
    int32_t count = data[0] % 3 + 1;
    if (data[0] & 128) {
        fake_set("EMBEDDING_PROVIDER", "rest");
        fake_set("CLOUDFLARE_ACCOUNT_ID", "account");
        fake_set("CLOUDFLARE_API_TOKEN", FAKE_AI_TOKEN);
    }
    reply_text = expand(fuzz_rest(&input));
    fake.responder = answer;
    context ctx = fake_context();
    provider_answer result = provider_embed(&ctx, items, count);
    FUZZ_REQUIRE(fake.call_count == 1);
    FUZZ_REQUIRE((result.outcome == PROVIDER_OK) == (result.why.len == 0));
    for (int32_t i = 0; i < count && result.outcome == PROVIDER_OK; i++) {
        FUZZ_REQUIRE((items[i].vector.len > 0) != (items[i].fault.len > 0));
        if (items[i].vector.len)
            check_vector(items[i].vector);
    }
    return 0;
}
