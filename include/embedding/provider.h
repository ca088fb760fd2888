// The embedding model behind one interface: the Workers AI binding, its REST API, or the mock.
#ifndef EMBEDDING_PROVIDER_H
#define EMBEDDING_PROVIDER_H

#include "context.h"

// Texts per call: Workers AI's embedding models take at most 100 (the model's input schema, maxItems).
enum { PROVIDER_MAX_TEXTS = 100 };

typedef enum provider_outcome {
    PROVIDER_OK,
    PROVIDER_CONTENT, // it will not take these texts, or gave them no usable vectors: asking again is pointless
    PROVIDER_OUTAGE,  // it cannot be asked now, or is not set up: the texts are not to blame
} provider_outcome;

// `why` is a sentence without anything of the provider's own, fit for the log and for the user.
typedef struct provider_answer {
    provider_outcome outcome;
    str why;
    int64_t retry_after_ms; // -1: not said
} provider_answer;

// One text and what became of it: `vector` as "[…]", or empty with `fault` saying why.
typedef struct provider_item {
    str text;
    str vector;
    str fault;
} provider_item;

// Embeds up to PROVIDER_MAX_TEXTS items in one call, trying again where that makes sense. With PROVIDER_OK each item
// has a vector or a fault. Waits. Vectors are in the arena.
provider_answer provider_embed(const context *ctx, provider_item *items, int32_t count);

#endif
