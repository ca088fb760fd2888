// The native program: prints one line of JSON per case.
#define _POSIX_C_SOURCE 200809L
#include "cases.h"

#include <stdio.h>
#include <time.h>

enum { LONG_ENOUGH_NS = 200 * 1000 * 1000, ROUNDS = 5 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t time_of(int32_t index, int32_t times)
{
    int64_t start = now_ns();
    bench_repeat(index, times);
    return now_ns() - start;
}

int main(void)
{
    bench_prepare();
    for (int32_t index = 0; index < bench_count(); index++) {
        int32_t times = 1;
        while (time_of(index, times) < LONG_ENOUGH_NS / ROUNDS)
            times *= 2;
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double ns = (double)time_of(index, times) / times;
            best = round == 0 || ns < best ? ns : best;
        }
        printf("{\"name\":\"%s\",\"ns\":%.1f,\"bytes\":%d}\n", bench_name(index), best, (int)bench_bytes(index));
    }
    return 0;
}
