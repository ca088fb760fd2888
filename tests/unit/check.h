// The runner of the unit tests: modules of named tests, checks that say where they failed, and a summary.
#ifndef CHECK_H
#define CHECK_H

#include "base/str.h"

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

typedef struct module {
    const char *name;
    const test *tests;
    int count;
} module;

// A module of a static array of tests.
#define MODULE(name, tests)                                                                                            \
    {                                                                                                                  \
        name, tests, (int)(sizeof(tests) / sizeof *(tests))                                                            \
    }

// The number of rows of a table.
#define ROWS(table) (sizeof(table) / sizeof *(table))

// Each check reports a failure and lets the test go on; all return whether it held.
#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(have, want) check_int((have), (want), #have, __FILE__, __LINE__)
#define CHECK_STR(have, want) check_str((have), str_from_c(want), #have, __FILE__, __LINE__)
#define CHECK_SLICE(have, want) check_str((have), (want), #have, __FILE__, __LINE__)

bool check_that(bool holds, const char *what, const char *file, int line);
bool check_int(int64_t have, int64_t want, const char *what, const char *file, int line);
bool check_str(str have, str want, const char *what, const char *file, int line);

// Names the row of a table that is being checked, for the failures that follow; until the test ends.
void check_row(const char *name);

// Reports a failure of the running test. printf's format.
__attribute__((format(printf, 3, 4))) void check_fail(const char *file, int line, const char *format, ...);

// Runs the modules, `before` and `after` around each test, and returns the exit code. Arguments select by name,
// "module" or "module/test"; "--list" prints the names of the modules only.
int check_run(const module *const *modules, int count, void (*before)(void), void (*after)(void), int argc,
              char **argv);

#endif
