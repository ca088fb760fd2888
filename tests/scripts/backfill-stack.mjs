// What the backfill's tests run it on: the embedded Supabase with stale users, and a worker that listens on a port.
import { addUsers, startSupabase } from "../../scripts/supabase.mjs";
import { startWorker } from "../lib/worker.mjs";

export const USERS = 23;

/** Every fifth profile has no text. @param {number} i */
export const titleOf = (i) => (i % 5 === 4 ? null : `Engineer number ${i}`);

export const WITH_TEXT = Array.from({ length: USERS }, (_, i) => titleOf(i)).filter(Boolean).length;

export async function startBackfillStack() {
  const supabase = await startSupabase();
  const key = { SUPABASE_SERVICE_ROLE_KEY: supabase.serviceRoleKey };
  const vars = { SUPABASE_URL: supabase.url, SUPABASE_ANON_KEY: supabase.anonKey, EMBEDDING_PROVIDER: "mock", ...key };
  const worker = await startWorker({ vars });
  return {
    supabase,
    worker,
    /** The environment of a backfill that starts the worker itself. */
    local: { SUPABASE_URL: supabase.url, ...key },
    /** The environment of one that drives the worker at an address. @param {string} [url] */
    deployed: (url = worker.url) => ({ WORKER_URL: url, ...key }),
    /** Replaces all users by new ones, whose embeddings are stale, and gives their ids in order. */
    async renewUsers() {
      await supabase.db.query("delete from auth.users");
      const ids = (await addUsers(supabase, USERS)).map(({ id }) => id);
      await supabase.db.query(
        `update users set current_title = t.title from unnest($1::uuid[], $2::text[]) t (id, title)
         where users.id = t.id and t.title is not null`,
        [ids, ids.map((_, i) => titleOf(i))],
      );
      return ids;
    },
    /** The stored vectors or nulls, in the order of the ids. @returns {Promise<(number[] | null)[]>} */
    async vectors() {
      const { rows } = await supabase.db.query("select resume_embedding::text as v from users order by id");
      return rows.map((row) => JSON.parse(/** @type {any} */ (row).v ?? "null"));
    },
    async close() {
      await worker.dispose();
      await supabase.close();
    },
  };
}
