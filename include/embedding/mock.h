// The mock provider: an embedding computed here, for machines without an account. Deterministic, and similar texts get
// similar vectors, so that matching on it means something.
#ifndef EMBEDDING_MOCK_H
#define EMBEDDING_MOCK_H

#include "base/arena.h"

// The vector of `text` as "[…]", in the arena: signed feature hashing (Weinberger et al., 2009) of its words and pairs
// of neighbouring words into VECTOR_DIMENSIONS, L2-normalised, printed with eight decimals. Words are runs of ASCII
// letters, digits and non-ASCII bytes, ASCII letters lower-cased. A text without features gets the first unit vector.
str mock_embed(arena *mem, str text);

#endif
