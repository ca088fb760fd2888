// The built worker in the real runtime: workerd, through Miniflare, with the modules that are deployed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as simulator from "miniflare";
import { until } from "./until.mjs";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const QUEUE = "resume-embeddings";
// Longer than any answer may take: a worker that hangs fails a test instead of holding it up.
const FETCH_TIMEOUT_MS = 60_000;
const DEAD_LETTERS = "resume-embeddings-dead";

const { Log: MiniflareLog, LogLevel, Miniflare } = simulator;
// Lets a test move the clock of the simulated queue, where it would otherwise wait for minutes. Miniflare's own tests use
// it, but its types leave it out.
Reflect.get(simulator, "_enableControlEndpoints")();

/**
 * @typedef {object} WorkerOptions
 * @property {Record<string, unknown>} [vars] texts, or any JSON
 * @property {number} [aiPort] of the double; without, there is no AI binding
 * @property {{ maxBatchTimeout?: number, maxRetries?: number } | null} [queue] null binds none
 * @property {boolean} [fakeQueueTime] the queue's clock moves only when told to
 * @property {number} [rateLimit] requests a minute; without, no limiter is bound
 * @property {object[]} [modules] instead of the deployed ones; the first is the entry
 * @property {boolean} [inspector] opens V8's inspector
 */

/** @typedef {{ level: string, text: string }} LogLine */
/** @typedef {Awaited<ReturnType<typeof startWorker>>} Worker */

function compatibilityDate() {
  const file = join(ROOT, "wrangler.toml");
  const text = existsSync(file) ? readFileSync(file, "utf8") : 'compatibility_date = "2026-07-01"';
  return /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(text)?.[1];
}

/** The modules that are deployed, the entry first. */
export function deployedModules() {
  const shim = readdirSync(join(ROOT, "js-shim")).filter((name) => name.endsWith(".mjs"));
  const names = ["worker.mjs", ...shim.filter((name) => name !== "worker.mjs")];
  return [
    ...names.map((name) => ({ type: /** @type {const} */ ("ESModule"), path: join(ROOT, "js-shim", name) })),
    { type: /** @type {const} */ ("CompiledWasm"), path: join(ROOT, "build/worker.wasm") },
  ];
}

/** The lines that the worker has logged. */
class Log {
  /** @type {LogLine[]} */
  lines = [];

  /** @param {{ level: string, message: string }} entry */
  add({ level, message }) {
    this.lines.push({ level, text: message });
  }

  /** The texts, from a position on. @param {number} [from] */
  texts(from = 0) {
    return this.lines.slice(from).map(({ text }) => text);
  }

  /**
   * The first line, from a position on, that matches.
   * @param {RegExp} pattern
   * @param {{ from?: number, deadlineMs?: number }} [options]
   * @returns {Promise<string>}
   */
  waitFor(pattern, { from = 0, deadlineMs } = {}) {
    const found = () => this.texts(from).find((text) => pattern.test(text)) ?? "";
    return until(`a log line like ${pattern}`, found, deadlineMs).catch((error) => {
      throw new Error(`${error.message}\nlogged:\n${this.texts(from).slice(-40).join("\n")}`);
    });
  }
}

/** What the simulator itself reports, such as messages that go to the dead-letter queue. */
class RuntimeLog extends MiniflareLog {
  /** @type {string[]} */
  lines = [];

  constructor() {
    super(LogLevel.DEBUG);
  }

  /** @param {string} message */
  log(message) {
    this.lines.push(message);
  }
}

/** @param {WorkerOptions} options @param {Log} log @param {RuntimeLog} runtimeLog */
function miniflareOptions({ vars, aiPort, queue, rateLimit, modules, inspector }, log, runtimeLog) {
  return {
    log: runtimeLog,
    name: "main",
    compatibilityDate: compatibilityDate(),
    modulesRoot: ROOT,
    modules: modules ?? deployedModules(),
    ...(inspector && { inspectorPort: 0 }),
    bindings: { ENVIRONMENT: "test", ...vars },
    cf: false,
    stripCfConnectingIp: false,
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    handleStructuredLogs: (/** @type {any} */ entry) => log.add(entry),
    ...(aiPort && {
      unsafeBindings: [
        {
          name: "AI",
          type: "ai",
          plugin: { package: join(ROOT, "tests/lib/ai-plugin.mjs"), name: "test-ai" },
          options: { port: aiPort },
        },
      ],
    }),
    ...(queue && {
      queueProducers: { EMBEDDING_QUEUE: { queueName: QUEUE } },
      queueConsumers: {
        [QUEUE]: { maxBatchSize: 100, maxBatchTimeout: 1, maxRetries: 5, deadLetterQueue: DEAD_LETTERS, ...queue },
      },
    }),
    ...(rateLimit && {
      ratelimits: { RATE_LIMITER: { namespace_id: "1001", simple: { limit: rateLimit, period: 60 } } },
    }),
  };
}

