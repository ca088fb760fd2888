// The three events. The shim puts what an event brings into the arena and calls one of these; a test does the same with
// its fake host.
#ifndef CORE_H
#define CORE_H

#include "embedding/consumer.h"
#include "http/request.h"

// Serves one HTTP request: responds exactly once, then goes on with what is to be done behind the response.
void core_fetch(arena *mem, const http_request *request);

// Consumes one batch of queue messages: decides the fate of each.
void core_queue(arena *mem, const queue_message *messages, int32_t count);

// One tick of the cron trigger.
void core_scheduled(arena *mem);

#endif
