// Queue messages: each line of the input is one, up to an empty line; the lines behind are the upstream's answers (see
// fuzz.h). fake_queue requires that each is decided exactly once.
#include "check.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_MESSAGES = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bodies[MAX_MESSAGES];
    int32_t count = 0;
    fuzz_input input;
    if (size < 1 || !fuzz_begin(data + 1, size - 1, &input))
        return -1;
    for (; input.rest.len && count < MAX_MESSAGES; count++) {
        str line = fuzz_line(&input);
        if (!line.len)
            break;
        bodies[count] = fuzz_text(line);
    }
    fuzz_answer_from(&input);
    fake_queue(bodies, count, data[0]);
    for (int32_t i = 0; i < count; i++)
        FUZZ_REQUIRE(fake.fates[i].delay_s == 0 || (fake.fates[i].delay_s >= 30 && fake.fates[i].delay_s <= 12 * 3600));
    FUZZ_REQUIRE(fake.call_count > 0 || !fuzz_upstream_lied());
    return 0;
}
