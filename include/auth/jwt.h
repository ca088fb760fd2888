// JSON Web Tokens in compact form (RFC 7519, RFC 7515): taken apart, not yet believed.
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include "base/json.h"

// Longer tokens are refused unread: a Supabase access token has 1 to 2 KB, and headers are limited to 16 KB in all.
enum { JWT_MAX_LENGTH = 8 * 1024 };

typedef struct jwt {
    str alg, kid; // of the header; kid may be empty
    const cJSON *claims;
    str signing_input; // a slice of the token
    str signature;     // decoded
} jwt;

// The token of a Bearer header; empty for any other scheme or shape (RFC 6750 section 2.1). A slice of `header`.
str jwt_bearer(str header);

// Takes `token` apart into *out, in the arena. False for anything but three base64url parts of which two are JSON
// objects without duplicate members, and for a header that has `crit` (RFC 7515 section 4.1.11: no extension is
// understood here) or no `alg`. Keys that a token brings itself (jwk, jku, x5c, x5u) are never looked at.
bool jwt_read(arena *mem, str token, jwt *out);

#endif
