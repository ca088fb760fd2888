// The queue's consumer: a batch of messages becomes one set of users.
#ifndef EMBEDDING_CONSUMER_H
#define EMBEDDING_CONSUMER_H

#include "context.h"

// A queue message as the shim hands it over. `attempts` counts deliveries, from 1.
typedef struct queue_message {
    str body;
    int32_t attempts;
} queue_message;

// Updates every user that the messages name, once, and acknowledges or retries each message by what became of its
// user. A message that names no user is logged and acknowledged: it would never get better. Waits.
void consumer_run(const context *ctx, const queue_message *messages, int32_t count);

#endif
