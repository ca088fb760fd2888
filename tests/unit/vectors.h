// Vectors and AI answers for tests. All results live until fake_reset.
#ifndef VECTORS_H
#define VECTORS_H

// "[…]" with `count` numbers: the first as given, the others 0.
const char *vector_text(int count, const char *first);

// {"shape":…,"data":[…],"pooling":"mean"} with `count` vectors of 768; the first numbers are 0.5, 1.5, …
const char *ai_reply(int count);

// The same around the given vectors (a comma-separated list).
const char *ai_reply_of(const char *vectors);

#endif
