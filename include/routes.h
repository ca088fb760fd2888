// The table of routes: what is served, to whom, by which handler, and what the documentation says about it.
#ifndef ROUTES_H
#define ROUTES_H

#include "http/router.h"

extern const route routes[];
extern const int32_t route_count;

#endif
