// The resume text: what a profile says, as one text for the embedding model.
#ifndef EMBEDDING_TEXT_H
#define EMBEDDING_TEXT_H

#include "base/json.h"

// The longest text that is embedded, in characters. The default model reads 512 tokens; this is room enough for any
// such model while a batch of 100 texts stays below 4 MB.
enum { TEXT_MAX_CHARACTERS = 8000 };

// Where the text comes from: a row of `users`, and the rows of the other two tables in their fixed order. Rows with a
// user_id count only when it is the user's id; the arrays may be NULL.
typedef struct text_source {
    const cJSON *user, *experiences, *skills;
} text_source;

// Title, summary, then each experience as position, company, description, then each skill's name. Parts are trimmed,
// blank ones left out, joined by one blank, and the whole is cut at TEXT_MAX_CHARACTERS. In the arena.
str text_assemble(arena *mem, const text_source *source);

#endif
