// Accounts of an embedded Supabase: keys and tokens, sign-up and sign-in, and many users at once for tests.
import { createHmac, randomUUID } from "node:crypto";

// What the Supabase CLI puts into its local keys, so that the same secret gives the same well-known keys.
const KEY_CLAIMS = { iss: "supabase-demo", exp: 1983812996 };

/**
 * An HS256 JWT of the given claims.
 * @param {string} secret
 * @param {Record<string, unknown>} claims
 */
export function signJwt(secret, claims) {
  const encode = (/** @type {unknown} */ part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const input = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/**
 * The classic API key of a role, as most hosted projects use them.
 * @param {string} secret
 * @param {"anon" | "service_role"} role
 */
export function apiKey(secret, role) {
  return signJwt(secret, { iss: KEY_CLAIMS.iss, role, exp: KEY_CLAIMS.exp });
}

/**
 * Signs a new user up through the Auth API.
 * @param {string} url
 * @param {string} anonKey
 * @param {string} email
 * @param {string} password
 */
export function signUp(url, anonKey, email, password) {
  return requestSession(`${url}/auth/v1/signup`, anonKey, email, password);
}

/**
 * Signs an existing user in through the Auth API.
 * @param {string} url
 * @param {string} anonKey
 * @param {string} email
 * @param {string} password
 */
export function signIn(url, anonKey, email, password) {
  return requestSession(`${url}/auth/v1/token?grant_type=password`, anonKey, email, password);
}

/**
 * @param {string} url
 * @param {string} anonKey
 * @param {string} email
 * @param {string} password
 * @returns {Promise<{ id: string, token: string }>}
 */
async function requestSession(url, anonKey, email, password) {
  const response = await fetch(url, {
    method: "POST",
    headers: { apikey: anonKey, "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const session = await response.json();
  if (!session.access_token) {
    throw new Error(`${url} gave no session (${response.status}): ${JSON.stringify(session)}`);
  }
  return { id: session.user.id, token: session.access_token };
}

/**
 * Adds accounts by SQL, with tokens like the Auth API's. A sign-up hashes a password, which takes some 100 ms; this
 * is for tests that need hundreds of users.
 * @param {Pick<import("../supabase.mjs").Supabase, "db" | "jwtSecret">} supabase
 * @param {number} count
 * @returns {Promise<{ id: string, email: string, token: string }[]>} in ascending order of id
 */
export async function addUsers({ db, jwtSecret }, count) {
  const ids = Array.from({ length: count }, () => randomUUID()).sort();
  await db.query(
    `insert into auth.users (id, email, email_confirmed_at)
     select id, id || '@example.com', now() from unnest($1::uuid[]) id`,
    [ids],
  );
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return ids.map((id) => {
    const email = `${id}@example.com`;
    const claims = { aud: "authenticated", role: "authenticated", sub: id, email, exp };
    return { id, email, token: signJwt(jwtSecret, claims) };
  });
}
