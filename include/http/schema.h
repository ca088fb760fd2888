// Request bodies: tables of fields, and the check of a JSON object against such a table.
#ifndef HTTP_SCHEMA_H
#define HTTP_SCHEMA_H

#include "base/buf.h"
#include "base/json.h"

typedef enum field_type {
    FIELD_TEXT,
    FIELD_URL,       // http or https
    FIELD_LOOSE_URL, // the scheme may be left out
    FIELD_DAY,       // YYYY-MM-DD
    FIELD_BOOL,
    FIELD_CHOICE,
} field_type;

// One field of a body, which is also a column of the table it goes to. `min` and `max` count characters after
// trimming. `choices` ends with an empty string. An optional field takes null, which clears it.
typedef struct field {
    str name;
    field_type type;
    int32_t min, max;
    const str *choices;
    bool required;
    bool feeds_text; // part of the resume text, or of its order
    str about;       // for the API's documentation
} field;

// A rule over two fields: when `holds` says no for their values (NULL where absent), a problem at `path` is reported.
typedef struct schema_rule {
    const char *first, *second;
    bool (*holds)(const cJSON *first, const cJSON *second);
    str path;
    str message;
} schema_rule;

typedef struct schema {
    str what; // "work experience", for messages
    const field *fields;
    int32_t field_count;
    const schema_rule *rules;
    int32_t rule_count;
} schema;

typedef struct schema_result {
    bool ok;
    bool feeds_text; // an accepted field feeds the resume text
    str members;     // ok: the accepted members of a JSON object, without braces
    str details;     // not ok: the items of the answer's details array
} schema_result;

// Checks `body`, a JSON object, and collects every problem in the order of the schema. `partial`: required fields may
// be absent (but not null), and at least one known field must be there. Results are in the arena.
schema_result schema_check(const schema *s, const cJSON *body, bool partial, arena *mem);

// Puts one item of a details array: {"code", "path": [`path`], "message"}; an empty path gives [].
void schema_put_detail(buf *details, str code, str path, str message);

#endif
