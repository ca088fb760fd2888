// Verification keys: the shared secret, and the published key sets (RFC 7517), fetched and kept for a while. Which key
// may verify which algorithm, and how long a key set is kept, are the core's decisions.

import { readBody } from "./body.mjs";

const VERDICT = { valid: 0, invalid: 1, noKey: 2, unavailable: 3 };

/** Import and verify parameters by JWS algorithm (RFC 7518 section 3, RFC 8037 section 3.1). */
const ALGORITHMS = /** @type {Record<string, { key: any, verify: any }>} */ ({
  HS256: { key: { name: "HMAC", hash: "SHA-256" }, verify: "HMAC" },
  ES256: { key: { name: "ECDSA", namedCurve: "P-256" }, verify: { name: "ECDSA", hash: "SHA-256" } },
  RS256: { key: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, verify: "RSASSA-PKCS1-v1_5" },
  EdDSA: { key: { name: "Ed25519" }, verify: "Ed25519" },
});

/** @type {Map<string, import("../types/shim.js").KeySet>} */
const keySets = new Map();
/** @type {{ secret: string, key: CryptoKey } | null} */
let shared = null;

/** @param {string} secret */
async function sharedKey(secret) {
  if (shared?.secret !== secret) {
    const bytes = new TextEncoder().encode(secret);
    shared = { secret, key: await crypto.subtle.importKey("raw", bytes, ALGORITHMS.HS256.key, false, ["verify"]) };
  }
  return shared.key;
}

/** Fetches a key set; the keys known before stay when this fails. @param {import("../types/shim.js").Proof} proof */
async function refresh({ jwksUrl: url, timeout, limit }) {
  const set = { keys: null, ...keySets.get(url), pending: true, triedAt: Date.now() };
  // Requests that come meanwhile use the keys known before, or wait for the first ones, instead of fetching as well.
  keySets.set(url, set);
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeout) });
    const body = response.ok ? await readBody(response, limit) : null;
    const { keys } = JSON.parse(new TextDecoder().decode(body ?? undefined));
    if (Array.isArray(keys)) set.keys = keys;
  } catch {
    console.warn("[Auth] The project's key set cannot be read");
  }
  set.pending = false;
  return set;
}

/** The one key that fits. @param {import("../types/shim.js").KeySet} set @param {import("../types/shim.js").Proof} proof */
function findKey(set, { alg, kid, kty, crv }) {
  const fitting = (set.keys ?? [])
    .filter((key) => key?.kty === kty && (!crv || key.crv === crv) && (!kid || key.kid === kid))
    .filter((key) => (key.alg ?? alg) === alg && (key.use ?? "sig") === "sig");
  return fitting.length === 1 ? fitting[0] : null;
}

/** @param {import("../types/shim.js").Proof} proof */
async function publishedKey(proof) {
  let set = keySets.get(proof.jwksUrl);
  // By looking again every 10 ms: Workers forbids awaiting the promise of another request.
  while (set?.pending && !findKey(set, proof) && Date.now() - set.triedAt < proof.timeout) await scheduler.wait(10);
  const lifetime = set && findKey(set, proof) ? proof.lifetime : set?.pending ? 0 : proof.coolDown;
  if (!set || Date.now() - set.triedAt > lifetime) set = await refresh(proof);
  const jwk = findKey(set, proof);
  if (!jwk) return set.keys ? VERDICT.noKey : VERDICT.unavailable;
  const { kty, crv, x, y, n, e } = jwk;
  const params = ALGORITHMS[proof.alg].key;
  jwk.imported ??= await crypto.subtle.importKey("jwk", { kty, crv, x, y, n, e }, params, false, ["verify"]);
  return jwk.imported;
}

/** The core's host_jwt_verdict. @param {import("../types/shim.js").Proof} proof */
export async function verifySignature(proof) {
  try {
    const key = proof.jwksUrl ? await publishedKey(proof) : await sharedKey(proof.secret);
    if (typeof key === "number") return key;
    const valid = await crypto.subtle.verify(ALGORITHMS[proof.alg].verify, key, proof.signature, proof.input);
    return valid ? VERDICT.valid : VERDICT.invalid;
  } catch {
    return VERDICT.invalid;
  }
}
