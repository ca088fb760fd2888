// What people run locally: the embedded Supabase, and the worker in `wrangler dev` on it.
import { startSupabase } from "../supabase.mjs";
import { startWranglerDev } from "./wrangler-dev.mjs";

/**
 * @typedef {object} LocalStackOptions
 * @property {number} [supabasePort] 0, the default, takes any free one
 * @property {number} [port] the worker's; likewise
 * @property {string | null} [dataDir] where the database is kept; null keeps it in memory
 * @property {string} stateDir where wrangler keeps its state
 * @property {boolean} [seed] apply supabase/seed.sql
 * @property {string} [envFile] read instead of .dev.vars
 * @property {(line: import("./wrangler-log.mjs").LogLine) => void} onLine receives the worker's log
 * @property {(line: string) => void} [onDatabaseError]
 * @property {AbortSignal} [signal] gives the start up
 */

/** @typedef {Awaited<ReturnType<typeof startLocalStack>>} LocalStack */

/**
 * Starts both, and resolves once both answer.
 * @param {LocalStackOptions} options
 */
export async function startLocalStack(options) {
  const { supabasePort: port, dataDir, seed, onDatabaseError: logger } = options;
  const supabase = await startSupabase({ port, dataDir, seed, logger });
  try {
    options.signal?.throwIfAborted();
    const worker = await startWranglerDev({
      port: options.port ?? 0,
      stateDir: options.stateDir,
      envFile: options.envFile,
      onLine: options.onLine,
      signal: options.signal,
      // Local keys made from the Supabase CLI's well-known secret: nothing that a process list could give away.
      vars: {
        SUPABASE_URL: supabase.url,
        SUPABASE_ANON_KEY: supabase.anonKey,
        SUPABASE_SERVICE_ROLE_KEY: supabase.serviceRoleKey,
        SUPABASE_JWT_SECRET: supabase.jwtSecret,
      },
    });
    const close = async () => {
      await worker.stop();
      await supabase.close();
    };
    return { supabase, worker, close };
  } catch (error) {
    await supabase.close();
    throw error;
  }
}
