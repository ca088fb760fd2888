// Access tokens, good and hostile.
import { createHmac } from "node:crypto";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";

export const SECRET = "a-jwt-secret-of-the-tests-with-more-than-32-characters";

/** @typedef {Record<string, unknown>} Claims */

const seconds = () => Math.floor(Date.now() / 1000);

/**
 * The claims of a Supabase access token.
 * @param {string} sub
 * @param {Claims} [changes] undefined leaves a claim out
 * @returns {Claims}
 */
export function userClaims(sub, changes = {}) {
  const claims = {
    aud: "authenticated",
    role: "authenticated",
    sub,
    email: `${sub}@example.com`,
    iat: seconds(),
    exp: seconds() + 3600,
    ...changes,
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

/** @param {unknown} part */
export const encodePart = (part) =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");

/**
 * An HS256 token of any header and claims, both of which may be raw JSON text.
 * @param {unknown} claims
 * @param {{ secret?: string | Buffer, header?: unknown }} [options]
 */
export function hs256(claims, { secret = SECRET, header = { alg: "HS256", typ: "JWT" } } = {}) {
  const input = `${encodePart(header)}.${encodePart(claims)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/**
 * A pair of keys that a project could sign with.
 * @param {"ES256" | "RS256" | "EdDSA"} alg
 * @param {string} kid
 */
export async function signingKey(alg, kid) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    /** As the JWKS endpoint shows it. */
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig", key_ops: ["verify"] },
    publicPem: await exportSPKI(publicKey),
    /** @param {Claims} claims @param {import("jose").JWTHeaderParameters} [header] */
    sign: (claims, header = { alg, kid, typ: "JWT" }) =>
      new SignJWT(claims).setProtectedHeader(header).sign(privateKey),
  };
}

/**
 * Tokens that must be refused with INVALID_TOKEN although they look like a user's: RFC 7515 section 10, RFC 8725
 * sections 2 and 3.
 * @param {string} sub
 * @param {string} [secret] the project's
 * @returns {Record<string, string>} by what is wrong with them
 */
export function hostileTokens(sub, secret = SECRET) {
  const claims = userClaims(sub);
  const sign = (/** @type {unknown} */ what, /** @type {unknown} */ header) =>
    hs256(what, { secret, ...(header !== undefined && { header }) });
  const good = sign(claims, undefined);
  const [head = "", body = "", signature = ""] = good.split(".");
  const with_ = (/** @type {Claims} */ changes) => sign(userClaims(sub, changes), undefined);
  const header = (/** @type {Claims} */ more) => sign(claims, { alg: "HS256", typ: "JWT", ...more });
  const twice = JSON.stringify(claims).replace("{", '{"role":"service_role",');
  return {
    "alg none, no signature": `${encodePart({ alg: "none", typ: "JWT" })}.${body}.`,
    "alg None, the good signature": `${encodePart({ alg: "None" })}.${body}.${signature}`,
    "no alg": `${encodePart({ typ: "JWT" })}.${body}.${signature}`,
    "alg HS512 over an HS256 signature": `${encodePart({ alg: "HS512" })}.${body}.${signature}`,
    "another secret": hs256(claims, { secret: "another-secret-of-more-than-32-characters-in-all" }),
    "an empty secret": hs256(claims, { secret: "" }),
    "changed claims": `${head}.${encodePart(userClaims(sub, { sub: "00000000-0000-4000-8000-000000000000" }))}.${signature}`,
    "no signature": `${head}.${body}.`,
    "a shortened signature": `${head}.${body}.${signature.slice(0, -4)}`,
    "a padded signature": `${good}=`,
    "two parts": `${head}.${body}`,
    "four parts": `${good}.${signature}`,
    crit: header({ crit: ["exp"] }),
    "claims that are no object": sign("[]", undefined),
    "claims that are no JSON": sign("{", undefined),
    "a claim twice": sign(twice, undefined),
    "no exp": with_({ exp: undefined }),
    "exp as a text": with_({ exp: String(seconds() + 3600) }),
    "not valid yet": with_({ nbf: seconds() + 120 }),
    "the anon role": with_({ role: "anon" }),
    "the service role": with_({ role: "service_role" }),
    "no role": with_({ role: undefined }),
    "another audience": with_({ aud: "anon" }),
    "no audience": with_({ aud: undefined }),
    "sub that is no UUID": with_({ sub: "admin" }),
    "sub with a filter in it": with_({ sub: `${sub}&select=*` }),
    "no sub": with_({ sub: undefined }),
    nonsense: "abc.def.ghi",
    "too long": with_({ filler: "x".repeat(9000) }),
  };
}
