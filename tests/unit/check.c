// The runner.
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *module, *test, *row;
    int failures; // of the running test
} running;

void check_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    const char *base = strrchr(file, '/');
    running.failures++;
    printf("FAIL %s/%s", running.module, running.test);
    if (running.row)
        printf(" [%s]", running.row);
    printf(" %s:%d: ", base ? base + 1 : file, line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

void check_row(const char *name)
{
    running.row = name;
}

bool check_that(bool holds, const char *what, const char *file, int line)
{
    if (!holds)
        check_fail(file, line, "%s does not hold", what);
    return holds;
}

bool check_int(int64_t have, int64_t want, const char *what, const char *file, int line)
{
    if (have != want)
        check_fail(file, line, "%s is %lld, not %lld", what, (long long)have, (long long)want);
    return have == want;
}

bool check_str(str have, str want, const char *what, const char *file, int line)
{
    bool equal = str_eq(have, want);
    if (!equal)
        check_fail(file, line, "%s is\n  \"%.*s\", not\n  \"%.*s\"", what, (int)have.len, have.len ? have.at : "",
                   (int)want.len, want.len ? want.at : "");
    return equal;
}

// Whether the arguments ask for this test; without arguments all are.
static bool is_selected(const char *module_name, const char *test_name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        str_pair wanted = str_cut(str_from_c(argv[i]), '/');
        if (str_eq(wanted.head, str_from_c(module_name)) &&
            (!wanted.found || str_eq(wanted.tail, str_from_c(test_name))))
            return true;
    }
    return argc < 2;
}

static bool run_test(const module *m, const test *t, void (*before)(void), void (*after)(void))
{
    running.module = m->name;
    running.test = t->name;
    running.row = NULL;
    running.failures = 0;
    before();
    t->run();
    running.row = NULL;
    after();
    return running.failures == 0;
}

int check_run(const module *const *modules, int count, void (*before)(void), void (*after)(void), int argc, char **argv)
{
    int passed = 0, failed = 0;
    bool list = argc == 2 && strcmp(argv[1], "--list") == 0;
    for (int i = 0; i < count; i++) {
        if (list)
            printf("%s\n", modules[i]->name);
        for (int k = 0; k < modules[i]->count && !list; k++) {
            const test *t = &modules[i]->tests[k];
            if (!is_selected(modules[i]->name, t->name, argc, argv))
                continue;
            bool ok = run_test(modules[i], t, before, after);
            passed += ok;
            failed += !ok;
        }
    }
    if (list)
        return 0;
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
