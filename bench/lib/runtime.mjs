// Starts a bundled contender in workerd: by itself with a configuration of its own, or, where a queue has to be
// simulated, through Miniflare on a direct socket.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { COMPATIBILITY_DATE } from "./build.mjs";
import { ANON_KEY, SECRET, SERVICE_KEY } from "./fixtures.mjs";
import { projectPath } from "./contenders.mjs";

const require = createRequire(import.meta.url);
/** @type {string} */
const WORKERD = require("workerd").default;
const START_TIMEOUT_MS = 30_000;
const LOG_TAIL_BYTES = 64 * 1024;
export const QUEUE_BATCH_TIMEOUT_S = 1;

/** workerd ends with this process, however this process ends. @type {Set<import("node:child_process").ChildProcess>} */
const children = new Set();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/**
 * @typedef {object} Running
 * @property {number} port
 * @property {number} pid of workerd
 * @property {() => string} log the end of what it printed
 * @property {() => Promise<void>} stop
 */

/** @param {number} upstream port @returns {Record<string, string>} */
function variables(upstream) {
  return {
    SUPABASE_URL: `http://127.0.0.1:${upstream}`,
    SUPABASE_ANON_KEY: ANON_KEY,
    SUPABASE_SERVICE_ROLE_KEY: SERVICE_KEY,
    SUPABASE_JWT_SECRET: SECRET,
    EMBEDDING_PROVIDER: "workers-ai",
    ENVIRONMENT: "benchmark",
  };
}

/** Reads everything, or a full pipe would block the worker. @param {import("node:stream").Readable[]} streams */
function drain(...streams) {
  let tail = "";
  for (const stream of streams) {
    stream.on("data", (chunk) => {
      tail = (tail + chunk.toString("latin1")).slice(-LOG_TAIL_BYTES);
    });
  }
  return () => tail;
}

/**
 * @param {import("./build.mjs").Bundle} bundle
 * @param {number} upstream
 */
function workerdConfig(bundle, upstream) {
  const quote = JSON.stringify;
  const modules = bundle.modules.map(({ name, type }) => {
    const kind = type === "wasm" ? "wasm" : "esModule";
    return `(name = ${quote(name)}, ${kind} = embed ${quote(`${bundle.dir.split("/").pop()}/${name}`)})`;
  });
  const bindings = Object.entries(variables(upstream)).map(
    ([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`,
  );
  const ai =
    '(name = "AI", wrapped = (moduleName = "cloudflare-internal:ai-api", ' +
    'innerBindings = [(name = "fetcher", service = "ai")]))';
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${modules.join(", ")}],
      compatibilityDate = ${quote(COMPATIBILITY_DATE)},
      bindings = [${[...bindings, ai].join(", ")}],
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "ai", external = (address = "127.0.0.1:${upstream}", http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}

/**
 * @param {import("./build.mjs").Bundle} bundle
 * @param {number} upstream port
 * @returns {Promise<Running>}
 */
export async function startWorkerd(bundle, upstream) {
  const config = `${bundle.dir}.capnp`;
  await writeFile(config, workerdConfig(bundle, upstream));
  const child = spawn(WORKERD, ["serve", "--experimental", "--control-fd=3", config], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  children.add(child);
  const [, stdout, stderr, control] = /** @type {import("node:stream").Readable[]} */ (
    /** @type {any} */ (child.stdio)
  );
  const log = drain(/** @type {any} */ (stdout), /** @type {any} */ (stderr));
  const exited = once(child, "exit");
  const timeout = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  const listening = once(createInterface({ input: /** @type {any} */ (control) }), "line");
  const line = await Promise.race([listening.then(([text]) => text), exited.then(() => null)]);
  clearTimeout(timeout);
  if (line === null) throw new Error(`workerd did not start:\n${log()}`);
  return {
    port: JSON.parse(line).port,
    pid: /** @type {number} */ (child.pid),
    log,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
      children.delete(child);
    },
  };
}

/** Process ids of this process's children that run workerd. */
async function workerdChildren() {
  const found = new Set();
  for (const thread of await readdir("/proc/self/task")) {
    const children = await readFile(`/proc/self/task/${thread}/children`, "utf8").catch(() => "");
    for (const pid of children.split(" ").filter(Boolean)) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      if (name.trim() === "workerd") found.add(Number(pid));
    }
  }
  return found;
}

/**
 * @param {import("./build.mjs").Bundle} bundle
 * @param {number} upstream port
 * @returns {Promise<Running>}
 */
export async function startMiniflare(bundle, upstream) {
  const { Miniflare } = await import("miniflare");
  const before = await workerdChildren();
  let log = () => "";
  const modules = await Promise.all(
    bundle.modules.map(async ({ name, type }) => ({
      type: /** @type {any} */ (type === "wasm" ? "CompiledWasm" : "ESModule"),
      path: join(bundle.dir, name),
      contents: await readFile(join(bundle.dir, name)),
    })),
  );
  const miniflare = new Miniflare({
    handleRuntimeStdio: (/** @type {any} */ stdout, /** @type {any} */ stderr) => void (log = drain(stdout, stderr)),
    modules,
    modulesRoot: bundle.dir,
    name: "main",
    compatibilityDate: COMPATIBILITY_DATE,
    bindings: variables(upstream),
    stripCfConnectingIp: false,
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    unsafeBindings: [
      {
        name: "AI",
        type: "ai",
        plugin: { package: projectPath("bench/lib/ai-plugin.mjs"), name: "benchmark-ai" },
        options: { upstream },
      },
    ],
    queueProducers: { EMBEDDING_QUEUE: "embeddings" },
    queueConsumers: {
      embeddings: { maxBatchSize: 100, maxBatchTimeout: QUEUE_BATCH_TIMEOUT_S, maxRetries: 5 },
    },
  });
  await miniflare.ready;
  const { port } = await miniflare.unsafeGetDirectURL("main");
  const [pid] = [...(await workerdChildren())].filter((child) => !before.has(child));
  if (pid === undefined) throw new Error("Miniflare's workerd process was not found in /proc");
  return { port: Number(port), pid, log: () => log(), stop: () => miniflare.dispose() };
}
