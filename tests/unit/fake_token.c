// Tokens, signed and verified by a keyed hash that stands for every algorithm. A key fits only the algorithm of its
// type, as WebCrypto has it.
#include <string.h>

#include "check.h"
#include "fake_host.h"
#include "sha256.h"

static const char *encode(str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = fake_alloc((size_t)bytes.len * 4 / 3 + 4);
    size_t len = 0;
    unsigned bits = 0;
    int count = 0;
    for (ptrdiff_t i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | (unsigned char)bytes.at[i]) & 0xFFFF;
        for (count += 8; count >= 6; count -= 6)
            out[len++] = digits[bits >> (count - 6) & 63];
    }
    if (count)
        out[len++] = digits[bits << (6 - count) & 63];
    out[len] = 0;
    return out;
}

static str sign(str material, str input)
{
    uint8_t digest[32];
    const char *text = fake_format("%.*s|%.*s", (int)material.len, material.at, (int)input.len, input.at);
    sha256(str_from_c(text), digest);
    return fake_bytes(digest, sizeof digest);
}

const char *fake_token_with(const char *header, const char *claims, const char *material)
{
    const char *input = fake_format("%s.%s", encode(str_from_c(header)), encode(str_from_c(claims)));
    return fake_format("%s.%s", input, encode(sign(str_from_c(material), str_from_c(input))));
}

const char *fake_token(const char *alg, const char *kid, const char *claims)
{
    const char *header = kid ? fake_format("{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}", alg, kid)
                             : fake_format("{\"alg\":\"%s\",\"typ\":\"JWT\"}", alg);
    return fake_token_with(header, claims, kid ? kid : FAKE_JWT_SECRET);
}

const char *fake_user_token(void)
{
    return fake_token("HS256", NULL,
                      fake_format("{\"sub\":\"" FAKE_USER "\",\"email\":\"" FAKE_EMAIL
                                  "\",\"aud\":\"authenticated\",\"role\":\"authenticated\",\"exp\":%d}",
                                  FAKE_NOW_S + 3600));
}

static bool alg_fits(str alg, const fake_key *key)
{
    return (str_eq(alg, S("ES256")) && strcmp(key->kty, "EC") == 0 && strcmp(key->crv, "P-256") == 0) ||
           (str_eq(alg, S("RS256")) && strcmp(key->kty, "RSA") == 0) ||
           (str_eq(alg, S("EdDSA")) && strcmp(key->kty, "OKP") == 0 && strcmp(key->crv, "Ed25519") == 0);
}

host_jwt_verdict fake_verify(const host_jwt *jwt)
{
    str material = {0};
    if (jwt->jwks_url.len) {
        CHECK_STR(jwt->jwks_url, FAKE_URL "/auth/v1/.well-known/jwks.json");
        CHECK_INT(jwt->secret.len, 0);
        if (fake.keys_down)
            return HOST_JWT_UNAVAILABLE;
        const fake_key *key = NULL;
        for (int i = 0; i < FAKE_MAX_KEYS && !key; i++) {
            const fake_key *k = &fake.keys[i];
            if (k->kid && str_eq(jwt->kid, str_from_c(k->kid)) && str_eq(jwt->kty, str_from_c(k->kty)) &&
                str_eq(jwt->crv, str_from_c(k->crv)))
                key = k;
        }
        if (!key)
            return HOST_JWT_NO_KEY;
        CHECK(alg_fits(jwt->alg, key));
        material = str_from_c(key->kid);
    } else {
        CHECK(jwt->secret.len > 0);
        CHECK_STR(jwt->alg, "HS256");
        CHECK_STR(jwt->kty, "oct");
        material = jwt->secret;
    }
    return str_eq(sign(material, jwt->signing_input), jwt->signature) ? HOST_JWT_VALID : HOST_JWT_INVALID;
}
