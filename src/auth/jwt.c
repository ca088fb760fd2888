// Tokens, taken apart.
#include "auth/jwt.h"

str jwt_bearer(str header)
{
    str_pair parts = str_cut(str_trim(header), ' ');
    str token = str_trim(parts.tail);
    if (!str_eq_nocase(parts.head, S("Bearer")))
        return (str){0};
    for (ptrdiff_t i = 0; i < token.len; i++) {
        if ((unsigned char)token.at[i] <= ' ' || (unsigned char)token.at[i] >= 0x7F)
            return (str){0};
    }
    return token;
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

// Unpadded base64url (RFC 4648 section 5, RFC 7515 section 2), with no bits left over.
static bool decode(arena *mem, str text, str *out)
{
    char *bytes = arena_bytes(mem, text.len);
    ptrdiff_t len = 0;
    unsigned bits = 0;
    int count = 0;
    for (ptrdiff_t i = 0; i < text.len; i++) {
        int value = base64url_value(text.at[i]);
        if (value < 0)
            return false;
        bits = (bits << 6 | (unsigned)value) & 0xFFFF;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[len++] = (char)(bits >> count);
        }
    }
    *out = (str){bytes, len};
    return count < 6 && (bits & ((1u << count) - 1)) == 0;
}

static const cJSON *decode_object(arena *mem, str text)
{
    str decoded;
    const cJSON *tree = decode(mem, text, &decoded) ? json_parse(mem, decoded, NULL) : NULL;
    return cJSON_IsObject(tree) ? tree : NULL;
}

bool jwt_read(arena *mem, str token, jwt *out)
{
    if (token.len > JWT_MAX_LENGTH)
        return false;
    str_pair header = str_cut(token, '.');
    str_pair claims = str_cut(header.tail, '.');
    if (!claims.found || str_cut(claims.tail, '.').found)
        return false;
    const cJSON *fields = decode_object(mem, header.head);
    *out = (jwt){
        .alg = json_text(json_get(fields, "alg")),
        .kid = json_text(json_get(fields, "kid")),
        .claims = fields ? decode_object(mem, claims.head) : NULL,
        .signing_input = str_slice(token, 0, header.head.len + 1 + claims.head.len),
    };
    bool readable = out->claims && out->alg.len && !json_get(fields, "crit");
    return readable && decode(mem, claims.tail, &out->signature);
}
