// The client of POST /api/admin/backfill: asks again from the cursor until all is done, and takes a batch for done only
// when the worker has gone past it, so that no user is told of twice.
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "./cli.mjs";

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 1_000; // then twice as long
const LONGEST_DELAY_MS = 60_000;
// A batch may wait for three calls of 30 s, with pauses, and the worker is silent meanwhile.
const SILENCE_MS = 150_000;
const BUSY = [408, 425, 429];

/** @typedef {{ user_id: string, status: "success" | "skipped" | "failed", reason?: string }} UserLine */
/** @typedef {{ done: boolean, next: string | null, error?: string }} SummaryLine */

/**
 * @typedef {object} Run
 * @property {string} url the worker's
 * @property {string} key the service-role key
 * @property {{ dryRun: boolean, force: boolean, batchSize: number, limit: number | null, after: string | null }} options
 * @property {AbortSignal} stop ends the run after the current batch
 * @property {(total: number) => void} onTotal how many users there are, those processed included
 * @property {(users: UserLine[]) => void} onBatch
 * @property {(reason: string, delayMs: number) => void} onRetry
 */

/**
 * @typedef {object} Outcome
 * @property {boolean} done everyone, or as many as the limit allows
 * @property {string | null} after the cursor to go on from
 * @property {number} processed
 * @property {string | null} error why it gave up
 */

/** What is worth another attempt. */
class Trouble extends Error {
  /** @param {string} message @param {number} [retryAfterMs] */
  constructor(message, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : null;
  const code = cause && "code" in cause ? String(cause.code) : "";
  return [error.message, cause?.message || code].filter(Boolean).join(": ");
}

/**
 * Runs the backfill to its end, or to where it is stopped or gives up.
 * @param {Run} run
 * @returns {Promise<Outcome>}
 */
export async function runBackfill(run) {
  const position = { after: run.options.after, processed: 0 };
  for (let failures = 0; ;) {
    const { after } = position;
    /** @type {UserLine[]} */
    const unsure = [];
    let trouble;
    try {
      const summary = await runRequest(run, position, unsure);
      if (!summary) break;
      if (summary.done) return { ...position, done: true, error: null };
      const stuck = unsure.length > 0 || position.after === after;
      if (summary.error || stuck)
        trouble = new Trouble(summary.error ?? unsure[0]?.reason ?? "the worker makes no progress");
    } catch (error) {
      if (error instanceof Refusal) throw error;
      trouble = error instanceof Trouble ? error : new Trouble(reasonOf(error));
    }
    if (position.after !== after) failures = 0;
    if (!trouble || run.stop.aborted) continue;
    if (++failures === ATTEMPTS) {
      if (unsure.length) run.onBatch(unsure);
      return { ...position, processed: position.processed + unsure.length, done: false, error: trouble.message };
    }
    const delayMs = Math.min(Math.max(FIRST_DELAY_MS << (failures - 1), trouble.retryAfterMs), LONGEST_DELAY_MS);
    run.onRetry(trouble.message, delayMs);
    await sleep(delayMs, undefined, { signal: run.stop }).catch(() => {});
  }
  return { ...position, done: false, error: null };
}

/**
 * One request. Moves the position with every batch that is done; leaves in `unsure` the users of an outage, whom the
 * worker's cursor does not go past.
 * @param {Run} run
 * @param {{ after: string | null, processed: number }} position
 * @param {UserLine[]} unsure
 * @returns {Promise<SummaryLine | null>} null when it was stopped after a batch
 */
async function runRequest(run, position, unsure) {
  const { options } = run;
  const left = options.limit === null ? null : options.limit - position.processed;
  const commit = () => {
    if (unsure.length === 0) return;
    position.processed += unsure.length;
    position.after = unsure[unsure.length - 1].user_id;
    run.onBatch(unsure.splice(0));
  };
  const body = {
    dry_run: options.dryRun,
    force: options.force,
    batch_size: options.batchSize,
    ...(left !== null && { limit: left }),
    ...(position.after && { after: position.after }),
  };
  for await (const line of requestLines(run, body)) {
    if (typeof line.stale === "number") {
      run.onTotal(position.processed + Math.min(line.stale, left ?? Infinity));
    } else if (line.summary) {
      if (line.summary.next === null || line.summary.next === unsure.at(-1)?.user_id) commit();
      return line.summary;
    } else {
      if (unsure.length === options.batchSize) commit();
      unsure.push(line);
      // A batch in which all failed may be an outage: only what follows tells.
      const full = unsure.length === options.batchSize;
      if (full && unsure.some(({ status }) => status !== "failed")) commit();
      if (full && run.stop.aborted) return null;
    }
  }
  throw new Trouble("the worker's answer broke off");
}

/**
 * The answer's lines, parsed. Returning early ends the request.
 * @param {Run} run
 * @param {Record<string, unknown>} body
 * @returns {AsyncGenerator<any, void>}
 */
async function* requestLines({ url, key }, body) {
  const controller = new AbortController();
  const silence = setTimeout(() => controller.abort(new Trouble("the worker has gone silent")), SILENCE_MS);
  try {
    const response = await fetch(`${url}/api/admin/backfill`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: controller.signal,
    });
    if (response.status !== 200) await refuse(response, url);
    if (!response.headers.get("content-type")?.startsWith("application/x-ndjson") || !response.body) {
      throw new Refusal(`${url} is not this worker: its answer is no NDJSON. Check WORKER_URL.`, 2);
    }
    let rest = "";
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      silence.refresh();
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line);
    }
  } finally {
    clearTimeout(silence);
    controller.abort();
  }
}

/**
 * Says what an answer other than 200 means.
 * @param {Response} response
 * @param {string} url
 * @returns {Promise<never>}
 */
async function refuse(response, url) {
  const { status, headers } = response;
  const text = (await response.text()).slice(0, 500);
  if (status >= 500 || BUSY.includes(status)) {
    throw new Trouble(`the worker answered ${status}`, Number(headers.get("retry-after") ?? 0) * 1000 || 0);
  }
  const why =
    status === 404
      ? "either this is not the worker, or SUPABASE_SERVICE_ROLE_KEY is not the key that it is configured with"
      : status >= 300 && status < 400
        ? `it redirects to ${headers.get("location")}; set WORKER_URL to the address itself`
        : text;
  throw new Refusal(`${url} answered ${status}: ${why}.`, 2);
}
