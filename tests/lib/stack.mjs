// All of it at once: the embedded Supabase, the fault proxy before it, the double of Workers AI, and the worker.
import { addUsers, startSupabase } from "../../scripts/supabase.mjs";
import { AI_ACCOUNT, AI_TOKEN, startAi } from "./ai.mjs";
import { startFaultProxy } from "./fault-proxy.mjs";
import { resumeText } from "./mock-embedding.mjs";
import { startSupabaseProcess } from "./supabase-process.mjs";
import { startWorker } from "./worker.mjs";

/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */
/** @typedef {{ id: string, email: string, token: string }} User */
/** @typedef {{ status: number, headers: Headers, body: any }} Answer */

/**
 * @param {Omit<import("./worker.mjs").WorkerOptions, "aiPort"> & { ai?: boolean, ownProcess?: boolean }} [options]
 *   `ai: false` binds none; `ownProcess` for the database
 */
export async function startStack({ vars = {}, ai: bindAi = true, ownProcess = false, ...options } = {}) {
  const supabase = /** @type {import("../../scripts/supabase.mjs").Supabase} */ (
    ownProcess ? await startSupabaseProcess() : await startSupabase()
  );
  const proxy = await startFaultProxy(supabase.url);
  const ai = await startAi();
  /** @param {Record<string, unknown>} [more] */
  const variables = (more) => ({
    SUPABASE_URL: proxy.url,
    SUPABASE_ANON_KEY: supabase.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: supabase.serviceRoleKey,
    SUPABASE_JWT_SECRET: supabase.jwtSecret,
    CLOUDFLARE_ACCOUNT_ID: AI_ACCOUNT,
    CLOUDFLARE_API_TOKEN: AI_TOKEN,
    WORKERS_AI_BASE_URL: ai.restUrl,
    ...more,
  });
  /** @type {import("./worker.mjs").Worker[]} */
  const workers = [];
  /**
   * Starts one more worker on the same database.
   * @param {Omit<import("./worker.mjs").WorkerOptions, "aiPort"> & { ai?: boolean }} [more]
   */
  const addWorker = async ({ vars: moreVars, ai: bind = true, ...rest } = {}) => {
    const worker = await startWorker({
      vars: variables(moreVars),
      ...(bind && { aiPort: ai.port }),
      ...rest,
    });
    workers.push(worker);
    return worker;
  };
  const worker = await addWorker({ vars, ai: bindAi, ...options });
  return {
    supabase,
    proxy,
    ai,
    worker,
    addWorker,
    ...database(supabase),
    /** @param {number} count @returns {Promise<User[]>} */
    users: (count) => addUsers(supabase, count),
    /** @returns {Promise<User>} */
    user: async () => /** @type {User} */ ((await addUsers(supabase, 1))[0]),
    close: async () => {
      const outcomes = await Promise.allSettled([
        ...workers.map((one) => one.dispose()),
        proxy.close(),
        ai.close(),
        supabase.close(),
      ]);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    },
  };
}

/** What a test looks up behind the worker's back. @param {import("../../scripts/supabase.mjs").Supabase} supabase */
function database({ db }) {
  return {
    /** The stored vector, or null. @param {string} id @returns {Promise<number[] | null>} */
    vector: async (id) => {
      const { rows } = await db.query("select resume_embedding::text as v from users where id = $1", [id]);
      const text = /** @type {any} */ (rows[0])?.v;
      return text ? JSON.parse(text) : null;
    },
    /** The row of resume_embedding_state. @param {string} id @returns {Promise<any>} */
    state: async (id) => (await db.query("select * from resume_embedding_state where user_id = $1", [id])).rows[0],
    /** The user's resume text as it is now. @param {string} id */
    text: async (id) => {
      const one = async (/** @type {string} */ sql) => /** @type {any[]} */ ((await db.query(sql, [id])).rows);
      const [user] = await one("select current_title, professional_summary from users where id = $1");
      const experiences = await one(
        `select position, company, description from work_experience where user_id = $1
         order by start_date desc nulls last, id`,
      );
      return resumeText({
        ...user,
        experiences,
        skills: await one("select name from skills where user_id = $1 order by name, id"),
      });
    },
    /** Makes all that has happened look as if it were an hour ago. */
    age: () =>
      db.query(
        `update resume_embedding_state set changed_at = changed_at - interval '1 hour',
           next_attempt_at = next_attempt_at - interval '1 day'`,
      ),
  };
}

/**
 * A user's view of the API.
 * @param {Pick<import("./worker.mjs").Worker, "fetch">} worker
 * @param {string} token
 */
export function client(worker, token) {
  /**
   * @param {string} method
   * @returns {(path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>}
   */
  const send = (method) => async (path, body, headers) => {
    const response = await worker.fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
  };
  return {
    get: send("GET"),
    put: send("PUT"),
    patch: send("PATCH"),
    post: send("POST"),
    delete: send("DELETE"),
  };
}
