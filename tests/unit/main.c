// All modules of unit tests in one program.
#include "check.h"
#include "fake_host.h"

// clang-format off
#define MODULES(X) \
    X(str) X(arena) X(buf) X(utf8) X(json_reader) X(json_tree) X(date) X(request) X(router) X(cors) X(answer) \
    X(body) X(schema) X(config) X(jwt) X(auth) X(postgrest) X(text) X(vector) X(mock) X(retry) X(provider) \
    X(source) X(store) X(update) X(update_faults) X(dispatch) X(consumer) X(sweep) X(backfill) X(profile_read) \
    X(profile_edit) X(docs) X(core)
// clang-format on

#define DECLARE(name) extern const module name##_tests;
MODULES(DECLARE)

#define LIST(name) &name##_tests,
static const module *const modules[] = {MODULES(LIST)};

int main(int argc, char **argv)
{
    return check_run(modules, (int)ROWS(modules), fake_reset, fake_finish, argc, argv);
}
