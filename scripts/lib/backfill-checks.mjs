// Asked before the backfill begins, so that a wrong address or key ends with a sentence that names the variable.
import { Refusal } from "./cli.mjs";

const TIMEOUT_MS = 15_000;

/**
 * @param {string} variable whose value the address is
 * @param {string} url
 * @param {Record<string, string>} [headers]
 */
async function ask(variable, url, headers = {}) {
  try {
    return await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const { cause, message } = /** @type {Error & { cause?: NodeJS.ErrnoException }} */ (error);
    const why = cause?.message || cause?.code || message;
    throw new Refusal(`${variable}: ${new URL(url).origin} cannot be reached (${why}).`, 2);
  }
}

/**
 * The provider that the worker embeds with.
 * @param {string} url
 * @returns {Promise<string>}
 */
export async function checkWorker(url) {
  const response = await ask("WORKER_URL", `${url}/health`);
  const health = /** @type {any} */ (response.status === 200 ? await response.json().catch(() => null) : null);
  if (typeof health?.provider === "string") return health.provider;
  throw new Refusal(`WORKER_URL: ${url} is not this worker (its /health answered ${response.status}).`, 2);
}

/**
 * Sees that the key opens the project and that the embedding migration is there.
 * @param {{ SUPABASE_URL: string, SUPABASE_SERVICE_ROLE_KEY: string }} vars
 */
export async function checkSupabase({ SUPABASE_URL: url, SUPABASE_SERVICE_ROLE_KEY: key }) {
  const path = "/rest/v1/resume_embedding_state?select=user_id&limit=1";
  const response = await ask("SUPABASE_URL", url + path, { apikey: key, authorization: `Bearer ${key}` });
  if (response.status < 300 || response.status === 429 || response.status >= 500) return;
  const refusal = /** @type {any} */ (await response.json().catch(() => null));
  if (response.status === 401 || response.status === 403) {
    throw new Refusal(`SUPABASE_SERVICE_ROLE_KEY is not the service-role key of ${url}: it was refused.`, 2);
  }
  if (["PGRST205", "42P01"].includes(refusal?.code)) {
    throw new Refusal(
      `${url} has no table resume_embedding_state: apply supabase/migrations first (supabase db push).`,
      2,
    );
  }
  throw new Refusal(`SUPABASE_URL: ${url} is no Supabase project (it answered ${response.status}).`, 2);
}
