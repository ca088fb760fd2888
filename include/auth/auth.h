// Who is asking. Every function answers the request itself when the answer is no.
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "context.h"

// Verifies the request's Supabase access token and fills ctx->user. False when it has answered 401, or 502 to 504
// because the token could not be checked.
//
// The signature is verified with the project's published key for the token's `kid` (ES256, RS256, EdDSA), or with the
// shared secret (HS256); a project with HS256 tokens and no secret configured is asked itself, at /auth/v1/user. A key
// only ever verifies the algorithm it is made for (RFC 8725 section 3.1). Required claims: exp and nbf with 30 s of
// leeway, aud and role "authenticated", sub a UUID, iss when SUPABASE_JWT_ISSUER is set.
bool auth_user_from_token(context *ctx);

// Whether the request carries the service-role key as its bearer token, compared in constant time. False, having
// answered 404 as for an unknown path, for anything else.
bool auth_is_service(const context *ctx);

#endif
