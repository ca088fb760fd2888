// A Supabase project that consists of answers, and a worker with a window before it: for tests that care about what the
// worker asks and in whose name, not about what a database makes of it.
import { startFaultProxy } from "../../lib/fault-proxy.mjs";
import { SECRET } from "../../lib/tokens.mjs";
import { startWorker } from "../../lib/worker.mjs";
import { modulesWithWindow, windowOf } from "./window.mjs";

/** @typedef {import("../../lib/faults.mjs").Fault} Fault */

export const USER = "11111111-1111-4111-8111-111111111111";
export const ROW = "22222222-2222-4222-8222-222222222222";
export const ANON_KEY = "anon-key-of-the-tests";
export const SERVICE_KEY = "service-role-key-of-the-tests";
const JWKS_PATH = "/auth/v1/.well-known/jwks.json";

/**
 * @param {{ vars?: Record<string, string> }} [options]
 */
export async function startProject({ vars = {} } = {}) {
  const upstream = await startFaultProxy(null);
  const worker = await startWorker({
    modules: modulesWithWindow(),
    vars: {
      SUPABASE_URL: upstream.url,
      SUPABASE_ANON_KEY: ANON_KEY,
      SUPABASE_SERVICE_ROLE_KEY: SERVICE_KEY,
      SUPABASE_JWT_SECRET: SECRET,
      EMBEDDING_PROVIDER: "mock",
      ...vars,
    },
  }).catch(async (error) => {
    await upstream.close();
    throw error;
  });
  const isKeySet = (/** @type {{ path: string }} */ { path }) => path === JWKS_PATH;
  return {
    upstream,
    worker,
    window: windowOf(worker),
    /** How often the key set was asked for. */
    keyFetches: () => upstream.calls.filter(isKeySet).length,
    /**
     * From now on the key set is these keys, or fails in that way, and every table holds one row.
     * @param {object[] | Fault} keys
     */
    publish: (keys) => {
      const fault = Array.isArray(keys) ? { kind: "status", status: 200, body: { keys } } : keys;
      upstream.faults.clear();
      upstream.faults.add(/** @type {Fault} */ (fault), { match: isKeySet });
      upstream.faults.add(
        { kind: "status", status: 200, body: [{ id: ROW }] },
        { match: ({ path }) => path.startsWith("/rest/v1/") },
      );
    },
    /**
     * Asks for the profile with a token.
     * @param {string} token
     * @returns {Promise<{ status: number, code: string | undefined, body: any, headers: Headers }>}
     */
    ask: async (token) => {
      const response = await worker.fetch("/api/profile", { headers: { authorization: `Bearer ${token}` } });
      const body = /** @type {any} */ (await response.json());
      return { status: response.status, code: body.code, body, headers: response.headers };
    },
    close: async () => {
      await worker.dispose();
      await upstream.close();
    },
  };
}
