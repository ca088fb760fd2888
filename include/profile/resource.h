// The three things a user edits, each a table behind PostgREST: what may be written, what is shown, who owns a row.
#ifndef PROFILE_RESOURCE_H
#define PROFILE_RESOURCE_H

#include "http/router.h"
#include "http/schema.h"

// What to say when the database refuses a value by this constraint: the API's own check cannot decide it, because the
// rule spans stored and sent values. Ends with an empty constraint.
typedef struct resource_constraint {
    str constraint;
    str path;
    str message;
} resource_constraint;

typedef struct resource {
    str table;
    str title;     // "Work experience", begins the messages
    str one, many; // the members of an answer that hold one and all
    str columns;   // what is read and shown; never the vector
    str owner;     // the column that holds the user's id
    str order;     // of a list
    const schema *schema;
    const resource_constraint *constraints;
    str conflict; // the message of a 409
} resource;

extern const resource profile_resource, experience_resource, skill_resource;

#endif
