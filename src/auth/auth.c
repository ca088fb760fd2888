// The token policy: which key may verify which algorithm, and which claims a user must have.
#include "auth/auth.h"

#include "auth/jwt.h"
#include "base/buf.h"
#include "http/answer.h"
#include "supabase/postgrest.h"

enum {
    LEEWAY_S = 30,             // clocks differ; Supabase's own servers allow as much
    ASK_TIMEOUT_MS = 5 * 1000, // a healthy auth server answers within a few hundred milliseconds
    ASK_MAX_REPLY = 64 * 1024,
    // Supabase's edge caches the key set for ten minutes, so that asking more often shows nothing newer:
    // https://supabase.com/docs/guides/auth/jwts
    KEYS_LIFETIME_MS = 10 * 60 * 1000,
    // An unknown kid may mean that keys were rotated; invented kids must not become a flood of fetches.
    KEYS_COOL_DOWN_MS = 30 * 1000,
};

// Algorithms by key type (RFC 7518 section 6, RFC 8037 section 2). HS256 has no published key, ever.
static const struct {
    str alg, kty, crv;
} published[] = {
    {STR("ES256"), STR("EC"), STR("P-256")},
    {STR("RS256"), STR("RSA"), STR("")},
    {STR("EdDSA"), STR("OKP"), STR("Ed25519")},
};

static bool refuse(const context *ctx, answer_error error, str reason)
{
    str headers = answer_describe(error)->status == 401 ? S("www-authenticate: Bearer\n") : S("");
    context_logs(ctx, HOST_WARN, S("Auth"), S("Refused: "), reason);
    answer_error_send(ctx, error, S(""), headers);
    return false;
}

static bool verify(const context *ctx, const jwt *token, host_jwt proof)
{
    proof.alg = token->alg;
    proof.kid = token->kid;
    proof.signing_input = token->signing_input;
    proof.signature = token->signature;
    switch (host_jwt_verify(&proof)) {
    case HOST_JWT_VALID: return true;
    case HOST_JWT_NO_KEY: return refuse(ctx, ERROR_INVALID_TOKEN, S("no key for this token"));
    case HOST_JWT_UNAVAILABLE: return refuse(ctx, ERROR_UPSTREAM_UNAVAILABLE, S("the signing keys cannot be read"));
    case HOST_JWT_INVALID: break;
    }
    return refuse(ctx, ERROR_INVALID_TOKEN, S("the signature does not fit"));
}

// Asks the project's auth server, which answers with the user that it takes the token for.
static bool ask(const context *ctx, str token, str sub)
{
    host_call call = postgrest_call(ctx, S("GET"), S("/auth/v1/user"), token);
    call.timeout_ms = ASK_TIMEOUT_MS;
    call.max_reply = ASK_MAX_REPLY;
    host_fetch(ctx->mem, &call, 1);
    if (call.reply.error == HOST_OK && call.reply.status >= 400 && call.reply.status < 500 && call.reply.status != 429)
        return refuse(ctx, ERROR_INVALID_TOKEN, S("the auth server refuses the token"));
    if (call.reply.error == HOST_TIMEOUT)
        return refuse(ctx, ERROR_UPSTREAM_TIMEOUT, S("the auth server took too long"));
    if (call.reply.error != HOST_OK || call.reply.status != 200)
        return refuse(ctx, ERROR_UPSTREAM_UNAVAILABLE, S("the auth server cannot be asked"));
    const cJSON *user = json_parse(ctx->mem, call.reply.body, NULL);
    return str_eq_nocase(json_text(json_get(user, "id")), sub) ||
           refuse(ctx, ERROR_INVALID_TOKEN, S("the auth server knows the token as another user's"));
}

