// The contenders: what is bundled, how it is bound, and what it is expected to do.
import { fileURLToPath } from "node:url";

/** @param {string} path relative to the project */
export function projectPath(path) {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} title for people
 * @property {string} main the entry, relative to the project
 * @property {Record<string, string>} [define] constants for the bundler
 * @property {boolean} [queue] runs with a queue, in Miniflare's simulator
 * @property {boolean} [ours] the product
 * @property {boolean} validates
 * @property {boolean} [reference] no contender: shows what something costs by itself
 */

/** @type {Contender[]} */
export const CONTENDERS = [
  {
    name: "hono",
    title: "Hono, Zod, supabase-js",
    main: "bench/peers/hono/src/index.ts",
    define: { LOCAL_JWT: "false" },
    validates: true,
  },
  {
    name: "hono-local",
    title: "the same, token verified locally",
    main: "bench/peers/hono/src/index.ts",
    define: { LOCAL_JWT: "true" },
    validates: true,
  },
  { name: "floor", title: "plain JS, no validation", main: "bench/peers/floor.mjs", validates: false },
  { name: "worker", title: "this worker, direct", main: "js-shim/worker.mjs", ours: true, validates: true },
  {
    name: "worker-queue",
    title: "this worker, with the queue",
    main: "js-shim/worker.mjs",
    ours: true,
    queue: true,
    validates: true,
  },
];

/** What the runtime costs. @type {Contender} */
export const EMPTY = {
  name: "empty",
  title: "an empty worker",
  main: "bench/peers/empty.mjs",
  validates: false,
  reference: true,
};

/** What it costs to bound every call. @type {Contender} */
export const GUARDED = {
  name: "guarded",
  title: "the floor with every call bounded",
  main: "bench/peers/guarded.mjs",
  validates: false,
  reference: true,
};

/** One subrequest and, with a queue, one message: what the local queue simulator costs. @type {Contender} */
export const FETCH_ONLY = {
  name: "fetch-only",
  title: "a worker that makes one call",
  main: "bench/peers/fetch-only.mjs",
  validates: false,
  reference: true,
};

/** @type {Contender} */
export const QUEUE_ONLY = {
  name: "queue-only",
  title: "a worker that makes one call and sends a message",
  main: "bench/peers/fetch-only.mjs",
  queue: true,
  validates: false,
  reference: true,
};
