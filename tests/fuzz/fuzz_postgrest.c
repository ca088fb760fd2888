// Answers of the database, to every route of the profile. The first byte chooses the request; the lines are the answers
// (see fuzz.h).
#include "check.h"
#include "fuzz.h"
#include "supabase/postgrest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROW_ID "aaaaaaaa-0000-4000-8000-000000000000"

static const fake_request requests[] = {
    {.path = "/api/profile"},
    {.method = "PATCH", .path = "/api/profile", .body = "{\"current_title\":\"x\"}"},
    {.path = "/api/profile/work-experience"},
    {.method = "POST",
     .path = "/api/profile/work-experience",
     .body = "{\"position\":\"x\",\"company\":\"y\",\"start_date\":\"2024-01-01\"}"},
    {.method = "PATCH", .path = "/api/profile/work-experience/" ROW_ID, .body = "{\"end_date\":\"2024-01-01\"}"},
    {.method = "DELETE", .path = "/api/profile/work-experience/" ROW_ID},
    {.path = "/api/profile/skills/" ROW_ID},
    {.method = "POST", .path = "/api/profile/skills", .body = "{\"name\":\"x\"}"},
    {.path = "/api/profile/embedding"},
    {.method = "POST", .path = "/api/admin/backfill", .token = FAKE_SERVICE_KEY},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input;
    if (size < 1 || !fuzz_begin(data + 1, size - 1, &input))
        return -1;
    fake_request request = requests[data[0] % ROWS(requests)];
    str row;
    if (postgrest_first_row(input.rest, &row) && row.len)
        FUZZ_REQUIRE(row.at >= input.rest.at && row.at + row.len <= input.rest.at + input.rest.len);
    fuzz_answer_from(&input);
    if (!request.token)
        request.token = fake_user_token();
    fake_set("EMBEDDING_PROVIDER", "mock");
    fake_fetch(request);
    FUZZ_REQUIRE(fake.status < 400 || !str_contains(fake.body, S(PRIVATE)));
    return 0;
}