static bool verify_signature(const context *ctx, const jwt *token, str text)
{
    if (str_eq(token->alg, S("HS256"))) {
        return ctx->cfg.jwt_secret.len ? verify(ctx, token, (host_jwt){.kty = S("oct"), .secret = ctx->cfg.jwt_secret})
                                       : ask(ctx, text, json_text(json_get(token->claims, "sub")));
    }
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        if (!str_eq(token->alg, published[i].alg))
            continue;
        buf url = buf_new(ctx->mem, 128);
        buf_puts(&url, ctx->cfg.supabase_url, S("/auth/v1/.well-known/jwks.json"));
        return verify(ctx, token,
                      (host_jwt){
                          .kty = published[i].kty,
                          .crv = published[i].crv,
                          .jwks_url = buf_str(&url),
                          .lifetime_ms = KEYS_LIFETIME_MS,
                          .cool_down_ms = KEYS_COOL_DOWN_MS,
                          .timeout_ms = ASK_TIMEOUT_MS,
                          .max_reply = ASK_MAX_REPLY,
                      });
    }
    return refuse(ctx, ERROR_INVALID_TOKEN, S("an algorithm that is not accepted"));
}

static bool has_audience(const cJSON *aud)
{
    if (cJSON_IsArray(aud)) {
        for (const cJSON *one = aud->child; one; one = one->next) {
            if (str_eq(json_text(one), S("authenticated")))
                return true;
        }
    }
    return str_eq(json_text(aud), S("authenticated"));
}

static bool check_claims(context *ctx, const cJSON *claims)
{
    const cJSON *exp = json_get(claims, "exp"), *nbf = json_get(claims, "nbf");
    double now = (double)ctx->started_ms / 1000, leeway = LEEWAY_S;
    if (!cJSON_IsNumber(exp) || (nbf && !cJSON_IsNumber(nbf)))
        return refuse(ctx, ERROR_INVALID_TOKEN, S("exp or nbf is not a number"));
    if (now >= exp->valuedouble + leeway)
        return refuse(ctx, ERROR_TOKEN_EXPIRED, S("expired"));
    if (nbf && now < nbf->valuedouble - leeway)
        return refuse(ctx, ERROR_INVALID_TOKEN, S("not valid yet"));
    if (!has_audience(json_get(claims, "aud")) || !str_eq(json_text(json_get(claims, "role")), S("authenticated")))
        return refuse(ctx, ERROR_INVALID_TOKEN, S("not a signed-in user's token"));
    if (ctx->cfg.jwt_issuer.len && !str_eq(json_text(json_get(claims, "iss")), ctx->cfg.jwt_issuer))
        return refuse(ctx, ERROR_INVALID_TOKEN, S("another issuer"));
    if (!str_is_uuid(json_text(json_get(claims, "sub"))))
        return refuse(ctx, ERROR_INVALID_TOKEN, S("sub is not a UUID"));
    return true;
}

bool auth_user_from_token(context *ctx)
{
    str header = ctx->request->headers[HEADER_AUTHORIZATION];
    str text = jwt_bearer(header);
    jwt token;
    if (!header.len)
        return refuse(ctx, ERROR_MISSING_AUTH_HEADER, S("no Authorization header"));
    if (!text.len)
        return refuse(ctx, ERROR_INVALID_AUTH_FORMAT, S("not a bearer token"));
    if (!jwt_read(ctx->mem, text, &token))
        return refuse(ctx, ERROR_INVALID_TOKEN, S("not a readable JWT"));
    // Claims first: what they rule out by themselves is not worth a signature, or a question to the auth server, which
    // would not tell an expired token from a forged one.
    if (!check_claims(ctx, token.claims) || !verify_signature(ctx, &token, text))
        return false;
    ctx->user = (auth_user){
        .id = arena_lower(ctx->mem, json_text(json_get(token.claims, "sub"))),
        .email = json_text(json_get(token.claims, "email")),
        .token = text,
    };
    return true;
}

bool auth_is_service(const context *ctx)
{
    str given = jwt_bearer(ctx->request->headers[HEADER_AUTHORIZATION]);
    str key = ctx->cfg.service_key;
    unsigned difference = (unsigned)(given.len != key.len) | (unsigned)(key.len == 0);
    // Every byte is looked at whatever the earlier ones were, so that the time taken tells nothing about the key.
    for (ptrdiff_t i = 0; i < given.len && key.len > 0; i++)
        difference |= (unsigned)(unsigned char)given.at[i] ^ (unsigned char)key.at[i % key.len];
    if (difference) {
        context_log(ctx, HOST_WARN, S("Auth"), S("Refused: not the service-role key"));
        answer_error_send(ctx, ERROR_NOT_FOUND, S(""), S(""));
    }
    return difference == 0;
}
