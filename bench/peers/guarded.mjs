// The floor with what an outage demands of every worker: each call is ended when it takes too long, and its answer read up
// to a cap. No contender: it shows how much of the distance to the floor that is.
import floor from "./floor.mjs";

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;

const decoder = new TextDecoder();
const { fetch } = globalThis;

/** @param {Response} response */
async function readText(response) {
  const length = response.headers.get("content-length");
  if (length === null || Number(length) > MAX_BYTES) throw new Error("too large, or of unknown length");
  const text = decoder.decode(await response.arrayBuffer());
  return { ok: response.ok, text: async () => text, json: async () => JSON.parse(text) };
}

/** @param {(signal: AbortSignal) => Promise<Response>} call */
async function guard(call) {
  const controller = new AbortController();
  /** @type {any} */
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, TIMEOUT_MS, new Error("too late"))));
  try {
    return await Promise.race([call(controller.signal).then(readText), /** @type {Promise<never>} */ (late)]);
  } catch (error) {
    controller.abort();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** @type {any} */ (globalThis).fetch = (/** @type {string} */ url, /** @type {RequestInit} */ init) =>
  guard((signal) => fetch(url, { ...init, signal }));

/** @type {any} */
let guarded;

export default {
  /**
   * @param {Request} request
   * @param {any} env
   * @param {ExecutionContext} ctx
   */
  fetch(request, env, ctx) {
    const run = (/** @type {string} */ model, /** @type {unknown} */ input) =>
      guard(() => env.AI.run(model, input, { returnRawResponse: true })).then(({ json }) => json());
    guarded ??= { ...env, AI: { run } };
    return floor.fetch(request, guarded, ctx);
  },
};