/**
 * Calls a method of the simulated queue's timers.
 * @param {any} miniflare
 * @param {string} name
 * @param {unknown[]} [args]
 */
async function controlQueue(miniflare, name, args = []) {
  const namespace = await miniflare._getInternalDurableObjectNamespace("queues", "queues:queue", "QueueBrokerObject");
  const stub = namespace.get(namespace.idFromName(QUEUE));
  const cf = { miniflare: { controlOp: { name, args } } };
  const response = await stub.fetch("http://placeholder/", { method: "POST", cf: /** @type {any} */ (cf) });
  if (!response.ok) throw new Error(`The queue simulator refuses ${name}: ${await response.text()}`);
}

/**
 * @param {WorkerOptions} [options]
 */
export async function startWorker(options = {}) {
  const log = new Log();
  const runtimeLog = new RuntimeLog();
  const miniflare = new Miniflare(/** @type {any} */ (miniflareOptions(options, log, runtimeLog)));
  await miniflare.ready;
  const url = (await miniflare.unsafeGetDirectURL("main")).origin;
  if (options.fakeQueueTime) await controlQueue(miniflare, "enableFakeTimers", [Date.now()]);
  /** @type {Promise<void> | undefined} */
  let disposed;
  const handlers = async () => /** @type {any} */ (await miniflare.getWorker("main"));
  return {
    url,
    log,
    runtimeLog,
    /** @type {(path: string, init?: RequestInit) => Promise<Response & { json(): Promise<any> }>} */
    fetch: (path, init) =>
      fetch(`${url}${path}`, { redirect: "manual", signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), ...init }),
    /** Runs the cron handler to its end. */
    sweep: async () => (await handlers()).scheduled({ cron: "*/10 * * * *" }),
    /**
     * Hands one batch to the queue handler and tells what it decided for each message.
     * @param {{ body: unknown, attempts?: number }[]} messages
     * @returns {Promise<Fate[]>}
     */
    consume: async (messages) => fates(await (await handlers()).queue(QUEUE, batch(messages)), messages.length),
    /** Moves the queue's clock on, and waits for the batches that fall due. @param {number} seconds */
    advanceQueue: async (seconds) => {
      await controlQueue(miniflare, "advanceFakeTime", [seconds * 1000]);
      await controlQueue(miniflare, "waitForFakeTasks");
    },
    inspectorUrl: () => miniflare.getInspectorURL(),
    /** Ends the runtime at once, whatever it is doing. A second call does nothing. */
    dispose: () => (disposed ??= miniflare.dispose()),
  };
}

/** @param {{ body: unknown, attempts?: number }[]} messages */
function batch(messages) {
  return messages.map(({ body, attempts = 1 }, i) => ({ id: String(i), timestamp: new Date(), body, attempts }));
}

/** @typedef {"ack" | "undecided" | { retryAfterS: number }} Fate */

/**
 * @param {any} result of the queue handler
 * @param {number} count
 * @returns {Fate[]}
 */
function fates({ outcome, ackAll, retryBatch, retryMessages, explicitAcks }, count) {
  if (outcome !== "ok") throw new Error(`The queue handler ended with ${outcome}`);
  return Array.from({ length: count }, (_, i) => {
    const retry = retryMessages.find((/** @type {any} */ message) => message.msgId === String(i));
    if (retry) return { retryAfterS: retry.delaySeconds ?? 0 };
    if (retryBatch.retry) return { retryAfterS: retryBatch.delaySeconds ?? 0 };
    return ackAll || explicitAcks.includes(String(i)) ? "ack" : "undecided";
  });
}
