// Vectors as text: checked and copied, never converted to floats.
#ifndef EMBEDDING_VECTOR_H
#define EMBEDDING_VECTOR_H

#include "base/json.h"

// The dimensions of bge-base-en-v1.5, and of the column users.resume_embedding.
enum { VECTOR_DIMENSIONS = 768 };

// Moves over one vector: an array of VECTOR_DIMENSIONS numbers, each within a float4 (what pgvector stores), not all of
// them zero (whose cosine distance is undefined). *vector is its text. On false *why says what is wrong, and the
// reader stands where it stood before.
bool vector_read(json_reader *r, str *vector, str *why);

#endif
