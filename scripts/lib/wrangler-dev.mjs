// `wrangler dev --env local` as a child process: without an account, a question or a look at the network, and stopped
// together with all that it started.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Refusal } from "./cli.mjs";
import { spawnGroup } from "./process-group.mjs";
import { createLogReader } from "./wrangler-log.mjs";

/** @typedef {import("./wrangler-log.mjs").LogLine} LogLine */
/** @typedef {Awaited<ReturnType<typeof startWranglerDev>>} WranglerDev */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLI = fileURLToPath(new URL("../../node_modules/wrangler/wrangler-dist/cli.js", import.meta.url));
// Ready within seconds, unless it has to build the worker first on a slow machine.
const START_DEADLINE_MS = 180_000;
const KEPT_LINES = 30;

/** @param {string} stateDir */
function environment(stateDir) {
  const env = {
    ...process.env,
    CI: "1",
    NO_COLOR: "1",
    WRANGLER_HIDE_BANNER: "true", // and with it the look for a newer version
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_REGISTRY_PATH: `${stateDir}/registry`,
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
  // wrangler builds with make, which is no part of the make that may have started this.
  for (const name of ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "FORCE_COLOR"]) Reflect.deleteProperty(env, name);
  return env;
}

/** @param {WranglerDevOptions} options */
function commandLine({ port, vars, stateDir, envFile }) {
  return [
    ...[CLI, "dev", "--env", "local", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
    ...["--persist-to", stateDir, "--test-scheduled", "--show-interactive-dev-session=false"],
    ...(envFile ? ["--env-file", envFile] : []),
    ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ];
}

/**
 * @typedef {object} WranglerDevOptions
 * @property {number} port 0 takes any free one
 * @property {Record<string, string>} vars beside those of wrangler.toml; they are visible in the process list
 * @property {string} stateDir where wrangler keeps its state
 * @property {string} [envFile] read instead of .dev.vars
 * @property {(line: LogLine) => void} [onLine] receives the log, from when the worker is ready
 * @property {AbortSignal} [signal] gives the start up
 */

/**
 * Starts it, and resolves once the worker answers.
 * @param {WranglerDevOptions} options
 */
export async function startWranglerDev(options) {
  const group = spawnGroup(commandLine(options), { cwd: ROOT, env: environment(options.stateDir) });
  const output = followOutput(group.child, options.onLine);
  try {
    const url = await whenReady(group, output, options.signal);
    output.ready = true;
    return { url, ...group };
  } catch (error) {
    await group.stop();
    throw error;
  }
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {((line: LogLine) => void) | undefined} onLine
 */
function followOutput(child, onLine = () => {}) {
  const output = { ready: false, last: /** @type {string[]} */ ([]) };
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    const read = createLogReader();
    createInterface({ input: stream }).on("line", (raw) => {
      output.last.push(raw);
      if (output.last.length > KEPT_LINES) output.last.shift();
      const line = read(raw);
      if (line && (output.ready || line.source === "worker")) onLine(line);
    });
  }
  return output;
}

/**
 * @param {import("./process-group.mjs").ProcessGroup} group
 * @param {{ last: string[] }} output
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>} the worker's address
 */
async function whenReady({ child, exited }, output, signal) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<string>} */
  const outcome = new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) =>
      reject(new Refusal(`wrangler dev ${why}. It printed:\n${output.last.join("\n")}`));
    timer = setTimeout(() => fail("did not get ready within three minutes"), START_DEADLINE_MS);
    child.on("message", (message) => {
      const { event, ip, port } = JSON.parse(String(message));
      if (event === "DEV_SERVER_READY") resolve(`http://${ip}:${port}`);
    });
    child.once("error", (error) => fail(`could not be started (${error.message})`));
    exited.then(() => fail("ended before the worker was ready"));
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return outcome.finally(() => clearTimeout(timer));
}
