// The embedded Supabase in a process of its own: for tests that keep it so busy that it should not share a thread with
// the clients.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startSupabase } from "../../scripts/supabase.mjs";

const FILE = fileURLToPath(import.meta.url);

/** @typedef {import("../../scripts/supabase.mjs").Supabase} Supabase */
/** @typedef {Omit<Supabase, "db" | "reloadSchema"> & { db: { query: (sql: string, params?: unknown[]) => Promise<{ rows: any[] }> } }} RemoteSupabase */

/** @returns {Promise<RemoteSupabase>} */
export async function startSupabaseProcess() {
  const child = fork(FILE, { serialization: "advanced", execArgv: [] });
  const [settings] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`The embedded Supabase ended with ${code}`))),
  ]);
  /** @type {Map<number, PromiseWithResolvers<any>>} */
  const waiting = new Map();
  let queries = 0;
  child.on("message", (/** @type {any} */ { id, rows, error }) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error) reject?.(new Error(error));
    else resolve?.({ rows });
  });
  return {
    ...settings,
    db: {
      query: (sql, params = []) => {
        const answer = Promise.withResolvers();
        waiting.set(++queries, answer);
        child.send({ id: queries, sql, params });
        return answer.promise;
      },
    },
    close: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function serve() {
  const { db, url, anonKey, serviceRoleKey, jwtSecret } = await startSupabase();
  process.on("message", async (/** @type {any} */ { id, sql, params }) => {
    try {
      const { rows } = await db.query(sql, params);
      process.send?.({ id, rows });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ url, anonKey, serviceRoleKey, jwtSecret });
}

if (process.argv[1] === FILE) await serve();
