// A host port that answers every call at once with the same body.
#ifndef BENCH_CANNED_HOST_H
#define BENCH_CANNED_HOST_H

#include "host.h"

// What host_fetch and host_ai_run answer from now on, with status 200. Not copied.
void canned_answer(str body);

#endif
